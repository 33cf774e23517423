"""Models with one raw output, such as a torch module: logits or probabilities."""

from scipy.special import softmax

from sklearn_graceful.reference._adapters._base import Adapter
from sklearn_graceful.reference._scores import are_distributions, log_probabilities


class RawScoresAdapter(Adapter):
    """Read a single output as logits, unless all rows ever seen are distributions."""

    _only_distributions = True

    def probabilities(self, ask, X):
        scores, are_probabilities = self._scores(ask, X)
        return scores if are_probabilities else softmax(scores, axis=1)

    def logits(self, ask, X):
        scores, are_probabilities = self._scores(ask, X)
        return log_probabilities(scores) if are_probabilities else scores

    def embeddings(self, ask, X):
        return ask("forward", X)

    def _scores(self, ask, X):
        # Log-probabilities are logits too: their softmax gives the probabilities back.
        scores = self.check_logits(ask("forward", X))
        self._only_distributions &= are_distributions(scores)
        return scores, self._only_distributions
