"""What learns, old models included."""

from dataclasses import dataclass

import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from sklearn_graceful import PCClassifier
from sklearn_graceful.nn import InMemoryClassifier, mlp_net, packed_mlp_net


class ConvNet(nn.Sequential):
    """Two convolutions and one linear layer, for square grey images in rows."""

    def __init__(self, n_features, n_classes):
        side = round(n_features**0.5)
        super().__init__(
            nn.Unflatten(1, (1, side, side)),
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * (side // 4) ** 2, n_classes),
        )


def conv_net():
    return InMemoryClassifier(
        ConvNet,
        optimizer=torch.optim.AdamW,
        lr=3e-3,
        max_epochs=10,
        batch_size=128,
        train_split=None,
        verbose=0,
    )


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def packed_nets():
    return make_pipeline(StandardScaler(), packed_mlp_net(8, (128, 128)))


@dataclass(frozen=True)
class Learner:
    """A learner and what is special about it.

    Attributes
    ----------
    make : callable
        Returns the `estimator` of a PCClassifier.
    kind : {"net", "boosting", "linear"}
        What a strength grid may depend on.
    weaker : callable
        Returns the estimator that an update to a better learner replaces.
    seeded : bool
        Whether another seed gives another model.
    ensemble : callable or None
        Returns the estimator of an ensemble in one model.
    longer : callable or None
        Returns the estimator with 5 times as many epochs.
    """

    make: callable
    kind: str
    weaker: callable = logistic
    seeded: bool = False
    ensemble: callable = None
    longer: callable = None


LEARNERS = {
    "mlp": Learner(
        lambda: None,
        "net",
        seeded=True,
        ensemble=packed_nets,
        longer=lambda: make_pipeline(StandardScaler(), mlp_net(max_epochs=200)),
    ),
    "conv": Learner(
        conv_net,
        "net",
        seeded=True,
        longer=lambda: conv_net().set_params(max_epochs=50),
    ),
    "boosting": Learner(HistGradientBoostingClassifier, "boosting"),
    "logistic": Learner(
        logistic, "linear", lambda: DecisionTreeClassifier(min_samples_leaf=5)
    ),
}


def train_plain(make, X, y, seed):
    """Fit with no old model."""
    return PCClassifier(make(), method="none", random_state=seed).fit(X, y)
