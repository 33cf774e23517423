"""Tables of named columns, each of a type of its own: pandas, polars and pyarrow.

A model may pick columns by name and look at their types, so that rows of our own making
must keep both. Every kind of table does this by its own methods, and none of the
libraries is imported unless a user's table has brought it.
"""

from sklearn_graceful._kinds import is_a


def is_frame(X):
    """Whether `X` is a table of named columns."""
    return _kind_of(X) is not None


def column_names(X):
    """Names of the columns, a list; None of what is no such table."""
    kind = _kind_of(X)
    return None if kind is None else kind.names(X)


def columns_of(X):
    """Columns of a table, in order, each as its library has them."""
    kind = _kind_of(X)
    return [kind.column(X, place) for place in range(X.shape[1])]


def rearranged(X, positions):
    """A table like `X`, each column of which takes its values from other rows.

    Parameters
    ----------
    X : frame of shape (n, n_columns)
    positions : iterable of ndarray of int, shape (n,)
        For each column the rows that its values come from.

    Returns
    -------
    frame : frame like `X`
    """
    return _kind_of(X).rearranged(X, positions)


def stack_frames(frames):
    """Tables of one kind and of the same columns, below each other."""
    return _kind_of(frames[0]).stacked(frames)


class _Pandas:
    kind = "pandas.DataFrame"

    @staticmethod
    def names(X):
        return list(X.columns)

    @staticmethod
    def column(X, place):
        return X.iloc[:, place]

    @staticmethod
    def rearranged(X, positions):
        rows = X.copy()
        for place, taken in enumerate(positions):
            rows.isetitem(place, X.iloc[taken, place].set_axis(X.index))
        return rows

    @staticmethod
    def stacked(frames):
        import pandas as pd

        return pd.concat(frames, ignore_index=True)


class _Polars:
    kind = "polars.DataFrame"

    @staticmethod
    def names(X):
        return list(X.columns)

    @staticmethod
    def column(X, place):
        return X.to_series(place)

    @staticmethod
    def rearranged(X, positions):
        pairs = zip(X.iter_columns(), positions, strict=True)
        return X.with_columns([column.gather(taken) for column, taken in pairs])

    @staticmethod
    def stacked(frames):
        import polars as pl

        return pl.concat(frames)


class _Arrow:
    kind = "pyarrow.Table"

    @staticmethod
    def names(X):
        return list(X.column_names)

    @staticmethod
    def column(X, place):
        return X.column(place)

    @staticmethod
    def rearranged(X, positions):
        pairs = zip(X.itercolumns(), positions, strict=True)
        columns = [column.take(taken) for column, taken in pairs]
        return type(X).from_arrays(columns, schema=X.schema)

    @staticmethod
    def stacked(frames):
        import pyarrow as pa

        return pa.concat_tables(frames)


def _kind_of(X):
    kinds = (_Pandas, _Polars, _Arrow)
    return next((kind for kind in kinds if is_a(X, kind.kind)), None)
