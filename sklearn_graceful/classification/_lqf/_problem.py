"""The problem of least squares: rows, what is linear in them, and what holds back."""

from dataclasses import dataclass, fields, replace

import torch

from sklearn_graceful.nn import TangentKernel, kronecker_curvature

# Numbers that are held at a time: 1 GiB.
MAX_NUMBERS = 2**28
# In a block of derivatives in double precision, some 100 MB.
_BLOCK = 2**24


@dataclass(frozen=True)
class Rows:
    """Rows with their targets, as tensors.

    Attributes
    ----------
    raw : tensor of shape (n, ...)
        Rows as the network takes them.
    y : tensor of int64, shape (n,)
        Class indices.
    labels : tensor of shape (n, m)
        1 for the right class, in coordinates of :class:`nn.Contrasts`.
    old : tensor of shape (n, m)
        Outputs before the update.
    margin : tensor of shape (n,)
        By how much the right class's logit is then the largest; else negative.
    weight : tensor of shape (n,)
        Positive: of the label and of staying together.
    share : tensor of shape (n,)
        Of the label in it.
    features : tensor of shape (n, ...) or None
        What the network's frozen trunk yields for them, if it has one.
    """

    raw: torch.Tensor
    y: torch.Tensor
    labels: torch.Tensor
    old: torch.Tensor
    margin: torch.Tensor
    weight: torch.Tensor
    share: torch.Tensor
    features: torch.Tensor | None

    @property
    def X(self):
        """What derivatives are taken at."""
        return self.raw if self.features is None else self.features

    def __len__(self):
        return len(self.y)

    def take(self, rows):
        """Some of the rows."""
        own = (getattr(self, field.name) for field in fields(self))
        return Rows(*(None if part is None else part[rows] for part in own))

    def joined(self, other):
        """These rows and those of `other`."""
        pairs = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return Rows(*(None if pair[0] is None else torch.cat(pair) for pair in pairs))

    def targets(self, scale):
        """What the change of the outputs shall be, of shape (n, m).

        What the label lacks to a margin of `scale`; to stay where nothing is lacking.
        ``w |c - e|^2 + v |c|^2`` is ``(w + v) |c - e w / (w + v)|^2`` but for a number.
        """
        return self.share[:, None] * self.wanted(scale)

    def wanted(self, scale):
        """The same for the label alone."""
        return (scale - self.margin).clamp_min(0)[:, None] * self.labels

    @property
    def right(self):
        """Which rows are right before the update."""
        return self.margin > 0

    def typical_margin(self):
        """Weighted median of the margins, those of the wrong classes without sign."""
        margin, order = self.margin.abs().sort()
        weight = (self.weight * self.share)[order].double().cumsum(0)
        return float(margin[torch.searchsorted(weight, weight[-1] / 2)])

    def positions_of(self, other):
        """Where the rows of `other` are, each found once; None of what is not there."""
        places = {}
        for position, key in enumerate(self._keys()):
            places.setdefault(key, []).append(position)
        return [places[key].pop() if places.get(key) else None for key in other._keys()]

    def _keys(self):
        parts = (self.raw, self.y, self.weight, self.share)
        arrays = [part.cpu().contiguous().numpy() for part in parts]
        for row in zip(*arrays, strict=True):
            yield b"".join(part.tobytes() for part in row)


@dataclass(frozen=True)
class Prior:
    """What a change costs: ``multiple * (ridge * |u|^2 / shares + u' G u)``.

    Attributes
    ----------
    ridge : float
        Positive.
    groups : list of tensor of int64
        Positions of weights.
    shares : tuple of float
        How freely the weights of each group move, positive.
    curvature : Curvature or None
        G.
    multiple : float
        Positive.
    """

    ridge: float
    groups: list
    shares: tuple
    curvature: object = None
    multiple: float = 1.0

    def with_ridge(self, ridge, shares=None):
        """The same with another ridge."""
        return replace(self, ridge=ridge, shares=shares or self.shares)

    def times(self, multiple):
        """The whole so many times."""
        return replace(self, multiple=self.multiple * multiple)

    def with_rows(self, curvature, n_rows):
        """Both this and the curvature of some rows, over their number."""
        if self.curvature is not None:
            curvature = curvature.merged(self.curvature, self.multiple)
        return replace(
            self,
            ridge=self.ridge * self.multiple / n_rows,
            curvature=curvature.times(1 / n_rows),
            multiple=1.0,
        )

    def multiply(self, vector):
        """Product of the whole with a vector."""
        product = self._ridge_diagonal(vector) * vector
        if self.curvature is not None:
            product = product + self.curvature.multiply(vector)
        return self.multiple * product

    def halve(self, vectors):
        """Vectors (k, n_params) times the inverse root of the whole."""
        if self.curvature is not None:
            vectors = self.curvature.rotate(vectors)
        return vectors * self._inverse_root(vectors)

    def unhalve(self, vector):
        """A vector from there to the weights."""
        vector = vector * self._inverse_root(vector)
        if self.curvature is not None:
            vector = self.curvature.rotate(vector, back=True)
        return vector

    def _inverse_root(self, like):
        values = self._ridge_diagonal(like)
        if self.curvature is not None:
            values = values + self.curvature.values.to(values.dtype)
        return (self.multiple * values).rsqrt()

    def _ridge_diagonal(self, like):
        found = like.new_zeros(sum(len(group) for group in self.groups))
        for group, share in zip(self.groups, self.shares, strict=True):
            found[group] = self.ridge / share
        return found


