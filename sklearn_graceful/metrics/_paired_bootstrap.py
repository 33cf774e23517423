"""Bootstrap over queries of what two or more systems do on the same queries."""

import warnings

import numpy as np
from scipy.stats import bootstrap
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful._arguments import check_count, check_share, random_generator
from sklearn_graceful.metrics._intervals import ConfidenceInterval, outer_quantiles
from sklearn_graceful.metrics._numbers import as_numbers
from sklearn_graceful.metrics._undefined import undefined

BATCH_SIZE = 2**21
# Fewer different rows than this are drawn as counts, at a cost free of the row count.
FEW_KINDS = 1000


def difference(old_mean, new_mean):
    """New minus old."""
    return new_mean - old_mean


def paired_bootstrap(
    old_values,
    new_values,
    *more_values,
    statistic=difference,
    n_resamples=2000,
    confidence=0.95,
    random_state=None,
):
    """Confidence interval of a figure of aligned values, one a query.

    Formula: ``statistic(mean of old_values, mean of new_values, ...)``, by percentiles
    over resamples of the queries (Efron 1979). All columns of a query are drawn
    together, so that what the systems share cancels.

    Parameters
    ----------
    old_values, new_values, *more_values : array-like of shape (n_queries,)
        Values of the same queries, such as `RetrievalOutcomes.values`. Queries that
        are nan in all of them, having no relevant item, are left out.
    statistic : callable, default=new minus old
        Takes the means in the order of the columns and must work on arrays of them.
        `update_gain` takes those of the old self-test, the cross-test and the paragon,
        `compatibility_tax` those of the paragon and the new self-test.
    n_resamples : int, default=2000
        Number of resamples.
    confidence : float, default=0.95
        Coverage of the two-sided interval.
    random_state : int, RandomState, Generator or None, default=None
        Seed of the resamples. None draws fresh entropy; NumPy's global state is
        neither read nor changed.

    Returns
    -------
    interval : ConfidenceInterval
        Named tuple (estimate, low, high). Resamples in which the statistic is
        undefined are left out. All nan, with an UndefinedMetricWarning, if it is
        undefined on the queries themselves or no query is left.

    Raises
    ------
    ValueError
        If the columns are not 1-D, differ in length, are infinite, or nan in different
        queries; if `confidence` is not between 0 and 1 or `n_resamples` less than 1.

    Notes
    -----
    Resamples are drawn in batches. Where the columns take few values, as recall does,
    drawing queries is a multinomial draw of the counts of their combinations, which
    is the same bootstrap at a cost that does not grow with the queries.

    The interval knows the spread over queries, not that over trainings: another seed
    of the same recipe may differ by more.

    References
    ----------
    Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7,
    1979.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.metrics import paired_bootstrap, update_gain
    >>> old_self, cross, paragon = np.repeat(
    ...     [[0, 0, 1], [0, 1, 1], [1, 1, 1]], [300, 200, 500], axis=0
    ... ).T
    >>> gain, low, high = paired_bootstrap(old_self, cross, random_state=0)
    >>> print(f"{gain:.2f} [{low:.3f}, {high:.3f}]")
    0.20 [0.175, 0.225]
    >>> gain, low, high = paired_bootstrap(
    ...     old_self, cross, paragon, statistic=update_gain, random_state=0
    ... )
    >>> print(f"{gain:.2f} [{low:.2f}, {high:.2f}]")
    0.40 [0.36, 0.44]
    """
    check_share("confidence", confidence, "neither")
    check_count("n_resamples", n_resamples)
    if not callable(statistic):
        raise TypeError(f"statistic must be a function, got {statistic!r:.60}.")
    columns = _check_columns(old_values, new_values, *more_values)
    if columns.shape[1] == 0:
        return _undefined("no query has defined values")
    rng = random_generator(random_state)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # What is undefined is left out below, or is the whole answer.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        estimate = _estimate(statistic, columns)
        draws = _draws(columns, statistic, n_resamples, rng)
    if np.isnan(estimate):
        return _undefined("the statistic of these queries is nan")
    return ConfidenceInterval(estimate, *outer_quantiles(draws, confidence))


def _estimate(statistic, columns):
    try:
        return float(statistic(*columns.mean(axis=1)))
    except TypeError as error:
        raise TypeError(
            f"statistic must take {len(columns)} means, one of each column, and return "
            f"a number: {error}"
        ) from error


def _draws(columns, statistic, n_resamples, rng):
    """Statistic of resampled queries."""
    n_queries = columns.shape[1]
    kinds, counts = np.unique(columns, axis=1, return_counts=True)
    if len(counts) <= FEW_KINDS:
        drawn = rng.multinomial(n_queries, counts / n_queries, size=n_resamples)
        return statistic(*(kinds @ drawn.T / n_queries))
    return bootstrap(
        tuple(columns),
        lambda *drawn, axis: statistic(*(column.mean(axis=axis) for column in drawn)),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=n_resamples,
        batch=max(BATCH_SIZE // n_queries, 1),
        rng=rng,
    ).bootstrap_distribution


def _check_columns(*columns):
    """Columns as rows of one array, without the queries that are nan in all."""
    names = ["old_values", "new_values", *["more_values"] * len(columns[2:])]
    columns = [as_numbers(*named) for named in zip(names, columns, strict=True)]
    shapes = {column.shape for column in columns}
    if len(shapes) > 1 or columns[0].ndim != 1:
        raise ValueError(
            "old_values, new_values and more_values must be 1-D and of one length, got "
            f"the shapes {[column.shape for column in columns]}."
        )
    columns = np.stack(columns)
    if np.isinf(columns).any():
        raise ValueError("old_values, new_values and more_values must not be infinite.")
    missing = np.isnan(columns)
    if (missing.any(axis=0) != missing.all(axis=0)).any():
        raise ValueError(
            "old_values, new_values and more_values are nan in different queries, so "
            "they are not values of the same queries and items."
        )
    return columns[:, ~missing[0]]


def _undefined(reason):
    message = f"The interval is undefined, because {reason}, and returned as nan."
    nan = undefined(message)
    return ConfidenceInterval(nan, nan, nan)
