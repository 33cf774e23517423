"""Models with one raw output, such as a torch module: logits or probabilities."""

import numpy as np
from scipy.special import softmax

from sklearn_graceful.reference._adapters._base import Adapter
from sklearn_graceful.reference._scores import (
    are_distributions,
    check_columns,
    log_probabilities,
    log_softmax,
    margin_columns,
)


class RawScoresAdapter(Adapter):
    """Read a single output as logits, unless all rows ever seen are distributions.

    Log-probabilities need no case of their own: they are logits, and their softmax
    gives the probabilities back.
    """

    question = "forward"

    def __init__(self, model, classes):
        super().__init__(model, classes)
        self._only_distributions = True

    def probabilities(self, ask, X):
        scores, are_probabilities = self._scores(ask, X)
        return scores if are_probabilities else softmax(scores, axis=1)

    def logits(self, ask, X):
        scores, are_probabilities = self._scores(ask, X)
        if are_probabilities:
            return log_probabilities(scores)
        return log_softmax(scores) if np.isneginf(scores).any() else scores

    def embeddings(self, ask, X):
        return ask(self.question, X)

    def _scores(self, ask, X):
        classes = self.need_classes()
        scores = ask(self.question, X).astype(np.float64)
        if scores.size == len(scores) and len(classes) == 2:
            scores = margin_columns(scores.ravel())
        scores = check_columns(scores, classes, self.name)
        if np.isnan(scores).any() or np.isposinf(scores).any():
            raise ValueError(f"The old model {self.name} returned NaN or infinity.")
        self._only_distributions &= are_distributions(scores)
        return scores, self._only_distributions
