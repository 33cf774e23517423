"""What a compatible update gains at once, and what compatibility costs."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning


def update_gain(old_self, cross, paragon):
    """Share of the possible improvement that comes without re-embedding the gallery.

    Formula: ``(cross - old self) / (paragon - old self)`` (Shen et al. 2020). 0 is the
    old system, 1 what a full re-embedding by an unconstrained new model would give;
    below 0 the new queries do worse on the old gallery than the old ones.

    Parameters
    ----------
    old_self : float or array-like
        Quality of the old queries on the old gallery.
    cross : float or array-like
        Quality of the new queries on the old gallery.
    paragon : float or array-like
        Quality of the paragon, trained with no compatibility constraint, on its own
        gallery.

    Returns
    -------
    gain : float or ndarray
        nan, with an UndefinedMetricWarning, where the paragon is no better or worse
        than the old model. If the paragon is worse than the old model, the ratio has
        no meaning, although it is defined.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Examples
    --------
    >>> from sklearn_graceful.metrics import update_gain
    >>> round(update_gain(39.5, 46.8, 66.3), 2)
    0.27
    """
    achieved = np.subtract(cross, old_self, dtype=float)
    possible = np.subtract(paragon, old_self, dtype=float)
    if np.any(possible == 0):
        warnings.warn(
            "update_gain is undefined where paragon equals old_self, and returned as "
            "nan.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
    gain = np.asarray(achieved / np.where(possible == 0, np.nan, possible))
    return gain if gain.ndim else float(gain)


def compatibility_tax(paragon, new_self):
    """Quality that the new model gives up for compatibility.

    Formula: ``paragon - new self``. 0 is best; below 0 the constraint helped.

    Parameters
    ----------
    paragon : float or array-like
        Quality of the paragon, trained with no compatibility constraint, on its own
        gallery.
    new_self : float or array-like
        Quality of the new queries on the new gallery.

    Returns
    -------
    tax : float or ndarray
        In the unit of the quality.

    Examples
    --------
    >>> from sklearn_graceful.metrics import compatibility_tax
    >>> round(compatibility_tax(66.3, 55.6), 1)
    10.7
    """
    tax = np.subtract(paragon, new_self)
    return tax if tax.ndim else float(tax)
