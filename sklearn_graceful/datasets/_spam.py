"""Spam from R's kernlab."""

from sklearn_graceful.datasets._packages import check_data
from sklearn_graceful.datasets._r_data import read_rda

_COUNTS = (2788, 1813)


def load_spam(*, as_frame=True, path=None):
    """Load 4,601 e-mails, spam or not, as frequencies of words and characters.

    The file is that of Debian's package ``r-cran-kernlab``, GPL-2; ``pyreadr``
    (AGPL-3.0-or-later) reads it; R is not needed. The table comes from the UCI
    repository.

    Parameters
    ----------
    as_frame : bool, default=True
        Whether X is a data frame; else it is an array.
    path : path-like, default=None
        Folder of ``spam.rda``, or the one that the package was unpacked into. None:
        ``$SKLEARN_GRACEFUL_DATA`` if set, then the site libraries of R.

    Returns
    -------
    X : DataFrame of 4601 rows and 57 columns, or ndarray of float64, shape (4601, 57)
        Share of each word or character in the mail, in percent; then mean, largest and
        total length of runs of capital letters.
    y : ndarray of str, shape (4601,)
        ``"nonspam"`` or ``"spam"``.

    Raises
    ------
    FileNotFoundError
        If the package is missing; says how to install it, or to unpack it without R.
    ImportError
        If pyreadr is missing; says what to install.
    ValueError
        If the file holds other data.

    References
    ----------
    Karatzoglou et al., "kernlab: An S4 Package for Kernel Methods in R", Journal of
    Statistical Software, 2004.

    Examples
    --------
    >>> from sklearn_graceful.datasets import load_spam
    >>> X, y = load_spam()  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (4601, 57)
    """
    X = read_rda("kernlab", "spam", path)
    y = X.pop("type").to_numpy(dtype=str)
    check_data("kernlab's spam", X, y, _COUNTS, 57)
    return (X if as_frame else X.to_numpy(float)), y
