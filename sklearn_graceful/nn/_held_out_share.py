"""Validation rows of each class, for early stopping."""

import numpy as np
from torch.utils.data import Subset

from sklearn_graceful.nn._length import as_strata, draw_held_out


class HeldOutShare:
    """A ``train_split`` that draws a share of the rows of each class.

    skorch's ``ValidSplit(share, stratified=True)`` refuses a class of one row, and
    shares that hold out fewer rows than there are classes. Here the only row of a class
    is trained on, and small classes are drawn from together.

    Parameters
    ----------
    share : float
        In (0, 1).
    """

    def __init__(self, share):
        self.share = share

    def __call__(self, dataset, y=None, groups=None):
        """Split a dataset in two.

        Parameters
        ----------
        dataset : torch.utils.data.Dataset
            All rows.
        y : array-like of shape (n,), default=None
            Classes.
        groups : object
            Not used.

        Returns
        -------
        train, valid : torch.utils.data.Subset

        Raises
        ------
        ValueError
            If it holds out no row.
        """
        n_rows = len(dataset)
        held_out = draw_held_out(as_strata(y, n_rows), self.share)
        if not len(held_out):
            raise ValueError(
                f"validation_fraction={self.share} of {n_rows} rows holds out none to "
                "stop early by. Give more rows, or early_stopping=False."
            )
        rest = np.setdiff1d(np.arange(n_rows), held_out)
        return Subset(dataset, rest), Subset(dataset, held_out)
