"""What FlipControlledClassifier refuses or warns of, before it trains anything."""

from numbers import Real

import numpy as np
from sklearn.base import clone

from sklearn_graceful._labels import check_same_label_kind
from sklearn_graceful._warn import warn_user
from sklearn_graceful._wrappers import has_method, last_step
from sklearn_graceful.exceptions import OldModelMismatchWarning
from sklearn_graceful.reference import has_learned, knows_rows, what_clones_keep


def check_old_model(reference, **needing):
    """Refuse what is of no use without an old model to ask."""
    for name, value in needing.items():
        if reference is None and value is not None:
            raise ValueError(
                f"{name} needs the old model too: pass old_model=, which takes part in "
                "every prediction. If only its stored answers are left, train with "
                "PCClassifier."
            )


def has_scores(estimator):
    """Whether a new model says more than labels."""
    methods = ("predict_proba", "decision_function")
    return any(has_method(estimator, method) for method in methods)


def check_has_scores(estimator):
    """Refuse a new model whose predictions are labels only."""
    if not has_scores(estimator):
        raise TypeError(
            f"{type(last_step(estimator)).__name__} has neither predict_proba nor "
            "decision_function, so its predictions cannot be mixed with the old "
            "model's."
        )


def check_splitter(calibration, is_frozen, to_splitter):
    """Refuse groups where nothing is split by them."""
    if to_splitter and (is_frozen or isinstance(calibration, Real)):
        what = "a frozen estimator" if is_frozen else f"{calibration=}"
        raise ValueError(
            f"{', '.join(to_splitter)} is for a CV splitter, and {what} splits "
            "nothing by it: pass an estimator that is trained here, and "
            "calibration=GroupKFold(5) or GroupShuffleSplit(1, test_size=0.2)."
        )


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


def warn_of_fitted_estimator(estimator):
    """Warn if a fitted new model is going to be trained again."""
    if has_learned(estimator):
        warn_user(
            f"estimator, a {type(last_step(estimator)).__name__}, is fitted already, "
            "and a clone of it is going to be trained. To keep it as it is, and to "
            "calibrate on all rows, pass FrozenEstimator(estimator)."
        )


def warn_of_known_rows(reference, estimator, rows):
    """Warn, and say so, if one of the models keeps traces of the calibration rows.

    Frozen parts of a new model that is to be trained are looked at too.
    """
    if knows_rows(reference.model, rows.raw):
        name, remedy = "old model", "or its out-of-fold outputs as old_proba"
    elif any(knows_rows(part, rows.X) for part in what_clones_keep(clone(estimator))):
        name, remedy = "new model, or a frozen part of it,", "or one that is not fitted"
    else:
        return False
    warn_user(
        f"The {name} was trained on some of the calibration rows, of which it keeps "
        "traces. It is right on these more often than on new rows, so that max_nfr is "
        f"not guaranteed: pass rows that are new to both models, {remedy}.",
        OldModelMismatchWarning,
    )
    return True


def warn_of_other_predict(answers, classes, y):
    """Warn if flips are counted against other labels than the old model predicts."""
    most_probable = classes[answers.proba.argmax(axis=1)]
    n_other = np.count_nonzero(answers.right != (most_probable == y))
    if n_other:
        warn_user(
            "The old model's predict is not its most probable class: on "
            f"{n_other} of {len(y)} calibration rows only one of the two is right. "
            "Negative flips are counted against the most probable class.",
        )
