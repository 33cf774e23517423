"""What FlipControlledClassifier refuses or warns of, before it trains anything."""

import warnings

import numpy as np
from sklearn.utils.validation import _num_samples

from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful._pipelines import last_step
from sklearn_graceful._row_arguments import (
    check_row_count,
    check_weights,
)


def check_old_model(reference, **needing):
    """Refuse what is of no use without an old model to ask."""
    for name, value in needing.items():
        if reference is None and value is not None:
            raise ValueError(
                f"{name} needs the old model too: pass old_model=, which takes part in "
                "every prediction. If only its stored outputs are left, train with "
                "PCClassifier."
            )


def check_has_scores(estimator):
    """Refuse a new model whose predictions are labels only."""
    if not any(hasattr(estimator, m) for m in ("predict_proba", "decision_function")):
        raise TypeError(
            f"{type(last_step(estimator)).__name__} has neither predict_proba nor "
            "decision_function, so its predictions cannot be mixed with the old "
            "model's."
        )


def check_extras(X, old_proba, sample_weight, critical):
    """Row-aligned arguments of fit, each checked, by name."""
    if old_proba is not None:
        check_row_count("old_proba", old_proba, _num_samples(X))
    sample_weight, critical = check_weights(X, sample_weight, critical)
    return {
        "old_proba": old_proba,
        "sample_weight": sample_weight,
        "critical": critical,
    }


def check_shares_a_class(known, y):
    """Refuse labels that the old model cannot have right."""
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
    """Warn if flips are counted against other labels than the old model predicts."""
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
