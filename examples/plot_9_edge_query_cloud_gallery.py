"""
9. A small query model on the edge, a large gallery in the cloud
================================================================

A shop's photos were embedded once, by a large network. Customers search them from their
telephones, where that network is too slow: the query is embedded by a small one.

This example counts what networks cost, searches for one within a budget whose vectors
search the large network's gallery, trains several widths at once, and exports one of
them for the telephone.
"""

# %%
# The large network and its gallery
# ---------------------------------
# Fashion-MNIST, from Debian's package, or handwritten digits where it is not installed.
import numpy as np
import torch
from skorch import NeuralNet
from torch import nn

from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import Focal
from sklearn_graceful.datasets import load_fashion_mnist, load_mnist_5k
from sklearn_graceful.metrics import recall_at_k
from sklearn_graceful.nn import model_cost

try:
    X, y = load_fashion_mnist()
    name, n_train, n_items = "Fashion-MNIST", 3000, 3000
except FileNotFoundError:
    X, y = load_mnist_5k()
    name, n_train, n_items = "MNIST", 2500, 2000
order = np.random.default_rng(0).permutation(len(y))[: n_train + n_items + 500]
X, y = (X[order] / 255).reshape(-1, 1, 28, 28).astype(np.float32), y[order]
X_train, y_train = X[:n_train], y[:n_train]
X_items, y_items = X[n_train:-500], y[n_train:-500]
X_query, y_query = X[-500:], y[-500:]  # photos that customers take


class ConvNet(nn.Sequential):
    """Three convolutions; the first halves the image."""

    def __init__(self, embedding_dim, channels=16, kernel=3):
        layers, n_in = [], 1
        for n_out, stride in ((channels, 2), (2 * channels, 2), (4 * channels, 1)):
            pad = kernel // 2
            layers += [nn.Conv2d(n_in, n_out, kernel, stride, pad, bias=False)]
            layers += [nn.BatchNorm2d(n_out), nn.ReLU()]
            n_in = n_out
        head = [nn.AvgPool2d(2, ceil_mode=True), nn.Flatten()]
        super().__init__(*layers, *head, nn.Linear(16 * n_in, embedding_dim))


def net(epochs, **params):
    """A skorch net of this module."""
    return NeuralNet(
        ConvNet,
        **{f"module__{name}": value for name, value in params.items()},
        criterion=nn.Identity,
        optimizer=torch.optim.AdamW,
        lr=3e-3,
        max_epochs=epochs,
        batch_size=128,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


large = CompatibleEmbedder(net(8, channels=32), embedding_dim=32, random_state=0)
large.fit(X_train, y_train)
gallery = large.transform(X_items)  # made once, never again


def recall(queries):
    """Share of customers whose first hit is of the right kind."""
    right = {"query_labels": y_query, "gallery_labels": y_items}
    return recall_at_k(queries, gallery, **right)


large_cost = model_cost(large, X_train)
large_recall = recall(large.transform(X_query))
print(f"{name}: {large_cost.macs / 1e6:.1f} million multiply-adds a query")
print(f"recall@1 {large_recall:.3f}")

# %%
# A small network by itself is of no use
# --------------------------------------
# Its vectors are good ones, but say nothing in the large network's gallery.
budget = large_cost.macs / 30
alone = CompatibleEmbedder(net(15, channels=5), embedding_dim=32, random_state=1)
alone.fit(X_train, y_train)
print(f"recall@1 {recall(alone.transform(X_query)):.3f}, that is chance")

# %%
# Search within a budget
# ----------------------
# A thirtieth of the multiply-adds. Every architecture is counted first; those over the
# budget are not trained. The rest is rewarded for what it finds in the large network's
# gallery and in one of its own; successive halving drops the worse two thirds twice. A
# small network may also want to be pulled to the large one's vectors more or less.
from sklearn.model_selection import StratifiedShuffleSplit

from sklearn_graceful.model_selection import CompatibleSearchCV

small = CompatibleEmbedder(net(15), method=Focal(), random_state=0)
search = CompatibleSearchCV(
    small,
    {
        "estimator__module__channels": [2, 3, 4, 5, 6, 8, 12],
        "estimator__module__kernel": [3, 5],
        "method__pull": [3.0, 10.0, 30.0],
    },
    old_model=large,
    max_macs=budget,
    n_candidates=12,
    cv=StratifiedShuffleSplit(1, test_size=0.3, random_state=0),
    random_state=0,
)
search.fit(X_train, y_train)
found = recall(search.transform(X_query))
print(f"{len(search.over_budget_)} over the budget, {len(search.candidates_)} searched")
print(f"chosen: {search.best_params_}")
times = large_cost.macs / search.best_candidate_.cost.macs
print(f"{times:.0f} times fewer multiply-adds than the large one")
print(f"recall@1 {found:.3f}, the large one's own {large_recall:.3f}")

# %%
# What each network costs, and what it finds
# ------------------------------------------
from sklearn_graceful.inspection import ParetoDisplay

display = ParetoDisplay.from_estimator(search, figure="cross", old_cost=large_cost)

# %%
# One training for several telephones
# -----------------------------------
# An elastic net is trained in four widths, every batch in one of them, so that it takes
# about twice the epochs. Each width is an embedder of its own.
from sklearn_graceful.nn import elastic_net

elastic = CompatibleEmbedder(
    elastic_net(net(30, channels=8), "channels"),
    old_model=large,
    method=Focal(pull=10.0),
    random_state=0,
).fit(X_train, y_train)
for width in (0.25, 0.5, 0.75, 1.0):
    narrow = elastic.at_width(width)
    macs, share = model_cost(narrow, X_train).macs, recall(narrow.transform(X_query))
    print(f"width {width:4}: {macs / 1e3:5.0f} k multiply-adds, recall@1 {share:.3f}")

# %%
# To the telephone
# ----------------
# With its scaling to unit length, as ONNX.
try:
    import onnxruntime

    from sklearn_graceful.embedding import to_onnx

    model = to_onnx(search.best_estimator_, X_query[:2]).SerializeToString()
except ImportError as missing:
    print(missing)
else:
    session = onnxruntime.InferenceSession(model)
    (sent,) = session.run(None, {"X": X_query})
    print(f"{len(model) / 1024:.0f} KiB")
    print(f"largest difference {abs(sent - search.transform(X_query)).max():.1e}")

# %%
# When not to use this
# --------------------
# * The device can run the large network in time: then its own queries are best.
# * The large network itself will be replaced soon: a query model fits the gallery of
#   one version. Trained with the next large one as ``old_model=``, it fits those before
#   as well.
