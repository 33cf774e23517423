"""Rows of a set, their split, and the networks that embed them."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from benchmarks import gallery
from benchmarks.flips.sets import load_set
from sklearn_graceful.nn import EmbeddingMLP, embedding_net


class ConvEmbedder(nn.Sequential):
    """Two convolutions and two linear layers, for square grey images in rows."""

    def __init__(self, n_features, embedding_dim, channels=16):
        side = round(n_features**0.5)
        super().__init__(
            nn.Unflatten(1, (1, side, side)),
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            EmbeddingMLP(2 * channels * (side // 4) ** 2, embedding_dim, (128,)),
        )


def small_mlp():
    return make_pipeline(StandardScaler(), embedding_net((32,)))


def conv_net(channels=16, max_epochs=10):
    net = embedding_net(max_epochs=max_epochs, lr=2e-3, batch_size=128)
    params = net.get_params(deep=False)
    params.pop("module__hidden_sizes")
    params["module"] = ConvEmbedder
    return type(net)(**params, module__channels=channels)


@dataclass(frozen=True)
class Nets:
    """What embeds a set.

    Attributes
    ----------
    make, smaller : callable
        Return the `estimator` of a CompatibleEmbedder, and one of less capacity.
    """

    make: callable
    smaller: callable


MLPS = Nets(lambda: None, small_mlp)
CHARACTERS = Nets(gallery.conv_net, gallery.conv_net)
NETS = {
    "digits": MLPS,
    "letter": MLPS,
    "mnist-5k": MLPS,
    "fashion-mnist": Nets(conv_net, lambda: conv_net(channels=4)),
    "kanji": CHARACTERS,
    "hangul": CHARACTERS,
}
# Rows to train on and to search; most of Letter's are left for choosing defaults.
N_TRAIN = {"letter": 6000, "fashion-mnist": 15000}
N_TEST = {"letter": 3000, "fashion-mnist": 5000}
_LETTER_ROWS_OF_DEVELOPMENT = 10_000


def reported_rows(name):
    """Rows that no default was chosen on."""
    X, y = load_set(name)
    if name == "letter":
        order = np.random.RandomState(7).permutation(len(y))
        rows = order[_LETTER_ROWS_OF_DEVELOPMENT:]
        X, y = X[rows], y[rows]
    return X, y


@dataclass(frozen=True)
class Releases:
    """Rows of one trial.

    Attributes
    ----------
    parts : list of (ndarray, ndarray)
        Rows and labels that the embedder of each release is trained on.
    dims : sequence of int
        Their widths.
    X_test, y_test : ndarray
        What is searched, each by all others.
    """

    parts: list
    dims: tuple
    X_test: np.ndarray
    y_test: np.ndarray


def split(name, seed, *, share_old, held_out_classes=False, old_classes=1.0):
    """Draw the rows of two releases, stratified.

    `share_old` of the training rows are the old embedder's. With `held_out_classes`
    half of the classes are searched and the other half trained on. `old_classes` is the
    share of the classes that the old embedder is trained on.
    """
    X, y = reported_rows(name)
    classes = np.random.RandomState(seed).permutation(np.unique(y))
    searched = trained = classes
    if held_out_classes:
        trained, searched = np.array_split(classes, 2)
    rows, test = train_test_split(
        np.arange(len(y)), test_size=1 / 3, stratify=y, random_state=seed
    )
    rows = rows[np.isin(y[rows], trained)][: N_TRAIN.get(name)]
    test = test[np.isin(y[test], searched)][: N_TEST.get(name)]
    old = rows[: int(share_old * len(rows))]
    old = old[np.isin(y[old], trained[: int(np.ceil(old_classes * len(trained)))])]
    parts = [(X[part], y[part]) for part in (old, rows)]
    return Releases(parts, (8, 16), X[test], y[test])


def growing_rows(name, seed):
    """Draw those of four releases, each of which has more of them."""
    whole = split(name, seed, share_old=1.0)
    X, y = whole.parts[-1]
    sizes = [int(share * len(y)) for share in (0.1, 0.25, 0.5, 1.0)]
    parts = [(X[:n], y[:n]) for n in sizes]
    return replace(whole, parts=parts, dims=(8, 12, 16, 24))
