"""The handle that estimators, scorers and reports hold instead of the old model."""

from functools import cache, partial
from os import PathLike

import numpy as np

from sklearn_graceful._kinds import is_skorch_net
from sklearn_graceful._labels import align_columns, label_kind
from sklearn_graceful.reference._adapters import EnsembleAdapter, adapter_for
from sklearn_graceful.reference._memory import RowMemory
from sklearn_graceful.reference._scores import one_hot
from sklearn_graceful.reference._sessions import pack_sessions, unpack_sessions


class ReferenceModel:
    """The model that is being replaced, whatever its kind.

    The handle survives `clone`, never changes the model or a global random state,
    and asks the model about every row once, however often and by whichever method it
    is used: outputs are remembered by a digest of the row, up to about 256 MiB for
    each model, shared between all handles of the model, left out of pickles, and
    forgotten when the model was fitted again. So the model must answer every row by
    itself and always alike.

    Parameters
    ----------
    model : object
        What was deployed; it is never loaded from a path. One of

        * a fitted scikit-learn classifier, transformer or Pipeline, or anything with
          their methods;
        * a skorch net;
        * a ``torch.nn.Module`` whose rows are logits, probabilities (non-negative,
          sum 1), log-probabilities or embeddings. One column, or none, is the logit
          (not the probability) of the second of two classes. It runs in eval mode,
          without gradients, in batches, on its own device and in its own dtype;
        * a function of X that returns labels (1-D), probabilities or embeddings (2-D);
        * an ONNX session (``onnxruntime.InferenceSession``), with the label and
          probabilities of a converted classifier or with one plain tensor;
        * a list or tuple of such models: an ensemble, whose logits are averaged;
        * a ReferenceModel, whose model is taken over.
    classes : array-like of shape (n_classes,), default=None
        Labels of the model's columns, in their order. Needed for the probabilities of
        models that carry no labels (torch modules, functions, plain ONNX tensors);
        replaces the labels of models that do, such as a net trained on 0..K-1. For an
        ensemble it is given to every member that is not a ReferenceModel.

    Attributes
    ----------
    model : object
        The old model itself.
    classes : ndarray of shape (n_classes,) or None
        As given.
    classes_ : ndarray of shape (n_classes,) or None
        Labels of the columns; None if it is no classifier or nobody knows them.
    versions : tuple of ReferenceModel
        The handle itself; all releases in a :class:`ModelHistory`.

    Raises
    ------
    TypeError
        If `model` is a path, a class, a ModelHistory, or has no method that could be
        used.
    ValueError
        If `classes` has repetitions, mixes numbers and strings, or has another length
        than the model's own ``classes_``.

    Notes
    -----
    A model changed by writing into an array it holds (``model.coef_[:] = 0`` or
    ``tensor.data.zero_()``) is not noticed; refitting and optimizer steps are.
    An ONNX session cannot be pickled by itself; a handle pickles the bytes that it was
    made from. One that was made from a path has none: nothing is loaded from a path on
    the user's behalf.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn_graceful.reference import ReferenceModel
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> old = ReferenceModel(forest)
    >>> old
    ReferenceModel(RandomForestClassifier(random_state=0))
    >>> clone(old) is old
    True
    >>> bool((old.predict(X) == forest.predict(X)).all())
    True
    """

    def __init__(self, model, *, classes=None):
        if isinstance(model, ReferenceModel):
            _refuse_history(model)
            classes = model.classes if classes is None else classes
            model = model.model
        self.model = model
        self.classes = None if classes is None else _check_classes(classes)
        self._connect()

    def _connect(self):
        self._adapter = _adapter_for(self.model, self.classes)
        self._memory = RowMemory.of(self.model)
        self._ask = partial(self._memory.recall, self._adapter)

    @property
    def classes_(self):
        """Labels of the columns of `predict_proba` and `logits`."""
        return self._adapter.classes

    @property
    def versions(self):
        """All that a new model is held to; more than the handle in a ModelHistory."""
        return (self,)

    def predict(self, X):
        """Labels that the old model predicts.

        They are the old model's own, even where these are not the most probable ones
        (a tuned threshold, say). Only for models known to predict the most probable
        class are they read off the probabilities, which saves a second pass.

        Parameters
        ----------
        X : array-like of n rows
            In the form the old model was fitted on.

        Returns
        -------
        labels : ndarray of shape (n,)

        Raises
        ------
        NotFittedError
            If the old model is not fitted.
        TypeError
            If it cannot classify.
        ValueError
            If `X` has other features than the old model, or its answers are no
            answers (see `predict_proba`).

        Examples
        --------
        >>> from sklearn_graceful.reference import ReferenceModel
        >>> ReferenceModel(lambda X: ["low" if x < 0 else "high" for x in X]).predict(
        ...     [-1.0, 2.0]
        ... ).tolist()
        ['low', 'high']
        """
        return self._checked(X).labels(self._ask, X)

    def predict_proba(self, X, classes=None, *, remember=True):
        """Class probabilities of the old model.

        Without predict_proba of its own, the softmax of its decision_function is
        taken; without this too, 1 for the predicted label.

        Parameters
        ----------
        X : array-like of n rows
        classes : ndarray of shape (n_columns,), default=None
            Labels of the wanted columns. A class the old model does not know has
            probability 0; one that only the old model knows is left out, and the rows
            are NOT scaled to sum to 1 again. By default ``classes_``.
        remember : bool, default=True
            Whether the answers shall be kept; not worth it for rows that nobody is
            going to ask about again.

        Returns
        -------
        probabilities : ndarray of float64, shape (n, n_columns)

        Raises
        ------
        NotFittedError
            If the old model is not fitted.
        TypeError
            If it cannot classify.
        ValueError
            If `X` has other features than the old model; if its probabilities are
            negative or NaN, do not sum to 1 (within 0.001), or have not one column
            per class and one row per row of `X`; if nobody knows its classes; or if
            none of them is in `classes`.

        Examples
        --------
        >>> from sklearn_graceful.reference import ReferenceModel
        >>> old = ReferenceModel(lambda X: [[0.25, 0.75]] * len(X), classes=["a", "b"])
        >>> old.predict_proba([[1.0]], classes=["b", "c"])
        array([[0.75, 0.  ]])
        """
        adapter = self._checked(X)
        ask = self._asker(remember)
        if classes is None:
            return adapter.probabilities(ask, X)
        classes = _check_classes(classes)
        if self.classes_ is None:
            # A model that names labels needs no list of its classes.
            return one_hot(adapter.labels(ask, X), classes)
        return align_columns(adapter.probabilities(ask, X), self.classes_, classes)[0]

    def predict_with_proba(self, X):
        """Labels and probabilities in one request.

        Parameters
        ----------
        X : array-like of n rows

        Returns
        -------
        labels : ndarray of shape (n,)
            As from `predict`.
        probabilities : ndarray of float64, shape (n, n_classes)
            As from `predict_proba`.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As for `predict_proba`.

        Examples
        --------
        >>> from sklearn_graceful.reference import ReferenceModel
        >>> old = ReferenceModel(lambda X: [[0.25, 0.75]] * len(X), classes=["a", "b"])
        >>> labels, probabilities = old.predict_with_proba([[1.0]])
        >>> labels.tolist(), probabilities.tolist()
        (['b'], [[0.25, 0.75]])
        """
        adapter, answer = self._checked(X), cache(partial(self._ask, X=X))

        def ask(question, X):
            return answer(question)

        return adapter.labels(ask, X), adapter.probabilities(ask, X)

    def logits(self, X):
        """Class scores on the scale of log-probabilities, always finite.

        The margins of models that have one per class (decision_function; a binary
        margin d becomes -d/2 and d/2), the raw outputs of torch modules and nets when
        these are logits, else log-probabilities. No logarithm is taken of less than
        1e-7, so that a forest's 0 becomes -16.1.

        Parameters
        ----------
        X : array-like of n rows

        Returns
        -------
        logits : ndarray of float64, shape (n, n_classes)
            Columns as in ``classes_``.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As for `predict_proba`.

        Examples
        --------
        >>> from sklearn_graceful.reference import ReferenceModel
        >>> old = ReferenceModel(lambda X: [[0.0, 1.0]] * len(X), classes=["a", "b"])
        >>> old.logits([[1.0]]).round(1)
        array([[-16.1,   0. ]])
        """
        return self._checked(X).logits(self._ask, X)

    def transform(self, X, *, remember=True):
        """Embeddings by the old model.

        Parameters
        ----------
        X : array-like of n rows
        remember : bool, default=True
            As for `predict_proba`.

        Returns
        -------
        embeddings : ndarray of float, shape (n, width)
            What its transform returns, or a function, or the output of a torch
            module, net or ONNX session.

        Raises
        ------
        NotFittedError
            If the old model is not fitted.
        TypeError
            If it has no embeddings.
        ValueError
            If `X` has other features than the old model, or the answer is not one
            finite vector per row.

        Examples
        --------
        >>> from sklearn_graceful.reference import ReferenceModel
        >>> ReferenceModel(lambda X: [[2 * x, 0] for x in X]).transform([1.0, 2.0])
        array([[2., 0.],
               [4., 0.]])
        """
        adapter = self._checked(X)
        ask = self._asker(remember)
        return _check_embeddings(adapter.embeddings(ask, X), self)

    def check_fitted(self):
        """Raise NotFittedError if the old model can tell that it is not fitted.

        Raises
        ------
        NotFittedError
            Says that `clone` resets a bare estimator, and what to do instead.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn_graceful.reference import ReferenceModel
        >>> ReferenceModel(LogisticRegression()).check_fitted()
        Traceback (most recent call last):
            ...
        sklearn.exceptions.NotFittedError: The old model LogisticRegression is not...
        """
        for version in self.versions:
            version._adapter.check_fitted()

    def check_input(self, X):
        """Raise ValueError if `X` cannot be what the old model was fitted on.

        Every method that takes `X` does this first.

        Parameters
        ----------
        X : array-like of n rows

        Raises
        ------
        ValueError
            If the number of columns is not the old model's ``n_features_in_``, or
            column names are not its ``feature_names_in_``. A model without these is
            not checked.

        Examples
        --------
        >>> from sklearn.preprocessing import StandardScaler
        >>> from sklearn_graceful.reference import ReferenceModel
        >>> old = ReferenceModel(StandardScaler().fit([[1.0, 2.0]]))
        >>> old.check_input([[1.0]])
        Traceback (most recent call last):
            ...
        ValueError: X has 1 features, but the old model StandardScaler was fitted...
        """
        for version in self.versions:
            version._adapter.check_input(X)

    def _asker(self, remember):
        return self._ask if remember else partial(self._memory.ask, self._adapter)

    def _checked(self, X):
        self.check_fitted()
        self.check_input(X)
        return self._adapter

    def __sklearn_clone__(self):
        return self

    def __deepcopy__(self, memo):
        return self  # as clone: what never changes can be shared

    def __getstate__(self):
        return {"model": pack_sessions(self.model), "classes": self.classes}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.model = unpack_sessions(self.model)
        self._connect()

    def __repr__(self):
        classes = "" if self.classes is None else f", classes={self.classes.tolist()}"
        return f"ReferenceModel({describe(self.model)}{classes})"


