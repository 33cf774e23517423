"""Accuracy and negative flips along the way from the old model to the new one."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful.flip_control._mixing import mix
from sklearn_graceful.metrics import is_negative_flip


@dataclass(frozen=True)
class UpdatePath:
    """What an update costs and brings at each point of its route.

    Attributes
    ----------
    t : ndarray of shape (n_points,)
        Shares of the new model, increasing from 0 (the old one) to 1.
    nfr : ndarray of shape (n_points,)
        Negative flip rate against the old model; never decreases.
    accuracy : ndarray of shape (n_points,)
        Share of rows with the right label.
    """

    t: np.ndarray
    nfr: np.ndarray
    accuracy: np.ndarray

    def most_accurate(self, up_to=1.0):
        """New share with the highest accuracy among those not beyond `up_to`.

        Parameters
        ----------
        up_to : float, default=1.0
            In [0, 1].

        Returns
        -------
        new_share : float
            Of equals the smallest, which flips least.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_graceful.flip_control import UpdatePath
        >>> path = UpdatePath(
        ...     t=np.array([0.0, 0.4, 0.6, 1.0]),
        ...     nfr=np.array([0.0, 0.0, 0.01, 0.03]),
        ...     accuracy=np.array([0.90, 0.93, 0.93, 0.95]),
        ... )
        >>> path.most_accurate(), path.most_accurate(up_to=0.7)
        (1.0, 0.4)
        """
        within = np.count_nonzero(self.t <= up_to)
        return float(self.t[self.accuracy[:within].argmax()])


def trace_path(old, new, y, *, chosen, n_points=101, scores=mix):
    """Predict rows at many points of a route.

    Parameters
    ----------
    old, new : ndarray of shape (n, K)
        Finite scores of the same classes.
    y : ndarray of int, shape (n,)
        Index of each row's right class, -1 if it is none of these classes.
    chosen : float
        A new share that shall be among them.
    n_points : int, default=101
        Number of the others, evenly spaced.
    scores : callable, default=mix
        ``scores(old, new, new_share)`` of the route.

    Returns
    -------
    path : UpdatePath

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.flip_control import trace_path
    >>> old, new = np.array([[3.0, 0.0], [1.0, 0.0]]), np.array([[-1.0, 0.0]] * 2)
    >>> path = trace_path(old, new, np.array([0, 0]), chosen=0.7, n_points=3)
    >>> path.t, path.nfr
    (array([0. , 0.5, 0.7, 1. ]), array([0. , 0. , 0.5, 1. ]))
    """
    t = np.union1d(np.linspace(0, 1, n_points), [chosen])
    right = np.array([scores(old, new, share).argmax(axis=1) == y for share in t])
    return UpdatePath(
        t=t,
        nfr=is_negative_flip(right[0], right).mean(axis=1),
        accuracy=right.mean(axis=1),
    )
