"""Train each kind of learner on the loss of a congruence method."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array
from sklearn.utils.validation import has_fit_parameter
from skorch import NeuralNet

from sklearn_graceful._pipelines import last_step
from sklearn_graceful.congruence._objective import NetObjective
from sklearn_graceful.congruence._soft_labels import expand_soft_labels
from sklearn_graceful.nn._fit import fit_net


def learner_kind(estimator):
    """Tell the kinds of learners apart that methods treat in their own way.

    Parameters
    ----------
    estimator : estimator
        Classifier, skorch net, or Pipeline ending in one.

    Returns
    -------
    kind : {"net", "boosting", "other"}
        Boosting is known by class name.
    """
    if check_learner(estimator):
        return "net"
    names = [kind.__name__ for kind in type(last_step(estimator)).__mro__]
    marks = ("Boosting", "AdaBoost", "XGB", "LGBM", "CatBoost")
    return "boosting" if any(m in name for m in marks for name in names) else "other"


def check_learner(estimator):
    """Refuse what is no classifier; say whether it is a network.

    Parameters
    ----------
    estimator : estimator
        Classifier, skorch net, or Pipeline ending in one.

    Returns
    -------
    is_net : bool

    Raises
    ------
    TypeError
        If it is neither a classifier nor a skorch net.
    """
    learner = last_step(estimator)
    if isinstance(learner, NeuralNet):
        return True
    if is_classifier(learner):
        return False
    raise TypeError(
        "estimator must be a classifier, a skorch net or a Pipeline that ends in one, "
        f"got {type(learner).__name__}."
    )


def fit_network(
    net,
    X,
    y,
    *,
    method,
    weights,
    old,
    verbose,
    teacher_logits=None,
    initial_weights=None,
):
    """Train a skorch net on the method's loss.

    Parameters
    ----------
    net : skorch.NeuralNet
        Unfitted.
    X : array-like of shape (n, ...)
        Numbers, finite.
    y : ndarray of int64, shape (n,)
        Class indices.
    method : Congruence
        With its choices made for a network.
    weights : RowWeights
        Of the loss.
    old : OldOutputs or None
        What the old model says.
    verbose : int
        skorch's verbosity.
    teacher_logits : ndarray of shape (n, n_classes), default=None
        Mean logits of the teachers, where the method has any.
    initial_weights : dict of str to tensor, default=None
        State of a module of the same architecture, to start from.

    Returns
    -------
    history : list of dict
    """
    X = check_array(X, allow_nd=True, input_name="X")

    def make_objective(device, label_loss):
        return NetObjective(
            method,
            weights,
            old,
            label_loss=label_loss,
            device=device,
            teacher_logits=teacher_logits,
        )

    return fit_net(
        net,
        X,
        y,
        make_objective,
        verbose=verbose,
        initial_weights=initial_weights,
    )


def check_takes_weights(learner, *, needed):
    """Refuse a learner without sample weights where they are needed.

    Parameters
    ----------
    learner : classifier
        No network.
    needed : bool
        Whether it will be given weights.

    Raises
    ------
    TypeError
        If weights are needed and the learner's ``fit`` takes none.
    """
    if needed and not has_fit_parameter(learner, "sample_weight"):
        raise TypeError(
            f"{type(learner).__name__}.fit takes no sample_weight, which this method "
            "needs."
        )


def check_teaches(learner, method, weights):
    """Refuse a learner that cannot be trained by a method, or cannot teach for it.

    Parameters
    ----------
    learner : classifier
        No network.
    method : Congruence
        With its choices made.
    weights : RowWeights
        That it would be given.

    Raises
    ------
    TypeError
        If the method asks a plain new model for probabilities that it has not, or the
        learner's ``fit`` takes no weights and needs them.
    """
    if method.needs_callable_old_model and not hasattr(learner, "predict_proba"):
        raise TypeError(
            f"{type(learner).__name__} has no predict_proba, which match mixes with "
            "the old model's."
        )
    check_takes_weights(
        learner, needed=method.needs_callable_old_model or not weights.are_plain
    )


def fit_weighted(learner, X, y, *, classes, weights, old):
    """Train any classifier on labels and sample weights.

    Parameters
    ----------
    learner : classifier
        Unfitted.
    X : array-like or sparse matrix of shape (n, n_features)
        Rows.
    y : ndarray of int64, shape (n,)
        Class indices.
    classes : ndarray of shape (n_classes,)
        Labels of these indices.
    weights : RowWeights
        Of the loss.
    old : OldOutputs or None
        What the old model says.
    """
    if weights.are_plain:
        learner.fit(X, classes[y])
        return
    if weights.old is None:
        learner.fit(X, classes[y], sample_weight=weights.label)
        return
    rows, labels, sample_weight = expand_soft_labels(y, old.proba, weights)
    X = X.iloc[rows] if hasattr(X, "iloc") else _as_rows(X)[rows]
    learner.fit(X, classes[labels], sample_weight=sample_weight)


def _as_rows(X):
    """Something that an index array can be taken of."""
    if hasattr(X, "tocsr"):
        return X.tocsr()
    return np.asarray(X)