def as_reference(model, *, classes=None):
    """Wrap an old model, unless it is wrapped already or there is none.

    Parameters
    ----------
    model : object, ReferenceModel or None
    classes : array-like of shape (n_classes,), default=None
        Labels for a model without any, see `ReferenceModel`.

    Returns
    -------
    reference : ReferenceModel or None
        `model` itself if it is a ReferenceModel and no `classes` are given.

    Examples
    --------
    >>> from sklearn_graceful.reference import as_reference
    >>> old = as_reference(lambda X: X)
    >>> as_reference(old) is old, as_reference(None) is None
    (True, True)
    """
    if model is None or (isinstance(model, ReferenceModel) and classes is None):
        return model
    return ReferenceModel(model, classes=classes)


def _adapter_for(model, classes):
    if isinstance(model, str | bytes | PathLike):
        raise TypeError(
            f"ReferenceModel loads nothing from a path, got {model!r}; load the model "
            "yourself, in the way you trust, and pass it."
        )
    if not isinstance(model, list | tuple):
        return adapter_for(model, classes)
    if not model:
        raise ValueError("An ensemble of old models needs at least one member.")
    members = [
        ReferenceModel(
            member, classes=None if isinstance(member, ReferenceModel) else classes
        )
        for member in model
    ]
    return EnsembleAdapter(model, members)


