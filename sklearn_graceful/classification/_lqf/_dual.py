"""Least squares by the kernel of rows."""

from dataclasses import replace

import torch

from sklearn_graceful.classification._lqf._problem import MAX_NUMBERS
from sklearn_graceful.nn import Derivatives


class _ByKernel:
    """Products of the derivatives of all pairs of rows, kept for all ridges."""

    def __init__(self, design, max_iter=None):
        self._design = design
        self._kept = {}

    def add(self, rows):
        """Take rows in."""
        self._kept = {}

    def typical_curvature(self, rows, prior):
        """Mean over outputs of the derivatives' squared length, at a ridge of 1."""
        prior = replace(prior, ridge=1.0, multiple=1.0)
        return float(self._kernel(rows, prior).diagonal().mean())

    def predicted(self, rows, priors, scale, X):
        """Change of the outputs of other rows, (n_X, m) for each prior without anchor.

        Made one by one.
        """
        asked = self._products(X, rows.X, priors[0])
        for prior in priors:
            fitted = self._multipliers(rows, prior, scale)
            yield (_weighted(asked, prior) @ fitted).view(len(X), -1)

    def _kernel(self, rows, prior):
        """Of pairs of the rows: of each group on its own, as their shares are tried."""
        key = "groups" if prior.curvature is None else (prior.curvature, prior.ridge)
        if key not in self._kept:
            self._kept[key] = self._products(rows.X, rows.X, prior)
        return _weighted(self._kept[key], prior)

    def _products(self, X, Z, prior):
        """Matrices of products, one for each part of the derivatives.

        No more than two blocks of derivatives are held at a time.
        """
        if prior.curvature is None:
            kernel = self._design.tangent_kernel(prior.groups, self._directions(), X)
        else:
            once = replace(prior, multiple=1.0)
            kernel = _UnderAnchor(self._design, self._directions(), once)
        size = max(1, MAX_NUMBERS // kernel.row_size)
        lines = []
        for x in X.split(size):
            own = self._in_batches(kernel, x)
            line = []
            for z in Z.split(size):
                is_same = z.data_ptr() == x.data_ptr() and len(z) == len(x)
                other = own if is_same else self._in_batches(kernel, z)
                line.append([part.double() for part in kernel.products(own, other)])
            lines.append([torch.cat(cells, 1) for cells in zip(*line, strict=True)])
        return [torch.cat(blocks) for blocks in zip(*lines, strict=True)]

    def _in_batches(self, kernel, x):
        parts = x.split(self._design.batch_size)
        return Derivatives.joined([kernel.derivatives(part) for part in parts])


class _UnderAnchor:
    """Products of derivatives in coordinates in which the prior is one number."""

    def __init__(self, design, directions, prior):
        self._design, self._directions, self._prior = design, directions, prior
        self.row_size = len(directions) * len(design.start)

    def derivatives(self, x):
        """Of rows, with nothing taken apart."""
        lines = self._design.jacobian(x, self._directions).flatten(0, 1)
        return Derivatives([], [self._prior.halve(lines)])

    def products(self, one, other):
        """Of all pairs."""
        return [one.lines[0] @ other.lines[0].T]


def _weighted(kernels, prior):
    """The kernel, of those of its parts."""
    if prior.curvature is not None:
        return kernels[0] / prior.multiple
    pairs = zip(kernels, prior.shares, strict=True)
    kernel = sum(kernel * share for kernel, share in pairs)
    return kernel / (prior.ridge * prior.multiple)


def _targets(rows, scales):
    """At each scale, (n, m, n_scales)."""
    targets = [rows.targets(scale).double() for scale in scales]
    return torch.stack(targets, dim=2)


class Dual(_ByKernel):
    """By the kernel of all outputs of all rows: for few rows.

    What is kept is (n * m, n * m).
    """

    exact, n_iter = True, 1

    def can_judge(self, rows):
        """Whether fits without a row are cheap."""
        return True

    def remove(self, rows, positions):
        """Take some of the rows out."""
        keep = torch.ones(len(rows), dtype=torch.bool)
        keep[positions] = False
        keep = keep.repeat_interleave(rows.labels.shape[1])
        self._kept = {
            key: [kernel[keep][:, keep] for kernel in kernels]
            for key, kernels in self._kept.items()
        }

    def solutions(self, rows, priors, scale):
        """Yield the change of the weights for each prior."""
        for prior in priors:
            fitted = self._multipliers(rows, prior, scale).view_as(rows.labels)
            pulled = self._design.pull(rows.X, fitted.to(rows.labels)).double()
            yield prior.unhalve(prior.halve(pulled[None])[0])

    def left_out(self, rows, prior, scales, multiples=(1.0,)):
        """Change of each row's outputs by a fit without the row.

        For each scale and multiple of the prior, (n_scales, n_multiples, n, m).
        """
        targets, (n, m) = _targets(rows, scales), rows.labels.shape
        root = rows.weight.double().sqrt().repeat_interleave(m)[:, None]
        values, axes = torch.linalg.eigh(root * self._kernel(rows, prior) * root.T)
        found, by_row = [], axes.view(n, m, n * m)
        right = axes.T @ (root * targets.flatten(0, 1))
        for multiple in multiples:
            inverse = 1 / (values / multiple + 1)
            alpha = (axes @ (inverse[:, None] * right)).view(n, m, -1)
            own = (by_row * inverse) @ by_row.transpose(1, 2)
            off = torch.linalg.solve(own, alpha)
            found.append(targets - off / root.view(n, m, 1))
        return torch.stack(found).permute(3, 0, 1, 2)

    def influence(self, rows, prior, scale, X):
        """By how much each row changes the outputs of X, (n_X, n, m)."""
        targets, (n, m) = rows.targets(scale).double(), rows.labels.shape
        inverse = torch.cholesky_inverse(self._factor(rows, prior))
        own = inverse.view(n, m, n, m).diagonal(dim1=0, dim2=2).permute(2, 0, 1)
        alpha = (inverse @ targets.reshape(-1)).view(n, m)
        residuals = torch.linalg.solve(own, alpha)
        asked = _weighted(self._products(X, rows.X, prior), prior)
        pushed = (asked @ inverse).view(len(X), m, n, m)
        return torch.einsum("xknm,nm->xnk", pushed, residuals)

    def _directions(self):
        return torch.eye(self._design.n_outputs).to(self._design.start)

    def _multipliers(self, rows, prior, scale):
        targets = rows.targets(scale).double().reshape(-1, 1)
        return torch.cholesky_solve(targets, self._factor(rows, prior))

    def _factor(self, rows, prior):
        kernel = self._kernel(rows, prior).clone()
        noise = 1 / rows.weight.double().repeat_interleave(rows.labels.shape[1])
        kernel.diagonal().add_(noise)
        return torch.linalg.cholesky(kernel)


class SharedKernel(_ByKernel):
    """By one kernel (n, n) for all outputs, of one combination of them in its place.

    To judge ridges by where `Dual` would take too much. For the last layer's weights it
    is exact, for others it is as far off as outputs differ in their kernels.

    References
    ----------
    Mohamadi, Bae and Sutherland, "A Fast, Well-Founded Approximation to the Empirical
    Neural Tangent Kernel", ICML 2023.
    """

    def left_out(self, rows, prior, scales, multiples=(1.0,)):
        """Change of each row's outputs by a fit without the row.

        For each scale and multiple of the prior, (n_scales, n_multiples, n, m).
        """
        targets = _targets(rows, scales)
        root = rows.weight.double().sqrt()[:, None]
        values, axes = torch.linalg.eigh(root * self._kernel(rows, prior) * root.T)
        right, found = axes.T @ (root * targets.flatten(1)), []
        for multiple in multiples:
            inverse = 1 / (values / multiple + 1)
            alpha = axes @ (inverse[:, None] * right)
            own = ((axes**2) @ inverse)[:, None]
            found.append(targets - (alpha / (own * root)).view_as(targets))
        return torch.stack(found).permute(3, 0, 1, 2)

    def _directions(self):
        # Of length 1, and one of chance: an output's own may stand for one class.
        generator = torch.Generator().manual_seed(0)
        n_outputs = self._design.n_outputs
        direction = torch.randn(1, n_outputs, generator=generator, dtype=torch.float64)
        return (direction / direction.norm()).to(self._design.start)

    def _multipliers(self, rows, prior, scale):
        kernel = self._kernel(rows, prior).clone()
        kernel.diagonal().add_(1 / rows.weight.double())
        return torch.cholesky_solve(
            rows.targets(scale).double(), torch.linalg.cholesky(kernel)
        )
