"""Small compatible models for galleries, and stores of every kind."""

import numpy as np
import pytest

from sklearn_graceful.gallery import LocalStore
from tests.gallery.models import Linear


@pytest.fixture
def models():
    """Three versions, each compatible with those before."""
    old = Linear(4)
    new = Linear(6, old)
    return old, new, Linear(8, old, new)


@pytest.fixture
def X():
    """Two hundred items."""
    return np.random.default_rng(1).normal(size=(200, 6))


@pytest.fixture(params=["memory", "disk", "numpy"])
def store(request, tmp_path, monkeypatch):
    """An empty store; "numpy" without faiss."""
    if request.param == "numpy":
        monkeypatch.setattr("sklearn_graceful.gallery._top_k._faiss", lambda: None)
    made = LocalStore(tmp_path / "gallery" if request.param == "disk" else None)
    yield made
    made.close()
