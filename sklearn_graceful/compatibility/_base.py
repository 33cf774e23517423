"""What every compatibility method says, and the one that says nothing."""

from dataclasses import replace

import numpy as np

from sklearn_graceful._method import Method
from sklearn_graceful.compatibility._prototypes import class_codes
from sklearn_graceful.compatibility._task import VersionPrototypes
from sklearn_graceful.compatibility._terms import ClassHead, CompatibilityLoss


class Compatibility(Method):
    """Base of the methods that hold a new embedder to the old one's space.

    A method owns its training: :meth:`check` refuses what it cannot do before anything
    is trained, and :meth:`train` trains. Most methods only list the terms of their
    loss; each maps a batch to one loss a row. The first coordinates of the new
    embeddings, as many as the old ones have, are the *old view*: scaled to unit length,
    they are what is compared with old vectors.

    Attributes
    ----------
    needs_labels : bool
        Whether it cannot do without `y`.
    needs_old : bool
        Whether it learns from old embeddings.
    """

    needs_labels = True
    needs_old = True

    # Prototypes of a class that are kept for versions to come.
    n_modes = 4
    # Weight of what the old embedder says of synthetic rows, and how many of each row.
    matching = 0.0
    n_synthetic = 4

    _instead = "For a regressor use 'focal' or 'l2', for a classifier 'focal' or 'bct'."

    _bounds = {
        "strength": (0, np.inf),
        "scale": (1e-6, np.inf),
        "head_scale": (0, np.inf),
        "neighbourhood": (0, np.inf),
        "pull": (0, np.inf),
        "matching": (0, np.inf),
        "n_synthetic": (1, np.inf),
    }

    def check(self, training):
        """Refuse, before anything is trained, what the method cannot be used for.

        Parameters
        ----------
        training : EmbedderTraining
            What it would train with.

        Raises
        ------
        ValueError
            If the learner has no form of the method, labels are missing, the width is
            not one that it can have, or vectors could not be compared with those of
            the old model.
        """
        if self._is_first_release(training):
            Independent().check(training)
            return
        self._check_has_labels(training)
        if self.matching:
            training.check_takes_synthetic_rows(type(self).__name__)
        form = {"classifier": "codes", "regressor": "targets"}.get(training.kind)
        if form and getattr(type(self), form) is getattr(Compatibility, form):
            self._networks_only()
        self.check_task(self.task(training, self._width(training)))
        if training.reference is not None:
            self.check_old_method(training.old.method)

    def train(self, training):
        """Train a new embedder.

        Parameters
        ----------
        training : EmbedderTraining
            Rows, what is known of the old space, and the learner.

        Returns
        -------
        fitted : dict
            Attributes of the embedder that is fitted: ``estimator_``, ``method_`` as it
            was used, ``versions_``, and what else there is to say.
        """
        if self._is_first_release(training):
            return Independent().train(training)
        fitted = {"method_": self, "versions_": self.versions(training)}
        width = self._width(training)
        if training.kind == "net":
            return fitted | self._fit_net(training, width)
        task = self.task(training, width)
        if training.kind == "regressor":
            return fitted | training.fit_other(self.targets(task))
        codes = self.codes(task)
        nearest = _nearest_code(task, codes)
        return fitted | training.fit_other(nearest) | {"codes_": codes.vectors}

    def check_old_method(self, method):
        """Refuse an old model in whose space the method cannot learn.

        Parameters
        ----------
        method : Compatibility or None
            By which the old model learned; None if it is no ``CompatibleEmbedder``.

        Raises
        ------
        ValueError
            If vectors of the two could not be compared.
        """

    def check_task(self, task):
        """Refuse, before any training, what the method cannot be used on.

        Parameters
        ----------
        task : Task
            Without embeddings by a paragon; its width is None where the network
            decides.

        Raises
        ------
        ValueError
            If the method cannot be used.
        """

    def width(self, embedding_dim, old_dim):
        """Width of the new embeddings.

        Parameters
        ----------
        embedding_dim : int or None
            What the user wants.
        old_dim : int or None
            Width of the old embeddings.

        Returns
        -------
        width : int or None
            None leaves it to the network.

        Raises
        ------
        ValueError
            If the method cannot have that width.
        """
        return old_dim if embedding_dim is None else embedding_dim

    def terms(self, task):
        """Weighted terms of the loss.

        Parameters
        ----------
        task : Task
            What is known before training.

        Returns
        -------
        terms : list of (float, torch.nn.Module)
        """
        raise NotImplementedError(f"{type(self).__name__} defines no terms.")

    def loss(self, task):
        """Loss of the method as a module, what each row of a batch adds to it.

        Parameters
        ----------
        task : Task
            What is known before training.

        Returns
        -------
        loss : CompatibilityLoss
        """
        return CompatibilityLoss(task, self.terms(task), self.matching)

    def targets(self, task):
        """Vectors that a regressor is trained on.

        Parameters
        ----------
        task : Task
            What is known before training.

        Returns
        -------
        targets : ndarray of shape (n_rows, old_dim)

        Raises
        ------
        ValueError
            If only a network can learn by the method.
        """
        self._networks_only()

    def codes(self, task):
        """Vectors that stand for what a classifier is trained to tell apart.

        Parameters
        ----------
        task : Task
            What is known before training.

        Returns
        -------
        codes : VersionPrototypes

        Raises
        ------
        ValueError
            If only a network can learn by the method.
        """
        self._networks_only()

    def task(self, training, embedding_dim):
        """What the method gets to know before training.

        Parameters
        ----------
        training : EmbedderTraining
            Rows, what is known of the old space, and the learner.
        embedding_dim : int or None
            Width of the new embeddings; None until the network says it.

        Returns
        -------
        task : Task
        """
        if not self.needs_old:
            return training.task(embedding_dim)
        return training.task(
            embedding_dim,
            old=training.old.vectors,
            right=training.old.right,
            prototypes=training.old.modes(int(self.n_modes)),
        )

    def versions(self, training):
        """What later versions are to know of this one's predecessors.

        Parameters
        ----------
        training : EmbedderTraining
            What the method trains with.

        Returns
        -------
        versions : list of EmbedderVersion
            The oldest first.
        """
        n_modes = int(self.n_modes) if self.needs_old else None
        return training.old.versions(n_modes)

    def _fit_net(self, training, width):
        """Train a network, also on synthetic rows where these have a weight."""
        blocks, vectors = (), None
        if self.matching:
            blocks, vectors = training.synthetic_rows(int(self.n_synthetic))

        def make_loss(found):
            task = replace(self.task(training, found), synthetic=vectors)
            return self.loss(task)

        return training.fit_net(make_loss, width, blocks)

    def _width(self, training):
        old_dim = training.old.dim if self.needs_old else training.old.embedder_dim
        width = self.width(training.embedding_dim, old_dim)
        return training.choose_width(width, old_dim if self.needs_old else None)

    def _is_first_release(self, training):
        return self.needs_old and training.old.vectors is None

    def _check_has_labels(self, training):
        if training.y is None and self.needs_labels:
            raise ValueError(
                "requires y to be passed, but the target y is None: "
                f"{type(self).__name__} learns from labels. 'l2' and 'contrastive' do "
                "without."
            )

    def _networks_only(self):
        self._refuse_learner(
            f"{type(self).__name__} is a loss that only a network can be trained on."
        )


