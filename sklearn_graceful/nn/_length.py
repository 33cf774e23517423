"""How long a net is trained: a number of epochs, or as long as it pays."""

from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from skorch.callbacks import EarlyStopping, LRScheduler
from torch import nn
from torch.utils.data import Subset

from sklearn_graceful.nn._batches import root_and_rows
from sklearn_graceful.nn._row_numbers import own_sampler
from sklearn_graceful.nn._weights import copy_weights, load_weights

# One row in so many is held out; with fewer than the least, nothing is to be seen.
ONE_IN, LEAST_HELD_OUT = 10, 10
# Looks are by this factor apart, and end when the best one lies so far behind.
SPACING, PATIENCE = 1.1, 1.5
# So do they when twice as many epochs gained nothing that could be told from chance.
LONGER = 2
# A best look before so many epochs, within these bounds of steps, ends nothing: the
# loss has not settled yet.
EARLY_EPOCHS, EARLY_STEPS = 8, (50, 1000)
MOST_EPOCHS = 400
# Where nothing is to be seen.
BLIND_EPOCHS, BLIND_STEPS = 40, 100
# Of the epochs before it.
DECAY_SHARE = 0.3
# Of the mean of squared gradients then, in optimizers that keep one.
SHORT_MEMORY = 0.99
SCALES = tuple(np.geomspace(0.05, 2, 16).tolist())


@dataclass(frozen=True)
class Tuning:
    """A ``max_epochs`` for weights that are nearly right: the rate falls throughout.

    Parameters
    ----------
    n_epochs : int
        Over which the learning rate goes linearly to 0.
    rate : float, default=2.0
        What it starts from, in the net's own.
    """

    n_epochs: int
    rate: float = 2.0


@dataclass(frozen=True)
class KnownLength:
    """A ``max_epochs`` of ``"auto"`` that was found before, on rows of the same kind.

    Parameters
    ----------
    n_epochs : float
        See ``n_epochs_``; those of the falling rate come on top.
    """

    n_epochs: float


def has_schedule(max_epochs):
    """Whether it is more than a number; ValueError if it is some other word."""
    if isinstance(max_epochs, str) and max_epochs != "auto":
        raise ValueError(
            f"max_epochs must be a number of epochs or 'auto', got {max_epochs!r}."
        )
    return isinstance(max_epochs, str | Tuning | KnownLength)


def train_for_length(way, X, y):
    """Train a net for what its ``max_epochs`` says, in one of the ways of ``_loop``."""
    net = way.net
    net.check_data(X, y)
    net.check_training_readiness()
    whole = net.get_dataset(X, y)
    train, valid = net.get_split_datasets(whole, y, **way.fit_params)
    for part in (train, valid):
        if part is not None:
            _check_rows_of_fit(whole, part, way.is_by_row)
    length = net.max_epochs
    stops_itself = any(isinstance(c, EarlyStopping) for _, c in net.callbacks_)
    if not has_schedule(length):
        Epochs(way, train, valid).run(length)
    elif isinstance(length, Tuning):
        Epochs(way, train, valid).run_out(length.n_epochs, length.rate)
    elif isinstance(length, KnownLength):
        epochs = Epochs(way, train, valid)
        epochs.run(max(1, round(length.n_epochs)))
        _finish(net, epochs, length.n_epochs)
    elif stops_itself:
        Epochs(way, train, valid).run(MOST_EPOCHS)
    else:
        _check_may_go_on(net)
        strata = None if valid is not None else _strata(way, whole, train)
        _run_as_long_as_pays(way, train, valid, strata)
    return net


def _check_rows_of_fit(whole, part, is_by_row):
    """Refuse rows that a split takes from elsewhere, or that are not there."""
    root, rows = root_and_rows(part)
    if is_by_row and root is not whole:
        raise ValueError(
            "train_split yields rows that are not among those of fit, so nobody knows "
            "their weights or what the old model says about them. Pass all rows to "
            "fit, and a split of them: train_split=ValidSplit(PredefinedSplit(fold))."
        )
    if rows is not None and len(rows) and rows.max() >= len(root):
        raise ValueError(
            f"train_split takes row {rows.max()} of {len(root)} rows: it was made for "
            "others."
        )


def _check_may_go_on(net):
    """Refuse what was made for a known number of rows, or of steps."""
    if (name := own_sampler(net)) is not None and not net.train_split:
        raise ValueError(
            f"{name} draws from all rows by number, but max_epochs='auto' holds some "
            "of them out: give max_epochs a number."
        )
    for _, callback in net.callbacks_:
        policy = getattr(callback, "policy", None)
        if isinstance(callback, LRScheduler) and "OneCycleLR" in (
            policy,
            getattr(policy, "__name__", None),
        ):
            raise ValueError(
                "OneCycleLR is made for a number of steps, which max_epochs='auto' "
                "finds only now: give max_epochs a number."
            )


