"""Strengths that every method is tried at. A new method needs its entry here only.

Without an entry, a method is run at its default strength.
"""

from sklearn.model_selection import ParameterGrid

# By method, or by method and kind of learner, which goes first. A grid is what
# scikit-learn's ParameterGrid takes: a dict of lists, or a list of such dicts.
OLD_WEIGHTS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
RATIOS = [1.25, 1.5, 2.0, 3.0, 5.0, 10.0]
GRIDS = {
    "naive": {"lam": [0.5, 1.0, 2.0, 5.0]},
    "distill": {"lam": [0.05, 0.1, 0.2, 0.35, 0.5]},
    "focal_kl": {"lam": [0.01, 0.03, 0.1, 0.3, 1.0]},
    ("focal_kl", "net"): [
        {"lam": [0.01, 0.03, 0.1, 0.3, 1.0], "temperature": [1.0]},
        {"lam": [0.01, 0.1, 1.0], "temperature": [100.0]},
    ],
    "conditional": {"lam": [0.05, 0.1, 0.2, 0.35, 0.5]},
    "muscle": {"lam": [0.1, 0.2, 0.35, 0.5]},
    "ldi": {"lam": [0.003, 0.01, 0.03, 0.1, 0.3]},
    "elodi": {"mix": [0.5, 0.8, 0.95]},
    "match": {"mixing": [0.2, 0.35, 0.5, 0.65]},
    "interpolate": {"mixing": [None, 0.1, 0.2, 0.3]},
    "focal_lm": {"lam": [0.003, 0.01, 0.03, 0.1, 0.3]},
    "mean": {"old_weight": OLD_WEIGHTS},
    "cost-ratio": {"ratio": RATIOS},
    "mean cost-ratio": {"old_weight": [0.1, 0.2, 0.3], "ratio": RATIOS},
    "match + cost-ratio": {"mixing": [0.2, 0.35], "ratio": RATIOS},
    "ensemble by match": {"mixing": [0.35, 0.5]},
    "ensemble by match + cost-ratio": {"mixing": [0.35], "ratio": RATIOS},
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
