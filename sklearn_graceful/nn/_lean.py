"""skorch's training loop without its cost per batch."""

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochScoring, LRScheduler

from sklearn_graceful.nn._batches import (
    InMemoryBatches,
    NumberedDataset,
    NumberedLoader,
    take_integers_as_floats,
)
from sklearn_graceful.nn._weights import load_weights


class LeanTraining:
    """Mixin before a skorch net class: a lean epoch, and a loss that knows its rows.

    skorch takes the loss off the device, writes history and calls every callback
    once a batch. For a small network that costs as much as the step itself. Here a
    training epoch does none of it, unless a callback or an overridden step of the
    user's own class needs it; then skorch's own loop runs.

    Attributes
    ----------
    objective_ : callable or None
        ``objective_(net, output, y, rows)`` returns the loss of a batch; `rows` are
        the row numbers in the data given to fit. It may have a module ``criterion``,
        which takes the place of the net's. None: the net's own criterion.
    initial_weights_ : dict of str to tensor, or None
        What training starts from. None: what the module's own initialisation gives.
    """

    objective_ = None
    initial_weights_ = None

    def initialize(self):
        """Make all components, with the initial weights if there are any.

        Returns
        -------
        self : NeuralNet

        Raises
        ------
        ValueError
            If the module has other weights, by name or by shape.
        """
        super().initialize()
        take_integers_as_floats(self)
        if self.initial_weights_ is not None:
            load_weights(self.module_, self.initial_weights_)
        return self

    def initialize_criterion(self):
        """Make the criterion; that of an objective takes the place of the net's own.

        skorch moves a criterion to the device and trains its parameters too.

        Returns
        -------
        self : NeuralNet
        """
        criterion = getattr(self.objective_, "criterion", None)
        if criterion is None:
            return super().initialize_criterion()
        self.criterion_ = criterion
        return self

    def get_iterator(self, dataset, training=False):
        """Make the iterator over batches, one that knows its rows if they matter.

        Parameters
        ----------
        dataset : torch.utils.data.Dataset
            What to iterate over.
        training : bool, default=False
            Whether it is for training.

        Returns
        -------
        iterator : iterable of (X, y)
        """
        kind = self.iterator_train if training else self.iterator_valid
        if self.objective_ is None or kind is InMemoryBatches:
            return super().get_iterator(dataset, training=training)
        loader = super().get_iterator(NumberedDataset(dataset), training=training)
        return NumberedLoader(loader)

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        """Loss of one batch.

        Parameters
        ----------
        y_pred : tensor
            Output of the module.
        y_true : tensor of shape (batch,)
            Labels.
        *args, **kwargs
            Passed on when the net's own criterion is used.

        Returns
        -------
        loss : tensor, scalar
        """
        if self.objective_ is None:
            return super().get_loss(y_pred, y_true, *args, **kwargs)
        return self.objective_(self, y_pred, y_true, self.batches_.rows)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run one pass over the data; lean when nobody watches the batches.

        Parameters
        ----------
        iterator : iterable of (X, y) or None
            The batches; None skips the pass.
        training : bool
            Whether weights are updated.
        prefix : {"train", "valid"}
            Of the entries in the history.
        step_fn : callable
            skorch's step.
        **fit_params
            Passed to the module's forward method.
        """
        self.batches_ = iterator
        if iterator is None:
            return
        if not (training and _steps_are_plain(self)):
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            return
        self._set_training(True)
        losses, sizes = [], []
        for X, y in iterator:
            self._zero_grad_optimizer()
            loss = self.get_loss(self.infer(X, **fit_params), y, X=X, training=True)
            loss.backward()
            self._step_optimizer(None)
            losses.append(loss.detach())
            sizes.append(len(y))
        # The only time that an epoch waits for the device.
        loss = np.average(torch.stack(losses).cpu().numpy(), weights=sizes)
        self.history.record(f"{prefix}_loss", float(loss))


def _steps_are_plain(net):
    """Whether skorch's own loop would do nothing more than the lean one does."""
    steps = ("train_step", "train_step_single", "_step_optimizer")
    optimizers = [getattr(net, f"{name}_") for name in net._optimizers]
    return (
        all(getattr(type(net), step) is getattr(NeuralNet, step) for step in steps)
        # LBFGS calls the model several times a step.
        and not any(isinstance(o, torch.optim.LBFGS) for o in optimizers)
        and not any(_watches_training_batches(c) for _, c in net.callbacks_)
    )


def _watches_training_batches(callback):
    if isinstance(callback, EpochScoring):
        return callback.on_train
    if isinstance(callback, LRScheduler):
        return callback.step_every == "batch"
    events = ("on_batch_begin", "on_batch_end", "on_grad_computed")
    return any(getattr(type(callback), e) is not getattr(Callback, e) for e in events)
