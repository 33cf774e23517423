"""A skorch classifier with in-memory batches, a lean loop and sizes from the data."""

import inspect

import numpy as np
import torch
from skorch import NeuralNetClassifier

from sklearn_graceful.nn._batches import (
    take_integers_as_floats,
    use_in_memory_batches,
)
from sklearn_graceful.nn._length import counted_steps, has_schedule, train_for_length
from sklearn_graceful.nn._loop import LeanEpochs, OnOwnLoss


class InMemoryClassifier(LeanEpochs, NeuralNetClassifier):
    """skorch's ``NeuralNetClassifier`` for data that is in memory.

    Batches are slices of tensors, the loop does no bookkeeping per batch, and a
    module whose ``__init__`` takes ``n_features`` and ``n_classes`` gets both from
    the data. Unlike in skorch, training shuffles unless
    ``iterator_train__shuffle=False``. As in skorch, labels are 0..K-1;
    ``PCClassifier(net, method="none")`` learns any labels.

    Parameters
    ----------
    module : torch.nn.Module class or instance
        Its output is one logit per class.
    *args
        Passed on to ``NeuralNetClassifier``.
    criterion : torch criterion, default=torch.nn.CrossEntropyLoss
        The loss.
    max_epochs : int or "auto", default=10
        How long it is trained. ``"auto"``: as long as that pays on a tenth of the rows
        of each class, which are held out. The net is looked at after 1, 2, ... epochs,
        later at every tenth more, 400 at the most, by the log-loss on these rows once
        all logits are multiplied by the number that suits them best. Once the best
        look lies behind by half of its epochs, the net goes back to the latest look
        that is as good, and is trained for 0.3 times as many epochs on all rows, with
        a learning rate that goes to 0. Rows of a validation split of one's own
        (``train_split``) are looked at instead, and are never trained on; with
        skorch's ``EarlyStopping`` among the callbacks, that decides, within 400
        epochs. Below about 100 rows there is nothing to be seen: 40 epochs, or 100
        steps if these are more, and then a falling rate.
    autocast : bool, default=False
        Compute the forward pass in bfloat16 where torch deems it safe.
    **kwargs
        Any other parameter of ``skorch.NeuralNetClassifier``.

    Attributes
    ----------
    module_ : torch.nn.Module
        The trained module.
    classes_ : ndarray of shape (n_classes,)
        0..K-1.
    n_steps_ : int
        Optimizer steps that the weights went through. What was trained beyond the
        length that was chosen does not count.
    n_epochs_ : float
        With ``max_epochs="auto"``: the length that was chosen, in epochs of all rows,
        without those of the falling rate.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_graceful.nn import MLP, InMemoryClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = InMemoryClassifier(MLP, max_epochs=2, train_split=None, verbose=0)
    >>> net.fit(X, y).module_[0].in_features
    4
    """

    def __init__(
        self,
        module,
        *args,
        criterion=torch.nn.CrossEntropyLoss,
        autocast=False,
        **kwargs,
    ):
        self.autocast = autocast
        super().__init__(module, *args, criterion=criterion, **kwargs)

    def fit(self, X, y, **fit_params):
        """Train from new weights.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.
        y : array-like of int, shape (n,)
            Labels 0..K-1.
        **fit_params
            Passed to the module's forward method, as in skorch.

        Returns
        -------
        self : InMemoryClassifier

        Raises
        ------
        ValueError
            If the labels are not 0..K-1.
        """
        self._find_sizes(X, y)
        return super().fit(X, y, **fit_params)

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train on, from the weights as they are.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.
        y : array-like of int, shape (n,)
            Labels 0..K-1.
        classes : array-like of shape (n_classes,), default=None
            All labels, if the first call does not show them all.
        **fit_params
            Passed to the module's forward method, as in skorch.

        Returns
        -------
        self : InMemoryClassifier
        """
        if not self.initialized_:
            self._find_sizes(X, y if classes is None else classes)
        elif self.optimizer_ is None:  # trained by an estimator, which keeps none
            self._initialize_callbacks()
            self._initialize_criterion()
            self._initialize_optimizer()
        return super().partial_fit(X, y, classes=classes, **fit_params)

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Run the epochs.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.
        y : array-like of int, shape (n,), default=None
            Labels 0..K-1.
        epochs : int, default=None
            How many; None: what ``max_epochs`` says.
        **fit_params
            Passed to the module's forward method, as in skorch.

        Returns
        -------
        self : InMemoryClassifier
        """
        with counted_steps(self):
            if epochs is not None or not has_schedule(self.max_epochs):
                return super().fit_loop(X, y, epochs, **fit_params)
            fit_params.pop("_routing_method", None)
            return train_for_length(OnOwnLoss(self, y, fit_params), X, y)

    def _find_sizes(self, X, y):
        self.n_classes_ = count_classes(y)
        self.n_features_ = None if isinstance(X, dict | list) else _count_columns(X)

    def initialize_module(self):
        """Make the module, with the sizes of the data where it takes them.

        Raises
        ------
        ValueError
            If it takes sizes that are neither given nor known from data.
        """
        kwargs = self.get_params_for("module")
        if inspect.isclass(self.module):
            wanted = inspect.signature(self.module).parameters
            for name in ("n_features", "n_classes"):
                if name not in wanted or name in kwargs:
                    continue
                if hasattr(self, f"{name}_"):
                    kwargs[name] = getattr(self, f"{name}_")
                elif wanted[name].default is inspect.Parameter.empty:
                    raise ValueError(
                        f"{self.module.__name__} takes {name} from the data of fit. "
                        "Without, as before load_params, give module__n_features and "
                        "module__n_classes."
                    )
        self.module_ = self.initialized_instance(self.module, kwargs)
        return self

    def initialize(self):
        """Make all components, with in-memory batches unless the user chose others."""
        use_in_memory_batches(self)
        super().initialize()
        take_integers_as_floats(self)
        return self

    def infer(self, x, **fit_params):
        """Run the module on one batch.

        Parameters
        ----------
        x : tensor or nested tensors
            One batch of rows.
        **fit_params
            Passed to the module's forward method.

        Returns
        -------
        output : tensor
        """
        if not self.autocast:
            return super().infer(x, **fit_params)
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16):
            output = super().infer(x, **fit_params)
        return output.float()


def count_classes(y):
    """Number of classes of labels as a net takes them.

    Raises
    ------
    ValueError
        If they are not 0..K-1.
    """
    labels = np.unique(y)
    if not np.array_equal(labels, np.arange(len(labels))):
        raise ValueError(
            f"A net's labels are 0..K-1, got {labels[:10].tolist()}. Wrap the net in "
            'PCClassifier(net, method="none") to learn other labels.'
        )
    return len(labels)


def _count_columns(X):
    if np.ndim(X) < 2:
        raise ValueError(
            f"A net takes rows of several numbers, got X of shape {np.shape(X)}. "
            "Reshape it: X.reshape(-1, 1) for one column, X.reshape(1, -1) for one row."
        )
    return np.shape(X)[1]
