"""The loss that a network is trained on, batch by batch."""

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
    label_loss : callable
        ``label_loss(output, logits, y, weight)`` returns the mean loss; `weight` is
        None or the rows' weights.
    device : torch.device
        Where the network is.
    """

    def __init__(self, method, weights, old, *, label_loss, device):
        self.method = method
        self.label_loss = label_loss
        self.label_weight = _on(weights.label, device)
        self.old_weight = _on(weights.old, device)
        self.known = None
        if weights.old is not None:
            logits = torch.as_tensor(old.log_proba()[:, old.known])
            # Log-probabilities are logits up to a shift per row.
            logits = logits - logits.mean(dim=1, keepdim=True)
            self.target = method.target(logits).float().to(device)
            if not old.known.all():
                self.known = torch.as_tensor(old.known.nonzero()[0]).to(device)

    def __call__(self, output, logits, y, rows):
        """Loss of one batch, a scalar."""
        label_weight = _take(self.label_weight, rows)
        loss = self.label_loss(output, logits, y, label_weight)
        if self.old_weight is None:
            return loss
        if self.known is not None:
            logits = logits[:, self.known]
        divergence = self.method.divergence(logits, _take(self.target, rows))
        # dot refuses anything but two vectors: a (n, 1) weight would broadcast to
        # (n, n) and the focus would vanish.
        penalty = torch.dot(_take(self.old_weight, rows), divergence)
        return loss + penalty / len(divergence)


def _on(array, device):
    return None if array is None else torch.as_tensor(array).float().to(device)


def _take(tensor, rows):
    if tensor is None:
        return None
    if isinstance(rows, slice):
        return tensor[rows]
    return tensor.index_select(0, rows.to(tensor.device))
