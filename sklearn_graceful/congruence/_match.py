"""Function matching: agree with both models away from the training rows too."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples, has_fit_parameter

from sklearn_graceful._probabilities import (
    IMITATION_FLOOR,
    MIXTURE_COPY_FLOOR,
    log_exact,
    log_floored,
)
from sklearn_graceful.congruence._base import Congruence, NoCongruence, centred
from sklearn_graceful.congruence._kl import TemperedKL
from sklearn_graceful.congruence._synthetic_rows import (
    can_be_swapped,
    synthetic_rows,
)
from sklearn_graceful.training import Objective, WeightedRows, stack_rows

# What None stands for; chosen on validation rows of the sets in benchmarks/flips.
_NET_DEFAULTS = {
    "n_synthetic": 4,
    "n_teachers": 4,
    "swap_rate": 0.5,
    "label_share": 0.3,
}
_OTHER_DEFAULTS = {
    "n_synthetic": 8,
    "n_teachers": 1,
    "swap_rate": 0.35,
    "label_share": 3.0,
}


class Match(TemperedKL):
    """``label_share CE(y)`` on real rows, ``KL(mixture || p_new)`` on synthetic ones.

    Agreement that is enforced on training rows carries over badly to new ones: there
    the flips of training rows are gone already. But the old model is a function and
    can be asked anywhere. So plain new models (the teachers) are trained first; they
    and the old model label synthetic rows by the mixture ``(1 - s) log p_teacher +
    s log p_old``; and one model learns the labels of the real rows and the
    mixture on the synthetic ones. It holds what all of them know, at the prediction
    cost of one.

    A synthetic row is a real one that takes some of its features from another row,
    before any preprocessing; of images and other arrays with more than two axes it is
    a weighted mean of two rows. Columns that are an indicator of one another (one-hot)
    change hands together.

    A network learns the mixture's probabilities. Any other learner gets a synthetic
    row once for each class that is likely, weighted by its probability.

    It needs the old model itself; stored outputs do not do. Of a history the newest
    version is asked, since without labels nobody knows which one is right. It costs
    the teachers' fits (networks train together, see :class:`nn.PackedClassifier`) and
    one on ``1 + n_synthetic`` times the rows.

    Parameters
    ----------
    old_share : float, default=0.45
        Share of the old model in the mixture's log-probabilities, s, in [0, 1].
    n_synthetic : int or None, default=None
        Synthetic rows for each real one. None: 4 for a network, 8 for any other
        learner.
    n_teachers : int or None, default=None
        Plain new models, of other seeds, whose log-probabilities are averaged. None: 4
        for a network, 1 for any other learner. At a share of 1 none is trained, unless
        it takes one for classes that the old model does not know.
    swap_rate : float or None, default=None
        The share of features that a row takes from another is drawn from 0 to this.
        None: 0.5 for a network, 0.35 for any other learner.
    label_share : float or None, default=None
        Weight of all real rows together, against 1 for all synthetic ones. None: 0.3
        for a network, 3 for any other learner.
    groups : list of list of int, default=None
        Positions of columns that must change hands together. None: one-hot columns
        side by side are found by themselves.

    References
    ----------
    Beyer et al., "Knowledge distillation: A good teacher is patient and consistent",
    CVPR 2022, for function matching; here it is applied to model updates.

    Examples
    --------
    >>> from sklearn_graceful.congruence import Match
    >>> Match(old_share=0.2).suited_to("net")
    Match(label_share=0.3, n_synthetic=4, n_teachers=4, old_share=0.2, swap_rate=0.5)
    """

    name = "match"
    temperature = 1.0

    _bounds = Congruence._bounds | {
        "n_synthetic": (1, np.inf),
        "swap_rate": (0, 1),
        "label_share": (0, np.inf),
    }
    _whole = ("n_synthetic", "n_teachers")

    def __init__(
        self,
        old_share=0.45,
        n_synthetic=None,
        n_teachers=None,
        swap_rate=None,
        label_share=None,
        groups=None,
    ):
        self.old_share = old_share
        self.n_synthetic = n_synthetic
        self.n_teachers = n_teachers
        self.swap_rate = swap_rate
        self.label_share = label_share
        self.groups = groups

    def suited_to(self, learner):
        """Return this method with the defaults of the learner filled in."""
        defaults = _NET_DEFAULTS if learner == "net" else _OTHER_DEFAULTS
        open_ = {p: v for p, v in defaults.items() if getattr(self, p) is None}
        return clone(self).set_params(**open_)

    @staticmethod
    def works_with(training):
        """Whether there is an old model to ask, rows to swap, and a learner that can.

        Parameters
        ----------
        training : Training
            What would be trained with.

        Returns
        -------
        works : bool
        """
        learns = training.is_net or (
            hasattr(training.learner, "predict_proba")
            and has_fit_parameter(training.learner, "sample_weight")
        )
        asked = training.reference is not None
        return asked and learns and can_be_swapped(_table(training))

    def check(self, training):
        """Refuse stored outputs alone, rows without features, and learners."""
        if training.reference is None:
            if training.old_proba is not None:
                raise ValueError(
                    "match asks the old model about rows of its own making, so stored "
                    "outputs do not do: pass old_model= as well."
                )
            NoCongruence().check(training)
            return
        if not can_be_swapped(table := _table(training)):
            raise TypeError(
                "match makes new rows from the features of two: it needs X as a dense "
                f"array or DataFrame with columns, got {type(table).__name__}."
            )
        if not training.is_net and not hasattr(training.learner, "predict_proba"):
            raise TypeError(
                f"{type(training.learner).__name__} has no predict_proba, which match "
                "mixes with the old model's."
            )
        training.check_takes_weights()

    def train(self, training):
        """Train the teachers, ask all models about synthetic rows, train on these."""
        if training.old is None:
            return NoCongruence().train(training)
        method = self.suited_to(training.kind)
        teachers = method._teachers(training)
        rows = method._make_rows(training)
        prepared = training.as_learner_wants(rows)
        log_mixture = self.mixture(
            _mean_log_proba(teachers, prepared, len(training.classes)),
            *_old_answers(training, rows),
        )
        loss = method._loss(training, log_mixture)
        return {"method_": method, **training.fit(loss, more=prepared)}

    def mixture(self, log_teacher, log_old, known):
        """Log-probabilities of the mixture of both models, shape (n, n_classes).

        Parameters
        ----------
        log_teacher : ndarray of shape (n, n_classes)
            Log-probabilities of the plain new model.
        log_old : ndarray of shape (n, n_classes)
            Log-probabilities of the old model, aligned.
        known : ndarray of bool, shape (n_classes,)
            Classes that the old model knows; about the others the new model's word
            counts alone.

        Returns
        -------
        log_mixture : ndarray of shape (n, n_classes)
        """
        share_known = np.exp(log_teacher)[:, known].sum(axis=1, keepdims=True)
        log_old = np.where(known, log_old + log_exact(share_known), log_teacher)
        mixed = (1 - self.old_share) * log_teacher + self.old_share * log_old
        return mixed - np.logaddexp.reduce(mixed, axis=1, keepdims=True)

    def _teachers(self, training):
        """Plain new models; none where the old model's word counts alone."""
        known = training.reference.classes_
        knows_all = known is None or np.isin(training.classes, known).all()
        if self.old_share == 1 and knows_all:
            return []
        return training.plain(int(self.n_teachers))

    def _make_rows(self, training):
        rng = check_random_state(None)  # the global one, seeded for this fit
        table = _table(training)
        rows = (
            synthetic_rows(table, rng, swap_rate=self.swap_rate, groups=self.groups)
            for _ in range(int(self.n_synthetic))
        )
        return stack_rows(*rows)

    def _loss(self, training, log_mixture):
        """Labels of the real rows, and the mixture on the synthetic ones after them."""
        n_real, n_synthetic = len(training.y), len(log_mixture)
        n_rows = n_real + n_synthetic
        # Together the synthetic rows weigh as much as the real ones at a share of 1. A
        # net's batch mixes both kinds, and the means over each kind shall add up.
        whole = n_rows if training.is_net else n_real
        real = np.ones(n_real) if training.row_weight is None else training.row_weight
        label_weight = np.concatenate([real * self.label_share, np.zeros(n_synthetic)])
        old_weight = np.concatenate([np.zeros(n_real), np.ones(n_synthetic)])
        label_weight = label_weight * whole / n_real
        old_weight = old_weight * whole / n_synthetic
        y = np.concatenate([training.y, log_mixture.argmax(axis=1)])
        proba = np.full((n_rows, len(training.classes)), 1 / len(training.classes))
        proba[n_real:] = np.exp(log_mixture)
        if not training.is_net:
            # Each class of a row is a row to fit: leave out what decides nothing.
            largest = proba.max(axis=1, keepdims=True)
            proba[proba < np.minimum(MIXTURE_COPY_FLOOR, largest)] = 0
            proba /= proba.sum(axis=1, keepdims=True)
            return WeightedRows.of_soft_labels(y, proba, label_weight, old_weight)
        return Objective(
            y,
            label_weight,
            old_weight=old_weight,
            target=self.target(centred(log_floored(proba, IMITATION_FLOOR))),
            divergence=self.divergence,
        )


