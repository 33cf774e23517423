"""Strengths that every method is tried at. A new method needs its entry here only.

Without an entry, a method is run at its default strength.
"""

from sklearn.model_selection import ParameterGrid

# By method, or by method and kind of learner, which goes first. A grid is what
# scikit-learn's ParameterGrid takes: a dict of lists, or a list of such dicts.
OLD_WEIGHTS = [0.2, 0.35, 0.5]
RATIOS = [1.25, 1.5, 2.0, 3.0, 5.0, 10.0]
GRIDS = {
    "naive": {"strength": [1.0, 3.0, 10.0]},
    "distill": {"old_share": [0.05, 0.1, 0.2, 0.35, 0.5]},
    "focal_kl": {"strength": [0.01, 0.03, 0.1, 0.3, 1.0]},
    ("focal_kl", "net"): [
        {"strength": [0.01, 0.03, 0.1, 0.3, 1.0], "temperature": [1.0]},
        {"strength": [0.01, 0.1, 1.0], "temperature": [100.0]},
    ],
    "conditional": {"old_share": [0.05, 0.1, 0.2, 0.35, 0.5]},
    "muscle": {"reference_share": [0.1, 0.2, 0.35, 0.5]},
    "ldi": {"strength": [0.003, 0.01, 0.03, 0.1, 0.3]},
    "elodi": {"teacher_share": [0.5, 0.8, 0.95]},
    "match": {"flip_cost": [1.0, 3.0, 6.0, 12.0]},
    "interpolate": {"old_share": [None, 0.1, 0.2, 0.3]},
    "focal_lm": {"strength": [0.003, 0.01, 0.03, 0.1, 0.3]},
    "mean": {"old_weight": OLD_WEIGHTS},
    "cost-ratio": {"ratio": RATIOS},
    "mean cost-ratio": {"old_weight": [0.1, 0.2, 0.3], "ratio": RATIOS},
    "match + cost-ratio": {"flip_cost": [1.0, 3.0], "ratio": RATIOS},
    "ensemble by match": {"flip_cost": [1.0, 3.0]},
    "ensemble by match + cost-ratio": {"flip_cost": [1.0], "ratio": RATIOS},
    "ensemble + mean": {"old_weight": OLD_WEIGHTS},
    "ensemble + cost-ratio": {"ratio": RATIOS},
}


def strengths(method, kind):
    """Parameters to try.

    Parameters
    ----------
    method : str
        One of ``methods.METHODS``.
    kind : str
        Kind of the learner.

    Returns
    -------
    strengths : list of dict
    """
    return list(ParameterGrid(GRIDS.get((method, kind), GRIDS.get(method, {}))))
