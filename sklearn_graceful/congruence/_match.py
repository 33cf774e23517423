"""Function matching: agree with both models away from the training rows too."""

import numpy as np
from sklearn.base import clone

from sklearn_graceful.congruence._base import Congruence
from sklearn_graceful.congruence._kl import TemperedKL

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
    and the old model label synthetic rows by the mixture ``(1 - mixing) log p_teacher
    + mixing log p_old``; and one model learns the labels of the real rows and the
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
    mixing : float, default=0.45
        Share of the old model in the mixture's log-probabilities, in [0, 1].
    n_synthetic : int or None, default=None
        Synthetic rows for each real one. None: 4 for a network, 8 for any other
        learner.
    n_teachers : int or None, default=None
        Plain new models, of other seeds, whose log-probabilities are averaged. None: 4
        for a network, 1 for any other learner. At a mixing of 1 none is trained, unless
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
    >>> Match(mixing=0.2).suited_to("net")
    Match(label_share=0.3, mixing=0.2, n_synthetic=4, n_teachers=4, swap_rate=0.5)
    """

    temperature = 1.0
    needs_callable_old_model = True

    _bounds = Congruence._bounds | {
        "mixing": (0, 1),
        "n_synthetic": (1, np.inf),
        "n_teachers": (1, np.inf),
        "swap_rate": (0, 1),
        "label_share": (0, np.inf),
    }
    _whole = ("n_synthetic", "n_teachers")

    def __init__(
        self,
        mixing=0.45,
        n_synthetic=None,
        n_teachers=None,
        swap_rate=None,
        label_share=None,
        groups=None,
    ):
        self.mixing = mixing
        self.n_synthetic = n_synthetic
        self.n_teachers = n_teachers
        self.swap_rate = swap_rate
        self.label_share = label_share
        self.groups = groups

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
        share_known = np.log(np.maximum(share_known, np.finfo(float).tiny))
        log_old = np.where(known, log_old + share_known, log_teacher)
        mixed = (1 - self.mixing) * log_teacher + self.mixing * log_old
        return mixed - np.logaddexp.reduce(mixed, axis=1, keepdims=True)

    def needs_no_teacher(self, classes, old_classes):
        """Whether the old model's word counts alone, about every class.

        Parameters
        ----------
        classes : ndarray of shape (n_classes,)
            The new model's classes.
        old_classes : ndarray or None
            The old model's; None if it lists none.

        Returns
        -------
        needs_no_teacher : bool
        """
        knows_all = old_classes is None or np.isin(classes, old_classes).all()
        return bool(self.mixing == 1 and knows_all)

    def suited_to(self, learner):
        """Return this method with the defaults of the learner filled in."""
        defaults = _NET_DEFAULTS if learner == "net" else _OTHER_DEFAULTS
        open_ = {p: v for p, v in defaults.items() if getattr(self, p) is None}
        return clone(self).set_params(**open_)
