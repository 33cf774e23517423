"""A classifier that is fixed before the first release and shared by all."""

import numpy as np
from scipy.linalg import helmert

from sklearn_graceful.compatibility._base import Compatibility
from sklearn_graceful.compatibility._terms import ClassHead


class Simplex(Compatibility):
    """``CE(y)`` with class weights fixed at the vertices of a regular simplex.

    Compatible representations by stationarity (CoReS). Every release learns the same
    fixed class weights, so their spaces agree without any old vector. It must be used
    from the first release on, with room for all classes that may ever come. Which class
    has which vertex is taken over from an old model that is a ``CompatibleEmbedder``;
    classes that are new get the next ones.

    Parameters
    ----------
    n_classes : int, default=1024
        Vertices, at least as many as classes; the embeddings have a dimension less.
    head_scale : float, default=16.0
        What the class head multiplies cosines by.

    References
    ----------
    Biondi et al., "CoReS: Compatible Representations via Stationarity", TPAMI 2023.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import Simplex
    >>> Simplex(n_classes=64).width(None, None)
    63
    """

    name = "simplex"
    needs_old = False

    _bounds = Compatibility._bounds | {"n_classes": (2, np.inf)}
    _whole = ("n_classes",)

    def __init__(self, n_classes=1024, head_scale=16.0):
        self.n_classes = n_classes
        self.head_scale = head_scale

    def width(self, embedding_dim, old_dim):
        """One less than there are vertices."""
        width = int(self.n_classes) - 1
        for name, other in (("embedding_dim", embedding_dim), ("old width", old_dim)):
            if other is not None and other != width:
                raise ValueError(
                    f"Simplex(n_classes={self.n_classes}) has width {width}, but the "
                    f"{name} is {other}."
                )
        return width

    def check_old_method(self, method):
        """Refuse an old model that did not learn the same class weights."""
        if not isinstance(method, Simplex) or method.n_classes != self.n_classes:
            raise ValueError(
                f"Simplex(n_classes={self.n_classes}) fits the space of an old model "
                "that learned by the same simplex, from the first release on, but the "
                + (
                    "old model is no CompatibleEmbedder."
                    if method is None
                    else f"old model learned by {method!r}."
                )
            )

    def check_task(self, task):
        """Refuse more classes than vertices, and embeddings of another width."""
        if task.vertices.max() >= self.n_classes:
            raise ValueError(
                f"Simplex(n_classes={self.n_classes}) has no vertex left for "
                f"{task.vertices.max() + 1} classes."
            )
        if task.embedding_dim not in (None, self.n_classes - 1):
            raise ValueError(
                f"Simplex(n_classes={self.n_classes}) has width {self.n_classes - 1}, "
                f"but the embeddings have {task.embedding_dim}."
            )

    def terms(self, task):
        """Cross-entropy with the fixed head."""
        self.check_task(task)
        vertices = simplex_vertices(int(self.n_classes))
        # The first rows are those of the task's classes, so that `y` indexes them.
        others = np.setdiff1d(np.arange(len(vertices)), task.vertices)
        order = np.concatenate([task.vertices, others])
        return [(1.0, ClassHead(task, self.head_scale, weight=vertices[order]))]


def simplex_vertices(n_vertices):
    """Vertices of a regular simplex around the origin, of unit length.

    Parameters
    ----------
    n_vertices : int
        Two or more.

    Returns
    -------
    vertices : ndarray of shape (n_vertices, n_vertices - 1)
        The cosine of any two is ``-1 / (n_vertices - 1)``.

    Examples
    --------
    >>> from sklearn_graceful.compatibility._simplex import simplex_vertices
    >>> vertices = simplex_vertices(3)
    >>> (vertices @ vertices.T).round(3)
    array([[ 1. , -0.5, -0.5],
           [-0.5,  1. , -0.5],
           [-0.5, -0.5,  1. ]])
    """
    vertices = helmert(n_vertices).T
    return vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
