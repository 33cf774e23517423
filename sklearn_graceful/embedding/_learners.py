"""Train each kind of learner to embed."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils import check_array
from sklearn.utils.validation import has_fit_parameter
from skorch import NeuralNet

from sklearn_graceful._pipelines import (
    fit_through_pipeline,
    last_step,
    transform_before_last,
)
from sklearn_graceful.compatibility._terms import ClassHead
from sklearn_graceful.nn._embedding_net import embed, fit_embedding_net
from sklearn_graceful.search import unit_rows


@dataclass(frozen=True)
class Trained:
    """What a training left beside the fitted estimator.

    Attributes
    ----------
    head : ndarray of shape (n_classes, embedding_dim) or None
        Class weights, of unit length.
    codes : ndarray of shape (n_codes, embedding_dim) or None
        What a classifier's classes stand for.
    history : list of dict or None
        Losses of a network by epoch.
    """

    head: np.ndarray | None = None
    codes: np.ndarray | None = None
    history: list | None = None


def embedder_kind(estimator):
    """How an estimator can embed.

    Parameters
    ----------
    estimator : estimator
        Classifier, regressor, skorch net, or Pipeline ending in one.

    Returns
    -------
    kind : {"net", "classifier", "regressor"}

    Raises
    ------
    TypeError
        If it is none of these, or a classifier without probabilities.
    """
    learner = last_step(estimator)
    if isinstance(learner, NeuralNet):
        return "net"
    if is_regressor(learner):
        return "regressor"
    if is_classifier(learner) and hasattr(learner, "predict_proba"):
        return "classifier"
    raise TypeError(
        "estimator must be a skorch net, a regressor of several outputs, a classifier "
        "with predict_proba, or a Pipeline that ends in one, got "
        f"{type(learner).__name__}."
    )


def check_takes_weights(learner, sample_weight):
    """Refuse weights that the learner could not use.

    Parameters
    ----------
    learner : estimator
        The last step.
    sample_weight : ndarray or None
        As given.

    Raises
    ------
    TypeError
        If there are weights, and ``fit`` takes none.
    """
    if (
        sample_weight is not None
        and not isinstance(learner, NeuralNet)
        and not has_fit_parameter(learner, "sample_weight")
    ):
        raise TypeError(f"{type(learner).__name__}.fit takes no sample_weight.")


def fit_embedder(estimator, rows, *, method, make_task, embedding_dim, verbose):
    """Train an estimator to embed by a method.

    Parameters
    ----------
    estimator : estimator
        Unfitted, of one's own; fitted in place.
    rows : TrainingRows
        To be trained on.
    method : Compatibility
        Says what the loss is.
    make_task : callable
        ``make_task(embedding_dim)`` returns the Task.
    embedding_dim : int or None
        Wanted width; None: the learner's own.
    verbose : int
        skorch's verbosity.

    Returns
    -------
    trained : Trained
    """
    kind, trained = embedder_kind(estimator), None

    def fit_last(learner, X):
        nonlocal trained
        if kind == "net":
            X = check_array(X, allow_nd=True, input_name="X")
            trained = _fit_net(
                learner, X, rows, method, make_task, embedding_dim, verbose
            )
            return
        task = make_task(embedding_dim)
        weights = {} if rows.weight is None else {"sample_weight": rows.weight}
        if kind == "regressor":
            learner.fit(X, method.targets(task), **weights)
            trained = Trained()
            return
        codes = method.codes(task)
        learner.fit(X, _nearest_code(task, codes), **weights)
        trained = Trained(codes=codes.vectors)

    fit_through_pipeline(estimator, rows.X, rows.y, fit_last)
    return trained


def embeddings_of(estimator, X, codes=None):
    """Embed rows, not of unit length yet.

    Parameters
    ----------
    estimator : estimator
        Fitted by :func:`fit_embedder`.
    X : array-like of n rows
        Rows.
    codes : ndarray of shape (n_codes, embedding_dim), default=None
        Of a classifier.

    Returns
    -------
    embeddings : ndarray of shape (n, embedding_dim)
    """
    learner, X = last_step(estimator), transform_before_last(estimator, X)
    if isinstance(learner, NeuralNet):
        return embed(learner, check_array(X, allow_nd=True, input_name="X"))
    if codes is None:
        predicted = np.asarray(learner.predict(X))
        return predicted.reshape(len(predicted), -1)
    return learner.predict_proba(X) @ codes[learner.classes_]


def unit_length(embeddings):
    """Vectors of unit length; 0 stays 0.

    Parameters
    ----------
    embeddings : ndarray of shape (n, dim)
        Vectors.

    Returns
    -------
    embeddings : ndarray of float32, shape (n, dim)

    Raises
    ------
    ValueError
        If they are not finite, as after a training that diverged.
    """
    embeddings = np.asarray(embeddings, dtype=np.float64)
    if not np.isfinite(embeddings).all():
        raise ValueError(
            "The embeddings hold NaN or infinity. If the training diverged, which the "
            "losses tell, a smaller lr helps."
        )
    return unit_rows(embeddings).astype(np.float32)


def _fit_net(net, X, rows, method, make_task, embedding_dim, verbose):
    history, loss = fit_embedding_net(
        net,
        X,
        rows.y,
        lambda width: method.loss(make_task(width)),
        embedding_dim=embedding_dim,
        weight=rows.weight,
        verbose=verbose,
    )
    heads = [term for term in loss.terms if isinstance(term, ClassHead)]
    head = None
    if heads:
        weight = heads[0].weight.detach().cpu().numpy()
        head = unit_length(weight[: len(rows.classes)])
    return Trained(head=head, history=history)


def _nearest_code(task, codes):
    """Number of the code of the own class that a row's old vector is nearest to."""
    own = task.y[:, None] == codes.labels
    if task.old is None:
        return own.argmax(axis=1)
    return np.where(own, task.old @ codes.vectors.T, -np.inf).argmax(axis=1)
