"""What the handle wants to know, in terms of what a kind of model can answer."""

import numpy as np

from sklearn_graceful.reference._input_guard import check_same_features
from sklearn_graceful.reference._scores import (
    are_distributions,
    label_positions,
    log_probabilities,
    log_softmax,
    margin_columns,
    one_hot,
)


class Adapter:
    """Translate the four outputs of a handle into questions to the model.

    Every output is computed from ``ask(question, X)``: the remembered result of
    `answer`, the only place where the model itself is called.

    Parameters
    ----------
    model : object
    classes : ndarray of shape (n_classes,) or None
        Labels the user gave to the model's columns.
    """

    # Labels that the model itself knows, None if it does not.
    own_classes = None

    def __init__(self, model, classes):
        self.model = model
        self.given_classes = classes
        own = self.own_classes
        if classes is not None and own is not None and len(classes) != len(own):
            raise ValueError(
                f"classes names {len(classes)} classes, {classes.tolist()}, but the "
                f"old model {self.name} was fitted on {len(own)}, {own.tolist()}."
            )

    @property
    def name(self):
        """The model in error messages."""
        return type(self.model).__name__

    @property
    def classes(self):
        """Labels of the columns, None if nobody knows them."""
        return self.own_classes if self.given_classes is None else self.given_classes

    def answer(self, question, X):
        """Call the model; ndarray with one entry per row of `X`."""

    def labels(self, ask, X):
        """Predicted labels, ndarray of shape (n,)."""
        probabilities = self.probabilities(ask, X)
        return self.classes[probabilities.argmax(axis=1)]

    def probabilities(self, ask, X):
        """Class probabilities, float64 ndarray of shape (n, n_classes)."""

    def logits(self, ask, X):
        """Class scores whose softmax is meant, float64 (n, n_classes), finite."""
        return log_probabilities(self.probabilities(ask, X))

    def embeddings(self, ask, X):
        """Vectors, float ndarray of shape (n, width)."""
        raise self.lacks("transform")

    def check_fitted(self):
        """Raise NotFittedError if the model can tell that it is not fitted."""

    def check_input(self, X):
        """Raise ValueError if `X` has other features than the model."""
        check_same_features(self.model, X)

    def need_classes(self):
        """Labels of the columns, or a ValueError that says how to give them."""
        classes = self.classes
        if classes is None:
            raise ValueError(
                f"The old model {self.name} does not say which class its columns "
                "stand for: give their labels, ReferenceModel(model, classes=[...])."
            )
        return classes

    def one_hot(self, labels):
        """Probabilities of a model that only names labels."""
        return one_hot(labels, self.need_classes())

    def check_probabilities(self, values):
        """Refuse what is not one distribution over the classes a row; to float64."""
        values = self._check_columns(values)
        if np.isnan(values).any():
            raise ValueError(
                f"The probabilities of the old model {self.name} contain NaN."
            )
        if not are_distributions(values):
            sums = values.sum(axis=1)
            raise ValueError(
                f"The probabilities of the old model {self.name} must be non-negative "
                f"and sum to 1 in every row; the smallest is {values.min():.4g} and "
                f"the sums go from {sums.min():.4g} to {sums.max():.4g}."
            )
        return values

    def check_logits(self, values):
        """Refuse NaN, infinity, other than one column a class; make -inf finite."""
        # For two classes the one margin of each row will do.
        if len(self.need_classes()) == 2 and values.size == len(values):
            values = margin_columns(values.ravel())
        values = self._check_columns(values)
        if np.isnan(values).any() or np.isposinf(values).any():
            raise ValueError(
                f"The scores of the old model {self.name} contain NaN or infinity."
            )
        return log_softmax(values) if np.isneginf(values).any() else values

    def _check_columns(self, values):
        classes = self.need_classes()
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(classes):
            raise ValueError(
                f"The old model {self.name} answered with shape {values.shape}, but "
                f"one column for each of the {len(classes)} classes "
                f"{classes.tolist()} was expected."
            )
        return values

    def relabel(self, labels):
        """Replace the model's own labels by those the user gave."""
        own, given = self.own_classes, self.given_classes
        if own is None or given is None or np.array_equal(own, given):
            return labels
        return given[label_positions(labels, own)]

    def lacks(self, *methods):
        """TypeError for an old model that has none of `methods`."""
        return TypeError(
            f"The old model {self.name} has no {' or '.join(methods)}, which is "
            "needed here."
        )
