"""Labelled rows: how reliable the versions are, and how much they repeat each other."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from sklearn_graceful.metrics import check_weight
from sklearn_graceful.rollout._checks import encode
from sklearn_graceful.rollout._confusion import confusion_probabilities, even_errors


class LabelledRows:
    """Labels and predictions of n rows, as codes; of one version, or more by `add`."""

    def __init__(self, classes, y_true, y_pred, sample_weight=None):
        self.y_true = encode("y_true", y_true, classes)
        y_pred = encode("y_pred", y_pred, classes)
        if len(self.y_true) != len(y_pred):
            raise ValueError(
                f"y_pred has {len(y_pred)} rows but y_true has {len(self.y_true)}."
            )
        if not len(self.y_true):
            raise ValueError("y_true is empty: there are no labelled rows.")
        self.weight = check_weight(sample_weight, self.y_true)
        self.n_classes = len(classes)
        self.predictions = [y_pred]
        self.counts = self._count(y_pred)
        if not self.counts.any():
            raise ValueError("sample_weight is 0 on all labelled rows.")

    def add(self, other):
        """Take in what another version predicted, if it was for the same rows."""
        why = "correlation='auto' compares the versions on the same labelled rows:"
        if len(self.y_true) != len(other.y_true):
            raise ValueError(
                f"{why} y_true has {len(other.y_true)} rows, the versions before had "
                f"{len(self.y_true)}."
            )
        same = np.array_equal(self.y_true, other.y_true)
        if not same or not np.array_equal(self.weight, other.weight):
            raise ValueError(
                f"{why} y_true or sample_weight differs from that of the versions "
                "before."
            )
        self.predictions += other.predictions

    def prior(self):
        """Share of each class, counted once more than it occurs."""
        counts = self.counts.sum(axis=1)
        return (counts + 1) / (counts.sum() + len(counts))

    def correlation(self, prior, smoothing):
        """Correlation in [0, 1] at which the labelled rows have the least log-loss."""
        # With L the sum of the log-likelihoods of all n versions: the share s of it
        # that minimises -sum_i log softmax(log(prior) + s L_i)[y_i], between 1 / n and
        # 1, is 1 / (1 + (n - 1) rho). The loss is convex in s. Every row is left out of
        # the confusion counts that its own loss is computed with.
        n_versions = len(self.predictions)
        if n_versions < 2:
            return 0.0
        evidence = sum(
            self.left_out_log_likelihood(y_pred, smoothing)
            for y_pred in self.predictions
        )
        own = evidence[np.arange(len(evidence)), self.y_true]
        log_prior = np.log(prior)

        def loss(share):
            scores = share * evidence + log_prior
            rows = logsumexp(scores, axis=1) - share * own - log_prior[self.y_true]
            return np.average(rows, weights=self.weight)

        found = minimize_scalar(loss, bounds=(1 / n_versions, 1), method="bounded").x
        # The search never quite reaches the ends, which may well be best.
        share = min((found, 1 / n_versions, 1.0), key=loss)
        return (1 / share - 1) / (n_versions - 1)

    def left_out_log_likelihood(self, y_pred, smoothing):
        """``log P(prediction | class)``, (n, n_classes), each from all other rows."""
        # Leaving a row out changes the counts of its own label only. The accuracy that
        # the counts are smoothed toward is that of all rows.
        y_true, counts = self.y_true, self._count(y_pred)
        confusion = confusion_probabilities(counts, smoothing=smoothing)
        log_likelihood = np.log(confusion).T[y_pred]
        weight = 1.0 if self.weight is None else self.weight
        # Rounding can leave less than nothing of a sum of weights.
        cell = np.maximum(counts[y_true, y_pred] - weight, 0)
        total = np.maximum(counts.sum(axis=1)[y_true] - weight, 0)
        cell = cell + smoothing * even_errors(counts)[y_true, y_pred]
        left_out = np.log(cell) - np.log(total + smoothing)
        log_likelihood[np.arange(len(y_true)), y_true] = left_out
        return log_likelihood

    def _count(self, y_pred):
        """Rows, or their weights, by label and prediction."""
        pairs = self.y_true * self.n_classes + y_pred
        counts = np.bincount(pairs, self.weight, self.n_classes**2)
        return counts.reshape(self.n_classes, -1).astype(np.float64)
