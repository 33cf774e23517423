"""What FlipControlledClassifier refuses or warns of, before it trains anything."""

import warnings

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    has_fit_parameter,
)

from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful.classification._learners import last_step


def check_old_model(reference, **needing):
    for name, value in needing.items():
        if reference is None and value is not None:
            raise ValueError(
                f"{name} needs the old model too: pass old_model=, which takes part in "
                "every prediction. If only its stored outputs are left, train with "
                "PCClassifier."
            )


def check_takes_weights(estimator):
    learner = last_step(estimator)
    is_frozen = isinstance(estimator, FrozenEstimator)
    if not is_frozen and not has_fit_parameter(learner, "sample_weight"):
        raise TypeError(f"{type(learner).__name__}.fit takes no sample_weight.")


def check_has_scores(estimator):
    if not any(hasattr(estimator, m) for m in ("predict_proba", "decision_function")):
        raise TypeError(
            f"{type(last_step(estimator)).__name__} has neither predict_proba nor "
            "decision_function, so its predictions cannot be mixed with the old "
            "model's."
        )


def check_extras(X, old_proba, sample_weight, critical):
    """Row-aligned arguments of fit, each checked, by name."""
    extras = {
        "old_proba": old_proba,
        "sample_weight": sample_weight,
        "critical": critical,
    }
    n_rows = _num_samples(X)
    for name, values in extras.items():
        if values is None:
            continue
        if np.isscalar(values):
            raise ValueError(f"{name} must have one entry for each of {n_rows} rows.")
        if _num_samples(values) != n_rows:
            raise ValueError(f"{name} has {_num_samples(values)} rows, X has {n_rows}.")
    if sample_weight is not None:
        extras["sample_weight"] = _check_sample_weight(
            sample_weight, X, ensure_non_negative=True
        )
    if critical is not None:
        extras["critical"] = _check_critical(np.asarray(critical))
    return extras


def _check_critical(critical):
    if (
        critical.ndim != 1
        or critical.dtype.kind not in "biuf"
        or not (np.isfinite(critical) & (critical >= 0)).all()
    ):
        raise ValueError("critical must be one bool or one finite weight >= 0 per row.")
    return critical


def check_shares_a_class(known, y):
    check_same_label_kind(old_model=known, y=y)
    if not np.isin(known, y).any():
        raise ValueError(
            f"Old and new model share no class: {known.tolist()} and "
            f"{np.unique(y).tolist()}."
        )


def check_knows_its_labels(proba):
    """Refuse rows with a label that nobody said the old model might predict."""
    if (proba.sum(axis=1) == 0).any():
        raise ValueError(
            "The old model predicts a label that neither its classes nor y have. List "
            "them all: ReferenceModel(old_model, classes=[...])."
        )


def warn_of_other_predict(outputs, classes, y):
    most_probable = classes[outputs.proba.argmax(axis=1)]
    n_other = np.count_nonzero(outputs.right != (most_probable == y))
    if n_other:
        warnings.warn(
            "The old model's predict is not its most probable class: on "
            f"{n_other} of {len(y)} calibration rows only one of the two is right. "
            "Negative flips are counted against the most probable class.",
            UserWarning,
            stacklevel=5,
        )
