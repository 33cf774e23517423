"""Tables of R's modeldata, most with numbers and categories side by side."""

from typing import NamedTuple

import numpy as np

from sklearn_graceful.datasets._packages import check_data
from sklearn_graceful.datasets._r_data import as_numbers, read_lazy_load


class _Table(NamedTuple):
    """What one set looks like."""

    frame: str
    n_columns: int
    counts: tuple  # Complete rows of each class, in the order of the sorted labels.
    target: str = "class"
    dropped: tuple = ()


_TABLES = {
    "attrition": _Table("attrition", 30, (1233, 237), "Attrition"),
    "cells": _Table("cells", 56, (1300, 719), dropped=("case",)),
    "churn": _Table("wa_churn", 19, (5163, 1869), "churn"),
    "credit": _Table("credit_data", 13, (1026, 3013), "Status"),
    "hpc": _Table("hpc_data", 7, (1347, 259, 514, 2211)),
}


def load_modeldata(name, *, as_frame=True, path=None):
    """Load a classification table of the R package modeldata; R is not needed.

    The file is that of Debian's package ``r-cran-modeldata``, MIT licence; ``pyreadr``
    (AGPL-3.0-or-later) reads it.

    ========== ======= ======= ======= ==============================================
    name          rows columns classes what a row is
    ========== ======= ======= ======= ==============================================
    attrition     1470      30       2 an employee who stayed or left, fictional;
                                       14 columns are categories
    cells         2019      56       2 a cell in an image, segmented well (WS) or
                                       poorly (PS); no categories
    churn         7032      19       2 a customer of a telephone company who stayed
                                       or left; 10 columns are categories
    credit        4039      13       2 a borrower, good or bad; 4 columns are
                                       categories
    hpc           4331       7       4 a job on a cluster: very fast (VF), fast,
                                       medium or long; 2 columns are categories
    ========== ======= ======= ======= ==============================================

    Rows with missing values, 415 of credit and 11 of churn, are left out, and so is
    the column of cells that tells which rows were once used for testing.

    Parameters
    ----------
    name : str
        One of the names above.
    as_frame : bool, default=True
        Whether X is a data frame with numbers and categories. False: an array of
        numbers, with a one-hot column for each category, or a single one for two.
    path : path-like, default=None
        Folder of ``Rdata.rdb`` and ``Rdata.rdx``, or the one that the package was
        unpacked into. None: ``$SKLEARN_GRACEFUL_DATA`` if set, then the site libraries
        of R.

    Returns
    -------
    X : DataFrame of n rows, or ndarray of float64, shape (n, n_features)
        The columns in their order; one-hot columns are in the place of theirs.
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
    Kuhn, "modeldata: Data Sets Useful for Modeling Examples", R package.

    Examples
    --------
    >>> from sklearn_graceful.datasets import load_modeldata
    >>> X, y = load_modeldata("credit")  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (4039, 13)
    """
    if name not in _TABLES:
        raise ValueError(f"Unknown set {name!r}; known are {', '.join(_TABLES)}.")
    table = _TABLES[name]
    frame = read_lazy_load("modeldata", table.frame, path)
    # Integers that can be missing come as objects.
    frame = frame.dropna(ignore_index=True).infer_objects()
    y = frame[table.target].to_numpy(dtype=str)
    X = frame.drop(columns=[table.target, *table.dropped])
    check_data(f"modeldata's {table.frame}", X, y, table.counts, table.n_columns)
    for column in X.select_dtypes("category"):
        X[column] = X[column].cat.remove_unused_categories()
    if not as_frame:
        X = np.column_stack([as_numbers(X[column]) for column in X])
    return X, y
