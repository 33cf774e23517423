"""Class scores: probabilities, log-probabilities, margins and one-hot labels."""

import numpy as np
from scipy.special import softmax

from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful._probabilities import REFERENCE_FLOOR, log_floored

LOG_FLOOR = float(np.log(REFERENCE_FLOOR))

_SUM_TOLERANCE = 1e-3  # what float32 and half precision models are off by


def log_probabilities(probabilities):
    """Logarithms, not below `LOG_FLOOR`, so that a forest's 0 stays finite."""
    return log_floored(probabilities, REFERENCE_FLOOR)


def log_softmax(scores):
    """Logits with the same softmax, as log-probabilities with the floor."""
    return log_probabilities(softmax(scores, axis=1))


def are_distributions(scores):
    """Whether every row is non-negative and sums to 1."""
    sums_to_1 = np.abs(scores.sum(axis=1) - 1) <= _SUM_TOLERANCE
    return bool((scores >= 0).all() and sums_to_1.all())


def margin_columns(margins):
    """Two columns with the same softmax as one binary margin: ``-d/2`` and ``d/2``.

    Parameters
    ----------
    margins : ndarray of shape (n,)
        Margins d of the second class, as of a binary ``decision_function``.

    Returns
    -------
    columns : ndarray of shape (n, 2)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.reference import margin_columns
    >>> margin_columns(np.array([3.0]))
    array([[-1.5,  1.5]])
    """
    return np.column_stack([-margins / 2, margins / 2])


def label_positions(labels, classes):
    """Index of every label in `classes`, -1 for one that is not there."""
    check_same_label_kind(**{"the old model's predict": labels, "classes": classes})
    present, inverse = np.unique(labels, return_inverse=True)
    place = {label: column for column, label in enumerate(classes.tolist())}
    positions = np.array([place.get(label, -1) for label in present.tolist()], np.intp)
    if len(present) and (positions < 0).all():
        raise ValueError(
            f"The old model predicts none of the classes {classes.tolist()} but, for "
            f"example, {present[:3].tolist()}."
        )
    return positions[inverse]


def one_hot(labels, classes):
    """Probability 1 for the label, an empty row for a label not in `classes`."""
    return (label_positions(labels, classes)[:, None] == np.arange(len(classes))) * 1.0
