"""No congruence: the plain new model."""

from sklearn_graceful.congruence._base import Congruence


class NoCongruence(Congruence):
    """``CE(y)``: train as if there were no old model.

    The comparison that every method must beat.

    Examples
    --------
    >>> from sklearn_graceful.congruence import NoCongruence
    >>> NoCongruence().old_weight([True, False])
    array([0., 0.])
    """

    needs_old_outputs = False
