"""Reach the learner at the end of a Pipeline."""

from sklearn.pipeline import Pipeline


def last_step(estimator):
    """The classifier at the end of a Pipeline, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def fit_through_pipeline(estimator, X, y, fit_last, *, extra=()):
    """Fit the steps before the last one as usual, and the last one by `fit_last`.

    Parameters
    ----------
    estimator : estimator
        An unfitted clone of one's own; fitted in place.
    X, y : array-like
        Training rows and labels.
    fit_last : callable
        ``fit_last(learner, X, *extra)`` fits the classifier on transformed rows.
    extra : tuple of array-like, default=()
        Further rows that are transformed, but that no other step is fitted on.
    """
    if not isinstance(estimator, Pipeline):
        fit_last(estimator, X, *extra)
        return
    before = estimator[:-1]
    if before.steps:
        X = before.fit_transform(X, y)
        extra = tuple(before.transform(rows) for rows in extra)
    fit_through_pipeline(estimator.steps[-1][1], X, y, fit_last, extra=extra)
    # With `memory`, a Pipeline replaces its steps by the fitted ones.
    estimator.steps = [*before.steps, estimator.steps[-1]]


def transform_before_last(estimator, X):
    """Rows as the last step of a fitted Pipeline gets them.

    Parameters
    ----------
    estimator : estimator
        Fitted; a Pipeline or not.
    X : array-like
        Rows.

    Returns
    -------
    X : array-like
    """
    while isinstance(estimator, Pipeline):
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        estimator = estimator.steps[-1][1]
    return X
