"""From rows to one flip figure, with a warning where it is undefined."""

import math
import warnings

from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful.metrics._rows import check_labels, check_weight
from sklearn_graceful.metrics.counts import count_flips


def flip_figure(metric, y_true, y_pred, y_old, sample_weight):
    """Check the rows, count them once and read one property of the counts."""
    labels = check_labels(y_true=y_true, y_pred=y_pred, y_old=y_old)
    weight = check_weight(sample_weight, labels[0])
    # Only the churn tells the same wrong labels from different ones.
    counts = count_flips(*labels, weight, split_both_wrong=metric == "churn_rate")
    return read_figure(counts, metric)


def read_figure(counts, metric):
    """Read a figure from `counts`, warning if it is 0/0."""
    figure = getattr(counts, metric)
    if math.isnan(figure):
        warnings.warn(
            f"{metric} is 0/0 on these rows, so it is undefined and returned as nan.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
    return figure
