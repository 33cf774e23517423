"""Labels, probabilities and columns from files of predictions."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_PREDICTION, _TARGETS = "prediction", ("y_true", "y", "target", "label", "truth")


@dataclass(frozen=True)
class PredictionFile:
    """A table whose columns are texts.

    Attributes
    ----------
    path : str
        Where it comes from, for messages.
    columns : dict of str to ndarray of str, shape (n,)
        By name.
    """

    path: str
    columns: dict

    @classmethod
    def read(cls, path):
        """Read a CSV file with a header, or a Parquet file by pandas.

        Raises
        ------
        ValueError
            If it has no rows, or rows of different lengths.
        ImportError
            If it is a Parquet file and pandas or its engine is missing.
        """
        if Path(path).suffix in (".parquet", ".pq"):
            import pandas as pd

            table = pd.read_parquet(path)
            return cls(str(path), {str(c): _texts(table[c]) for c in table.columns})
        with open(path, newline="", encoding="utf-8-sig") as file:
            try:
                header, *rows = csv.reader(file)
            except ValueError:
                raise ValueError(f"{path} is empty.") from None
        if not rows:
            raise ValueError(f"{path} has a header and no rows.")
        if len(set(header)) < len(header):
            raise ValueError(f"{path} names a column twice: {header}.")
        for number, row in enumerate(rows, start=2):
            if len(row) != len(header):
                counts = f"{len(row)} values for {len(header)} columns"
                raise ValueError(f"{path}, line {number}: {counts}.")
        return cls(str(path), dict(zip(header, np.array(rows).T, strict=True)))

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def column(self, name):
        """A column, or an error that lists what there is."""
        if name not in self.columns:
            raise ValueError(
                f"{self.path} has no column {name!r}, it has {[*self.columns]}."
            )
        return self.columns[name]

    def in_order_of(self, other, id_column):
        """The same rows in the order of another file, by their ids."""
        if id_column is None:
            if len(self) != len(other):
                raise ValueError(
                    f"{self.path} has {len(self)} rows, {other.path} has {len(other)}. "
                    "Name the column that both have with --id."
                )
            return self
        position = self._positions(id_column)
        wanted = [*other._positions(id_column)]
        if missing := [key for key in wanted if key not in position]:
            raise ValueError(
                f"{self.path} lacks {len(missing)} of the {len(wanted)} ids of "
                f"{other.path}, such as {missing[0]!r}."
            )
        rows = [position[key] for key in wanted]
        return PredictionFile(self.path, {n: c[rows] for n, c in self.columns.items()})

    def _positions(self, id_column):
        ids = self.column(id_column).tolist()
        position = {key: row for row, key in enumerate(ids)}
        if len(position) < len(ids):
            raise ValueError(f"{self.path} has an id in {id_column!r} more than once.")
        return position

    def predictions(self, id_column=None, column=None):
        """Labels (n,), or a Table of probabilities whose columns are classes."""
        others = [name for name in self.columns if name != id_column]
        if column is None and _PREDICTION in others:
            column = _PREDICTION
        elif column is None and len(others) == 1:
            column = others[0]
        if column is not None:
            return self.column(column)
        values = {name: _numbers(self.columns[name]) for name in others}
        if bad := [name for name, numbers in values.items() if numbers is None]:
            raise ValueError(
                f"{self.path} has no column {_PREDICTION!r}, so its columns should be "
                f"probabilities, one for each class; {bad[0]!r} holds no numbers. Name "
                "the column of labels with --prediction, and that of ids with --id."
            )
        return Table(values)

    def target(self, column=None):
        """Name of the column of true labels."""
        if column is not None:
            self.column(column)
            return column
        found = [name for name in _TARGETS if name in self.columns] or [*self.columns]
        if len(found) > 1 and found[0] not in _TARGETS:
            raise ValueError(
                f"{self.path}: which of {found} has the true labels? Say --target."
            )
        return found[0]

    def table(self, without):
        """Other columns, those of numbers as numbers."""
        columns = {}
        for name, texts in self.columns.items():
            if name not in without:
                numbers = _numbers(texts)
                columns[name] = texts if numbers is None else numbers
        return Table(columns)


class Table:
    """Columns by name, as far as models and slices need a table.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (n,)
    """

    def __init__(self, columns):
        self._columns = columns

    @property
    def columns(self):
        """Names."""
        return [*self._columns]

    @property
    def shape(self):
        """Rows and columns."""
        return len(next(iter(self._columns.values()))), len(self._columns)

    def __getitem__(self, name):
        return self._columns[name]

    def __array__(self, dtype=None, copy=None):
        return np.column_stack([*self._columns.values()]).astype(dtype)


def _texts(values):
    """A pandas column as texts; a float that is a whole number as such."""
    array = values.to_numpy()
    if array.dtype.kind == "f" and (array == np.floor(array)).all():
        array = array.astype(np.int64)
    return array.astype(str)


def _numbers(texts):
    """Texts as numbers, empty ones being nan; None if they are none."""
    try:
        return np.where(texts == "", "nan", texts).astype(np.float64)
    except ValueError:
        return None