class Design:
    """Outputs of rows as a linear function of the change of the weights.

    Parameters
    ----------
    linear : LinearizedModule of a Contrasts
        The network.
    start : tensor of shape (n_params,)
        Change of the weights before the update.
    batch_size : int, default=256
        Rows at a time.
    """

    def __init__(self, linear, start, batch_size=256):
        self.linear, self.start, self.batch_size = linear, start, batch_size

    def rows(self, X, y, weight, share):
        """Rows of tensors: see :class:`Rows`."""
        labels, features = self.linear.module.of_labels(y), self._features(X)
        old = self.outputs(X if features is None else features, self.start)
        margin = _margins(self.linear.module.logits(old), y)
        return Rows(X, y, labels, old, margin, weight, share, features)

    def staying(self, rows):
        """Rows of an earlier design whose outputs shall stay what they were."""
        return self.rows(rows.raw, rows.y, rows.weight, torch.zeros_like(rows.weight))

    def _features(self, X):
        """None without a frozen trunk, or of what are features already."""
        contrasts = self.linear.module
        trunk = contrasts.trunk
        if trunk is None or X.shape[1:] == trunk.shape:
            return None
        return trunk.features(contrasts.module, X)

    def curvature(self, rows):
        """K-FAC of rows at the weights at the start."""
        weights = rows.weight.split(self.batch_size)
        return kronecker_curvature(self.linear, self._batches(rows.X), weights)

    def logits(self, X, change):
        """Logits (n, n_classes) once the weights have changed by so much."""
        logits = self.linear.module.logits(self.outputs(X, change))
        return logits.double().cpu().numpy()

    def outputs(self, X, change):
        """Outputs once the weights have changed by so much."""
        return torch.cat([sum(self._jvp(x, change)) for x in self._batches(X)])

    def product(self, X, change):
        """What a change of the weights does to the outputs, of shape (n, m)."""
        return torch.cat([self._jvp(x, change)[1] for x in self._batches(X)])

    def pull(self, X, numbers):
        """Sum over rows of the transposed Jacobian times `numbers` (n, m)."""
        parts = zip(self._batches(X), numbers.split(self.batch_size), strict=True)
        return sum(self.linear.vjp(x, c) for x, c in parts)

    def jacobians(self, X):
        """Yield the Jacobians (k, m, n_params) of blocks of k rows."""
        size = max(1, _BLOCK // (self.n_outputs * len(self.start)))
        for x in X.split(min(size, self.batch_size)):
            yield self.jacobian(x)

    def jacobian(self, x, directions=None):
        """Jacobian (k, m, n_params) of k rows, or of combinations of their outputs."""
        with torch.no_grad():
            return self.linear.jacobian(x, directions)

    def tangent_kernel(self, groups, directions, x):
        """Products of derivatives of rows like `x` by groups of weights."""
        return TangentKernel(self.linear, groups, directions, x)

    def shows_all(self, rows):
        """Whether there are rows of each class."""
        return len(rows.y.unique()) > self.n_outputs

    @property
    def n_outputs(self):
        """One fewer than classes."""
        return self.linear.module.basis.shape[0]

    def _batches(self, X):
        return X.split(self.batch_size)

    def _jvp(self, x, change):
        with torch.no_grad():
            return self.linear.jvp(x, change)


def _margins(logits, y):
    """By how much the logit of the class `y` exceeds the largest other one."""
    others = logits.scatter(1, y[:, None], -torch.inf)
    return logits.gather(1, y[:, None])[:, 0] - others.amax(1)
