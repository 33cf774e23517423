"""Scorers that compare an estimator's predictions with those of the old model."""

from sklearn.utils.metadata_routing import MetadataRequest

from sklearn_graceful.metrics import FLIP_FIGURES, flip_counts
from sklearn_graceful.reference import as_reference, old_labels

_FIGURES = {figure.score: figure for figure in FLIP_FIGURES.values() if figure.score}


def flip_scorer(old_model, metric="neg_nfr"):
    """Make a scorer of one flip figure.

    It needs no metadata routing, because it asks the old model itself, for every row
    once however many candidates and folds there are.

    Parameters
    ----------
    old_model : object
        Fitted model that is being replaced; anything that ``ReferenceModel`` takes. Of
        a :class:`ModelHistory` a row is old-right if any version has it right.
    metric : str, default="neg_nfr"
        Score of a figure in ``sklearn_graceful.metrics.FLIP_FIGURES``, such as
        ``"neg_nfr"``, ``"pfr"``, ``"btc"``, ``"neg_churn"``, ``"win_loss"`` or
        ``"accuracy"``. As in scikit-learn, more is always better: what should be small
        is negated and says so.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` returns a float. It pickles,
        and ``clone`` does not copy the old model.

    Raises
    ------
    ValueError
        If the metric is unknown.
    TypeError
        If the old model can neither predict nor be called.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_graceful.model_selection import flip_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> old = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    >>> search = GridSearchCV(
    ...     LogisticRegression(max_iter=1000), {"C": [0.01, 1.0]},
    ...     scoring=flip_scorer(old, "neg_nfr"),
    ... )
    >>> search.fit(X, y).best_params_
    {'C': 1.0}
    """
    if not isinstance(metric, str) or metric not in _FIGURES:
        hint = f" Did you mean 'neg_{metric}'?" if f"neg_{metric}" in _FIGURES else ""
        raise ValueError(
            f"Unknown metric {metric!r}; known are {', '.join(_FIGURES)}.{hint}"
        )
    return _FlipScorer(as_reference(old_model), metric)


def update_scorer(old_model):
    """Make a scorer of all flip figures from one prediction pass.

    Parameters
    ----------
    old_model : object
        Fitted model that is being replaced; anything that ``ReferenceModel`` takes. Of
        a :class:`ModelHistory` a row is old-right if any version has it right.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` returns a dict of floats: the
        metrics of :func:`flip_scorer` by name. A figure that is undefined on the
        rows, such as a ratio to errors where there are none, is nan.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_graceful.model_selection import update_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> old = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    >>> new = LogisticRegression(max_iter=1000)
    >>> scores = cross_validate(new, X, y, scoring=update_scorer(old))
    >>> scores["test_neg_nfr"].round(3)
    array([ 0.   ,  0.   , -0.033, -0.033,  0.   ])
    """
    return _FlipScorer(as_reference(old_model), None)


class _FlipScorer:
    """Scores one figure, or all of them as a dict if `metric` is None."""

    def __init__(self, reference, metric):
        if reference is None:
            raise TypeError("A flip scorer needs an old model, got None.")
        self.reference = reference
        self.metric = metric
        self._weight_request = None

    def __call__(self, estimator, X, y, sample_weight=None):
        if isinstance(estimator, type) or not hasattr(estimator, "predict"):
            raise TypeError(
                "A flip scorer asks estimator.predict, which "
                f"{type(estimator).__name__} has not."
            )
        counts = flip_counts(
            y,
            estimator.predict(X),
            y_old=old_labels(self.reference, X, y),
            sample_weight=sample_weight,
        )
        # `+ 0.0` turns the -0.0 of a perfect score into 0.0.
        scores = {
            name: (figure(counts) if figure.more_is_better else -figure(counts)) + 0.0
            for name, figure in _FIGURES.items()
        }
        return scores if self.metric is None else scores[self.metric]

    def __sklearn_clone__(self):
        return self

    def __repr__(self):
        name = "update_scorer" if self.metric is None else "flip_scorer"
        metric = "" if self.metric is None else f", {self.metric!r}"
        return f"{name}({self.reference!r}{metric})"

    def set_score_request(self, *, sample_weight):
        """Say whether sample weights are wanted, as in scikit-learn; return itself."""
        self._weight_request = sample_weight
        return self

    def get_metadata_routing(self):
        """Return the request, as scikit-learn's searches ask for it."""
        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_weight", alias=self._weight_request)
        return request
