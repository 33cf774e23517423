"""Strengths that every method is tried at. A new method needs its entry here only.

Without an entry, a method is run at its default strength.
"""

from sklearn.model_selection import ParameterGrid

# By method, or by method and kind of learner, which goes first. A grid is what
# scikit-learn's ParameterGrid takes: a dict of lists, or a list of such dicts.
GRIDS = {
    "naive": {"lam": [0.5, 1.0, 2.0, 5.0]},
    "distill": {"lam": [0.05, 0.1, 0.2, 0.35, 0.5]},
    "focal": {"lam": [0.003, 0.01, 0.03, 0.1, 0.3]},
    ("focal", "boosting"): {"lam": [0.5, 1.0, 2.0, 5.0]},
    "focal_kl": {"lam": [0.01, 0.03, 0.1, 0.3, 1.0]},
    ("focal_kl", "net"): [
        {"lam": [0.01, 0.03, 0.1, 0.3, 1.0], "temperature": [1.0]},
        {"lam": [0.01, 0.1, 1.0], "temperature": [100.0]},
    ],
    "match": {"mixing": [0.2, 0.35, 0.5]},
    "interpolate": {"mixing": [None, 0.1, 0.2, 0.3]},
    "focal_lm": {"lam": [0.003, 0.01, 0.03, 0.1, 0.3]},
    # The post-hoc mean of old and new: weight of the old model.
    "mean": {"old_weight": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]},
}


def strengths(method, kind):
    """Parameters to try.

    Parameters
    ----------
    method : str
        Key of ``congruence.METHODS``, or ``"mean"``.
    kind : str
        Kind of the learner.

    Returns
    -------
    strengths : list of dict
    """
    return list(ParameterGrid(GRIDS.get((method, kind), GRIDS.get(method, {}))))
