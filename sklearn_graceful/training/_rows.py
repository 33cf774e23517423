"""Rows of any container, put below each other or taken some of."""

import numpy as np
from scipy import sparse


def stack_rows(first, *more):
    """Put tables or arrays of one kind below each other."""
    if not more:
        return first
    if sparse.issparse(first):
        return sparse.vstack([first, *more], format="csr")
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat([first, *more], ignore_index=True)
    return np.concatenate([first, *more])


def as_rows(X):
    """Something that rows can be taken of: not every sparse format can be indexed."""
    return X.tocsr() if sparse.issparse(X) else X