def _refuse_history(model):
    if isinstance(model, ReferenceModel) and len(model.versions) > 1:
        raise TypeError(
            "A ModelHistory is no single model: pass it as old_model= as it is, not "
            "inside a ReferenceModel, with classes= or in an ensemble."
        )


def _check_classes(classes):
    classes = np.asarray(classes)
    if classes.ndim != 1 or len(np.unique(classes)) != len(classes):
        raise ValueError(
            f"classes must be a list of different labels, got {classes.tolist()}."
        )
    label_kind(classes)
    return classes


def _check_embeddings(vectors, reference):
    if vectors.ndim != 2 or vectors.dtype.kind not in "biuf":
        raise ValueError(
            f"The embeddings of {reference!r} must be 2-D numbers, got shape "
            f"{vectors.shape} and dtype {vectors.dtype}."
        )
    vectors = vectors if vectors.dtype.kind == "f" else vectors.astype(np.float64)
    if not np.isfinite(vectors).all():
        raise ValueError(f"The embeddings of {reference!r} contain NaN or infinity.")
    return vectors


def describe(model):
    """Name a model in a line, as the user would write it where that is short."""
    if isinstance(model, list | tuple):
        return f"[{', '.join(map(describe, model))}]"
    if is_skorch_net(model):  # whose repr is a page
        return f"<{type(model).__name__}>"
    if isinstance(model, ReferenceModel) or hasattr(model, "get_params"):
        return repr(model)
    return getattr(model, "__name__", f"<{type(model).__name__}>")