def _table(training):
    """Raw rows whose features can change hands; an array where they are a list."""
    if hasattr(training.raw, "columns"):
        return training.raw
    if hasattr(training.X, "shape"):
        return training.X
    try:
        return np.asarray(training.X)
    except ValueError:  # rows of different lengths
        return training.X


def _mean_log_proba(teachers, X, n_classes):
    """Log-probabilities by the mean of the teachers' logits; uniform without any."""
    logits = np.zeros((_num_samples(X), n_classes))
    for teacher in teachers:
        proba = teacher.predict_proba(X)
        logits += log_floored(proba, IMITATION_FLOOR) / len(teachers)
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def _old_answers(training, rows):
    """Old model's log-probabilities on raw rows, and the classes that it knows."""
    proba = training.ask(rows)
    proba /= np.maximum(proba.sum(axis=1, keepdims=True), IMITATION_FLOOR)
    if np.isin(proba, (0, 1)).all():
        # It names labels only, and 1 is more than it knows: as sure as it is right.
        right, others = training.old.right.mean(), max(proba.shape[1] - 1, 1)
        proba = proba * right + (1 - proba) * (1 - right) / others
    known = training.reference.classes_
    if known is None:
        known = training.classes
    return log_floored(proba, IMITATION_FLOOR), np.isin(training.classes, known)
