"""Train a skorch net on a loss of ours, in its own ``fit``."""

from functools import partial

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochScoring, LRScheduler
from skorch.history import History

from sklearn_graceful.nn._batches import (
    numbered_batches,
    take_integers_as_floats,
    use_in_memory_batches,
)
from sklearn_graceful.nn._companions import WithCompanions
from sklearn_graceful.nn._interrupts import ended_by_interrupts
from sklearn_graceful.nn._length import (
    Tuning,
    as_strata,
    counted_steps,
    log_losses,
    train_for_length,
)
from sklearn_graceful.nn._outputs import output_kind, to_logits
from sklearn_graceful.nn._seeding import isolated_randomness
from sklearn_graceful.nn._weights import load_weights

# What a tuning leaves out: it has a schedule and rows of its own.
_PUT_ASIDE = {"max_epochs": 0, "callbacks": "disable", "train_split": None}


def train_net(
    net,
    X,
    y,
    objective,
    *,
    companions=None,
    start_from=None,
    n_epochs=None,
    after_epoch=None,
    verbose=0,
):
    """Train an unfitted skorch net in place, on another loss than its own.

    Class, criterion, module, optimizer, callbacks and validation split stay the net's;
    only the loss and, where the user chose none, the iterators are ours. Nothing of the
    training is kept.

    Parameters
    ----------
    net : skorch.NeuralNet
        Unfitted.
    X, y : ndarray of n rows
        What the net's ``fit`` gets.
    objective : torch.nn.Module
        ``objective(output, y, rows)`` returns what each row of a batch adds to the
        loss, a tensor of shape (batch,); `rows` are their positions in `X`. Its
        parameters are trained too. The net's own criterion becomes its ``criterion``.
        One whose ``is_by_row`` is False looks at no `rows`, and may be asked about a
        validation set of other rows than those of `X`.
    companions : array of shape (n_companions, ...), default=None
        Rows like those of `X` that have no label. Every batch of the training is
        followed by as many of them, and `rows` are CompanionRows then.
    start_from : dict of str to tensor, default=None
        Weights of a module of the same architecture. None: the module's own start.
    n_epochs : int, default=None
        Tune: train for so many epochs, over which the learning rate falls from twice
        the net's own to 0, without its callbacks and its validation split. None: train
        as the net says.
    after_epoch : callable, default=None
        Called without arguments after each epoch.
    verbose : int, default=0
        skorch's verbosity.

    Returns
    -------
    history : list of dict
        skorch's history, one entry per epoch.

    Raises
    ------
    ValueError
        If `start_from` fits another architecture, or the net's ``train_split`` yields
        rows from elsewhere that the objective knows nothing about.
    KeyboardInterrupt
        If the training is interrupted; skorch's ``EarlyStopping`` ends it as ever.
    """
    own = {}
    if n_epochs is not None:
        own = {name: getattr(net, name) for name in _PUT_ASIDE}
        vars(net).update(_PUT_ASIDE, max_epochs=Tuning(n_epochs))
    net.set_params(verbose=verbose)
    use_in_memory_batches(net)
    # Like the loop, a method of this one net that is gone as soon as skorch has called
    # it: the net is itself again before the first epoch, for callbacks that pickle it.
    initialize = partial(_initialize, net, objective, start_from)
    vars(net)["initialize_criterion"] = initialize
    way = partial(_OnObjective, net, objective, after_epoch, companions)
    loop = partial(_fit_loop, net, way)
    try:
        with ended_by_interrupts(net, loop):
            net.fit(X, y)
    finally:
        vars(net).pop("initialize_criterion", None)
        if hasattr(net, "objective_"):
            del net.objective_
        vars(net).update(own)
    history = [dict(epoch) for epoch in net.history]
    _forget_training(net)
    return history


class LeanEpochs:
    """Mixin before a skorch net class: no cost a batch where nobody watches."""

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
        if iterator is not None and training and steps_are_plain(self):
            lean_epoch(self, iterator, prefix, **fit_params)
        else:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)


def lean_epoch(net, batches, prefix, **fit_params):
    """Run a training epoch that neither waits for the device nor calls back by batch.

    skorch takes the loss off the device, writes history and calls every callback once
    a batch, which for a small network costs as much as the step itself.
    """
    net._set_training(True)
    losses, sizes = [], []
    for X, y in batches:
        net._zero_grad_optimizer()
        loss = net.get_loss(net.infer(X, **fit_params), y, X=X, training=True)
        loss.backward()
        net._step_optimizer(None)
        losses.append(loss.detach())
        sizes.append(len(y))
    # The only time that an epoch waits for the device.
    loss = np.average(torch.stack(losses).cpu().numpy(), weights=sizes)
    net.history.record(f"{prefix}_loss", float(loss))
    # As one batch: a Checkpoint looks at the last one.
    net.history.new_batch()
    net.history.record_batch(f"{prefix}_loss", float(loss))
    net.history.record_batch(f"{prefix}_batch_size", sum(sizes))


