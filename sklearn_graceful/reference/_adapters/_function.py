"""Any function of X: its output's shape says what it returns."""

from sklearn_graceful._containers import as_array
from sklearn_graceful.reference._adapters._base import Adapter


class FunctionAdapter(Adapter):
    """A callable ``X -> labels (1-D) | probabilities or embeddings (2-D float)``."""

    @property
    def name(self):
        return getattr(self.model, "__name__", type(self.model).__name__)

    def answer(self, question, X):
        return as_array(self.model(X))

    def labels(self, ask, X):
        answers = ask("call", X)
        return answers if answers.ndim == 1 else super().labels(ask, X)

    def probabilities(self, ask, X):
        answers = ask("call", X)
        is_labels = answers.ndim == 1
        return (self.one_hot if is_labels else self.check_probabilities)(answers)

    def embeddings(self, ask, X):
        return ask("call", X)
