"""The loss that a network is trained on, batch by batch."""

import numpy as np
import torch


class NetObjective:
    """``mean(a * CE(y)) + mean(b * D(old, new))`` over the rows of a batch.

    Everything about the old model is computed once here and indexed by row later.

    Parameters
    ----------
    method : Congruence
        With its choices made for a network.
    weights : RowWeights
        `a` and `b` of all rows.
    old : OldOutputs or None
        What the old model says; needed where `b` is not None.
    teacher_logits : ndarray of shape (n, n_classes) or None
        Mean logits of the teachers; needed where the method has any.
    label_loss : callable
        ``label_loss(output, logits, y, weight)`` returns the mean loss; `weight` is
        None or the rows' weights.
    device : torch.device
        Where the network is.
    """

    def __init__(
        self, method, weights, old, *, label_loss, device, teacher_logits=None
    ):
        self.method = method
        self.label_loss = label_loss
        self.label_weight = _on(weights.label, device)
        self.old_weight = _on(weights.old, device)
        self.known = None
        if weights.old is None:
            return
        known = old.known if method.needs_old_outputs else np.ones_like(old.known)
        references = (
            None if logits is None else _centred(logits[:, known])
            for logits in (old.log_proba(), teacher_logits)
        )
        target = method.target(*method.references(*references))
        self.target = target.float().to(device)
        if not known.all():
            self.known = torch.as_tensor(known.nonzero()[0]).to(device)
            # Labels among the known classes; rows of the others weigh nothing.
            position = np.maximum(np.cumsum(known) - 1, 0)
            self.position = torch.as_tensor(position).to(device)

    def __call__(self, output, logits, y, rows):
        """Loss of one batch, a scalar."""
        label_weight = _take(self.label_weight, rows)
        if isinstance(label_weight, float):
            loss = label_weight * self.label_loss(output, logits, y, None)
        else:
            loss = self.label_loss(output, logits, y, label_weight)
        if self.old_weight is None:
            return loss
        if self.known is not None:
            logits, y = logits[:, self.known], self.position[y]
        divergence = self.method.divergence(logits, _take(self.target, rows), y)
        if isinstance(self.old_weight, float):
            return loss + self.old_weight * divergence.mean()
        # dot refuses anything but two vectors: a (n, 1) weight would broadcast to
        # (n, n) and the focus would vanish.
        penalty = torch.dot(_take(self.old_weight, rows), divergence)
        return loss + penalty / len(divergence)


def _centred(logits):
    """Log-probabilities are logits up to a shift per row."""
    logits = torch.as_tensor(logits)
    return logits - logits.mean(dim=1, keepdim=True)


def _on(array, device):
    """Weights on the device; one number if all are equal."""
    if array is None:
        return None
    if (array == array[0]).all():
        return float(array[0])
    return torch.as_tensor(array).float().to(device)


def _take(tensor, rows):
    if tensor is None or isinstance(tensor, float):
        return tensor
    if isinstance(rows, slice):
        return tensor[rows]
    return tensor.index_select(0, rows.to(tensor.device))
