"""Train a skorch net on a loss of ours, and keep nothing of the training."""

import copy

import torch
import torch.nn.functional as F
from sklearn.base import clone
from skorch.history import History

from sklearn_graceful.nn._batches import use_in_memory_batches
from sklearn_graceful.nn._lean import LeanTraining
from sklearn_graceful.nn._outputs import Probabilities, output_kind, to_logits


def fit_net(net, X, y, make_objective, *, verbose=0, initial_weights=None):
    """Train an unfitted skorch net in place.

    Training runs through the net's own ``fit``: its module, optimizer, callbacks and
    validation split are the user's. Only the loss and, where the user chose none, the
    iterators are ours.

    Parameters
    ----------
    net : skorch.NeuralNet
        Unfitted; its class is the same again afterwards.
    X : ndarray of shape (n, ...)
        Rows.
    y : ndarray of int64, shape (n,)
        Labels 0..K-1.
    make_objective : callable
        ``make_objective(device, label_loss)`` returns the loss,
        ``objective(output, logits, y, rows)``; `label_loss(output, logits, y,
        weight)` is the mean of the net's own criterion, weighted by row if `weight`
        is not None.
    verbose : int, default=0
        skorch's verbosity.
    initial_weights : dict of str to tensor, default=None
        State of a module of the same architecture, to start from.

    Returns
    -------
    history : list of dict
        skorch's history, one entry per epoch.
    """
    objective = _Loss(net, make_objective)
    history = train_on(
        net, X, y, objective, verbose=verbose, initial_weights=initial_weights
    )
    net.set_params(predict_nonlinearity=Probabilities(objective.kind))
    return history


def train_on(net, X, y, objective, *, verbose=0, initial_weights=None):
    """Run a net's own ``fit`` on another loss than its own.

    Parameters
    ----------
    net : skorch.NeuralNet
        Unfitted; its class is the same again afterwards.
    X, y : ndarray of n rows
        What ``fit`` gets.
    objective : callable
        ``objective(net, output, y, rows)`` returns the loss of a batch; `rows` are its
        row numbers in `X`.
    verbose : int, default=0
        skorch's verbosity.
    initial_weights : dict of str to tensor, default=None
        State of a module of the same architecture, to start from.

    Returns
    -------
    history : list of dict
        skorch's history, one entry per epoch.
    """
    original = type(net)
    net.__class__ = _with_lean_training(original)
    net.set_params(verbose=verbose)
    use_in_memory_batches(net)
    net.objective_ = objective
    net.initial_weights_ = initial_weights
    try:
        net.fit(X, y)
    finally:
        del net.objective_, net.initial_weights_
        net.__class__ = original
    history = [dict(epoch) for epoch in net.history]
    _forget_training(net)
    return history


def _with_lean_training(cls):
    """The user's net class with our epoch loop in front."""
    if issubclass(cls, LeanTraining):
        return cls
    return type(cls.__name__, (LeanTraining, cls), {})


class _Loss:
    """Turns the module's output into logits on its way to the objective."""

    def __init__(self, net, make_objective):
        self._make_objective = make_objective
        self._objective = None
        self.kind = None

    def __call__(self, net, output, y, rows):
        output = output[0] if isinstance(output, tuple) else output
        if self._objective is None:
            # Known from the first batch on: what the module's last layer yields.
            self.kind = output_kind(output.detach().float().cpu().numpy())
            label_loss = _LabelLoss(net.criterion_)
            self._objective = self._make_objective(output.device, label_loss)
        logits = to_logits(output, self.kind)
        return self._objective(output, logits, y.to(output.device), rows)


class _LabelLoss:
    """The net's own criterion, weighted by row where there are weights."""

    def __init__(self, criterion):
        self._criterion = criterion
        self._per_row = copy.copy(criterion)
        self._per_row.reduction = "none"

    def __call__(self, output, logits, y, weight):
        if weight is None:
            return self._apply(self._criterion, output, logits, y)
        loss = self._apply(self._per_row, output, logits, y)
        if loss.shape != weight.shape:
            raise TypeError(
                f"criterion {type(self._criterion).__name__} returns shape "
                f"{tuple(loss.shape)} with reduction='none', but row weights need one "
                "loss per row. Use torch.nn.CrossEntropyLoss or the like."
            )
        return torch.dot(weight, loss) / len(loss)

    @staticmethod
    def _apply(criterion, output, logits, y):
        if isinstance(criterion, torch.nn.CrossEntropyLoss):
            return criterion(logits, y)
        if isinstance(criterion, torch.nn.NLLLoss):
            return criterion(F.log_softmax(logits, dim=1), y)
        if isinstance(criterion, torch.nn.BCEWithLogitsLoss):
            return criterion(logits[:, 1] - logits[:, 0], y.to(logits.dtype))
        return criterion(output, y)


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
    net.history_ = History()
    # Not there if there was no epoch.
    vars(net).pop("batches_", None)
