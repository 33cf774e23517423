"""Real sets, and how their rows are split.

The test rows of a set are the same for every seed, and never served a choice: what the
default method does was chosen on other rows. From those a seed draws its training and
validation rows.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import train_test_split

from sklearn_graceful.datasets import (
    load_fashion_mnist,
    load_mlbench,
    load_mnist_5k,
    load_modeldata,
    load_spam,
)

VALIDATION_SHARE, TEST_SHARE = 0.2, 0.3
MAX_TEST_ROWS = 6000


def _pixels(X, y, brightest):
    return (X / brightest).astype(np.float32), y


SETS = {
    "digits": lambda: _pixels(*load_digits(return_X_y=True), 16),
    "mnist-5k": lambda: _pixels(*load_mnist_5k(), 255),
    "fashion-mnist": lambda: _pixels(*load_fashion_mnist("train"), 255),
    "letter": lambda: load_mlbench("letter"),
    "satellite": lambda: load_mlbench("satellite"),
    "vowel": lambda: load_mlbench("vowel"),
    "vehicle": lambda: load_mlbench("vehicle"),
    "dna": lambda: load_mlbench("dna"),
    "credit": lambda: load_modeldata("credit", as_frame=False),
    "churn": lambda: load_modeldata("churn", as_frame=False),
    "hpc": lambda: load_modeldata("hpc", as_frame=False),
    "cells": lambda: load_modeldata("cells", as_frame=False),
    "spam": lambda: load_spam(as_frame=False),
    "breast-cancer": lambda: load_breast_cancer(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
}
IMAGES = ("digits", "mnist-5k", "fashion-mnist")


@dataclass(frozen=True)
class Split:
    """Rows and labels of the three parts; each a pair (X, y)."""

    train: tuple
    validation: tuple
    test: tuple


@cache
def load_set(name):
    """Rows, and labels as numbers."""
    X, y = SETS[name]()
    return X, np.unique(y, return_inverse=True)[1]


def split_set(name, seed, max_rows):
    """Draw the parts, stratified; training and validation rows are at most `max_rows`.

    The test rows depend on the set only.
    """
    X, y = load_set(name)
    n_test = min(int(TEST_SHARE * len(y)), MAX_TEST_ROWS)
    n_validation = min(int(VALIDATION_SHARE * len(y)), max_rows)
    n_train = min(len(y) - n_test - n_validation, max_rows)
    rest, test = _draw(np.arange(len(y)), y, n_test, 0)
    rest, validation = _draw(rest, y, n_validation, seed + 1)
    train = rest
    if n_train < len(rest):
        _, train = _draw(rest, y, n_train, seed + 2)
    return Split(*((X[rows], y[rows]) for rows in (train, validation, test)))


def _draw(rows, y, n_drawn, seed):
    return train_test_split(
        rows, test_size=n_drawn, stratify=y[rows], random_state=seed
    )
