"""Products of the derivatives of all pairs of rows, by groups of weights."""

from collections import Counter
from dataclasses import dataclass

import torch

from sklearn_graceful.nn._layer_runs import (
    derivatives_by_runs,
    layer_runs,
    matrix_layers,
)

# Products of single places that are held at a time.
_BLOCK = 2**25


@dataclass(frozen=True)
class Derivatives:
    """Of the outputs of some rows.

    Attributes
    ----------
    factors : list of (tensor, tensor)
        For each layer that is taken apart, of shapes (n, n_places, n_in) and
        (n, n_outputs, n_places, n_out): the sum over places of their outer products are
        the derivatives by its weights.
    lines : list of tensor of shape (n * n_outputs, n_weights)
        By the other weights of each group.
    """

    factors: list
    lines: list

    @classmethod
    def joined(cls, parts):
        """Of the rows of all parts."""
        factors = [
            tuple(map(torch.cat, zip(*layer, strict=True)))
            for layer in zip(*(part.factors for part in parts), strict=True)
        ]
        lines = zip(*(part.lines for part in parts), strict=True)
        return cls(factors, [torch.cat(group) for group in lines])


class TangentKernel:
    """Products of the derivatives of rows' outputs by weights, for groups of these.

    The matrix of all derivatives is avoided where it is larger than what it is made of:
    of a linear layer, or a convolution that yields few places, what it took and what
    the outputs change by with what it yields.

    Parameters
    ----------
    linear : LinearizedModule
        At its weights w0.
    groups : list of tensor of int64
        Positions of weights in its ``change``.
    directions : tensor of shape (n_directions, n_outputs)
        Which combinations of its outputs are taken.
    x : tensor of shape (n, ...)
        A row or more to try on.

    Attributes
    ----------
    row_size : int
        How many numbers are held for a row.

    References
    ----------
    Novak, Sohl-Dickstein and Schoenholz, "Fast Finite Width Neural Tangent Kernel",
    ICML 2022.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.nn import LinearizedModule, TangentKernel
    >>> linear = LinearizedModule(torch.nn.Linear(2, 1, bias=False))
    >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> kernel = TangentKernel(linear, [torch.arange(2)], torch.ones(1, 1), x)
    >>> asked = kernel.derivatives(x)
    >>> kernel.products(asked, asked)
    [tensor([[ 5., 11.],
            [11., 25.]])]
    """

    def __init__(self, linear, groups, directions, x):
        self._linear, self._directions = linear, directions
        self._layers, self._group_of = {}, {}
        slices = linear.slices()
        owner = torch.empty_like(linear.change, dtype=torch.int64)
        for k, group in enumerate(groups):
            owner[group] = k
        for run, names in self._taken_apart(x[:2]):
            found = {int(k) for n in names for k in owner[slices[n]].unique()}
            if len(found) == 1:
                self._layers[run.name], self._group_of[run.name] = names, found.pop()
        inside = {name for names in self._layers.values() for name in names}
        self._others = [name for name in linear.names if name not in inside]
        others = [owner[slices[name]] for name in self._others]
        others = torch.cat([owner[:0], *others])
        self._positions = [(others == k).nonzero()[:, 0] for k in range(len(groups))]
        one = self.derivatives(x[:1])
        factors = sum(part.numel() for layer in one.factors for part in layer)
        self.row_size = factors + sum(part.numel() for part in one.lines)

    def derivatives(self, x):
        """Derivatives of rows (n, ...)."""
        runs, outputs = layer_runs(self._linear.module, self._layers, x)
        by_run = list(derivatives_by_runs(outputs, self._directions, runs))
        factors = [
            (
                run.rows(has_bias=len(self._layers[run.name]) > 1),
                torch.stack([parts[k] for parts in by_run], dim=1),
            )
            for k, run in enumerate(runs)
        ]
        n_lines = len(x) * len(self._directions)
        lines = outputs.new_zeros(n_lines, 0)
        if self._others:
            jacobian = self._linear.jacobian(x, self._directions, self._others)
            lines = jacobian.flatten(0, 1)
        return Derivatives(factors, [lines[:, p] for p in self._positions])

    def products(self, one, other):
        """Products of derivatives of one with those of other rows.

        Parameters
        ----------
        one, other : Derivatives

        Returns
        -------
        products : list of tensor of shape (n_one * n_directions, n_other * ...)
            For each group.
        """
        found = [a @ b.T for a, b in zip(one.lines, other.lines, strict=True)]
        layers = zip(self._group_of.values(), one.factors, other.factors, strict=True)
        for group, own, others in layers:
            found[group] += _outer_products(own, others)
        return found

    def _taken_apart(self, x):
        """Runs of layers of which this is right and saves something, and their weights.

        Not of those that run more than once, or that share their weights, or that take
        something else than rows first.
        """
        layers, _ = matrix_layers(self._linear)
        runs, outputs = layer_runs(self._linear.module, layers, x)
        by_run = list(derivatives_by_runs(outputs, self._directions, runs))
        n_runs, candidates = Counter(run.name for run in runs), []
        for k, run in enumerate(runs):
            names, pushed = layers[run.name], [parts[k] for parts in by_run]
            if n_runs[run.name] == 1 and all(
                part is not None and len(part) == len(x) for part in pushed
            ):
                taken = run.rows(has_bias=len(names) > 1)
                if taken.shape[1] ** 2 <= taken.shape[2]:
                    candidates.append((run, names, taken, torch.stack(pushed, 1)))
        if not candidates:
            return
        jacobian = self._linear.jacobian(
            x, self._directions, [name for _, names, *_ in candidates for name in names]
        )
        sizes = [taken.shape[2] * pushed.shape[3] for *_, taken, pushed in candidates]
        parts = jacobian.split(sizes, dim=2)
        for (run, names, *factors), expected in zip(candidates, parts, strict=True):
            if _is_product(expected, *factors, len(names) > 1):
                yield run, names


def _is_product(jacobian, taken, pushed, has_bias):
    matrix = torch.einsum("npi,nkpo->nkoi", taken, pushed)
    parts = [matrix[..., :-1], matrix[..., -1:]] if has_bias else [matrix]
    lines = torch.cat([part.flatten(2) for part in parts], dim=2)
    scale = float(jacobian.abs().max())
    return torch.allclose(lines, jacobian, rtol=1e-3, atol=1e-4 * scale)


def _outer_products(one, other):
    """Products of sums over places of outer products: (n * k, n_other * k)."""
    (taken, pushed), (taken_by, pushed_by) = one, other
    n_others, k, places, _ = pushed_by.shape
    size = max(1, _BLOCK // (n_others * (k * places) ** 2))
    found = []
    for a, b in zip(taken.split(size), pushed.split(size), strict=True):
        inner = a.flatten(0, 1) @ taken_by.flatten(0, 1).T
        outer = b.flatten(0, 2) @ pushed_by.flatten(0, 2).T
        by_place = outer.view(len(a), k, places, n_others, k, places)
        by_place *= inner.view(len(a), 1, places, n_others, 1, places)
        found.append(by_place.sum((2, 5)).view(len(a) * k, n_others * k))
    return torch.cat(found)
