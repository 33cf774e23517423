"""Keep the labels of unlabelled rows up to date over many model versions."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from sklearn.exceptions import NotFittedError
from sklearn.utils import gen_batches

from sklearn_graceful._arguments import check_choice
from sklearn_graceful._budget import check_budget
from sklearn_graceful._containers import as_values
from sklearn_graceful.rollout._checks import (
    check_classes,
    check_correlation,
    check_cost_ratio,
    check_n_rows,
    check_prior,
    check_rows,
    check_version,
    encode,
)
from sklearn_graceful.rollout._confusion import (
    check_confusion,
    check_smoothing,
    confusion_probabilities,
)
from sklearn_graceful.rollout._labelled_rows import LabelledRows
from sklearn_graceful.rollout._posterior import (
    entropy,
    information_gain,
    information_share,
    worth_of_one_more,
)

# Cells of a table of probabilities that is in memory at once.
_CHUNK_CELLS = 2**17
_STRATEGIES = ["entropy", "information_gain", "random"]


class PredictionStore:
    """Keep the labels of unlabelled rows up to date over many model versions.

    The store remembers what every version predicted for the target rows. A new
    version may look at some of them only, and its prediction does not simply replace
    the reported label: the label gives way when another class has become `cost_ratio`
    times as probable. No label of a target row is ever needed.

    Formula: every version t has a confusion matrix ``P_t(prediction | label)``, from
    labelled rows. With p_t the prediction of version t for a row that n versions have
    looked at, all of them in T::

        posterior(k)  ~  prior(k) * (product over t in T of P_t(p_t | k)) ** s
        s = 1 / (1 + (n - 1) * correlation)

    The reported label r becomes the most probable class k if ``posterior(k) >
    cost_ratio * posterior(r)``. A row's first prediction is what is reported, unless
    this rule prefers another class at once.

    Parameters
    ----------
    n_rows : int
        Number of target rows. They are named by position, 0 to ``n_rows - 1``;
        :meth:`add_rows` adds more.
    classes : array-like of shape (n_classes,)
        All labels that may ever occur, those of later versions included: the list is
        fixed. A version need not know all of them.
    cost_ratio : float, default=1.0
        What a negative flip costs, in positive flips; at least 1, where the most
        probable class is always reported.
    prior : {"uniform", "labelled"} or array-like of shape (n_classes,), \
