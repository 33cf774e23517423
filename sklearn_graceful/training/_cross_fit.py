"""Plain networks that leave rows out in turn: teachers, and judges of these rows."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_random_state, get_tags

from sklearn_graceful._containers import as_rows
from sklearn_graceful._probabilities import log_exact
from sklearn_graceful._wrappers import (
    last_step,
    replace_last_step,
    transform_before_last,
    transformers,
)
from sklearn_graceful.nn import (
    NotPackableError,
    isolated_randomness,
    pack,
    trains_alike_when_packed,
)
from sklearn_graceful.training._plain import PlainModels, at_length, fit_one

N_FOLDS = 8


@dataclass(frozen=True)
class CrossFit:
    """Plain networks, and what those say of a row that were trained without it.

    Attributes
    ----------
    models : PlainModels
        One of all rows, and one for each fold, which was trained on the other folds.
    rows : ndarray of int, shape (n_judged,)
        Positions of the rows that are in a fold: all but a handful.
    log_proba : ndarray of shape (n_judged, n_classes)
        Log-probabilities of these, out of fold.
    """

    models: PlainModels
    rows: np.ndarray
    log_proba: np.ndarray


def can_cross_fit(training):
    """Whether networks learn that can be trained together, one for each fold.

    They share the steps before them, so that none of these may look at labels.
    """
    return (
        training.is_net
        and trains_alike_when_packed(training.learner)
        and len(training.y) >= N_FOLDS
        and not any(map(_needs_labels, transformers(training.estimator)))
    )


def _needs_labels(step):
    """Whether a transformer, or something inside it, is fitted on labels."""
    inside = step.get_params() if hasattr(step, "get_params") else {}
    if any(name.split("__")[-1] == "score_func" for name in inside):
        return True  # selects features; not each kind says that it needs labels
    return any(
        get_tags(part).target_tags.required
        for part in (step, *inside.values())
        if hasattr(part, "__sklearn_tags__") and not isinstance(part, type)
    )


def cross_fit(training, plain):
    """Train the networks of all folds together.

    Parameters
    ----------
    training : Training
        What :func:`can_cross_fit`.
    plain : PlainModels
        One network of all rows, which says for how long.

    Returns
    -------
    fit : CrossFit or None
        None: it shows only now that the module cannot be packed.
    """
    folds = _equal_folds(training.y)
    rows = np.arange(len(training.y))
    packed = pack(at_length(training.learner, plain), N_FOLDS)
    packed.set_params(member_rows=[np.setdiff1d(rows, fold) for fold in folds])
    packed = replace_last_step(clone(training.estimator), packed)
    seed = check_random_state(None).randint(2**31 - 1)
    try:
        fitted = fit_one(training, packed, isolated_randomness(seed))
    except NotPackableError:
        return None
    X = as_rows(transform_before_last(fitted["estimator_"], training.X))
    parts = [_safe_indexing(X, fold) for fold in folds]
    proba = last_step(fitted["estimator_"]).members_proba(parts)
    models = plain + PlainModels([fitted], [N_FOLDS])
    return CrossFit(models, folds.ravel(), log_exact(np.concatenate(proba)))


def _equal_folds(y):
    """Positions of rows by fold, of shape (N_FOLDS, m): all but a handful of rows.

    Each fold has its share of every class.
    """
    order = np.random.permutation(len(y))  # noqa: NPY002 (seeded for this fit)
    order = order[np.argsort(y[order], kind="stable")]
    size = len(y) // N_FOLDS
    return order[: size * N_FOLDS].reshape(size, N_FOLDS).T
