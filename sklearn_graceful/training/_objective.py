"""The loss that a classifying network is trained on."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_graceful.nn import (
    check_output_width,
    log_losses,
    output_kind,
    to_logits,
)


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
    n_classes : int or None
        Outputs that the module must have, set before the first batch; None: any.
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
        self.n_classes = self.kind = None
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
            if self.n_classes is not None:
                check_output_width(output, self.n_classes)
            self.kind = output_kind(output.detach().float().cpu().numpy())
        logits = to_logits(output, self.kind)
        if torch.is_tensor(rows) and rows.device != output.device:
            rows = rows.to(output.device)
        parts = [(self._label_losses(output, logits, y), self.label_weight)]
        if self.old_weight is not None:
            if self.known is not None:
                logits, y = logits[:, self.known], self.position[y]
            divergence = self.divergence(logits, _take(self.target, rows), y)
            if divergence.shape != y.shape:
                # A shape of (n, 1) would meet the weights as (n, n).
                raise ValueError(
                    "divergence must return one number a row, of shape "
                    f"{tuple(y.shape)}, got shape {tuple(divergence.shape)}."
                )
            parts.append((divergence, self.old_weight))
        return _shares(parts, rows)

    @property
    def is_by_row(self):
        """Whether it knows more of a row than its label."""
        return any(map(torch.is_tensor, self.buffers(recurse=False)))

    def held_out_losses(self, output, y, rows):
        """What tells how good the net is on a batch that it was not trained on.

        The loss of the labels alone, at each scale of the logits, of shape
        (n_scales, batch).
        """
        losses = log_losses(to_logits(output, self.kind), y, self.criterion)
        if not torch.is_tensor(self.label_weight):
            return losses
        return losses * _take(self.label_weight, rows)

    def strata(self):
        """Class of each row, of shape (n,); -1 where the label does not count."""
        if not torch.is_tensor(self.label_weight):
            return self.y
        return np.where(self.label_weight.cpu().numpy() > 0, self.y, -1)

    def _label_losses(self, output, logits, y):
        """Loss of each row, of which the mean is what the criterion makes of them."""
        criterion = self.criterion
        if isinstance(criterion, nn.CrossEntropyLoss):
            losses = _averaged(criterion, self._by_row(logits, y), y)
        elif isinstance(criterion, nn.NLLLoss):
            losses = self._by_row(F.log_softmax(logits, dim=1), y)
            losses = _averaged(criterion, losses, y)
        elif isinstance(criterion, nn.BCEWithLogitsLoss):
            losses = self._by_row(logits[:, 1] - logits[:, 0], y.to(logits.dtype))
        elif torch.is_tensor(self.label_weight):
            losses = self._by_row(output, y)
        else:
            # A criterion of which we know nothing: each row adds its share.
            losses = criterion(output, y).expand(len(y))
        if losses.shape != y.shape:
            raise TypeError(
                f"criterion {type(criterion).__name__} returns shape "
                f"{tuple(losses.shape)} with reduction='none', but row weights need "
                "one loss per row. Use torch.nn.CrossEntropyLoss or the like."
            )
        return losses

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


def _shares(parts, rows):
    """What rows add to the sum of means of losses, each with its weight.

    A weight is one for all `n` rows of the training, one number, or None.
    """
    n_rows = len(parts[0][0])
    shares = [w * (losses / n_rows) for losses, w in parts if isinstance(w, float)]
    weighted = [
        losses if w is None else _take(w, rows) * losses
        for losses, w in parts
        if not isinstance(w, float)
    ]
    if weighted:
        shares.append(sum(weighted[1:], weighted[0]) / n_rows)
    return sum(shares[1:], shares[0])


def _take(tensor, rows):
    """Some rows, by position or a slice."""
    return tensor[rows] if isinstance(rows, slice) else tensor.index_select(0, rows)


def _averaged(criterion, losses, y):
    """Losses whose mean is that of a cross-entropy, which weighs labels, or skips."""
    weight, ignored = criterion.weight, criterion.ignore_index
    if criterion.reduction == "sum":
        return losses * len(y)
    if weight is None and ignored < 0:
        # Class indices are never negative: nothing is ignored.
        return losses
    counted = y != ignored
    weights = counted.float() if weight is None else weight[y * counted] * counted
    total = weights.sum().clamp_min(torch.finfo(weights.dtype).tiny)
    return losses * (len(y) / total)