class Independent(Compatibility):
    """``CE(y)``: the old embedder is ignored.

    The loss of a first release. Its vectors say nothing in the old space, so a search
    of the old gallery finds the right class no more often than chance.

    Parameters
    ----------
    head_scale : float, default=16.0
        What the class head multiplies cosines by.

    Examples
    --------
    >>> from sklearn_graceful.compatibility import Independent
    >>> Independent().needs_old
    False
    """

    name = "independent"
    needs_old = False

    def __init__(self, head_scale=16.0):
        self.head_scale = head_scale

    def terms(self, task):
        """Cross-entropy alone."""
        return [(1.0, ClassHead(task, self.head_scale))]

    def targets(self, task):
        """One direction a class, as far apart as there is room."""
        return class_codes(task.n_classes, task.embedding_dim)[task.y]

    def codes(self, task):
        """One direction a class, as far apart as there is room."""
        codes = class_codes(task.n_classes, task.embedding_dim)
        return VersionPrototypes(codes, np.arange(task.n_classes))

    def versions(self, training):
        """None: no earlier gallery can be searched."""
        return []

    def _check_has_labels(self, training):
        if training.y is None:
            raise ValueError(
                "requires y to be passed, but the target y is None: without old "
                "embeddings there is nothing else to learn from."
            )


def _nearest_code(task, codes):
    """Number of the code of the own class that a row's old vector is nearest to."""
    own = task.y[:, None] == codes.labels
    if task.old is None:
        return own.argmax(axis=1)
    return np.where(own, task.old @ codes.vectors.T, -np.inf).argmax(axis=1)
