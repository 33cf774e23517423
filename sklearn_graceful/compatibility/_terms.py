"""The parts that losses of compatible embedders are made of."""

import torch
import torch.nn.functional as F
from torch import nn

from sklearn_graceful.compatibility._task import Batch, unit_old_view
from sklearn_graceful.nn import CompanionRows

# Cosines differ by at most 2, and exp(-2 * 40) is still a number in single precision.
MAX_SCALE = 40
# None above 1, for the same reason.
_LENGTHS = tuple(0.05 ** (k / 11) for k in range(12))


class CompatibilityLoss(nn.Module):
    """Weighted sum of terms, which map a Batch to one loss a row; their mean.

    Behind the rows of a batch may be synthetic ones, with no label: each adds
    `matching` times its squared distance to the old vector.
    """

    def __init__(self, task, terms, matching=0.0):
        super().__init__()
        self.criterion = None  # the net's own, which is not used
        for name in ("y", "old", "right", "paragon", "weight"):
            self.register_buffer(name, _tensor(getattr(task, name)), persistent=False)
        self.matching = matching
        self.register_buffer("synthetic", _tensor(task.synthetic), persistent=False)
        kept = [(weight, term) for weight, term in terms if weight]
        self.weights = [weight for weight, _ in kept]
        self.terms = nn.ModuleList(term for _, term in kept)

    def forward(self, output, y, rows):
        """What each row of a batch adds to the weighted mean loss."""
        output = output.float()
        if not isinstance(rows, CompanionRows):
            return self._losses(Batch(self, output, rows)) / len(output)
        own, synthetic = output.split([len(rows.own), len(rows.companions)])
        losses = self._losses(Batch(self, own, rows.own)) / len(own)
        drawn = rows.companions.to(output.device)
        old = self.synthetic.index_select(0, drawn)
        view = unit_old_view(synthetic, old.shape[1])
        distance = (view - old).square().sum(dim=1)
        if self.weight is not None:
            # There are equally many of each row.
            distance = distance * self.weight[drawn % len(self.weight)]
        return torch.cat([losses, self.matching * distance / len(synthetic)])

    def held_out_losses(self, output, y, rows):
        """What tells how good the net is on a batch that it was not trained on.

        The loss of every row at several lengths of the embeddings, of shape
        (n_lengths, batch): that a net is too sure of itself shall not count.
        """
        batches = (Batch(self, output.float(), rows, length) for length in _LENGTHS)
        return torch.stack([self._losses(batch) for batch in batches])

    def _losses(self, batch):
        losses = [
            weight * term(batch)
            for weight, term in zip(self.weights, self.terms, strict=True)
        ]
        losses = sum(losses, batch.embeddings.new_zeros(len(batch.embeddings)))
        return losses if batch.weight is None else batch.weight * losses

    def head(self):
        """Class weights of the new head, of shape (n, dim); None without one."""
        heads = [term for term in self.terms if isinstance(term, ClassHead)]
        return heads[0].weight.detach().cpu().numpy() if heads else None


class ClassHead(nn.Module):
    """Cross-entropy of a normed linear classifier on the new embeddings.

    Parameters
    ----------
    task : Task
        Says how many classes and how wide.
    scale : float
        What cosines are multiplied by.
    weight : ndarray of shape (n_classes, dim), default=None
        Fixed class weights; None: learned.
    """

    def __init__(self, task, scale, weight=None):
        super().__init__()
        self.scale = scale
        if weight is None:
            weight = torch.randn(task.n_classes, task.embedding_dim)
            self.weight = nn.Parameter(F.normalize(weight, dim=1))
        else:
            weight = torch.as_tensor(weight, dtype=torch.float32)
            self.register_buffer("weight", F.normalize(weight, dim=1))

    def forward(self, batch):
        """Cross-entropy of every row."""
        cosine = batch.unit @ F.normalize(self.weight, dim=1).mT
        return F.cross_entropy(self.scale * cosine, batch.y, reduction="none")


class Pull(nn.Module):
    """Squared distance to the row's own old vector, ``|e - e_old|^2``.

    Parameters
    ----------
    only_right : bool
        Whether only rows count that the old embedder has right.
    """

    def __init__(self, only_right):
        super().__init__()
        self.only_right = only_right

    def forward(self, batch):
        """Distance of every row."""
        distance = (batch.old_view - batch.old).square().sum(dim=1)
        return distance * batch.right if self.only_right else distance