def steps_are_plain(net):
    """Whether skorch's own epoch would do nothing more than :func:`lean_epoch`."""
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


def _initialize(net, objective, start_from):
    """Make the criterion, and let skorch move and train the objective like another."""
    del vars(net)["initialize_criterion"]
    net.initialize_criterion()
    objective.criterion = net.criterion_
    net.objective_ = objective
    take_integers_as_floats(net)
    if start_from is not None:
        load_weights(net.module_, start_from)
    return net


def _fit_loop(net, way, X, y=None, **_):
    """Run skorch's loop over epochs, with batches that know their rows."""
    with counted_steps(net):
        return train_for_length(way(), X, y)


class OnOwnLoss:
    """The way of training of a net alone: skorch's epochs, the net's own loss."""

    is_by_row = False

    def __init__(self, net, labels=None, fit_params=None):
        self.net, self.fit_params = net, fit_params or {}
        self._labels, self._kind = labels, None

    def batches(self, dataset, *, training):
        """The net's iterator over a dataset."""
        return self.net.get_iterator(dataset, training=training)

    def run(self, batches, prefix):
        """Go over the batches once."""
        training = prefix == "train"
        step = self.net.train_step if training else self.net.validation_step
        self.net.run_single_epoch(
            batches, training=training, prefix=prefix, step_fn=step, **self.fit_params
        )

    def strata(self, n_rows):
        """Class of each row."""
        return as_strata(self._labels, n_rows)

    def losses(self, X, y, rows):
        """What tells how good the net is on a batch, of shape (n_scales, batch)."""
        output = first_output(self.net.infer(X, **self.fit_params))
        if self._kind is None:
            self._kind = output_kind(output.float().cpu().numpy())
        return log_losses(to_logits(output, self._kind), y, self.net.criterion_)


class _OnObjective:
    """The way of training on a loss of ours."""

    def __init__(self, net, objective, after_epoch, companions):
        self.net, self.fit_params = net, {}
        self._companions = companions
        self.is_by_row = getattr(objective, "is_by_row", True)
        self._objective, self._after_epoch = objective, after_epoch

    def batches(self, dataset, *, training):
        batches = numbered_batches(self.net, dataset, training=training)
        if training and self._companions is not None:
            return WithCompanions(self.net, batches, self._companions)
        return batches

    def run(self, batches, prefix):
        training = prefix == "train"
        step = self.net.train_step if training else self.net.validation_step
        _run_epoch(self.net, self._objective, batches, prefix, step)
        if training and self._after_epoch is not None:
            self._after_epoch()

    def strata(self, n_rows):
        """Class of each row; -1 where it must not be held out."""
        if hasattr(self._objective, "strata"):
            return self._objective.strata()
        return as_strata(getattr(self._objective, "y", None), n_rows)

    def losses(self, X, y, rows):
        output = first_output(self.net.infer(X))
        y = y.to(output.device)
        # What is random in a loss is the same at every look, and no draw of the
        # training.
        with isolated_randomness(0):
            if hasattr(self._objective, "held_out_losses"):
                return self._objective.held_out_losses(output, y, rows)
            return len(output) * self._objective(output, y, rows)[None]


def _run_epoch(net, objective, batches, prefix, step):
    def get_loss(output, y, *args, **kwargs):
        output = first_output(output)
        return objective(output, y.to(output.device), batches.rows).sum()

    training = prefix == "train"
    own_epoch = type(net).run_single_epoch is not NeuralNet.run_single_epoch
    vars(net)["get_loss"] = get_loss
    try:
        if training and not own_epoch and steps_are_plain(net):
            lean_epoch(net, batches, prefix)
        else:
            net.run_single_epoch(
                batches, training=training, prefix=prefix, step_fn=step
            )
    finally:
        del vars(net)["get_loss"]


def first_output(output):
    """What a module yields, or the first of several outputs."""
    return output[0] if isinstance(output, tuple) else output


def _forget_training(net):
    for name in net._optimizers + net._criteria:
        setattr(net, f"{name}_", None)
    for name in net._modules:
        # A packed module keeps work tensors only while it is trained.
        module = getattr(net, f"{name}_").eval()
        for parameter in module.parameters():
            parameter.grad = None
    if isinstance(net.callbacks, list):
        net.callbacks = clone(net.callbacks, safe=False)
    net.callbacks_ = []
    net.virtual_params_ = {}  # what would be set in an optimizer that is gone
    net.history_ = History()
