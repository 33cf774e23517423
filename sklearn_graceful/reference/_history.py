"""Several releases of a model, one after the other."""

from sklearn_graceful.metrics import history_labels
from sklearn_graceful.reference._handle import ReferenceModel, as_reference, describe


class ModelHistory(ReferenceModel):
    """The releases of a model, all of which a new one shall be congruent to.

    Every release is congruent to the one before at best, so what an early release
    had right may get lost step by step. With a history as its old model, a new model
    is held to all of them: a row counts as right if any version has it right, and its
    target is the answer of the newest version that has it right, else of the newest
    version.

    Wherever rows have no labels a history is its newest version: `predict`,
    `predict_proba`, `logits`, `transform` and ``classes_`` are those of that one.

    Parameters
    ----------
    versions : list or tuple
        Releases, the oldest first; each anything that :class:`ReferenceModel` takes
        (a list in the list is an ensemble), or a ModelHistory, whose versions are
        taken over. Versions may know different classes.

    Attributes
    ----------
    versions : tuple of ReferenceModel
        The releases, the oldest first.
    model : object
        The newest release itself.
    classes : ndarray of shape (n_classes,) or None
        The labels that were given to the newest release.
    classes_ : ndarray of shape (n_classes,) or None
        Labels of the columns of the newest release.

    Raises
    ------
    TypeError
        If `versions` is no list or tuple, or a version is none of what
        :class:`ReferenceModel` takes.
    ValueError
        If there are no versions.

    See Also
    --------
    sklearn_graceful.metrics.history_labels : The labels of a history for any metric.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful import ModelHistory, PCClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> v1 = LogisticRegression(max_iter=1000).fit(X[:200], y[:200])
    >>> v2 = LogisticRegression(max_iter=1000).fit(X[:400], y[:400])
    >>> history = ModelHistory([v1, v2])
    >>> v3 = PCClassifier(old_model=history, random_state=0).fit(X[:800], y[:800])
    >>> len(ModelHistory([history, v3]).versions)
    3
    """

    versions = ()

    def __init__(self, versions):
        if not isinstance(versions, list | tuple):
            raise TypeError(
                "ModelHistory takes a list of releases, the oldest first, got "
                f"{type(versions).__name__}."
            )
        if not versions:
            raise ValueError("A history of releases needs at least one version.")
        if any(version is None for version in versions):
            raise TypeError("ModelHistory: a version is None.")
        self.versions = tuple(
            handle for version in versions for handle in as_reference(version).versions
        )
        super().__init__(self.versions[-1])

    def __getstate__(self):
        return {**super().__getstate__(), "versions": self.versions}

    def __repr__(self):
        return f"ModelHistory([{', '.join(map(_name, self.versions))}])"


def old_labels(reference, X, y):
    """Labels by which flips from an old model, or from a whole history, are counted.

    Parameters
    ----------
    reference : ReferenceModel
        The old model, or a :class:`ModelHistory`.
    X : array-like of n rows
        In the form that the old model was fitted on.
    y : array-like of shape (n,)
        True labels.

    Returns
    -------
    labels : ndarray of shape (n,)
        Those that a model predicts; of a history, the right one where any version
        predicts it (:func:`~sklearn_graceful.metrics.history_labels`).

    Raises
    ------
    NotFittedError, TypeError, ValueError
        As for :meth:`ReferenceModel.predict`; ValueError if `y` has another length.

    Examples
    --------
    >>> from sklearn_graceful.reference import ModelHistory, old_labels
    >>> v1, v2 = (lambda X: ["a"] * len(X)), (lambda X: ["b"] * len(X))
    >>> old_labels(ModelHistory([v1, v2]), [1.0, 2.0], ["a", "c"]).tolist()
    ['a', 'b']
    """
    by_version = [version.predict(X) for version in reference.versions]
    return by_version[0] if len(by_version) == 1 else history_labels(y, by_version)


def _name(version):
    """The version as it would be written in the list."""
    return describe(version.model if version.classes is None else version)
