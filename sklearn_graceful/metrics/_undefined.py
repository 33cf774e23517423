"""What a figure that has no value says."""

import math

from sklearn.exceptions import UndefinedMetricWarning

from sklearn_graceful._warn import warn_user


def undefined(message):
    """Warn of a figure without a value; return nan in its place."""
    warn_user(message, UndefinedMetricWarning)
    return math.nan
