"""What every compatibility method says."""

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_graceful._bounded_parameters import BoundedParameters
from sklearn_graceful.compatibility._terms import CompatibilityLoss


class Compatibility(BoundedParameters, BaseEstimator):
    """Base of the methods that hold a new embedder to the old one's space.

    A method lists the terms of its loss; each maps a batch to one loss a row. The
    first coordinates of the new embeddings, as many as the old ones have, are the *old
    view*: scaled to unit length, they are what is compared with old vectors.

    Attributes
    ----------
    needs_labels : bool
        Whether it cannot do without `y`.
    needs_old : bool
        Whether it has a use for old embeddings.
    needs_paragon : bool
        Whether it asks for embeddings by the same network, trained without any old one.
    """

    needs_labels = True
    needs_old = True
    needs_paragon = False

    # Prototypes of a class that are kept for versions to come.
    n_modes = 4

    _bounds = {
        "lam": (0, np.inf),
        "scale": (1e-6, np.inf),
        "head_scale": (0, np.inf),
        "mu": (0, np.inf),
        "nu": (0, np.inf),
    }

    def check_learner(self, kind):
        """Refuse a kind of learner that the method has no form for.

        Parameters
        ----------
        kind : {"net", "classifier", "regressor"}
            What is to be trained.

        Raises
        ------
        ValueError
            If only a network can learn by the method.
        """
        form = {"classifier": "codes", "regressor": "targets"}.get(kind)
        if form and getattr(type(self), form) is getattr(Compatibility, form):
            raise self._networks_only()

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
        """Loss of the method as a module, ``loss(embeddings, rows)``, by row.

        Parameters
        ----------
        task : Task
            What is known before training.

        Returns
        -------
        loss : CompatibilityLoss
        """
        return CompatibilityLoss(task, self.terms(task))

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
        raise self._networks_only()

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
        raise self._networks_only()

    def _networks_only(self):
        return ValueError(
            f"{type(self).__name__} is a loss that only a network can be trained on. "
            "For a regressor use 'focal' or 'l2', for a classifier 'focal' or 'bct'."
        )