def _strata(way, whole, train):
    """Class of each row that is trained on; one for all where nobody knows them."""
    root, rows = root_and_rows(train)
    if root is not whole:
        return np.zeros(len(train), dtype=int)
    strata = way.strata(len(whole))
    return strata if rows is None else strata[rows]


class Epochs:
    """Epochs on some rows, one after the other, as skorch tells its callbacks."""

    def __init__(self, way, train, valid):
        self._way, self._sets = way, {"dataset_train": train, "dataset_valid": valid}
        self._train = way.batches(train, training=True)
        self._valid = None if valid is None else way.batches(valid, training=False)
        self.n_steps = len(self._train)
        if not self.n_steps:
            raise ValueError(
                f"iterator_train leaves no batch of {len(train)} rows: batch_size is "
                "larger than that, and drop_last=True leaves out what is not full."
            )

    def __iter__(self):
        while True:
            self._way.net.notify("on_epoch_begin", **self._sets)
            self._way.run(self._train, "train")
            if self._valid is not None:
                self._way.run(self._valid, "valid")
            self._way.net.notify("on_epoch_end", **self._sets)
            yield

    def run(self, number):
        """Run a number of epochs."""
        for _ in islice(self, number):
            pass

    def run_out(self, number, rate=1.0):
        """Run a number of epochs over which the learning rate falls to 0.

        It starts from what it is, multiplied by `rate`.
        """
        with _falling_rate(self._way.net, number * self.n_steps, rate):
            self.run(number)


