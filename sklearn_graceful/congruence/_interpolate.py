"""Weight interpolation: half-way between the old network and its fine-tuned self."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from sklearn_graceful._wrappers import innermost, transformers
from sklearn_graceful.congruence._base import Congruence, NoCongruence
from sklearn_graceful.congruence._weight_line import WeightLine
from sklearn_graceful.metrics import is_negative_flip
from sklearn_graceful.training import FittedNetwork

_ROUNDING = 1e-12
_GRID = np.arange(11) / 10


@dataclass(frozen=True)
class InterpolationPath:
    """What each share of the old weights costs and brings on held-out rows.

    The figures are those of a network that was fine-tuned without these rows. The one
    that predicts in the end is fine-tuned on all rows, so no rows are left to tell how
    good it is.

    Attributes
    ----------
    old_share : ndarray of shape (n_points,)
        Of the old weights, from 0 (fine-tuned) to 1 (old).
    error : ndarray of shape (n_points,)
        Share of held-out rows, by weight, that the interpolated network has wrong.
    nfr : ndarray of shape (n_points,)
        Share of held-out rows, by weight, that the old model has right and it has
        wrong. It may go up and down: between two weight vectors nothing is monotone.
    """

    old_share: np.ndarray
    error: np.ndarray
    nfr: np.ndarray

    def choose(self, tolerance):
        """Share of the lowest NFR whose error is hardly above that of share 0.

        Parameters
        ----------
        tolerance : float
            Accepted error above that of the first point.

        Returns
        -------
        old_share : float
            Ties go to the lower error, then to the smaller share of the old weights.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_graceful.congruence import InterpolationPath
        >>> path = InterpolationPath(
        ...     old_share=np.array([0.0, 0.5, 1.0]),
        ...     error=np.array([0.10, 0.11, 0.20]),
        ...     nfr=np.array([0.03, 0.01, 0.00]),
        ... )
        >>> path.choose(tolerance=0.0), path.choose(tolerance=0.01)
        (0.0, 0.5)
        """
        allowed = np.flatnonzero(self.error <= self.error[0] + tolerance + _ROUNDING)
        order = np.lexsort((self.error[allowed], self.nfr[allowed]))
        return float(self.old_share[allowed[order[0]]])


class Interpolate(Congruence):
    """``s * theta_old + (1 - s) * theta_new``, new fine-tuned from old.

    Backward-compatible weight interpolation (BCWI). The new network starts from the
    old one's weights and is trained on the new rows with no further term in its loss;
    then both weight vectors are averaged. Fine-tuning stays in the valley that it
    starts from, so the average is a good network too, and it errs less often where the
    old one is right. It costs one plain fit with a given share and two with one that
    is chosen, and always one network at inference.

    Networks only. The old model is a network of the same architecture, with the same
    classes, also as the last step of a Pipeline or in a ``PCClassifier``. Its *fitted*
    preprocessing is taken over, since its weights fit no other scaling; the steps of
    the new Pipeline only have to be of the same kinds.

    Where it is not given, the share is chosen of 0, 0.1, ... 1 on rows that a first
    fine-tuning leaves out; a second one, on all rows, is then averaged with the old
    weights. An old model that was trained on the held-out rows looks better than it is
    there, and too large a share is chosen: give other rows, or an `old_share`.
    Statistics of batch normalisation are estimated again on the training rows after
    averaging.

    Parameters
    ----------
    old_share : float or None, default=None
        Share of the old weights, s, in [0, 1]. None: chosen on held-out rows. With a
        number, no row is held out.
    validation_fraction : float, default=0.2
        Share of the rows of each class that is held out to choose on, in (0, 1).
    tolerance : float, default=0.0
        Of all shares whose held-out error is at most this much above that of the
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
    >>> 0 <= new.method_.old_share <= 1
    True
    >>> new.interpolation_path_.old_share.size
    11
    """

    name = "interpolate"

    _networks_only = (
        "interpolate averages the weights of two networks, which no other learner has."
    )

    _bounds = Congruence._bounds | {
        "validation_fraction": (1e-6, 1 - 1e-6),
        "tolerance": (0, 1),
    }

    def __init__(self, old_share=None, validation_fraction=0.2, tolerance=0.0):
        self.old_share = old_share
        self.validation_fraction = validation_fraction
        self.tolerance = tolerance

    def check(self, training):
        """Refuse an old model whose weights cannot be averaged with."""
        self.suited_to(training.kind)
        training.check_takes_weights()
        if training.reference is not None:
            _check_network(training)
            if self.old_share is None:
                training.check_may_hold_out()
        elif training.old_proba is not None:
            raise ValueError(
                "interpolate starts from the old model's weights, so stored outputs "
                "do not do: pass old_model= as well."
            )

    def train(self, training):
        """Fine-tune from the old weights, then go back part of the way."""
        if training.old is None:
            return NoCongruence().train(training)
        old = FittedNetwork.inside(training.reference.model)
        method, fitted = self, {}
        if self.old_share is None:
            path = self._trace_path(training, old)
            fitted["interpolation_path_"] = path
            old_share = path.choose(self.tolerance)
            method = clone(self).set_params(old_share=old_share)
        fitted |= training.fit(start_from=old)
        WeightLine(old, fitted["estimator_"], training).go_to(method.old_share)
        return {"method_": method, **fitted}

    def _trace_path(self, training, old):
        """Look at held-out rows at every share, after a fine-tuning without them."""
        rest, held_out = training.hold_out(self.validation_fraction)
        weight = held_out.row_weight
        if not (len(held_out.y) if weight is None else weight.sum()) > 0:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} holds out no row of "
                "any class that has a weight: there is nothing to choose the share "
                "on. Give more rows, or an old_share."
            )
        tuned = rest.fit(start_from=old)["estimator_"]
        line, wrong = WeightLine(old, tuned, rest), []
        for share in _GRID:
            line.go_to(share)
            wrong.append(held_out.is_wrong(tuned))
        wrong = np.array(wrong)
        flips = is_negative_flip(held_out.old.right, ~wrong)
        return InterpolationPath(
            old_share=_GRID.copy(),
            error=np.average(wrong, axis=1, weights=weight),
            nfr=np.average(flips, axis=1, weights=weight),
        )


def _check_network(training):
    model = training.reference.model
    old = FittedNetwork.inside(model)
    if old is None:
        raise TypeError(
            "interpolate averages the weights of two networks: the old model must be "
            "a skorch net, a torch module, or a PCClassifier or Pipeline that ends in "
            f"one, got {type(innermost(model)).__name__}."
        )
    _check_same_classes(training.reference.classes_, training.classes)
    old, new = (
        [type(step).__name__ for step in steps]
        for steps in (old.transformers, transformers(training.estimator))
    )
    if old != new:
        raise ValueError(
            "interpolate takes over the old model's fitted preprocessing, so both "
            f"models need the same steps: the old one has {old}, the new one {new}."
        )


def _check_same_classes(known, classes):
    if known is None:
        known = "unknown, and ReferenceModel(module, classes=[...]) names them"
    elif np.array_equal(known, classes):
        return
    else:
        known = np.asarray(known)[:10].tolist()
    raise ValueError(
        "interpolate needs the old network's classes to be those of y, in sorted "
        f"order: they are {known}, y has {classes[:10].tolist()}."
    )
