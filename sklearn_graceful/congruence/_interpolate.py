"""Weight interpolation: half-way between the old network and its fine-tuned self."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful.congruence._base import Congruence

_ROUNDING = 1e-12


@dataclass(frozen=True)
class InterpolationPath:
    """What each share of the old weights costs and brings on held-out rows.

    The figures are those of a network that was fine-tuned without these rows. The one
    that predicts in the end is fine-tuned on all rows, so no rows are left to tell how
    good it is.

    Attributes
    ----------
    mixing : ndarray of shape (n_points,)
        Shares of the old weights, from 0 (fine-tuned) to 1 (old).
    error : ndarray of shape (n_points,)
        Share of held-out rows, by weight, that the interpolated network has wrong.
    nfr : ndarray of shape (n_points,)
        Share of held-out rows, by weight, that the old model has right and it has
        wrong. It may go up and down: between two weight vectors nothing is monotone.
    """

    mixing: np.ndarray
    error: np.ndarray
    nfr: np.ndarray

    def choose(self, tolerance):
        """Mixing of the lowest NFR whose error is hardly above that of mixing 0.

        Parameters
        ----------
        tolerance : float
            Accepted error above that of the first point.

        Returns
        -------
        mixing : float
            Ties go to the lower error, then to the smaller share of the old weights.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_graceful.congruence import InterpolationPath
        >>> path = InterpolationPath(
        ...     mixing=np.array([0.0, 0.5, 1.0]),
        ...     error=np.array([0.10, 0.11, 0.20]),
        ...     nfr=np.array([0.03, 0.01, 0.00]),
        ... )
        >>> path.choose(tolerance=0.0), path.choose(tolerance=0.01)
        (0.0, 0.5)
        """
        allowed = np.flatnonzero(self.error <= self.error[0] + tolerance + _ROUNDING)
        order = np.lexsort((self.error[allowed], self.nfr[allowed]))
        return float(self.mixing[allowed[order[0]]])


class Interpolate(Congruence):
    """``mixing * theta_old + (1 - mixing) * theta_new``, new fine-tuned from old.

    Backward-compatible weight interpolation (BCWI). The new network starts from the
    old one's weights and is trained on the new rows with no further term in its loss;
    then both weight vectors are averaged. Fine-tuning stays in the valley that it
    starts from, so the average is a good network too, and it errs less often where the
    old one is right. It costs one plain fit with a given mixing and two with one that
    is chosen, and always one network at inference.

    Networks only. The old model is a network of the same architecture, with the same
    classes, also as the last step of a Pipeline or in a ``PCClassifier``. Its *fitted*
    preprocessing is taken over, since its weights fit no other scaling; the steps of
    the new Pipeline only have to be of the same kinds.

    Where it is not given, the mixing is chosen of 0, 0.1, ... 1 on rows that a first
    fine-tuning leaves out; a second one, on all rows, is then averaged with the old
    weights. An old model that was trained on the held-out rows looks better than it is
    there, and too large a mixing is chosen: give other rows, or a `mixing`. Statistics
    of batch normalisation are estimated again on the training rows after averaging.

    Parameters
    ----------
    mixing : float or None, default=None
        Share of the old weights, in [0, 1]. None: chosen on held-out rows. With a
        number, no row is held out.
    validation_fraction : float, default=0.2
        Share of the rows of each class that is held out to choose on, in (0, 1).
    tolerance : float, default=0.0
        Of all mixings whose held-out error is at most this much above that of the
        fine-tuned network, the one with the lowest NFR is chosen. In shares of rows,
        0.01 is one point.

    References
    ----------
    Schumann et al., "Backward Compatibility During Data Updates by Weight
    Interpolation", EACL 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import PCClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> old = PCClassifier(random_state=0).fit(X[:300], y[:300])
    >>> new = PCClassifier(method="interpolate", old_model=old, random_state=0)
    >>> new = new.fit(X[300:1200], y[300:1200])
    >>> 0 <= new.method_.mixing <= 1
    True
    >>> new.interpolation_path_.mixing.size
    11
    """

    needs_old_weights = True

    _networks_only = (
        "interpolate averages the weights of two networks, which no other learner has."
    )

    _bounds = Congruence._bounds | {
        "mixing": (0, 1),
        "validation_fraction": (1e-6, 1 - 1e-6),
        "tolerance": (0, 1),
    }

    def __init__(self, mixing=None, validation_fraction=0.2, tolerance=0.0):
        self.mixing = mixing
        self.validation_fraction = validation_fraction
        self.tolerance = tolerance
