"""The one thing that a compatibility method must know: what it trains with."""

from copy import copy
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property, partial
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_array, check_random_state
from sklearn.utils.validation import _num_samples, has_fit_parameter

from sklearn_graceful._numbers import as_numbers
from sklearn_graceful._wrappers import check_keeps_rows, fit_before_last, last_step
from sklearn_graceful.compatibility import Independent, Task
from sklearn_graceful.embedding._learner import (
    embedder_kind,
    embeddings_of,
    unit_length,
)
from sklearn_graceful.embedding._old_space import OldSpace
from sklearn_graceful.nn import (
    as_target,
    check_draws_any_rows,
    check_splits_any_rows,
    check_takes_companions,
    isolated_randomness,
    set_sizes,
    takes_width,
    train_net,
)
from sklearn_graceful.training import (
    can_be_swapped,
    in_blocks,
    swappable_rows,
    synthetic_rows,
)

# Width of a first release where nobody chose one.
_DEFAULT_DIM = 64


@dataclass(eq=False)
class EmbedderTraining:
    """Rows, what is known of the old space, and a learner to fit.

    Parameters
    ----------
    estimator : estimator
        What learns: skorch net, regressor, classifier or Pipeline. Never fitted itself.
    raw, X : array-like of n rows
        As the user gave them, and as the learner takes them.
    labels : ndarray of shape (n,) or None
        Class labels.
    sample_weight : ndarray of float, shape (n,), or None
        Sample weights.
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
    classes : ndarray of shape (n_classes,) or None
        Labels, sorted.
    y : ndarray of int64, shape (n,), or None
        Class indices.
    old : OldSpace
        What is known of the old space.
    kind : {"net", "classifier", "regressor"}
        How the learner embeds.
    """

    estimator: object
    raw: object
    X: object
    labels: np.ndarray | None = None
    _: KW_ONLY
    sample_weight: np.ndarray | None = None
    reference: object | None = None
    old_embeddings: object | None = None
    embedding_dim: int | None = None
    seed: int | None = None
    verbose: int = 0
    paragon: np.ndarray | None = None

    def __post_init__(self):
        self.kind = embedder_kind(self.estimator)
        self.classes = self.y = None
        if self.labels is not None:
            self.classes, self.y = np.unique(self.labels, return_inverse=True)

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
            self.sample_weight,
            self.seed,
        )

    def without_absent_rows(self):
        """The same without rows of weight 0, which are as good as absent.

        Neither do they train, nor do their old vectors stand for any of the old
        gallery, nor are their labels classes.
        """
        weight, training = self.sample_weight, self
        if weight is not None and not weight.all():
            if not weight.any():
                raise ValueError(
                    "sample_weight is 0 in every row: there is none to learn."
                )
            if self.kind == "net":
                check_draws_any_rows(self.learner)
                check_splits_any_rows(self.learner)
            names = ("raw", "X", "labels", "old_embeddings", "sample_weight")
            parts = {
                name: _safe_indexing(part, weight > 0)
                for name in names
                if (part := getattr(self, name)) is not None
            }
            training = replace(self, **parts)
        if training.y is not None and len(training.classes) < 2:
            raise ValueError(
                "An embedder needs rows of two classes or more, got 1 class: "
                f"{training.classes}."
            )
        return training

    def task(self, embedding_dim, **old):
        """What a method gets to know: a Task, with what it needs `old` for."""
        known = {
            "n_rows": _num_samples(self.X),
            "embedding_dim": embedding_dim,
            "weight": self.sample_weight,
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
        is_whole = isinstance(wanted, Integral) and not isinstance(wanted, bool)
        if wanted is not None and not (is_whole and wanted >= 1):
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

    def check_takes_synthetic_rows(self, name):
        """Refuse where no synthetic rows can be made, or nobody can be asked of them.

        `name` is that of the method that wants them.
        """
        if self.kind != "net":
            raise ValueError(f"{name}: matching is part of a loss for networks.")
        if self.reference is None:
            raise ValueError(
                f"{name}: matching asks the old model about synthetic rows, so stored "
                "vectors do not do: pass old_model= as well."
            )
        if not can_be_swapped(table := swappable_rows(self)):
            raise TypeError(
                f"{name}: matching makes synthetic rows from the features of two: it "
                "needs X as a dense array or table with columns, got "
                f"{type(table).__name__}."
            )
        check_takes_companions(self.learner)

    def synthetic_rows(self, n_copies):
        """Synthetic rows, `n_copies` of each row in turn, in blocks; old vectors."""
        random_state = check_random_state(None)  # the global one, seeded for this fit
        made = synthetic_rows(swappable_rows(self), random_state, n_copies)
        blocks = list(in_blocks(made))
        return blocks, np.concatenate([self.old.ask(block) for block in blocks])

    def fit_net(self, make_loss, embedding_dim, companions=()):
        """Train a clone of a network.

        ``make_loss(width)`` returns the loss, a CompatibilityLoss, for embeddings of
        the width that was found; `companions` are blocks of raw synthetic rows that it
        has a part for. Returns what is fitted, by attribute.
        """
        estimator = clone(self.estimator)
        net, X, _, more = fit_before_last(estimator, self.X, self.y, tuple(companions))
        numbers = partial(check_array, allow_nd=True, input_name="X")
        X = as_numbers(X, numbers)
        more = [as_numbers(block, numbers) for block in more]
        loss = make_loss(set_sizes(net, X, embedding_dim))
        y = as_target(net, self.y, len(X))
        companions = np.concatenate(more) if more else None
        history = train_net(
            net, X, y, loss, companions=companions, verbose=self.verbose
        )
        fitted = {"estimator_": estimator, "history_": history}
        head = loss.head()
        if head is not None:
            fitted["head_"] = unit_length(head[: len(self.classes)])
        return fitted

    def fit_other(self, target):
        """Train a clone of a regressor on vectors, or of a classifier on classes."""
        estimator = clone(self.estimator)
        learner, X, _, _ = fit_before_last(estimator, self.X, self.y)
        weight = self.sample_weight
        learner.fit(X, target, **({} if weight is None else {"sample_weight": weight}))
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
        # A copy has what was found out already of the old space.
        beside = copy(self)
        beside.paragon = unit_length(embeddings_of(estimator, self.X))
        return beside

    def own_randomness(self):
        """Context that draws from a stream of its own, as if nothing had been drawn."""
        return isolated_randomness(self.seed)

    def check_takes_weights(self):
        """Refuse sample weights that the learner could not use, and samplers."""
        check_keeps_rows(self.estimator)
        if (
            self.sample_weight is not None
            and self.kind != "net"
            and not has_fit_parameter(self.learner, "sample_weight")
        ):
            raise TypeError(
                f"{type(self.learner).__name__}.fit takes no sample_weight."
            )
