"""Kinds of updates: what the old model was trained on, and with which learner."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split

from benchmarks.flips.learners import train_plain

OLD_SHARE = 0.25
NEW_CLASSES_SHARE = 0.25
N_FOLDS = 5


@dataclass(frozen=True)
class Update:
    """One kind of update.

    Attributes
    ----------
    share : float
        Share of the training rows that the old model saw.
    weaker : bool
        Whether it is of the weaker learner.
    lacks_classes : bool
        Whether it never saw some of the classes.
    """

    share: float = OLD_SHARE
    weaker: bool = False
    lacks_classes: bool = False


UPDATES = {
    "same-data": Update(share=1.0),
    "more-data": Update(),
    "better-learner": Update(weaker=True),
    "new-classes": Update(lacks_classes=True),
}


@dataclass(frozen=True)
class OldModel:
    """The model that is replaced.

    Attributes
    ----------
    model : PCClassifier
        Fitted.
    proba : ndarray of shape (n, n_old_classes)
        Its outputs on the new model's training rows, out-of-fold on its own.
    """

    model: object
    proba: np.ndarray


def train_old(update, learner, X, y, seed):
    """Train the old model of an update on some of the new model's training rows."""
    make = learner.weaker if update.weaker else learner.make
    rows = _rows_of_old(update, y, seed)
    model = train_plain(make, X[rows], y[rows], seed)
    proba = model.predict_proba(X)
    proba[rows] = _out_of_fold(make, X[rows], y[rows], model.classes_, seed)
    return OldModel(model, proba)


def _rows_of_old(update, y, seed):
    rows = np.arange(len(y))
    if update.lacks_classes:
        classes = np.unique(y)
        n_new = max(1, int(NEW_CLASSES_SHARE * len(classes)))
        new = np.random.default_rng(seed).choice(classes, n_new, replace=False)
        rows = rows[~np.isin(y, new)]
    if update.share < 1:
        rows, _ = train_test_split(
            rows, train_size=update.share, stratify=y[rows], random_state=seed
        )
    return rows


def _out_of_fold(make, X, y, classes, seed):
    """Probabilities of rows by models that were trained without them."""
    n_folds = min(N_FOLDS, np.bincount(y)[classes].min())
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    proba = np.zeros((len(y), len(classes)))
    for train, held_out in folds.split(X, y):
        model = train_plain(make, X[train], y[train], seed)
        proba[held_out] = model.predict_proba(X[held_out])
    return proba