default="uniform"
        Class probabilities before any prediction, in the order of `classes`, all
        positive. "labelled": the shares in the labelled rows of the first version that
        brings some, each class counted once more; till then uniform.
    correlation : float or "auto", default=0.0
        How much the versions repeat each other, between 0 and 1. 0 takes predictions
        as independent given the label, as the paper does; models that learned from the
        same data are not, and the posterior then is too sure of itself. "auto": the
        value at which the labelled rows have the least log-loss, found anew whenever a
        version is registered; all versions then need the same labelled rows.
    smoothing : float, default=5.0
        How many rows of every label the prior of a confusion matrix is worth, see
        `confusion_probabilities`.

    Attributes
    ----------
    n_rows : int
        Number of target rows, those added later included.
    versions : list
        Registered versions, oldest first.
    labels : ndarray of shape (n_rows,)
        Reported label of every row.
    n_predictions : ndarray of int, shape (n_rows,)
        How many versions have looked at each row.
    changes : list of LabelChanges
        What every call of :meth:`update` did to the labels, oldest first.
    confusions : dict of ndarray of shape (n_classes, n_classes)
        P(prediction | label) by version; first axis: labels.
    prior_ : ndarray of shape (n_classes,)
        Prior in use.
    correlation_ : float
        Correlation in use.

    Raises
    ------
    ValueError
        If a parameter is none of the above.

    Notes
    -----
    The confusion matrices hold for rows like the labelled ones, which no version may
    have been trained on. Where the target rows differ in their features, weight the
    labelled rows (`sample_weight` of :meth:`register`); where their class shares
    differ, give the `prior`.

    Labels change only in :meth:`update`, and only those of its rows; the posterior of
    other rows may change when "auto" finds another correlation.

    Memory: 8 bytes a row and class, and 1, 2 or 4 a row and version. One prediction
    costs O(n_classes), whatever the number of versions. All versions' predictions are
    kept only so that they can be read back.

    The correlation enters as in the design effect of Kish (1965). It rescales the
    evidence of rows that equally many versions have looked at and leaves their most
    probable class, under a uniform prior, as it is; what changes is how a `cost_ratio`
    above 1 weighs it, and the order of rows with fewer against rows with more
    predictions.

    References
    ----------
    Träuble et al., "Backward-Compatible Prediction Updates: A Probabilistic
    Approach", NeurIPS 2021.

    Kish, "Survey Sampling", Wiley 1965.

    Examples
    --------
    >>> from sklearn_graceful.rollout import PredictionStore
    >>> store = PredictionStore(4, classes=["cat", "dog"], cost_ratio=2)
    >>> store.register("v1", confusion=[[0.9, 0.1], [0.4, 0.6]])
    >>> _ = store.update([0, 1, 2, 3], ["cat", "cat", "dog", "dog"])
    >>> store.posterior([0, 3])
    array([[0.69230769, 0.30769231],
           [0.14285714, 0.85714286]])
    >>> store.register("v2", confusion=[[0.9, 0.1], [0.1, 0.9]])
    >>> sorted(store.order(budget=0.5).tolist())
    [0, 1]
    >>> changes = store.update([0, 1], ["cat", "dog"])
    >>> changes.rows, changes.negative_flip_probability
    (array([1]), array([0.2]))
    >>> store.labels.tolist()
    ['cat', 'dog', 'dog', 'dog']
    """

    def __init__(
        self,
        n_rows,
        *,
        classes,
        cost_ratio=1.0,
        prior="uniform",
        correlation=0.0,
        smoothing=5.0,
    ):
        n_rows = check_n_rows(n_rows)
        self.classes = check_classes(classes)
        self.cost_ratio = check_cost_ratio(cost_ratio)
        self.prior = check_prior(prior, len(self.classes))
        self.correlation = check_correlation(correlation)
        check_smoothing(smoothing)
        self.smoothing = smoothing
        self.confusions = {}
        self.changes = []
        n_classes = len(self.classes)
        uniform = np.full(n_classes, 1 / n_classes)
        self.prior_ = uniform if isinstance(self.prior, str) else self.prior
        self.correlation_ = 0.0 if self.correlation == "auto" else self.correlation
        self._log_likelihood = np.zeros((n_rows, n_classes))
        self._n_predictions = np.zeros(n_rows, dtype=np.int32)
        # Codes are positions in `classes`; -1 is no label, no prediction.
        dtype = np.min_scalar_type(-n_classes)
        self._reported = np.full(n_rows, -1, dtype=dtype)
        self._predictions = {}
        self._labelled = None

    @property
    def n_rows(self):
        return len(self._reported)

    @property
    def versions(self):
        return list(self.confusions)

    @property
    def n_predictions(self):
        return self._n_predictions.copy()

    @property
    def labels(self):
        missing = int((self._reported < 0).sum())
        if missing:
            raise NotFittedError(
                f"{missing} of {self.n_rows} rows have no prediction yet, so there is "
                "no label to report; `n_predictions == 0` tells which."
            )
        return self.classes[self._reported]

    def register(
        self, version, y_true=None, y_pred=None, *, sample_weight=None, confusion=None
    ):
        """Make a version known, and how reliable it is.

        Parameters
        ----------
        version : hashable
            Its name.
        y_true : array-like of shape (n_labelled,)
            Labels of rows that no version was trained on.
        y_pred : array-like of shape (n_labelled,)
            What the version predicts for these rows.
        sample_weight : array-like of shape (n_labelled,), default=None
            How much each of them is like the target rows.
        confusion : array-like of shape (n_classes, n_classes), default=None
            P(prediction | label) in place of labelled rows: all positive, every row
            (a label) sums to 1.

        Raises
        ------
        ValueError
            If the version is registered already; if there are neither labelled rows
            nor a confusion matrix, or both; if rows or weights are invalid, hold a
            label that is not one of the classes, or the matrix is not as above; with
            ``correlation="auto"``, if the labelled rows are not those of the versions
            before.
        """
        if check_version(version) in self.confusions:
            raise ValueError(f"Version {version!r} is registered already.")
        if (y_true is None) != (y_pred is None):
            raise ValueError("y_true and y_pred must be given together.")
        if (y_true is None) == (confusion is None):
            raise ValueError("Give either y_true and y_pred, or confusion.")
        if confusion is None:
            confusion = self._learn_from_labelled(y_true, y_pred, sample_weight)
        elif sample_weight is not None:
            raise ValueError("sample_weight needs labelled rows, y_true and y_pred.")
        elif self.correlation == "auto":
            raise ValueError(
                "correlation='auto' needs labelled rows of every version, y_true and "
                "y_pred in place of confusion."
            )
        else:
            confusion = check_confusion(confusion, len(self.classes))
        self.confusions[version] = confusion
        self._predictions[version] = np.full_like(self._reported, -1)

    def order(
        self, budget=None, *, strategy="entropy", version=None, random_state=None
    ):
        """Rows that a version shall look at, the most urgent first.

        Rows that it has looked at are left out; rows without any prediction come
        first. Ties are broken at random.

        Parameters
        ----------
        budget : int, float or None, default=None
            How many rows: a number, a share of all rows in (0, 1], or None for all
            that are left. Fewer are returned if fewer are left.
        strategy : {"entropy", "information_gain", "random"}, default="entropy"
            - "entropy": where the posterior is least certain (Träuble et al. 2021).
            - "information_gain": where this version's prediction is expected to
              remove most entropy. Unlike the first it passes over rows that are
              uncertain between classes which this version confuses as well, and
              over rows that many correlated versions have looked at already.
            - "random".
        version : hashable, default=None
            None: the newest.
        random_state : int, RandomState, Generator or None, default=None
            Seed of the ties and of "random".

        Returns
        -------
        rows : ndarray of int, shape (n_chosen,)
            Row positions.

        Raises
        ------
        NotFittedError
            If no version is registered.
        ValueError
            If `version`, `strategy` or `budget` is none of the above.
        """
        check_choice("strategy", strategy, _STRATEGIES)
        version = self._check_version(version)
        n_chosen = check_budget(budget, self.n_rows)
        left = np.flatnonzero(self._predictions[version] < 0)
        n_before = self._n_predictions[left]
        if strategy == "random":
            priority = np.zeros(len(left))
        elif strategy == "entropy":
            priority = self._of_posterior(entropy, left)
        else:
            confusion = self.confusions[version]
            gain = self._of_posterior(lambda p: information_gain(p, confusion), left)
            priority = gain * worth_of_one_more(n_before, self.correlation_)
        # Rows with the same predictions have the same posterior.
        tie_breaker = np.random.default_rng(random_state).random(len(left))
        order = np.lexsort((tie_breaker, -priority, n_before > 0))
        return left[order[:n_chosen]]

    def update(self, rows, predictions, *, version=None):
        """Take in what a version predicts for some rows, and change their labels.

        Parameters
        ----------
        rows : array-like of int, shape (n,)
            Row positions; those of :meth:`order`, or any.
        predictions : array-like of shape (n,)
            Predicted label of each of these rows.
        version : hashable, default=None
            None: the newest.

        Returns
        -------
        changes : LabelChanges
            Rows whose label has changed; kept in ``changes`` as well.

        Raises
        ------
        NotFittedError
            If no version is registered.
        ValueError
            If the version is not registered or has looked at a row before; if `rows`
            are not positions of different rows; if there are more or fewer
            predictions, or one is not among the classes. Nothing is changed then.
        """
        version = self._check_version(version)
        rows = check_rows(rows, self.n_rows)
        predictions = as_values("predictions", predictions)
        if predictions.shape != rows.shape:
            raise ValueError(
                f"predictions has shape {predictions.shape}, rows has {rows.shape}."
            )
        codes = encode("predictions", predictions, self.classes)
        known = self._predictions[version]
        again = rows[known[rows] >= 0]
        if len(again):
            raise ValueError(
                f"Version {version!r} has looked at {len(again)} of these rows before, "
                f"row {again[0]} among them."
            )
        known[rows] = codes
        before, lost, won = self._fold_in(rows, codes, self.confusions[version])
        changed = (before >= 0) & (before != self._reported[rows])
        changes = LabelChanges(
            version=version,
            rows=rows[changed],
            before=self.classes[before[changed]],
            after=self.classes[self._reported[rows[changed]]],
            negative_flip_probability=lost[changed],
            positive_flip_probability=won[changed],
        )
        self.changes.append(changes)
        return changes

    def posterior(self, rows=None):
        """Probability of each class, given all predictions.

        Parameters
        ----------
        rows : array-like of int, shape (n,), default=None
            Row positions; None: all rows.

        Returns
        -------
        proba : ndarray of shape (n, n_classes)
            Columns in the order of `classes`. The prior where there is no prediction.
        """
        return self._of_posterior(lambda proba: proba, self._positions(rows))

    def entropy(self, rows=None):
        """Entropy of the posterior, in nats.

        Parameters
        ----------
        rows : array-like of int, shape (n,), default=None
            Row positions; None: all rows.

        Returns
        -------
        entropy : ndarray of shape (n,)
            Between 0 and ``log(n_classes)``.
        """
        return self._of_posterior(entropy, self._positions(rows))

    def predictions(self, version):
        """What a version predicted.

        Parameters
        ----------
        version : hashable
            A registered version.

        Returns
        -------
        rows : ndarray of int, shape (n,)
            Rows that it has looked at, in ascending order.
        predictions : ndarray of shape (n,)
            Its predictions for them.
        """
        codes = self._predictions[self._check_version(version)]
        rows = np.flatnonzero(codes >= 0)
        return rows, self.classes[codes[rows]]

    def add_rows(self, n_rows):
        """Append rows that no version has looked at.

        Parameters
        ----------
        n_rows : int
            How many.

        Returns
        -------
        rows : ndarray of int, shape (n_rows,)
            Their positions.
        """
        n_new, n_old = check_n_rows(n_rows), self.n_rows
        self._log_likelihood = np.pad(self._log_likelihood, [(0, n_new), (0, 0)])
        self._n_predictions = np.pad(self._n_predictions, (0, n_new))
        self._reported = np.pad(self._reported, (0, n_new), constant_values=-1)
        for version, codes in self._predictions.items():
            self._predictions[version] = np.pad(codes, (0, n_new), constant_values=-1)
        return np.arange(n_old, n_old + n_new)

    def __repr__(self):
        return (
            f"PredictionStore({self.n_rows}, classes={self.classes.tolist()}, "
            f"cost_ratio={self.cost_ratio}, versions={self.versions})"
        )

    def _learn_from_labelled(self, y_true, y_pred, sample_weight):
        """Confusion matrix; also prior and correlation, where they come from labels."""
        rows = LabelledRows(self.classes, y_true, y_pred, sample_weight)
        auto = self.correlation == "auto"
        if self._labelled is None:
            self._labelled = rows
            if isinstance(self.prior, str) and self.prior == "labelled":
                self.prior_ = rows.prior()
        elif auto:
            self._labelled.add(rows)
        if auto:
            self.correlation_ = self._labelled.correlation(self.prior_, self.smoothing)
        return confusion_probabilities(rows.counts, smoothing=self.smoothing)

    def _check_version(self, version):
        if not self.confusions:
            raise NotFittedError("No version is registered; call `register` first.")
        if version is None:
            return next(reversed(self.confusions))
        if check_version(version) not in self.confusions:
            raise ValueError(
                f"Version {version!r} is not registered, only {self.versions}."
            )
        return version

    def _fold_in(self, rows, codes, confusion):
        """Update beliefs and labels; return old codes and both flip probabilities."""
        evidence = np.log(confusion).T
        before = self._reported[rows]
        lost, won = np.zeros(len(rows)), np.zeros(len(rows))
        for part in self._batches(len(rows)):
            here, each = rows[part], np.arange(len(rows[part]))
            self._log_likelihood[here] += evidence[codes[part]]
            self._n_predictions[here] += 1
            proba = self._posterior_of(here)
            reported = np.where(before[part] < 0, codes[part], before[part])
            lost[part], won[part] = proba[each, reported], proba.max(axis=1)
            switch = won[part] > self.cost_ratio * lost[part]
            self._reported[here] = np.where(switch, proba.argmax(axis=1), reported)
        return before, lost, won

    def _posterior_of(self, rows):
        share = information_share(self._n_predictions[rows], self.correlation_)
        evidence = share[:, np.newaxis] * self._log_likelihood[rows]
        return softmax(evidence + np.log(self.prior_), axis=1)

    def _of_posterior(self, figure, rows):
        """Figure of the posterior of some rows, computed for a few at a time."""
        parts = (rows[part] for part in self._batches(len(rows)))
        return np.concatenate([figure(self._posterior_of(part)) for part in parts])

    def _batches(self, n_rows):
        """Slices of so few rows that a few tables of them need little memory."""
        return gen_batches(max(n_rows, 1), max(_CHUNK_CELLS // len(self.classes), 1))

    def _positions(self, rows):
        return np.arange(self.n_rows) if rows is None else check_rows(rows, self.n_rows)


@dataclass(frozen=True, eq=False)
class LabelChanges:
    """Rows whose reported label one update has changed.

    Without labels nobody knows which changes are negative flips; the posterior says
    how many to expect. A row that had no prediction before is no change.

    Attributes
    ----------
    version : hashable
        Version whose predictions came in.
    rows : ndarray of int, shape (n_changes,)
        Positions of the rows.
    before, after : ndarray of shape (n_changes,)
        Their reported labels.
    negative_flip_probability : ndarray of shape (n_changes,)
        Probability that the label given up is the right one. The sum is the number of
        negative flips to expect.
    positive_flip_probability : ndarray of shape (n_changes,)
        Probability that the new label is.
    """

    version: object
    rows: np.ndarray
    before: np.ndarray
    after: np.ndarray
    negative_flip_probability: np.ndarray
    positive_flip_probability: np.ndarray

    def __len__(self):
        return len(self.rows)
