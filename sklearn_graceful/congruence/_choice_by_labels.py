"""Choose a network's strength by what it would be taught, out of fold."""

import numpy as np
from sklearn.base import clone

from sklearn_graceful.congruence._choice import FEWEST_ROWS, figures_of
from sklearn_graceful.congruence._mixture import calibrate

# Real rows and their labels hold a network back: it errs about as the labels do that it
# would be taught at half its flip cost.
_TAKEN_UP = 0.5


def compare_labels(candidates, training):
    """What candidates would teach networks about rows that these did not know.

    The label that ``Match`` gives a row, in the light of a plain network that was
    trained without it and of the old model's stored answer, is known before anything
    is tuned, and for all rows. Stored answers alone are out of fold. Candidates get the
    mixture that says best how likely the labels of these rows are.

    Parameters
    ----------
    candidates : list of Match
        From the weakest to the strongest.
    training : Training
        Whose networks can be cross-fitted. They are its plain models from now on.

    Returns
    -------
    figures : list of HeldOutFigures or None
        The plain network first. None: too few rows to tell, or nothing to tell from.
    """
    weight = training.sample_weight
    weight = np.ones(len(training.y)) if weight is None else weight
    stored = isinstance(training.old_proba, str) or np.ndim(training.old_proba) == 2
    if not stored or np.count_nonzero(weight) < FEWEST_ROWS:
        return None
    fit = training.cross_fit()
    if fit is None:
        return None
    y, old = training.y[fit.rows], training.old.take(fit.rows)
    weight, opinions = weight[fit.rows], (fit.log_proba, old.proba, old.known)
    old_share, sharpness = calibrate(*opinions, y, weight)
    found = {"old_share": old_share, "sharpness": sharpness}
    methods = [
        clone(method).set_params(n_teachers=len(fit.models), **found)
        for method in candidates
    ]
    mixture = methods[0].mixture(*opinions)
    labels = [fit.log_proba] + [
        mixture.soft_labels(_TAKEN_UP * method.flip_cost) for method in methods
    ]
    methods = [method.suited_to(training.kind) for method in methods]
    wrong = [label.argmax(axis=1) != y for label in labels]
    return figures_of(methods, wrong, old.right, weight)
