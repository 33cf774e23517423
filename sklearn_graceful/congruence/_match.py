"""Function matching: agree with both models away from the training rows too."""

from dataclasses import dataclass

import joblib
import numpy as np
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import has_fit_parameter

from sklearn_graceful._containers import stack_rows
from sklearn_graceful._probabilities import IMITATION_FLOOR, log_floored
from sklearn_graceful._wrappers import has_method
from sklearn_graceful.congruence._base import Congruence, NoCongruence, centred
from sklearn_graceful.congruence._kl import TemperedKL
from sklearn_graceful.congruence._mixture import Mixture
from sklearn_graceful.training import (
    FittedNetwork,
    Objective,
    SoftLabels,
    can_be_swapped,
    in_blocks,
    rows_of_network,
    swappable_rows,
    synthetic_rows,
)

# What None stands for; chosen on rows that no table of doc/benchmarks/ is about.
_OPEN = ("flip_cost", "n_synthetic", "n_teachers", "label_share")
_DEFAULTS = {
    "net": (1.0, 8, 4, 0.1),
    "boosting": (3.0, 3, 1, 0.3),
    "other": (3.0, 4, 1, 3.0),
}
# Of a tuning, at a share of 1: a plain net may have learned in fewer.
_FEWEST_STEPS = 200
# Of a tuning, where a network has been tuned for another flip cost.
_FURTHER = 0.25
# Of synthetic rows for a network, whose variety is then great enough.
_MOST_ROWS = 40_000
# Teachers, where each costs a fit of its own.
_APART = 2


