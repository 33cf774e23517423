"""Which learners can embed, and how."""

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils import check_array
from sklearn.utils.validation import _num_samples
from skorch import NeuralNet

from sklearn_graceful._wrappers import last_step, transform_before_last
from sklearn_graceful.nn import embed
from sklearn_graceful.search import unit_rows
from sklearn_graceful.training import checked_scores


def embedder_kind(estimator):
    """Tell "net", "classifier" and "regressor" apart, and refuse what cannot embed."""
    learner = last_step(estimator)
    if isinstance(learner, NeuralNet):
        return "net"
    if hasattr(learner, "__sklearn_tags__"):
        if is_regressor(learner):
            return "regressor"
        if is_classifier(learner) and hasattr(learner, "predict_proba"):
            return "classifier"
    raise TypeError(
        "estimator must be a skorch net, a regressor of several outputs, a classifier "
        "with predict_proba, or a Pipeline that ends in one, got "
        f"{type(learner).__name__}."
    )


def embeddings_of(estimator, X, codes=None):
    """Embed rows by a fitted estimator, not of unit length yet.

    `codes` are what a classifier's classes stand for, of shape (n_codes, dim).
    """
    learner, X = last_step(estimator), transform_before_last(estimator, X)
    if isinstance(learner, NeuralNet):
        return embed(learner, check_array(X, allow_nd=True, input_name="X"))
    if codes is None:
        predicted = np.asarray(learner.predict(X))
        return predicted.reshape(len(predicted), -1)
    known, proba = learner.classes_, learner.predict_proba(X)
    return checked_scores(learner, proba, _num_samples(X), len(known)) @ codes[known]


def unit_length(embeddings):
    """Vectors of unit length, as float32; 0 stays 0, and NaN is refused."""
    embeddings = np.asarray(embeddings, dtype=np.float64)
    if not np.isfinite(embeddings).all():
        raise ValueError(
            "The embeddings hold NaN or infinity. If the training diverged, which the "
            "losses tell, a smaller lr helps."
        )
    return unit_rows(embeddings).astype(np.float32)
