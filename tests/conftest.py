"""Data and old models that several test modules share."""

import random

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture(scope="session")
def wine():
    """Return 178 unscaled rows of 13 columns, and 3 classes."""
    X, y = load_wine(return_X_y=True)
    X.flags.writeable = y.flags.writeable = False
    return X, y


@pytest.fixture(scope="session")
def scaled(wine):
    """Return the same rows and labels, each column of mean 0 and variance 1."""
    X, y = wine
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="session")
def digits():
    """Return 1,797 images of 64 pixels in random order, and 10 classes."""
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(y))
    return X[rows], y[rows]


@pytest.fixture
def old_model(wine):
    """Return a fitted Pipeline, right on 96 % of the rows and sure of few."""
    X, y = wine
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    return model.fit(X[::9], y[::9])


@pytest.fixture
def random_states():
    """Return a function that tells the state of all global generators."""

    def states():
        numpy_state = np.random.get_state()  # noqa: NPY002
        return (
            random.getstate(),
            numpy_state[1].tobytes(),
            numpy_state[2:],
            torch.get_rng_state().numpy().tobytes(),
        )

    return states
