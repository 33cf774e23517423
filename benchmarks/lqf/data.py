"""Rows of the tasks, as tensors."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from benchmarks.gallery import as_rows
from benchmarks.lqf.nets import TAIL, conv_net, efficientnet, inner_features
from sklearn_graceful.datasets import (
    as_efficientnet_rows,
    load_fashion_mnist,
    render_characters,
)

N_OLD, N_NEW, N_VALID = 1000, 1000, 1000
SHOTS = (1, 2, 5, 10, 20)
N_KNOWN, N_UNKNOWN = 200, 20  # characters


def as_tensors(images, y):
    """Grey images of bytes as rows of one channel, and class indices."""
    return torch.as_tensor(as_rows(images)), torch.as_tensor(y)


@dataclass
class Images:
    """Rows of Fashion-MNIST for updates."""

    old: tuple
    new: tuple
    valid: tuple
    test: tuple

    @classmethod
    def draw(cls, seed, n_new=N_NEW):
        """Rows by chance; the test file is the same for all seeds."""
        rng = np.random.default_rng(seed)
        (X, y), (X_test, y_test) = map(load_fashion_mnist, ("train", "test"))
        parts = np.split(
            rng.permutation(len(y))[: N_OLD + n_new + N_VALID], [N_OLD, N_OLD + n_new]
        )
        images = X.reshape(-1, 28, 28)
        test = as_tensors(X_test.reshape(-1, 28, 28), y_test)
        return cls(*(as_tensors(images[rows], y[rows]) for rows in parts), test)


@dataclass
class LowShot:
    """Rows of classes that a pretrained network does not know.

    Attributes
    ----------
    module : torch.nn.Module
        Pretrained.
    params : str
        Which of its weights are fine-tuned.
    train : dict of int to (tensor, tensor)
        By rows a class.
    valid, test : (tensor, tensor)
    """

    module: torch.nn.Module
    params: str
    train: dict
    valid: tuple
    test: tuple


def characters(seed):
    """Unknown characters for a net that knows others, in other fonts too."""
    rng, data = np.random.default_rng(seed), render_characters()
    order = rng.permutation(np.unique(data.characters))
    known, unknown = order[:N_KNOWN], order[N_KNOWN : N_KNOWN + N_UNKNOWN]
    rows = np.flatnonzero(np.isin(data.characters, known))
    X, y = data.images, data.characters
    side = data.images.shape[-1]
    net = conv_net(N_KNOWN, side, epochs=15, channels=16)
    net.fit(*as_tensors(X[rows], np.searchsorted(np.sort(known), y[rows])))
    rows = rng.permutation(np.flatnonzero(np.isin(y, unknown)))
    return few_rows(
        net.module_.eval(),
        "all",
        *as_tensors(X[rows], np.searchsorted(np.sort(unknown), y[rows])),
        n_valid=8,
    )


def images(seed):
    """Fashion-MNIST for EfficientNet-Lite0, at 64 pixels."""
    X, y = load_fashion_mnist("train")
    rows = np.random.default_rng(seed).permutation(len(y))[:3000]
    pixels = as_efficientnet_rows(X[rows].reshape(-1, 28, 28), image_size=64)
    module, features = efficientnet(torch.as_tensor(pixels))
    return few_rows(module, TAIL, features, torch.as_tensor(y[rows]), n_valid=50)


def few_rows(module, params, X, y, n_valid):
    """The first rows of each class to train on, the next to validate, all others."""
    place = torch.zeros_like(y)
    for label in y.unique():
        place[y == label] = torch.arange(int((y == label).sum()))
    most = max(SHOTS)
    train = {n: (X[place < n], y[place < n]) for n in SHOTS}
    valid = (place >= most) & (place < most + n_valid)
    rest = place >= most + n_valid
    return LowShot(module, params, train, (X[valid], y[valid]), (X[rest], y[rest]))


def probe(module, train, valid):
    """Logistic regression on the last layer's inputs; its C by validation rows."""
    features = inner_features(module, train[0])
    mean = features.mean(axis=0)
    models = [
        LogisticRegression(C=C, max_iter=2000).fit(features - mean, train[1])
        for C in np.logspace(-3, 2, 6)
    ]
    asked = inner_features(module, valid[0]) - mean
    best = max(models, key=lambda model: model.score(asked, valid[1]))
    return best, mean
