"""What all predictions of a row together say about its label."""

import numpy as np
from scipy.special import xlogy


def information_share(n_predictions, correlation):
    """How much of the evidence of n correlated predictions counts, from 1 / n to 1."""
    # The average of n values with pairwise correlation rho varies like that of
    # n / (1 + (n - 1) rho) independent ones (design effect, Kish 1965).
    return 1 / (1 + np.maximum(n_predictions - 1, 0) * correlation)


def worth_of_one_more(n_predictions, correlation):
    """By how many independent predictions one more prediction raises their number."""
    n_next = n_predictions + 1
    worth = n_predictions * information_share(n_predictions, correlation)
    return n_next * information_share(n_next, correlation) - worth


def entropy(proba):
    """Entropy of each row, in nats."""
    return -xlogy(proba, proba).sum(axis=1)


def information_gain(proba, confusion):
    """Entropy in nats that a prediction of this `confusion` is expected to remove."""
    # The mutual information of label and prediction, H(prediction) - sum_k p(k)
    # H(prediction | k).
    return entropy(proba @ confusion) - proba @ entropy(confusion)
