"""Keep the labels of unlabelled rows up to date over many model versions."""

import numpy as np
from sklearn.exceptions import NotFittedError

from sklearn_graceful.metrics import check_weight
from sklearn_graceful.rollout._checks import (
    check_classes,
    check_correlation,
    check_cost_ratio,
    check_n_rows,
    check_prior,
    check_rows,
    encode,
)
from sklearn_graceful.rollout._confusion import (
    check_confusion,
    check_smoothing,
    count_pairs,
    smooth_counts,
)
from sklearn_graceful.rollout._correlation import fit_correlation
from sklearn_graceful.rollout._label_changes import LabelChanges
from sklearn_graceful.rollout._orders import (
    PRIORITIES,
    check_strategy,
    first_rows,
    number_of_rows,
)
from sklearn_graceful.rollout._posterior import (
    chunks,
    entropy,
    information_share,
    posterior,
)


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
        n_rows = check_n_rows("n_rows", n_rows)
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
        self._reported = self._no_codes(n_rows)
        self._predictions = {}
        self._labelled = None
        self._labelled_predictions = []

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
        if version in self.confusions:
            raise ValueError(f"Version {version!r} is registered already.")
        if (y_true is None) != (y_pred is None):
            raise ValueError("y_true and y_pred must be given together.")
        if (y_true is None) == (confusion is None):
            raise ValueError("Give either y_true and y_pred, or confusion.")
        if confusion is None:
            confusion = self._learn_from_labelled(y_true, y_pred, sample_weight)
        else:
            confusion = self._check_given(confusion, sample_weight)
        self.confusions[version] = confusion
        self._predictions[version] = self._no_codes(self.n_rows)

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
        version = self._check_version(version)
        check_strategy(strategy)
        n_chosen = number_of_rows(budget, self.n_rows)
        left = np.flatnonzero(self._predictions[version] < 0)
        priority = np.zeros(len(left))
        if strategy != "random":
            priority = self._by_chunk(
                lambda proba, rows: PRIORITIES[strategy](
                    proba,
                    self.confusions[version],
                    self._n_predictions[rows],
                    self.correlation_,
                ),
                left,
            )
        rng = np.random.default_rng(random_state)
        return left[first_rows(priority, self._n_predictions[left], n_chosen, rng)]

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
        predictions = np.asarray(predictions)
        if predictions.shape != rows.shape:
            raise ValueError(
                f"predictions has shape {predictions.shape}, rows has {rows.shape}."
            )
        codes = encode("predictions", predictions, self.classes)
        known = self._predictions[version]
        if (known[rows] >= 0).any():
            again = rows[known[rows] >= 0]
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
        return self._by_chunk(lambda proba, _: proba, self._positions(rows))

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
        return self._by_chunk(lambda proba, _: entropy(proba), self._positions(rows))

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
        n_new, n_old = check_n_rows("n_rows", n_rows), self.n_rows
        none = self._no_codes(n_new)
        self._log_likelihood = np.pad(self._log_likelihood, [(0, n_new), (0, 0)])
        self._n_predictions = np.pad(self._n_predictions, (0, n_new))
        self._reported = np.concatenate([self._reported, none])
        for version, codes in self._predictions.items():
            self._predictions[version] = np.concatenate([codes, none])
        return np.arange(n_old, n_old + n_new)

    def __repr__(self):
        return (
            f"PredictionStore({self.n_rows}, classes={self.classes.tolist()}, "
            f"cost_ratio={self.cost_ratio}, versions={self.versions})"
        )

    def _learn_from_labelled(self, y_true, y_pred, sample_weight):
        """Confusion matrix; also prior and correlation, where they come from labels."""
        n_classes = len(self.classes)
        true = encode("y_true", y_true, self.classes)
        pred = encode("y_pred", y_pred, self.classes)
        if len(true) != len(pred):
            raise ValueError(f"y_pred has {len(pred)} rows but y_true has {len(true)}.")
        if not len(true):
            raise ValueError("y_true is empty: there are no labelled rows.")
        weight = check_weight(sample_weight, true)
        counts = count_pairs(true, pred, n_classes, weight)
        if not counts.any():
            raise ValueError("sample_weight is 0 on all labelled rows.")
        if self.correlation == "auto":
            self._check_same_labelled(true, weight)
        if self._labelled is None and isinstance(self.prior, str):
            self._set_prior(counts.sum(axis=1))
        self._labelled = self._labelled or (true, weight)
        if self.correlation == "auto":
            self._labelled_predictions.append(pred)
            self.correlation_ = fit_correlation(
                true,
                self._labelled_predictions,
                np.log(self.prior_),
                self.smoothing,
                weight,
            )
        return smooth_counts(counts, self.smoothing)

    def _set_prior(self, counts):
        if self.prior == "labelled":
            self.prior_ = (counts + 1) / (counts.sum() + len(counts))

    def _check_given(self, confusion, sample_weight):
        if sample_weight is not None:
            raise ValueError("sample_weight needs labelled rows, y_true and y_pred.")
        if self.correlation == "auto":
            raise ValueError(
                "correlation='auto' needs labelled rows of every version, y_true and "
                "y_pred in place of confusion."
            )
        return check_confusion(confusion, len(self.classes))

    def _check_same_labelled(self, true, weight):
        if self._labelled is None:
            return
        known_true, known_weight = self._labelled
        if len(known_true) != len(true):
            raise ValueError(
                "correlation='auto' compares the versions on the same labelled rows: "
                f"y_true has {len(true)} rows, the versions before had "
                f"{len(known_true)}."
            )
        same_weight = (weight is None) == (known_weight is None)
        if same_weight and weight is not None:
            same_weight = np.array_equal(weight, known_weight)
        if not np.array_equal(true, known_true) or not same_weight:
            raise ValueError(
                "correlation='auto' compares the versions on the same labelled rows: "
                "y_true or sample_weight differs from that of the versions before."
            )

    def _check_version(self, version):
        if not self.confusions:
            raise NotFittedError("No version is registered; call `register` first.")
        if version is None:
            return next(reversed(self.confusions))
        if version not in self.confusions:
            raise ValueError(
                f"Version {version!r} is not registered, only {self.versions}."
            )
        return version

    def _fold_in(self, rows, codes, confusion):
        """Update beliefs and labels; return old codes and both flip probabilities."""
        evidence = np.log(confusion).T
        before = self._reported[rows]
        lost, won = np.zeros(len(rows)), np.zeros(len(rows))
        for part in chunks(np.arange(len(rows)), len(self.classes)):
            here, each = rows[part], np.arange(len(part))
            self._log_likelihood[here] += evidence[codes[part]]
            self._n_predictions[here] += 1
            proba = self._posterior_of(here)
            reported = np.where(before[part] < 0, codes[part], before[part])
            best = proba.argmax(axis=1)
            lost[part], won[part] = proba[each, reported], proba[each, best]
            switch = won[part] > self.cost_ratio * lost[part]
            self._reported[here] = np.where(switch, best, reported)
        return before, lost, won

    def _posterior_of(self, rows):
        share = information_share(self._n_predictions[rows], self.correlation_)
        return posterior(self._log_likelihood[rows], np.log(self.prior_), share)

    def _by_chunk(self, compute, rows):
        """Apply a function of the posterior to some rows, a few at a time."""
        parts = chunks(rows, len(self.classes)) if len(rows) else [rows]
        return np.concatenate(
            [compute(self._posterior_of(part), part) for part in parts]
        )

    def _positions(self, rows):
        return np.arange(self.n_rows) if rows is None else check_rows(rows, self.n_rows)

    def _no_codes(self, n_rows):
        dtype = np.min_scalar_type(-len(self.classes))
        return np.full(n_rows, -1, dtype=dtype)
