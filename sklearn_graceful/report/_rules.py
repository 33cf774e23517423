"""Conditions that say which rows belong to a slice, on these rows and on later ones."""

from dataclasses import dataclass
from operator import eq, gt, le, ne

import numpy as np

_RELATIONS = {"<=": le, ">": gt, "=": eq, "!=": ne}


@dataclass(frozen=True)
class Condition:
    """A column's values against one value.

    Attributes
    ----------
    column : str
        Its name.
    relation : {"<=", ">", "=", "!="}
        The first two for numbers, the others for names.
    value : float or str
    """

    column: str
    relation: str
    value: float | str

    def mask(self, columns):
        """Rows that meet it; a missing number is neither below nor above anything."""
        if self.column not in columns:
            raise ValueError(f"X has no column {self.column!r}, which a slice needs.")
        return _RELATIONS[self.relation](columns[self.column].values, self.value)

    def is_weaker_than(self, other):
        """Whether `other`, which is added to it, says all that it says."""
        same = (self.column, self.relation) == (other.column, other.relation)
        return same and self.relation in ("<=", ">")

    def __str__(self):
        shown = self.value if isinstance(self.value, str) else f"{self.value:.6g}"
        return f"{self.column} {self.relation} {shown}"


@dataclass(frozen=True)
class Rule:
    """Conditions that all hold.

    Attributes
    ----------
    conditions : tuple of Condition
    """

    conditions: tuple = ()

    def mask(self, columns):
        """Rows that it is about; `columns` are Column by name."""
        masks = [condition.mask(columns) for condition in self.conditions]
        return np.logical_and.reduce(masks)

    def narrowed(self, condition):
        """The same with one more condition, which may replace a weaker one."""
        kept = [c for c in self.conditions if not c.is_weaker_than(condition)]
        return Rule((*kept, condition))

    def __str__(self):
        return " and ".join(map(str, self.conditions))
