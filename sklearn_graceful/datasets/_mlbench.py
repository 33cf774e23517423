"""Tables of R's mlbench, read without R."""

from typing import NamedTuple

import numpy as np

from sklearn_graceful.datasets._packages import check_data
from sklearn_graceful.datasets._r_data import as_numbers, read_rda


class _Table(NamedTuple):
    """What one set looks like."""

    frame: str  # Name of the file and of the data frame in it.
    n_features: int
    counts: tuple  # Rows of each class, in the order of the sorted labels.
    target: str = "Class"
    one_hot: tuple = ()  # Columns whose categories have no order.


# From A to Z.
_LETTERS = (
    *(789, 766, 736, 805, 768, 775, 773, 734, 755, 747, 739, 761, 792),
    *(783, 753, 803, 783, 758, 748, 796, 813, 764, 752, 787, 786, 734),
)
_TABLES = {
    "dna": _Table("DNA", 180, (767, 765, 1654)),
    "glass": _Table("Glass", 9, (70, 76, 17, 13, 9, 29), "Type"),
    "ionosphere": _Table("Ionosphere", 34, (126, 225)),
    "letter": _Table("LetterRecognition", 16, _LETTERS, "lettr"),
    "satellite": _Table("Satellite", 36, (703, 626, 1358, 1533, 707, 1508), "classes"),
    "shuttle": _Table("Shuttle", 9, (10, 13, 3267, 50, 171, 8903, 45586)),
    "sonar": _Table("Sonar", 60, (111, 97)),
    "vehicle": _Table("Vehicle", 18, (218, 212, 217, 199)),
    "vowel": _Table("Vowel", 24, (90,) * 11, one_hot=("V1",)),
    "zoo": _Table("Zoo", 16, (4, 20, 13, 8, 41, 10, 5), "type"),
}


def load_mlbench(name, *, path=None):
    """Load a classification table of the R package mlbench; R is not needed.

    The files are those of Debian's package ``r-cran-mlbench``, GPL-2; ``pyreadr``
    (AGPL-3.0-or-later) reads them. The tables come from the UCI repository.

    ========== ======= ======= ======= ==============================================
    name          rows columns classes what a row is
    ========== ======= ======= ======= ==============================================
    dna           3186     180       3 a stretch of DNA around a splice junction;
                                       three binary columns a position
    glass          214       9       6 a piece of glass: refraction and elements
    ionosphere     351      34       2 a radar return
    letter       20000      16      26 a distorted image of a capital letter
    satellite     6435      36       6 3 x 3 pixels of a satellite image, 4 bands
    shuttle      58000       9       7 sensors of the space shuttle; classes from 10
                                       rows to 45,586
    sonar          208      60       2 a sonar return from a mine (M) or a rock (R)
    vehicle        846      18       4 the silhouette of a vehicle
    vowel          990      24      11 a spoken vowel: 15 one-hot columns of the
                                       speaker, 9 of the sound
    zoo            101      16       7 an animal; all columns are 0 or 1, but legs
    ========== ======= ======= ======= ==============================================

    Parameters
    ----------
    name : str
        One of the names above.
    path : path-like, default=None
        Folder of the ``.rda`` files, or the one that the package was unpacked into.
        None: ``$SKLEARN_GRACEFUL_DATA`` if set, then the site libraries of R.

    Returns
    -------
    X : ndarray of float64, shape (n, n_features)
        The columns in their order. Categories that are numbers or true and false are
        numbers; others are one-hot columns, in the place of theirs.
    y : ndarray of str, shape (n,)
        Labels.

    Raises
    ------
    FileNotFoundError
        If the package is missing; says how to install it, or to unpack it without R.
    ImportError
        If pyreadr is missing; says what to install.
    ValueError
        If `name` is unknown or the file holds other data.

    References
    ----------
    Leisch and Dimitriadou, "mlbench: Machine Learning Benchmark Problems", R package.

    Examples
    --------
    >>> from sklearn_graceful.datasets import load_mlbench
    >>> X, y = load_mlbench("vehicle")  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (846, 18)
    """
    if name not in _TABLES:
        raise ValueError(f"Unknown set {name!r}; known are {', '.join(_TABLES)}.")
    table = _TABLES[name]
    frame = read_rda("mlbench", table.frame, path)
    y = frame.pop(table.target).to_numpy(dtype=str)
    X = np.column_stack(
        [as_numbers(frame[c], one_hot=c in table.one_hot) for c in frame.columns]
    )
    check_data(f"mlbench's {table.frame}", X, y, table.counts, table.n_features)
    return X, y
