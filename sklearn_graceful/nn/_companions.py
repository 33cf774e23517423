"""Batches with as many rows again behind them, which nobody labelled."""

from typing import NamedTuple

import torch

from sklearn_graceful.nn._batches import InMemoryBatches, has_plain_dataset
from sklearn_graceful.reference import looks_up_numbers


class CompanionRows(NamedTuple):
    """Which rows a batch has: first those of `fit`, then its companions.

    Attributes
    ----------
    own : tensor of int64, shape (n_own,)
        Positions among the rows of ``fit``.
    companions : tensor of int64, shape (n_companions,)
        Positions among the companions.
    """

    own: torch.Tensor
    companions: torch.Tensor


class WithCompanions:
    """Numbered batches, each followed by as many companions; ``rows`` says which.

    Companions come in an order of their own, drawn anew when all have been there: an
    epoch is over when the rows of ``fit`` are.

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialised.
    batches : iterable of (X, y) with ``rows``
        What it would be trained on without.
    companions : array of shape (n_companions, ...)
        Like the rows of ``fit``.
    """

    def __init__(self, net, batches, companions):
        self._batches = batches
        in_memory = isinstance(batches, InMemoryBatches)
        self._companions = InMemoryBatches(
            net.get_dataset(companions),
            device=net.device if in_memory else "cpu",
            float_rows=not looks_up_numbers(net.module_),
        )
        self._order = torch.empty(0, dtype=torch.int64)

    def __len__(self):
        return len(self._batches)

    def __iter__(self):
        for X, y in self._batches:
            own, drawn = self._batches.rows, self._draw(len(X))
            if isinstance(own, slice):
                own = torch.arange(own.start, own.stop)
            self.rows = CompanionRows(own, drawn)
            companions, _ = self._companions.take(drawn.to(self._companions.home))
            companions = companions.to(X.device, X.dtype)
            yield torch.cat([X, companions]), torch.cat([y, torch.zeros_like(y)])

    def _draw(self, number):
        while len(self._order) < number:
            again = torch.randperm(len(self._companions.dataset))
            self._order = torch.cat([self._order, again])
        drawn, self._order = self._order[:number], self._order[number:]
        return drawn


def check_takes_companions(net):
    """Refuse a net with a dataset of its own, which makes something of its rows.

    Raises
    ------
    ValueError
        If it has one: rows that were made would not pass through it.
    """
    if not has_plain_dataset(net):
        raise ValueError(
            f"dataset={net.dataset!r} makes something of its rows, which synthetic "
            "rows would not pass through: give the net arrays."
        )