class Match(TemperedKL):
    """``label_share CE(y)`` on real rows, ``KL(q || p_new)`` on synthetic ones.

    Agreement that is enforced on training rows carries over badly to new ones: there
    the flips of training rows are gone already. But the old model is a function and
    can be asked anywhere. So plain new models (the teachers) are trained first; they
    and the old model say what they think of synthetic rows; and one model learns the
    labels of the real rows and, on the synthetic ones, what should be answered in the
    light of both. It holds what all of them know, at the prediction cost of one.

    What should be answered follows from what a negative flip costs, c, on top of the
    error that it is. With ``p ~ p_teacher^(1-s) p_old^s`` for what is known of the
    true class, the expected cost is least for the class that maximises ``p(k)``, that
    of the old model's label multiplied by ``1 + c``. So q is p with that factor,
    normalised: the old label stays unless another one is likelier by the factor.

    A synthetic row is a real one that takes some of its features from another row,
    before any preprocessing. Columns that are an indicator of one another (one-hot)
    change hands together. Of images, arrays with four axes, it is in turn a weighted
    mean of two, one with a patch of another in it, and one shifted by some pixels; of
    other arrays with more than two axes a weighted mean of two rows.

    A network starts from the first teacher's weights and is tuned briefly: at a
    learning rate that falls from twice its own to 0, without its callbacks and its
    validation split. Any other learner is trained anew; those that have a loss of their
    own for it learn q as it is (HistGradientBoosting, LightGBM, XGBoost, CatBoost with
    two classes), others get a row once for each class that is likely, weighted by its
    probability.

    It needs the old model itself; stored outputs do not do. Of a history the newest
    version is asked, since without labels nobody knows which one is right. It costs
    the teachers' fits (networks train together, see :class:`nn.PackedClassifier`) and,
    for a network, a tuning; for another learner, one fit on ``1 + n_synthetic`` times
    the rows.

    Parameters
    ----------
    flip_cost : float or None, default=None
        What a negative flip costs, on top of the error that it is: the strength. None:
        1 for a network, 3 for any other learner.
    old_share : float, default=0.1
        Share of the old model in the mixture's log-probabilities, s, in [0, 1]. At 1
        the new model becomes the old one.
    sharpness : float, default=1.0
        Power that the mixture is raised to. Below 1 its models are surer than right.
    n_synthetic : int or None, default=None
        Synthetic rows for each real one; for a network at most so many, and no more
        than it looks at, nor than 40,000 in all where these are more than one a row.
        None: 8 for a network, 3 for boosted trees, 4 for any other learner.
    n_teachers : int or None, default=None
        Plain new models, of other seeds, whose log-probabilities are averaged. None: 4
        for a network, 2 if such networks cannot be trained together, 1 for any other
        learner.
    swap_rate : float, default=0.5
        The share of features that a row takes from another is drawn from 0 to this.
    label_share : float or None, default=None
        Weight of all real rows together, against 1 for all synthetic ones. None: 0.1
        for a network, 0.3 for boosted trees, 3 for any other learner, which is told of
        synthetic rows by weights only.
    tuning_share : float, default=1.6
        How much a network is tuned: rows looked at, as a share of those that its plain
        training looked at, or of 200 batches if these are more.
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
    >>> Match().suited_to("net")
    Match(flip_cost=1.0, label_share=0.1, n_synthetic=8, n_teachers=4)
    """

    name = "match"
    temperature = 1.0

    _bounds = Congruence._bounds | {
        "flip_cost": (0, np.inf),
        "sharpness": (1e-6, np.inf),
        "n_synthetic": (1, np.inf),
        "swap_rate": (0, 1),
        "label_share": (0, np.inf),
        "tuning_share": (0, np.inf),
    }
    _whole = ("n_synthetic", "n_teachers")

    def __init__(
        self,
        flip_cost=None,
        old_share=0.1,
        sharpness=1.0,
        n_synthetic=None,
        n_teachers=None,
        swap_rate=0.5,
        label_share=None,
        tuning_share=1.6,
        groups=None,
    ):
        self.flip_cost = flip_cost
        self.old_share = old_share
        self.sharpness = sharpness
        self.n_synthetic = n_synthetic
        self.n_teachers = n_teachers
        self.swap_rate = swap_rate
        self.label_share = label_share
        self.tuning_share = tuning_share
        self.groups = groups

    def suited_to(self, learner):
        """Return this method with the defaults of the learner filled in."""
        defaults = zip(_OPEN, _DEFAULTS[learner], strict=True)
        open_ = {p: value for p, value in defaults if getattr(self, p) is None}
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
            has_method(training.learner, "predict_proba")
            and has_fit_parameter(training.learner, "sample_weight")
        )
        asked = training.reference is not None
        return asked and learns and can_be_swapped(swappable_rows(training))

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
        if not can_be_swapped(table := swappable_rows(training)):
            raise TypeError(
                "match makes new rows from the features of two: it needs X as a dense "
                f"array or table with columns, got {type(table).__name__}."
            )
        if not training.is_net and not has_method(training.learner, "predict_proba"):
            raise TypeError(
                f"{type(training.learner).__name__} has no predict_proba, which match "
                "mixes with the old model's."
            )
        training.check_no_row_params()
        _ = training.old  # asked before anything is fitted
        training.check_takes_soft_labels()
        training.check_takes_more_rows()

    def train(self, training):
        """Train the teachers, ask all models about synthetic rows, train on these."""
        if training.old is None:
            return NoCongruence().train(training)
        method = self.suited_to(training.kind)
        apart = _APART if self.n_teachers is None else None
        ground = method._ground(training, apart)
        return method._fit(training, ground, ground.tuning)

    def go_on(self, training, fitted):
        """Tune a network that was tuned for another flip cost a little further.

        Parameters
        ----------
        training : Training
            What that one was trained with.
        fitted : dict
            What :meth:`train` of a method returned that differs in its flip cost only.

        Returns
        -------
        fitted : dict
            As from :meth:`train`.
        """
        method = self.suited_to(training.kind)
        ground = method._ground(training)
        start = FittedNetwork.inside(fitted["estimator_"])
        n_epochs = max(1, round(_FURTHER * ground.tuning["n_epochs"]))
        tuning = {"start_from": start, "n_epochs": n_epochs}
        return method._fit(training, ground, tuning)

    def _fit(self, training, ground, tuning):
        fitted = training.fit(
            self._loss(training, ground),
            more=ground.rows,
            name=f"match, flip_cost={self.flip_cost:g}",
            **tuning,
        )
        return {"method_": self, **fitted}

    def _ground(self, training, apart=None):
        """All that methods share which differ in their flip cost only."""
        key = joblib.hash({**self.get_params(deep=False), "flip_cost": None})
        return training.once(key, lambda: self._prepare(training, apart))

    def _prepare(self, training, apart):
        known = training.reference.classes_
        known = (
            np.ones(len(training.classes), bool)
            if known is None
            else np.isin(training.classes, known)
        )
        heeded = self.old_share < 1 or not known.all()
        # Where only the old model's word counts, a network needs one to start from.
        number = int(self.n_teachers) if heeded else int(training.is_net)
        teachers = self._teachers(training, number, apart)
        n_copies, tuning = int(self.n_synthetic), {}
        if training.is_net:
            n_epochs, n_copies = self._length(training, teachers)
            start = FittedNetwork.inside(teachers.first)
            tuning = {"start_from": start, "n_epochs": n_epochs}
        copies = synthetic_rows(
            swappable_rows(training),
            check_random_state(None),  # the global one, seeded for this fit
            n_copies,
            swap_rate=self.swap_rate,
            groups=self.groups,
        )
        all_rows, opinions = [], []
        for rows in in_blocks(copies):
            prepared = training.as_learner_wants(rows)
            log_teacher = np.zeros((len(rows), len(known)))
            if heeded:
                log_teacher = log_softmax(teachers.mean_logits(prepared), axis=1)
            old_proba = _sure_as_right(training.ask(rows), training.old.right.mean())
            opinions.append(self.mixture(log_teacher, old_proba, known))
            if training.is_net:
                prepared = rows_of_network(teachers.first, prepared)
            all_rows.append(prepared)
        return _Ground(stack_rows(*all_rows), Mixture.stacked(opinions), tuning)

    def mixture(self, log_teacher, old_proba, known):
        """What teachers and the old model think of rows, see :meth:`Mixture.of`."""
        return Mixture.of(log_teacher, old_proba, known, self.old_share, self.sharpness)

    def _teachers(self, training, number, apart):
        """Plain models; a network starts from the first of them."""
        if training.earlier is not None and not training.is_net:
            return training.earlier  # there is no other use for one on all rows
        return training.plain(number, apart)

    def _length(self, training, teachers):
        """Epochs of the tuning, and synthetic rows for each real one."""
        n_rows = len(training.y)
        least = _FEWEST_STEPS * training.learner.batch_size / n_rows
        looked_at = self.tuning_share * max(teachers.n_epochs, least)
        most = min(self.n_synthetic, max(1, _MOST_ROWS // n_rows))
        n_epochs = max(1, round(looked_at / (1 + most)))
        n_synthetic = round(looked_at / n_epochs) - 1
        return n_epochs, int(np.clip(n_synthetic, 1, most))

    def _loss(self, training, ground):
        """Labels of the real rows, and soft ones of the synthetic rows after them."""
        soft = ground.mixture.soft_labels(self.flip_cost)
        n_real, n_synthetic = len(training.y), len(soft)
        n_rows = n_real + n_synthetic
        # Together the synthetic rows weigh as much as the real ones at a share of 1. A
        # net's batch mixes both kinds, and the means over each kind shall add up.
        whole = n_rows if training.is_net else n_real
        real = np.ones(n_real) if training.row_weight is None else training.row_weight
        label_weight = np.concatenate([real * self.label_share, np.zeros(n_synthetic)])
        old_weight = np.concatenate([np.zeros(n_real), np.ones(n_synthetic)])
        label_weight = label_weight * whole / n_real
        old_weight = old_weight * whole / n_synthetic
        y = np.concatenate([training.y, soft.argmax(axis=1)])
        proba = np.full((n_rows, len(training.classes)), 1 / len(training.classes))
        proba[n_real:] = soft
        if not training.is_net:
            return SoftLabels.of_losses(y, proba, label_weight, old_weight, n_real)
        return Objective(
            y,
            label_weight,
            old_weight=old_weight,
            target=self.target(centred(log_floored(proba, IMITATION_FLOOR))),
            divergence=self.divergence,
        )


@dataclass(frozen=True)
class _Ground:
    """Synthetic rows for a fit, what is thought of them, and how a net is tuned."""

    rows: object
    mixture: Mixture
    tuning: dict


def _sure_as_right(proba, right):
    """Old model's answers; those of one that names labels only are softened.

    1 is more than it knows: it is as sure as it is right.
    """
    if not np.isin(proba, (0, 1)).all():
        return proba
    others = (1 - right) / max(proba.shape[1] - 1, 1)
    return np.where(proba == 1, right, others)
