"""What a gallery keeps its vectors in: five methods, whatever is behind them."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True)
class Changes:
    """What is written in one step: all of it, or nothing.

    Parameters
    ----------
    delete : dict of str to ndarray of shape (n,)
        Ids that leave a space. First.
    drop : list of str
        Spaces that are forgotten with all their vectors.
    insert : dict of str to (ndarray of shape (n,), ndarray of float32, shape (n, dim))
        Ids and vectors that a space gets. A space begins with its first ones.
    state : dict or None
        What to remember beside the vectors, as JSON can say it. None: as before.
    after : dict or None
        The state that must hold now, or nothing is done. None: any.
    """

    delete: dict = field(default_factory=dict)
    drop: list = field(default_factory=list)
    insert: dict = field(default_factory=dict)
    state: dict | None = None
    after: dict | None = None


class StateChangedError(RuntimeError):
    """Another process has changed what a gallery remembers; nothing was written."""

    def __init__(self):
        super().__init__(
            "Another process has changed the gallery's models in this moment; nothing "
            "was written. Call again."
        )


@dataclass(frozen=True)
class View:
    """Queries, as one space sees them.

    Parameters
    ----------
    space : str
    queries : ndarray of float32, shape (n_queries, dim)
    score : {"inner_product", "euclidean", "cosine"}
        Higher is nearer: minus the Euclidean distance.
    """

    space: str
    queries: np.ndarray
    score: str


@runtime_checkable
class VectorStore(Protocol):
    """Vectors by space and id, and one document.

    A space holds vectors of one model. An id may be in several spaces, in each of them
    once. Ids are all int64, or all strings. A space that has no vectors is empty, not
    unknown.
    """

    def write(self, changes):
        """Carry out changes, all of them or none; durable on return.

        Parameters
        ----------
        changes : Changes

        Raises
        ------
        KeyError
            If an id to delete is not in its space.
        ValueError
            If an id to insert is in its space already, or ids or widths are of another
            kind than those before.
        StateChangedError
            If another state holds than `changes` come after.
        """

    def search(self, views, k, among=None):
        """Find the items nearest to each query, in all spaces at one moment.

        Parameters
        ----------
        views : list of View
            An item that is in the spaces of several is looked for in the last of these.
        k : int
        among : ndarray of shape (n,), default=None
            Ids that may be found. None: all.

        Returns
        -------
        found : list of (ids, scores)
            For each view, arrays of shape (n_queries, k), or narrower where there are
            fewer items: the nearest first, of equal ones the earlier.
        """

    def vectors(self, space, ids):
        """Read vectors.

        Parameters
        ----------
        space : str
        ids : ndarray of shape (n,)

        Returns
        -------
        vectors : ndarray of float32, shape (n_there, dim)
        there : ndarray of bool, shape (n,)
            Which of the ids are in the space.
        """

    def ids(self, space, without=(), among=None):
        """List what is in a space.

        Parameters
        ----------
        space : str
        without : sequence of str, default=()
            Items that are in one of these spaces too are left out.
        among : ndarray of shape (n,), default=None
            Ids that are asked about. None: all.

        Returns
        -------
        ids : ndarray of shape (n,)
            In the order in which they came.
        """

    def state(self):
        """Return the document that was written last, or None."""
