"""What was fitted is used without torch, which takes 200 MB and seconds to import."""

import pickle
import subprocess
import sys

import numpy as np

from sklearn_graceful.embedding import EmbeddingAdapter, ScoreCalibrator

USE = """
import pickle, sys
from pathlib import Path
for model, X, Y, there, back in pickle.loads(Path(sys.argv[1]).read_bytes()):
    assert (model.transform(X) == there).all()
    assert (model.inverse_transform(Y) == back).all()

from sklearn_graceful import EmbeddingAdapter, flip_control, reference
from sklearn_graceful.embedding import ScoreCalibrator, slerp
slerp(X := there[:, None] + [0, 1], X[::-1], 0.5)
ScoreCalibrator().fit_embeddings(X, X, range(len(X)), gallery="new")
EmbeddingAdapter("ridge").fit(X, X)
flip_control.flip_times(X, X[::-1], X.argmax(axis=1))
flip_control.allowed_flips(100, 0.01)
assert not {"torch", "skorch"} & set(sys.modules)
"""


def test_fitted_adapters_and_calibrators_need_no_torch(tmp_path):
    X, Y = np.random.default_rng(0).normal(size=(2, 40, 6))
    params = {"max_epochs": 20, "lr": 0.01, "random_state": 0}
    kinds = ("procrustes", "ridge", "mlp")
    fitted = [EmbeddingAdapter(kind, **params).fit(X, np.sin(2 * X)) for kind in kinds]
    cases = [(model, X, Y) for model in fitted]
    x, y = X[:, 0], Y[:, 0]
    cases.append((ScoreCalibrator().fit(x, y), x, y))
    cases = [(m, x, y, m.transform(x), m.inverse_transform(y)) for m, x, y in cases]
    path = tmp_path / "fitted"
    path.write_bytes(pickle.dumps(cases))
    subprocess.run([sys.executable, "-c", USE, path], check=True)
