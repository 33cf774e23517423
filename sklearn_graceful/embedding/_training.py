"""The one thing that a compatibility method must know: what it trains with."""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import _num_samples, has_fit_parameter

from sklearn_graceful._wrappers import fit_before_last, last_step
from sklearn_graceful.compatibility import Independent, Task
from sklearn_graceful.embedding._learner import (
    embedder_kind,
    embeddings_of,
    unit_length,
)
from sklearn_graceful.embedding._old_space import OldSpace
from sklearn_graceful.nn import (
    as_target,
    isolated_randomness,
    set_sizes,
    takes_width,
    train_net,
)

# Width of a first release where nobody chose one.
_DEFAULT_DIM = 64


@dataclass
class EmbedderTraining:
    """Rows, what is known of the old space, and a learner to fit.

    Parameters
    ----------
    estimator : estimator
        What learns: skorch net, regressor, classifier or Pipeline. Never fitted itself.
    raw, X : array-like of n rows
        As the user gave them, and as the learner takes them.
    y : ndarray of int64, shape (n,), or None
        Class indices.
    classes : ndarray of shape (n_classes,) or None
        Labels of these indices, sorted.
    weight : ndarray of float, shape (n,), or None
        Sample weights, above 0.
    reference : ReferenceModel or None
        The old model.
    old_embeddings : array-like of shape (n, old_dim) or None
        Its stored vectors.
    embedding_dim : int or None
        Width that the user wants.
    seed : int or None
        Of what draws from a stream of its own.
    verbose : int
        skorch's verbosity.
    paragon : ndarray of shape (n, paragon_dim) or None
        Embeddings by the same network, trained without any old one.

    Attributes
    ----------
    old : OldSpace
        What is known of the old space.
    kind : {"net", "classifier", "regressor"}
        How the learner embeds.
    """

    estimator: object
    raw: object
    X: object
    y: np.ndarray | None = None
    classes: np.ndarray | None = None
    weight: np.ndarray | None = None
    reference: object | None = None
    old_embeddings: object | None = None
    embedding_dim: int | None = None
    seed: int | None = None
    verbose: int = 0
    paragon: np.ndarray | None = None

    def __post_init__(self):
        self.kind = embedder_kind(self.estimator)

    @property
    def learner(self):
        """What learns, at the end of a Pipeline; not fitted."""
        return last_step(self.estimator)

    @cached_property
    def old(self):
        """What is known of the old space."""
        return OldSpace(
            self.reference,
            self.old_embeddings,
            self.raw,
            self.y,
            self.classes,
            self.weight,
            self.seed,
        )

    def task(self, embedding_dim, **old):
        """What a method gets to know: a Task, with what it needs `old` for."""
        known = {
            "n_rows": _num_samples(self.X),
            "embedding_dim": embedding_dim,
            "weight": self.weight,
            "paragon": self.paragon,
            **old,
        }
        if self.y is None:
            return Task(**known)
        classes = self.classes
        order = self.old.class_order().tolist()
        earlier = [v for v in self.old.earlier if len(v.vectors)]
        return Task(
            **known,
            y=self.y,
            n_classes=len(classes),
            earlier=[version.prototypes(classes) for version in earlier],
            old_head=self.old.head(),
            vertices=np.array([order.index(label) for label in classes.tolist()]),
        )

    def choose_width(self, width, old_dim):
        """Width of the new embeddings, given the method's; None: the network decides.

        `old_dim` is that of the old vectors that a learner other than a network learns.
        """
        wanted, learner = self.embedding_dim, self.learner
        if wanted is not None and (not isinstance(wanted, Integral) or wanted < 1):
            raise ValueError(f"embedding_dim must be an integer >= 1, got {wanted!r}.")
        if self.kind == "net":
            if wanted is None and not takes_width(learner):
                return None
            return width or _DEFAULT_DIM
        if old_dim is not None and width != old_dim:
            raise ValueError(
                f"embedding_dim is {width}, but {type(learner).__name__} learns "
                f"vectors of the old space, of width {old_dim}."
            )
        return width or (_DEFAULT_DIM if self.classes is None else len(self.classes))

    def fit_net(self, make_loss, embedding_dim):
        """Train a clone of a network.

        ``make_loss(width)`` returns the loss, a CompatibilityLoss, for embeddings of
        the width that was found. Returns what is fitted, by attribute.
        """
        estimator = clone(self.estimator)
        net, X, _ = fit_before_last(estimator, self.X, self.y)
        X = check_array(X, allow_nd=True, input_name="X")
        loss = make_loss(set_sizes(net, X, embedding_dim))
        y = as_target(net, self.y, len(X))
        history = train_net(net, X, y, loss, verbose=self.verbose)
        fitted = {"estimator_": estimator, "history_": history}
        head = loss.head()
        if head is not None:
            fitted["head_"] = unit_length(head[: len(self.classes)])
        return fitted

    def fit_other(self, target):
        """Train a clone of a regressor on vectors, or of a classifier on classes."""
        estimator = clone(self.estimator)
        learner, X, _ = fit_before_last(estimator, self.X, self.y)
        weights = {} if self.weight is None else {"sample_weight": self.weight}
        learner.fit(X, target, **weights)
        return {"estimator_": estimator}

    def with_paragon(self, width, extra_dims):
        """The same, with embeddings by a network that knows no old one.

        The paragon is `extra_dims` narrower than `width`, where that is to be chosen.
        """
        dim = None
        if width is not None and takes_width(self.learner):
            dim = width - int(extra_dims)
        seed = check_random_state(None).randint(2**31 - 1)
        plain = replace(
            self,
            reference=None,
            old_embeddings=None,
            embedding_dim=dim,
            seed=seed,
            verbose=0,
        )
        with plain.own_randomness():
            estimator = Independent().train(plain)["estimator_"]
        return replace(self, paragon=unit_length(embeddings_of(estimator, self.X)))

    @contextmanager
    def own_randomness(self):
        """Draw from a stream of one's own, as if nothing had been drawn yet."""
        with isolated_randomness(self.seed):
            yield

    def check_takes_weights(self):
        """Refuse sample weights that the learner could not use."""
        if (
            self.weight is not None
            and self.kind != "net"
            and not has_fit_parameter(self.learner, "sample_weight")
        ):
            raise TypeError(
                f"{type(self.learner).__name__}.fit takes no sample_weight."
            )
