"""The negative flips themselves, the worst ones first."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Flip:
    """A row that the old model has right and the new one wrong.

    Attributes
    ----------
    id : object
        Of the row.
    true, new : object
        Its class, and what the new model says.
    old_confidence, new_confidence : float or None
        Probabilities that the models give to what they say.
    slices : tuple of str
        Lost slices that it is in.
    is_critical : bool
        Whether it was marked.
    """

    id: object
    true: object
    new: object
    old_confidence: float | None
    new_confidence: float | None
    slices: tuple
    is_critical: bool


def worst_flips(y, ids, old, new, outcomes, critical, lost, most):
    """Negative flips: critical ones, those in lost slices, then the surest ones.

    Parameters
    ----------
    y, ids : ndarray of shape (n,)
        True labels and names of the rows.
    old, new : Answers
    outcomes : Outcomes
    critical : ndarray of bool, shape (n,), or None
    lost : list of Part
        Slices that were lost.
    most : int
        How many to list.

    Returns
    -------
    flips : tuple of Flip
    """
    rows = np.flatnonzero(outcomes.is_negative_flip)
    surprise = sum(
        answers.confidence[rows].astype(np.float64)
        for answers in (old, new)
        if answers.confidence is not None
    )
    marked = np.zeros(len(y), bool) if critical is None else critical
    elsewhere = (
        ~np.any([part.rows[rows] for part in lost], axis=0) if lost else rows * 0
    )
    surprise = np.broadcast_to(surprise, len(rows))
    order = np.lexsort([rows, -surprise, elsewhere, ~marked[rows]])
    return tuple(
        Flip(
            _plain(ids[row]),
            _plain(y[row]),
            _plain(new.labels[row]),
            _confidence(old, row),
            _confidence(new, row),
            tuple(part.name for part in lost if part.rows[row]),
            bool(marked[row]),
        )
        for row in rows[order][:most]
    )


def _plain(value):
    return value.item() if hasattr(value, "item") else value


def _confidence(answers, row):
    return None if answers.confidence is None else float(answers.confidence[row])
