"""Labelled rows: how reliable the versions are, and how much they repeat each other."""

import numpy as np

from sklearn_graceful.metrics import check_weight
from sklearn_graceful.rollout._checks import encode
from sklearn_graceful.rollout._confusion import count_pairs
from sklearn_graceful.rollout._correlation import fit_correlation


class LabelledRows:
    """Labels and predictions of n rows, as codes; of one version, or more by `add`."""

    def __init__(self, classes, y_true, y_pred, sample_weight):
        self.y_true = encode("y_true", y_true, classes)
        y_pred = encode("y_pred", y_pred, classes)
        if len(self.y_true) != len(y_pred):
            raise ValueError(
                f"y_pred has {len(y_pred)} rows but y_true has {len(self.y_true)}."
            )
        if not len(self.y_true):
            raise ValueError("y_true is empty: there are no labelled rows.")
        self.weight = check_weight(sample_weight, self.y_true)
        self.predictions = [y_pred]
        self.counts = count_pairs(self.y_true, y_pred, len(classes), self.weight)
        if not self.counts.any():
            raise ValueError("sample_weight is 0 on all labelled rows.")

    def add(self, other):
        """Take in what another version predicted, if it was for the same rows."""
        if len(self.y_true) != len(other.y_true):
            raise ValueError(
                "correlation='auto' compares the versions on the same labelled rows: "
                f"y_true has {len(other.y_true)} rows, the versions before had "
                f"{len(self.y_true)}."
            )
        same_weight = (self.weight is None) == (other.weight is None)
        if same_weight and self.weight is not None:
            same_weight = np.array_equal(self.weight, other.weight)
        if not np.array_equal(self.y_true, other.y_true) or not same_weight:
            raise ValueError(
                "correlation='auto' compares the versions on the same labelled rows: "
                "y_true or sample_weight differs from that of the versions before."
            )
        self.predictions += other.predictions

    def prior(self):
        """Share of each class, counted once more than it occurs."""
        counts = self.counts.sum(axis=1)
        return (counts + 1) / (counts.sum() + len(counts))

    def correlation(self, prior, smoothing):
        """How much all versions that were added repeat each other."""
        return fit_correlation(
            self.y_true, self.predictions, np.log(prior), smoothing, self.weight
        )
