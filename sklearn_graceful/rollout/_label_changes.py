"""What an update of a prediction store did to the reported labels."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LabelChanges:
    """Rows whose reported label one update has changed.

    Without labels nobody knows which changes are negative flips; the posterior says
    how many to expect. A row that had no prediction before is no change.

    Attributes
    ----------
    version : hashable
        Version whose predictions came in.
    rows : ndarray of int, shape (n_changes,)
        Positions of the rows.
    before, after : ndarray of shape (n_changes,)
        Their reported labels.
    negative_flip_probability : ndarray of shape (n_changes,)
        Probability that the label given up is the right one. The sum is the number of
        negative flips to expect.
    positive_flip_probability : ndarray of shape (n_changes,)
        Probability that the new label is.
    """

    version: object
    rows: np.ndarray
    before: np.ndarray
    after: np.ndarray
    negative_flip_probability: np.ndarray
    positive_flip_probability: np.ndarray

    def __len__(self):
        return len(self.rows)
