"""The loss that a classifying network is trained on."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_graceful.nn import output_kind, to_logits


class Objective(nn.Module):
    """``mean(a * criterion(y)) + mean(b * D(target, new))`` over the rows of a batch.

    What is known before training is kept as buffers and indexed by row number, so that
    skorch moves it to the device like any other part of the net.

    Parameters
    ----------
    y : ndarray of int64, shape (n,)
        Class indices.
    label_weight : ndarray of shape (n,), default=None
        `a`; None: 1.
    old_weight : ndarray of shape (n,), default=None
        `b`; None: 0.
    target : tensor of shape (n, ...), default=None
        What the divergence compares with.
    divergence : callable, default=None
        ``divergence(logits, target, y)`` of a batch, one number a row.
    known : ndarray of bool, shape (n_classes,), default=None
        Classes that the divergence looks at; None: all.

    Attributes
    ----------
    criterion : torch.nn.Module
        The net's own loss, set before the first batch. It counts as it would without
        us: its class weights and labels to ignore are averaged over as it does.
    kind : str or None
        What the module's output is, see :func:`nn.output_kind`; known from the first
        batch on.
    """

    def __init__(
        self,
        y,
        label_weight=None,
        *,
        old_weight=None,
        target=None,
        divergence=None,
        known=None,
    ):
        super().__init__()
        self.y = y
        self.criterion = self.criterion_by_row = None
        self.kind = None
        self._keep_weight("label_weight", label_weight)
        self._keep_weight("old_weight", old_weight)
        self.divergence = divergence
        self._keep("target", None if target is None else target.float())
        self._keep("known", None)
        if known is not None and not known.all():
            self._keep("known", torch.as_tensor(known.nonzero()[0]))
            # Labels among the known classes; rows of the others weigh nothing.
            position = np.maximum(np.cumsum(known) - 1, 0)
            self._keep("position", torch.as_tensor(position))

    def forward(self, output, y, rows):
        """What each row of a batch adds to its mean loss, of shape (batch,)."""
        if self.kind is None:
            self.kind = output_kind(output.detach().float().cpu().numpy())
        logits = to_logits(output, self.kind)
        if torch.is_tensor(rows):
            rows = rows.to(output.device)
        shares = self._label_shares(output, logits, y, rows)
        if self.old_weight is None:
            return shares
        if self.known is not None:
            logits, y = logits[:, self.known], self.position[y]
        divergence = self.divergence(logits, self.target[rows], y)
        return shares + _shares(divergence, self.old_weight, rows, len(divergence))

    def _label_shares(self, output, logits, y, rows):
        if isinstance(self.criterion, nn.CrossEntropyLoss | nn.NLLLoss):
            is_nll = isinstance(self.criterion, nn.NLLLoss)
            inputs = F.log_softmax(logits, dim=1) if is_nll else logits
            losses, total = self._by_row(inputs, y), _total_weight(self.criterion, y)
        elif isinstance(self.criterion, nn.BCEWithLogitsLoss):
            inputs = logits[:, 1] - logits[:, 0]
            losses, total = self._by_row(inputs, y.to(logits.dtype)), len(y)
        elif torch.is_tensor(self.label_weight):
            losses, total = self._by_row(output, y), len(y)
        else:
            # A criterion of which we know nothing: each row adds its share.
            losses, total = self.criterion(output, y).expand(len(y)), len(y)
        if losses.shape != (len(y),):
            raise TypeError(
                f"criterion {type(self.criterion).__name__} returns shape "
                f"{tuple(losses.shape)} with reduction='none', but row weights need "
                "one loss per row. Use torch.nn.CrossEntropyLoss or the like."
            )
        return _shares(losses, self.label_weight, rows, total)

    def _by_row(self, inputs, y):
        """The criterion's loss of every row, where it has such a form."""
        if self.criterion_by_row is None:
            self.criterion_by_row = copy.copy(self.criterion)
            self.criterion_by_row.reduction = "none"
        return self.criterion_by_row(inputs, y)

    def _keep(self, name, tensor):
        self.register_buffer(name, tensor, persistent=False)

    def _keep_weight(self, name, weight):
        """Keep weights by row; one number if all are equal."""
        if weight is None or (weight == weight[0]).all():
            setattr(self, name, None if weight is None else float(weight[0]))
        else:
            self._keep(name, torch.as_tensor(weight).float())


def _shares(losses, weight, rows, total):
    """What rows add to a mean weighted by row, by one number, or not at all."""
    if weight is None:
        return losses / total
    if isinstance(weight, float):
        return weight * (losses / total)
    return weight[rows] * losses / total


def _total_weight(criterion, y):
    """What a cross-entropy divides by: class weights of all labels that count."""
    weight, ignored = criterion.weight, criterion.ignore_index
    if criterion.reduction == "sum":
        return 1
    if weight is None and ignored < 0:
        # Class indices are never negative: nothing is ignored.
        return len(y)
    counted = y != ignored
    weights = counted.float() if weight is None else weight[y * counted] * counted
    return weights.sum().clamp_min(torch.finfo(weights.dtype).tiny)
