"""What stands for a probability of 0 in a logarithm: all floors, with why."""

import numpy as np

# Of an old model's answers in general: about the resolution of single precision, so
# that a forest's 0 becomes a logit (-16.1) that a network can have.
REFERENCE_FLOOR = 1e-7
# Of what a model is trained to imitate: a logit of -13.8 says "never" well enough, and
# squared distances to it do not drown those of all other classes.
IMITATION_FLOOR = 1e-6
# Where two models are mixed on the way from old to new: a share of the uniform
# distribution, not a floor, which would make ties of small probabilities.
MIXING_SHARE = 1e-4
# Of the soft label of one row: a class below it would only be one more copy to fit.
COPY_FLOOR = 1e-3
# The same for mixtures of two models, which spread some probability everywhere.
MIXTURE_COPY_FLOOR = 0.02


def log_floored(proba, floor):
    """Logarithms of probabilities, none of less than `floor`."""
    return np.log(np.maximum(proba, floor))


def log_exact(proba):
    """Logarithms of all that is not 0 in the precision of `proba`."""
    return np.log(np.maximum(proba, np.finfo(proba.dtype).tiny))
