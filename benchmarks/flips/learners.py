"""What learns, old models included."""

from dataclasses import dataclass
from importlib.util import find_spec

import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from sklearn_graceful import PCClassifier
from sklearn_graceful.nn import InMemoryClassifier, packed_mlp_net


def as_images(X):
    """Rows of pixels as grey squares, (n, 1, side, side)."""
    side = round(X.shape[1] ** 0.5)
    return X.reshape(-1, 1, side, side)


def as_rows(X):
    """Images as rows of pixels."""
    return X.reshape(len(X), -1)


class ConvNet(nn.Sequential):
    """Two convolutions and one linear layer, for square grey images."""

    def __init__(self, n_classes, side=28):
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
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
        max_epochs="auto",
        batch_size=128,
        train_split=None,
        verbose=0,
    )


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def logistic_of_images():
    return make_pipeline(FunctionTransformer(as_rows), logistic())


def lightgbm():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(verbose=-1, n_jobs=1)


def xgboost():
    from xgboost import XGBClassifier

    return XGBClassifier(n_jobs=1)


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
    package : str or None
        What has to be installed.
    shape : callable or None
        Turns rows of numbers into what it takes.
    """

    make: callable
    kind: str
    weaker: callable = logistic
    seeded: bool = False
    ensemble: callable = None
    package: str = None
    shape: callable = None

    @property
    def is_installed(self):
        """Whether the package is there."""
        return self.package is None or find_spec(self.package) is not None


LEARNERS = {
    "mlp": Learner(lambda: None, "net", seeded=True, ensemble=packed_nets),
    "conv": Learner(conv_net, "net", logistic_of_images, seeded=True, shape=as_images),
    "boosting": Learner(HistGradientBoostingClassifier, "boosting"),
    "lightgbm": Learner(lightgbm, "boosting", package="lightgbm"),
    "xgboost": Learner(xgboost, "boosting", package="xgboost"),
    "logistic": Learner(
        logistic, "linear", lambda: DecisionTreeClassifier(min_samples_leaf=5)
    ),
}


def train_plain(make, X, y, seed):
    """Fit with no old model."""
    return PCClassifier(make(), method="none", random_state=seed).fit(X, y)