def _run_blind(way, train):
    epochs = Epochs(way, train, None)
    n_epochs = max(BLIND_EPOCHS, -(-BLIND_STEPS // epochs.n_steps))
    epochs.run(n_epochs)
    _finish(way.net, epochs, float(n_epochs))


def _finish(net, epochs, n_epochs):
    """Note the length that was found, and let the learning rate fall."""
    net.n_epochs_ = n_epochs
    with _short_memory(net):
        epochs.run_out(max(1, round(DECAY_SHARE * n_epochs)))


def _run_as_long_as_pays(way, train, valid, strata):
    """Find the best length on rows that are held out; then train on all of them."""
    rest, held_out = train, valid
    if valid is None:
        rows = draw_held_out(strata)
        if len(rows) < LEAST_HELD_OUT:
            return _run_blind(way, train)
        others = np.setdiff1d(np.arange(len(train)), rows)
        rest, held_out = Subset(train, others), Subset(train, rows)
    look = _best_look(way, Epochs(way, rest, valid), held_out)
    look.restore()
    epochs = Epochs(way, train, valid)
    _finish(way.net, epochs, look.n_steps / epochs.n_steps)


def _best_look(way, epochs, held_out):
    """The latest look at held-out rows that is as good as the best one."""
    batches = way.batches(held_out, training=False)
    early = np.clip(EARLY_EPOCHS * epochs.n_steps, *EARLY_STEPS) / epochs.n_steps
    best = chosen = None
    as_good = {}  # losses at the epochs of looks that are as good as the best one
    for epoch, _ in enumerate(islice(epochs, MOST_EPOCHS), 1):
        if epoch in LOOKS:
            look = Look(way.net, epoch, _held_out_losses(way, batches))
            if best is None or look.beats(best):
                best = chosen = look.keep()
            elif are_as_good(look.losses, best.losses):
                chosen = look.keep()
            as_good[epoch] = look.losses
            as_good = {k: v for k, v in as_good.items() if are_as_good(v, best.losses)}
        gaining = epoch < LONGER * max(min(as_good), early)
        if epoch >= PATIENCE * max(best.epoch, early) or not gaining:
            break
    return chosen


LOOKS = {round(SPACING**k) for k in range(64)} - {0}


def are_as_good(losses, best):
    """Whether losses by row are higher by at most half a standard error."""
    difference = losses - best
    error = difference.std() / len(difference) ** 0.5
    return bool(difference.mean() <= error / 2)


class Look:
    """What a net was after some epoch, and its loss on each held-out row."""

    def __init__(self, net, epoch, losses):
        self.epoch, self.losses = epoch, losses
        self.loss = float(losses.mean())
        self.n_steps = getattr(net, "n_steps_", 0)
        self._net = net

    def beats(self, other):
        """Whether the loss is lower."""
        return self.loss < other.loss or np.isnan(other.loss)

    def keep(self):
        """Copy what is trained, and the optimizers' state."""
        net = self._net
        self._weights = {
            name: copy_weights(getattr(net, f"{name}_"))
            for name in net._modules + net._criteria
        }
        self._optimizers = {
            name: deepcopy(getattr(net, f"{name}_").state_dict())
            for name in net._optimizers
        }
        return self

    def restore(self):
        """Put it all back."""
        for name, weights in self._weights.items():
            load_weights(getattr(self._net, f"{name}_"), weights)
        for name, state in self._optimizers.items():
            getattr(self._net, f"{name}_").load_state_dict(state)
        self._net.n_steps_ = self.n_steps


def _held_out_losses(way, batches):
    """Loss of each row, at the one scale of all logits that suits them best."""
    net, losses = way.net, []
    net._set_training(False)
    with torch.no_grad():
        for X, y in batches:
            rows = getattr(batches, "rows", None)
            losses.append(way.losses(X, y, rows))
    losses = torch.cat(losses, dim=1).float()
    return losses[losses.mean(dim=1).argmin()]


def log_losses(logits, y, criterion=None):
    """Cross-entropy of every row at every scale, of shape (n_scales, n).

    The class weights of a criterion count, and so do the labels that it ignores.
    """
    options = {}
    if isinstance(criterion, nn.CrossEntropyLoss | nn.NLLLoss):
        options = {"weight": criterion.weight, "ignore_index": criterion.ignore_index}
    scales = logits.new_tensor(SCALES)
    scaled = (scales[:, None, None] * logits.float()).flatten(0, 1)
    y = y.long().to(logits.device).repeat(len(SCALES))
    losses = F.cross_entropy(scaled, y, reduction="none", **options)
    return losses.unflatten(0, (len(SCALES), -1))


def as_strata(labels, n_rows):
    """Numbers of the classes, to draw from each; one for all where there are none."""
    labels = np.zeros(n_rows) if labels is None else np.asarray(labels)
    if labels.shape != (n_rows,):
        labels = np.zeros(n_rows)
    return np.unique(labels, return_inverse=True)[1]


def draw_held_out(strata, share=1 / ONE_IN):
    """Positions of every tenth row or so, stratum by stratum.

    Rows of a stratum below 0 are left out, and so are those alone in theirs.
    """
    order = torch.randperm(len(strata)).numpy()
    order = order[np.argsort(strata[order], kind="stable")]
    _, number, counts = np.unique(strata, return_inverse=True, return_counts=True)
    order = order[(strata[order] >= 0) & (counts[number[order]] > 1)]
    number = np.floor(np.arange(len(order)) * share + 0.5)
    return order[np.diff(number, prepend=0) > 0]


@contextmanager
def counted_steps(net):
    """Count the steps that a net's weights have gone through, as ``n_steps_``."""
    net.n_steps_ = 0
    vars(net).pop("n_epochs_", None)

    def count(optimizer):
        net.n_steps_ += 1

    with ExitStack() as stack:
        for name in net._optimizers[:1]:
            stack.enter_context(_before_steps(getattr(net, f"{name}_"), count))
        yield


@contextmanager
def _falling_rate(net, n_steps, rate):
    """Let the learning rates go linearly to 0 over the next steps."""
    with ExitStack() as stack:
        for name in net._optimizers:
            optimizer = getattr(net, f"{name}_")
            rates = [group["lr"] for group in optimizer.param_groups]
            stack.callback(_set_rates, optimizer, rates, 1)
            fall = _RateFall([rate * own for own in rates], n_steps)
            stack.enter_context(_before_steps(optimizer, fall))
        yield


@contextmanager
def _short_memory(net):
    """Let optimizers forget soon how small gradients were.

    Where a net has learned its rows they are tiny, and so is their mean: a few rows
    that are new to it would make the steps huge.
    """
    groups = [
        group
        for name in net._optimizers
        for group in getattr(net, f"{name}_").param_groups
        if "betas" in group
    ]
    own = [group["betas"] for group in groups]
    for group, (first, second) in zip(groups, own, strict=True):
        group["betas"] = (first, min(second, SHORT_MEMORY))
    try:
        yield
    finally:
        for group, betas in zip(groups, own, strict=True):
            group["betas"] = betas


class _RateFall:
    def __init__(self, rates, n_steps):
        self._rates = rates
        self._left = self._n_steps = n_steps

    def __call__(self, optimizer):
        _set_rates(optimizer, self._rates, self._left / self._n_steps)
        self._left -= 1


def _set_rates(optimizer, rates, share):
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * share


@contextmanager
def _before_steps(optimizer, function):
    """Call a function of the optimizer before each of its steps."""
    depth = 0

    # A subclass whose step calls its parent's fires torch's hooks once for each.
    def begin(*_):
        nonlocal depth
        depth += 1
        if depth == 1:
            function(optimizer)

    def end(*_):
        nonlocal depth
        depth -= 1

    hooks = [
        optimizer.register_step_pre_hook(begin),
        optimizer.register_step_post_hook(end),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