class OldNeighbourhood(nn.Module):
    """How unlikely a draw among old vectors, by similarity, is of the own class.

    ``logsumexp_all - logsumexp_own`` of ``scale * cos(e, old vectors)``, over old
    vectors that are drawn anew every step; a row's own old vector does not count, and
    one of sample weight k counts as k.

    Parameters
    ----------
    scale : float
        What cosines are multiplied by.
    n_drawn : int
        Old vectors a step.
    """

    def __init__(self, scale, n_drawn):
        super().__init__()
        self.scale = scale
        self.n_drawn = n_drawn

    def forward(self, batch):
        """Loss of every row; 0 where no vector of its class was drawn."""
        gallery = batch.everything
        n_rows = len(gallery.old)
        if n_rows > self.n_drawn:
            drawn = torch.randint(n_rows, (self.n_drawn,), device=batch.rows.device)
        else:
            drawn = torch.arange(n_rows, device=batch.rows.device)
        score = self.scale * batch.old_view @ gallery.old[drawn].mT
        own_class = batch.y[:, None] == gallery.y[drawn]
        counts = batch.rows[:, None] != drawn
        if gallery.weight is not None:
            counts = counts * gallery.weight[drawn]
        return neighbourhood_loss(score, own_class, counts)


class PrototypeNeighbourhood(nn.Module):
    """The same among vectors that stand for a version's gallery.

    Parameters
    ----------
    prototypes : VersionPrototypes
        Those of a version.
    scale : float
        What cosines are multiplied by.
    n_drawn : int
        Where there are more prototypes, a row is compared with those of its class and
        with so many that are drawn anew every step, which stand for all others.
    n_classes : int
        That the new embedder learns.
    """

    def __init__(self, prototypes, scale, n_drawn, n_classes):
        super().__init__()
        vectors = torch.as_tensor(prototypes.vectors, dtype=torch.float32)
        self.register_buffer("vectors", vectors)
        self.register_buffer("labels", torch.as_tensor(prototypes.labels))
        self.scale, self.n_drawn = scale, n_drawn
        if len(vectors) > n_drawn:
            own, is_there = _members(self.labels, n_classes)
            self.register_buffer("own", own)
            self.register_buffer("is_there", is_there)

    def forward(self, batch):
        """Loss of every row; 0 where its class has no prototype."""
        view = self.scale * batch.view(self.vectors.shape[1])
        n_all = len(self.vectors)
        if n_all <= self.n_drawn:
            own_class = batch.y[:, None] == self.labels
            return neighbourhood_loss(view @ self.vectors.mT, own_class)
        drawn = torch.randint(n_all, (self.n_drawn,), device=view.device)
        is_other = batch.y[:, None] != self.labels[drawn]
        own = self.vectors[self.own[batch.y]]
        to_own = torch.einsum("nd,nmd->nm", view, own)
        score = torch.cat([to_own, view @ self.vectors[drawn].mT], dim=1)
        stand_for = is_other * (n_all / self.n_drawn)
        counts = torch.cat([self.is_there[batch.y], stand_for], dim=1)
        own_class = torch.arange(score.shape[1], device=score.device) < to_own.shape[1]
        return neighbourhood_loss(score, own_class, counts)


def _members(labels, n_classes):
    """Positions of each class's entries, (n_classes, most), and 1 where there is one.

    Those of label -1 are of no class.
    """
    order = torch.argsort(labels, stable=True)
    order = order[labels[order] >= 0]
    sizes = torch.bincount(labels[order], minlength=n_classes)
    place = torch.arange(int(sizes.max())).expand(n_classes, -1)
    is_there = place < sizes[:, None]
    first = sizes.cumsum(0) - sizes
    members = torch.where(is_there, first[:, None] + place, 0)
    return order[members], is_there.float()


def neighbourhood_loss(score, own_class, counts=None):
    """``logsumexp_all - logsumexp_own`` of every row.

    Parameters
    ----------
    score : tensor of shape (n, m)
        Similarities. Those of a row differ by at most 80, see ``MAX_SCALE``.
    own_class : tensor of bool, shape (n, m)
        Which entries are of the row's own class.
    counts : tensor of bool or float, shape (n, m), default=None
        How often each entry counts; None: once.

    Returns
    -------
    loss : tensor of shape (n,)
        0 where no entry is of the row's class.
    """
    # One exponential serves both sums; the entries are most of the cost of a step.
    likelihood = (score - score.detach().amax(dim=1, keepdim=True)).exp()
    everything = likelihood if counts is None else likelihood * counts
    own = (everything * own_class).sum(dim=1)
    found = own > 0
    own = torch.where(found, own, torch.ones_like(own))
    everything = torch.where(found, everything.sum(dim=1), own)
    loss = everything.log() - own.log()
    return torch.where(found, loss, torch.zeros_like(loss))


class OldHead(nn.Module):
    """Cross-entropy of frozen class weights in the old space.

    Parameters
    ----------
    weight : ndarray of shape (n_classes, old_dim)
        Class weights.
    scale : float
        What cosines are multiplied by.
    """

    def __init__(self, weight, scale):
        super().__init__()
        weight = torch.as_tensor(weight, dtype=torch.float32)
        self.register_buffer("weight", F.normalize(weight, dim=1))
        self.scale = scale

    def forward(self, batch):
        """Cross-entropy of every row."""
        cosine = batch.old_view @ self.weight.mT
        return F.cross_entropy(self.scale * cosine, batch.y, reduction="none")


def _tensor(array):
    if array is None:
        return None
    tensor = torch.as_tensor(array)
    return tensor.float() if tensor.is_floating_point() else tensor
