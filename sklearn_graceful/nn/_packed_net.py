"""An ensemble in one skorch net."""

import inspect

import torch
from sklearn.base import clone
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_graceful.nn._batches import (
    InMemoryBatches,
    PackedBatches,
    has_plain_dataset,
)
from sklearn_graceful.nn._classifier import InMemoryClassifier
from sklearn_graceful.nn._mlp import MLP, mlp_params
from sklearn_graceful.nn._packed_module import PackedModule

# What they do to one weight does not depend on any other.
_ELEMENTWISE = (
    torch.optim.SGD,
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.Adamax,
    torch.optim.NAdam,
    torch.optim.RAdam,
    torch.optim.RMSprop,
    torch.optim.Adagrad,
    torch.optim.Adadelta,
)


class PackedClassifier(InMemoryClassifier):
    """An ensemble of `n_members` nets of one architecture, trained and asked at once.

    Every member starts from weights of its own, sees the rows in an order of its own,
    and is trained on its own loss, as if it were alone; what is saved is the cost of
    many small operations. The output is the mean of the members' logits. Callbacks,
    validation loss and early stopping see that mean, so members stop together.

    Parameters
    ----------
    module : torch.nn.Module class
        Of one member. Neither buffers (batch norm) nor randomness (dropout).
    *args
        Passed on to :class:`InMemoryClassifier`.
    n_members : int, default=8
        Size of the ensemble.
    member_rows : list of array of int, default=None
        Positions of the rows that each member is trained on, equally many. None: all.
    **kwargs
        Any other parameter of :class:`InMemoryClassifier`.

    Attributes
    ----------
    module_ : PackedModule
        The trained members; ``module_.members()`` are ordinary modules.
    classes_ : ndarray of shape (n_classes,)
        0..K-1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_graceful.nn import MLP, PackedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = PackedClassifier(MLP, n_members=3, max_epochs=2, train_split=None,
    ...                        verbose=0).fit(X, y)
    >>> len(net.module_.members())
    3
    """

    def __init__(self, module, *args, n_members=8, member_rows=None, **kwargs):
        self.n_members = n_members
        self.member_rows = member_rows
        super().__init__(module, *args, **kwargs)

    def initialize_module(self):
        """Make the members, one after the other.

        Raises
        ------
        ValueError
            If `n_members` is no whole number from 1 on, or `member_rows` are not those
            of so many members, equally many each.
        TypeError
            If the module is no class, has buffers, or draws random numbers.
        """
        if self.n_members != int(self.n_members) or self.n_members < 1:
            raise ValueError(f"n_members must be 1 or more, got {self.n_members!r}.")
        if not inspect.isclass(self.module):
            raise TypeError(
                "module must be a class, so that every member starts from weights of "
                f"its own, got an object of {type(self.module).__name__}."
            )
        lengths = [len(rows) for rows in self.member_rows or ()]
        if lengths and lengths != lengths[:1] * int(self.n_members):
            raise ValueError(
                f"member_rows must have equally many rows for each of {self.n_members} "
                f"members, got {lengths}."
            )
        members = []
        for _ in range(int(self.n_members)):
            super().initialize_module()
            members.append(self.module_)
        self.module_ = PackedModule(members)
        return self

    def get_iterator(self, dataset, training=False):
        """Make the iterator over batches; in training every member has its own.

        Parameters
        ----------
        dataset : torch.utils.data.Dataset
            What to iterate over.
        training : bool, default=False
            Whether it is for training.

        Returns
        -------
        iterator : iterable of (X, y)

        Raises
        ------
        ValueError
            If ``iterator_train`` was replaced: members get rows of their own from
            data in memory only.
        """
        iterator = super().get_iterator(dataset, training=training)
        if not training:
            return iterator
        if type(iterator) is not InMemoryBatches:
            raise ValueError(
                "A packed net draws each member's batches itself: leave iterator_train "
                f"as it is, got {self.iterator_train!r}."
            )
        if self.member_rows is None:
            return PackedBatches([iterator] * self.module_.n_members)
        return PackedBatches([iterator.of_rows(rows) for rows in self.member_rows])

    def members_proba(self, parts):
        """Probabilities by each member alone, of rows of its own.

        Parameters
        ----------
        parts : list of array-like of shape (n, ...)
            Rows, for each member.

        Returns
        -------
        proba : list of ndarray of shape (n, n_classes)
        """
        whole, proba = self.module_, []
        try:
            for self.module_, X in zip(whole.members(), parts, strict=True):
                proba.append(self.predict_proba(X))
        finally:
            self.module_ = whole
        return proba


def packed_mlp_net(n_members=8, hidden_sizes=(48, 48), **params):
    """Default ensemble in one skorch net: MLPs whose widths are found at fit.

    It does not scale its input: put a ``StandardScaler`` before it.

    Parameters
    ----------
    n_members : int, default=8
        Size of the ensemble.
    hidden_sizes : tuple of int, default=(48, 48)
        Width of each hidden layer of a member.
    **params
        Any other parameter of :func:`mlp_net`.

    Returns
    -------
    net : PackedClassifier
        Unfitted.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful.nn import packed_mlp_net
    >>> X, y = load_digits(return_X_y=True)
    >>> net = packed_mlp_net(4, (32,), max_epochs=3).fit(X / 16, y)
    >>> net.predict_proba(X / 16).shape
    (1797, 10)
    """
    return PackedClassifier(
        MLP, n_members=n_members, **mlp_params(hidden_sizes, **params)
    )


def pack(net, n_members):
    """An ensemble whose members are trained as an unfitted `net` would be."""
    params = clone(net).get_params(deep=False)
    return PackedClassifier(n_members=n_members, **params)


def trains_alike_when_packed(net):
    """Whether packed members of an unfitted net are trained as each would be alone.

    With ``max_epochs="auto"`` as long as suits their mean.
    """
    # Not so where something looks at all weights or at the loss as a whole: gradient
    # clipping by norm, early stopping, LBFGS, a validation split, a net class with
    # steps of its own. What the module does shows only when it is packed.
    params = net.get_params(deep=False)
    return (
        type(net) in (NeuralNetClassifier, InMemoryClassifier)
        and inspect.isclass(net.module)
        and net.criterion is nn.CrossEntropyLoss
        and not net.get_params_for("criterion")
        and net.optimizer in _ELEMENTWISE
        and "optimizer__param_groups" not in params
        and net.train_split is None
        and has_plain_dataset(net)
        and not net.callbacks
        and not any(name.startswith("callbacks__") for name in params)
        and not net.compile
        and not params.get("autocast", False)
        and net.iterator_train in (InMemoryBatches, torch.utils.data.DataLoader)
        and set(net.get_params_for("iterator_train"))
        <= {"batch_size", "shuffle", "drop_last", "device", "float_rows"}
    )
