"""How fast a module's outputs change with its weights, by Kronecker factors."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch.func import functional_call, jacrev, vmap

from sklearn_graceful.nn._layer_runs import (
    derivatives_by_runs,
    layer_runs,
    matrix_layers,
)
from sklearn_graceful.nn._linearized import last_linear
from sklearn_graceful.nn._loop import first_output
from sklearn_graceful.nn._plain_kernels import plain_attention


@dataclass(frozen=True)
class KroneckerBlock:
    """``total * (left kron right)`` for the weights of one layer.

    Attributes
    ----------
    names : list of str
        Of the layer's matrix of weights and of its bias, if that changes too.
    left : tensor of shape (n_out, n_out)
        Mean over rows of the outputs' squared derivatives by what the layer yields.
    right : tensor of shape (n_in, n_in)
        Mean over rows of the squared inputs, a 1 for the bias appended.
    total : float
        Number of rows, by weight.
    """

    names: list
    left: torch.Tensor
    right: torch.Tensor
    total: float

    def rotate(self, vectors, where, *, back=False):
        """Vectors (k, n_params), changed in place, in the coordinates of `values`."""
        left, right = (axes.to(vectors.dtype) for axes in self._axes)
        if back:
            left, right = left.T, right.T
        matrix = torch.cat(
            [vectors[:, s].view(len(vectors), len(left), -1) for s in where], dim=2
        )
        matrix = left.T @ matrix @ right
        width = 0
        for s in where:
            step = (s.stop - s.start) // len(left)
            vectors[:, s] = matrix[:, :, width : width + step].flatten(1)
            width += step

    def covariance(self, vector, where):
        """What a change of the weights does to the layer's outputs, (n_out, n_out).

        Mean over rows of squares and products.
        """
        matrix = torch.cat([vector[s].view(len(self.left), -1) for s in where], dim=1)
        return matrix @ self.right.to(matrix) @ matrix.T

    def values(self, out, where):
        """Put the eigenvalues into `out` of shape (n_params,)."""
        (left, right), width = self._eigenvalues, 0
        grid = self.total * left[:, None] * right
        for s in where:
            step = (s.stop - s.start) // len(left)
            out[s] = grid[:, width : width + step].flatten()
            width += step

    def among(self, names):
        """Of those of its weights that are among `names`."""
        own = [name for name in self.names if name in names]
        if own == self.names or not own:
            return replace(self, names=own)
        n_in = len(self.right) - 1  # a weight and a bias, of which one does not change
        part = slice(n_in) if own == self.names[:1] else slice(n_in, None)
        return replace(self, names=own, right=self.right[part, part])

    def fits(self, weights, growing):
        """Whether it may be of these weights by name.

        Those of the layer `growing` may have more outputs.
        """
        own = [weights[name] for name in self.names if name in weights]
        if len(own) < len(self.names):
            return False
        n_out, n_in = len(own[0]), sum(weight[0].numel() for weight in own)
        grows = self.names[0].startswith(f"{growing}.") and len(self.left) < n_out
        return n_in == len(self.right) and (grows or len(self.left) == n_out)

    def within(self, parent):
        """Of the same weights in a module that holds this one."""
        return replace(self, names=[f"{parent}.{name}" for name in self.names])

    def merged(self, other, weight):
        """Of both sets of rows, those of `other` times a weight."""
        share = weight * other.total / (self.total + weight * other.total)
        return replace(
            self,
            left=torch.lerp(self.left, other.left, share),
            right=torch.lerp(self.right, other.right, share),
            total=self.total + weight * other.total,
        )

    def times(self, weight):
        """Of each row so many times."""
        return replace(self, total=weight * self.total)

    @cached_property
    def _decomposed(self):
        return torch.linalg.eigh(self.left), torch.linalg.eigh(self.right)

    @property
    def _axes(self):
        return [axes for _, axes in self._decomposed]

    @property
    def _eigenvalues(self):
        # Rounding makes some of the zeros negative.
        return [values.clamp_min(0) for values, _ in self._decomposed]


@dataclass(frozen=True)
class DiagonalBlock:
    """The squared derivatives alone, for weights of any other layer.

    Attributes
    ----------
    names : list of str
        One, of the weights.
    squares : tensor of shape (n_weights,)
        Sum over rows and outputs of squared derivatives.
    total : float
        Number of rows, by weight.
    """

    names: list
    squares: torch.Tensor
    total: float

    def rotate(self, vectors, where, *, back=False):
        """Nothing to do."""

    def among(self, names):
        """Of those of its weights that are among `names`."""
        return replace(self, names=[name for name in self.names if name in names])

    def values(self, out, where):
        """Put the eigenvalues into `out` of shape (n_params,)."""
        out[where[0]] = self.squares

    def fits(self, weights, growing):
        """Whether it may be of these weights by name."""
        own = [weights[name] for name in self.names if name in weights]
        return [weight.numel() for weight in own] == [len(self.squares)]

    def within(self, parent):
        """Of the same weights in a module that holds this one."""
        return replace(self, names=[f"{parent}.{name}" for name in self.names])

    def merged(self, other, weight):
        """Of both sets of rows, those of `other` times a weight."""
        return replace(
            self,
            squares=self.squares + weight * other.squares,
            total=self.total + weight * other.total,
        )

    def times(self, weight):
        """Of each row so many times."""
        return replace(self, squares=weight * self.squares, total=weight * self.total)


class Curvature:
    """``sum_i J_i' J_i`` over rows, approximated layer by layer (K-FAC).

    J_i are the derivatives of a row's outputs by the weights. Of a linear layer or a
    convolution two small matrices are kept, of any other layer the diagonal. It says,
    without the rows, what a change of the weights does to the outputs on rows like
    these. For a last linear layer it is exact.

    Parameters
    ----------
    blocks : list of KroneckerBlock or DiagonalBlock
        Of layers, none twice.
    slices : dict of str to slice
        Where the weights of each name are.

    Attributes
    ----------
    total : float
        Number of rows, by weight.

    References
    ----------
    Martens and Grosse, "Optimizing Neural Networks with Kronecker-factored Approximate
    Curvature", ICML 2015.

    Grosse and Martens, "A Kronecker-factored approximate Fisher matrix for convolution
    layers", ICML 2016.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.nn import LinearizedModule, kronecker_curvature
    >>> linear = LinearizedModule(torch.nn.Linear(2, 1, bias=False))
    >>> curvature = kronecker_curvature(linear, [torch.tensor([[1.0, 2.0]])])
    >>> curvature.multiply(torch.eye(2))
    tensor([[1., 2.],
            [2., 4.]])
    """

    def __init__(self, blocks, slices):
        self.blocks, self.slices = blocks, slices
        self.n_params = max(s.stop for s in slices.values())

    @property
    def total(self):
        """Number of rows, by weight."""
        return self.blocks[0].total

    def rotate(self, vectors, *, back=False):
        """Vectors in coordinates in which the curvature is diagonal.

        Parameters
        ----------
        vectors : tensor of shape (n_params,) or (k, n_params)
            Kept as they are.
        back : bool, default=False
            From there to the weights.

        Returns
        -------
        rotated : tensor of the same shape
        """
        rotated = vectors.clone().reshape(-1, self.n_params)
        for block in self.blocks:
            block.rotate(rotated, self._where(block), back=back)
        return rotated.view_as(vectors)

    @cached_property
    def values(self):
        """The diagonal there, not negative, of shape (n_params,)."""
        first = self.blocks[0]
        like = first.left if isinstance(first, KroneckerBlock) else first.squares
        found = like.new_zeros(self.n_params)
        for block in self.blocks:
            block.values(found, self._where(block))
        return found

    def multiply(self, vectors):
        """Product with each of the vectors."""
        values = self.values.to(vectors.dtype)
        return self.rotate(values * self.rotate(vectors), back=True)

    def solve(self, vectors, ridge):
        """Solution for each of the vectors, once `ridge` is added to the diagonal.

        Parameters
        ----------
        vectors : tensor of shape (n_params,) or (k, n_params)
            Right-hand sides.
        ridge : float or tensor of shape (n_params,)
            Positive.

        Returns
        -------
        solved : tensor of the same shape
        """
        values = (self.values + ridge).to(vectors.dtype)
        return self.rotate(self.rotate(vectors) / values, back=True)

    def merged(self, other, weight=1.0):
        """Of both sets of rows, those of `other` times a weight.

        The factors are averaged, which is exact where those of the outputs agree.
        """
        pairs = zip(self.blocks, other.blocks, strict=True)
        return Curvature([a.merged(b, weight) for a, b in pairs], self.slices)

    def for_contrasts(self, linear):
        """For Contrasts of the same module: of those of its weights that change.

        Of a module's own logits those of the last layer become exact for contrasts;
        others count what all logits have in common, too. There may be further rows of
        weights in the last layer; exact for these, if they are 0. None if it knows none
        of what changes.

        Raises
        ------
        ValueError
            If it is of another network.
        """
        slices, head = linear.slices(), last_linear(linear.module)
        n_outputs = linear.module.get_submodule(head).out_features
        weights = dict(linear.module.named_parameters())
        blocks, is_plain = self.blocks, weights.keys().isdisjoint(self.slices)
        if is_plain:
            blocks = [block.within("module") for block in blocks]
        if not all(block.fits(weights, head) for block in blocks):
            raise ValueError(
                f"This is the curvature of another network, by {list(self.slices)[:5]}."
            )
        blocks = [block.among(slices) for block in blocks]
        blocks = [block for block in blocks if block.names]
        for k, block in enumerate(blocks):
            if f"{head}.weight" not in block.names:
                continue
            if is_plain or len(block.left) < n_outputs:
                left = linear.module.outputs_curvature().to(block.left)
                blocks[k] = replace(block, left=left)
        return Curvature(blocks, slices) if blocks else None

    def times(self, weight):
        """Of each row so many times."""
        return Curvature([block.times(weight) for block in self.blocks], self.slices)

    def _where(self, block):
        return [self.slices[name] for name in block.names]


def kronecker_curvature(linear, batches, weights=None):
    """Curvature of a linearised module around its weights, on some rows.

    One pass forward and one backward for each output.

    Parameters
    ----------
    linear : LinearizedModule
        Its module at w0 is what counts; its change plays no part.
    batches : iterable of tensor of shape (n_batch, ...)
        The rows.
    weights : iterable of tensor of shape (n_batch,), default=None
        Their weights; None: 1.

    Returns
    -------
    curvature : Curvature
    """
    layers, others = matrix_layers(linear)
    sums = {name: [0.0, 0.0, 0] for name in layers}
    squares, total = {name: 0.0 for name in others}, 0.0
    weights = iter(weights) if weights is not None else None
    for batch in batches:
        weight = batch.new_ones(len(batch), dtype=linear.change.dtype)
        if weights is not None:
            weight = next(weights).to(weight)
        total += float(weight.sum())
        _add_factors(linear, layers, sums, batch, weight)
        _add_squares(linear, others, squares, batch, weight)
    blocks = [
        KroneckerBlock(layers[name], left / count, right / total, total)
        for name, (left, right, count) in sums.items()
    ]
    blocks += [DiagonalBlock([name], squares[name], total) for name in others]
    return Curvature(blocks, linear.slices())


def _add_factors(linear, layers, sums, batch, weight):
    """Add a batch to the factors' sums: of the outputs, of the inputs, of places."""
    runs, outputs = layer_runs(linear.module, layers, batch)
    directions = torch.eye(outputs.shape[1]).to(outputs)
    for derivatives in derivatives_by_runs(outputs, directions, runs):
        for run, places in zip(runs, derivatives, strict=True):
            if places is not None:
                moment = _second_moment(places, weight)
                sums[run.name][0] = sums[run.name][0] + moment
    for run in runs:
        rows = run.rows(has_bias=len(layers[run.name]) > 1)
        sums[run.name][1] = sums[run.name][1] + _second_moment(rows, weight)
        sums[run.name][2] += float(weight.sum()) * rows.shape[1]


def _second_moment(rows, weight):
    flat, weight = rows.flatten(0, 1), weight.to(rows)
    return (flat.T @ (flat * weight.repeat_interleave(rows.shape[1])[:, None])).double()


def _add_squares(linear, names, squares, batch, weight):
    if not names:
        return
    weights = {name: linear.module.get_parameter(name) for name in names}

    def of_row(row):
        def outputs(w):
            return first_output(functional_call(linear.module, w, (row[None],)))[0]

        return jacrev(outputs)(weights)

    with plain_attention():
        by_name = vmap(of_row)(batch)
    for name, part in by_name.items():
        by_row = part.flatten(2).double().square().sum(1)
        squares[name] = squares[name] + weight.double() @ by_row
