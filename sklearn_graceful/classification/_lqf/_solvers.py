"""Ways to solve it: all weights, all rows, or step by step."""

import torch

from sklearn_graceful._warn import warn_user
from sklearn_graceful.classification._lqf._gradient import StochasticGradient

_MAX_PARAMS, _MAX_OUTPUTS, _MAX_JACOBIAN = 2000, 3000, 2**28


class Cholesky:
    """By the Gram matrix of the weights, (n_params, n_params): for few weights.

    More rows are added to it and taken from it.
    """

    exact, n_iter = True, 1

    def __init__(self, design, max_iter=None):
        self._design = design
        n_params = len(design.start)
        like = design.start.new_zeros(0, dtype=torch.float64)
        self._gram = like.new_zeros(n_params, n_params)
        # For the labels and for the old outputs, as the scale may change.
        self._right = like.new_zeros(n_params, 2)

    def add(self, rows):
        """Take rows in."""
        self._count(rows, 1.0)

    def remove(self, rows, positions):
        """Take some of the rows out."""
        self._count(rows.take(positions), -1.0)

    def _count(self, rows, sign):
        targets = torch.stack([rows.targets(1) - rows.targets(0), rows.targets(0)], 2)
        for part, J in _blocks(self._design, rows):
            weight = sign * part.weight.double()
            self._gram += torch.einsum("nmp,n,nmq->pq", J, weight, J)
            now, targets = targets[: len(part)], targets[len(part) :]
            self._right += torch.einsum("nmp,n,nmt->pt", J, weight, now.double())

    def typical_curvature(self, rows, prior):
        """Mean over outputs of the derivatives' squared length, at a ridge of 1."""
        weight = rows.weight.double().sum() * rows.labels.shape[1]
        return float(self._halved(prior.with_ridge(1.0)).trace() / weight)

    def solve(self, rows, prior, scale):
        """Change of the weights."""
        right = prior.halve(self._right_for(scale)[None])
        solved = torch.cholesky_solve(right.T, self._factor(prior))
        return prior.unhalve(solved[:, 0])

    def left_out(self, rows, prior, scale, multiples=(1.0,)):
        """Change of each row's outputs by a fit without the row.

        For each multiple of the prior, of shape (n_multiples, n, m).
        """
        values, axes = torch.linalg.eigh(self._halved(prior))
        right = axes.T @ prior.halve(self._right_for(scale)[None])[0]
        eye, targets = torch.eye(rows.labels.shape[1]).to(axes), rows.targets(scale)
        found, done = [], 0
        for part, J in _blocks(self._design, rows):
            J = (prior.halve(J.flatten(0, 1)) @ axes).view_as(J)
            target, weight = targets[done : done + len(part)].to(J), part.weight.to(J)
            done += len(part)
            for multiple in multiples:
                scaled = J / (values + multiple)
                fitted = scaled @ right
                hat = scaled @ J.transpose(1, 2)
                open_share = eye - hat * weight[:, None, None]
                pushed = torch.linalg.solve(open_share, target - fitted)
                moved = torch.einsum("nmk,nk->nm", hat, pushed * weight[:, None])
                found.append(fitted - moved)
        return _by_multiple(found, len(multiples))

    def influence(self, rows, prior, scale, X):
        """By how much each row changes the outputs of X, (n_X, n, m)."""
        factor, u = self._factor(prior), self.solve(rows, prior, scale)
        asked = prior.halve(_stacked(self._design, X).double())
        eye, targets = torch.eye(rows.labels.shape[1]).to(asked), rows.targets(scale)
        found, done = [], 0
        for part, J in _blocks(self._design, rows):
            residual = targets[done : done + len(part)].to(J) - J @ u
            done += len(part)
            J = prior.halve(J.flatten(0, 1)).view_as(J)
            solved = torch.cholesky_solve(J.flatten(0, 1).T, factor).T.view_as(J)
            weight = part.weight.to(J)[:, None]
            open_share = eye - solved @ J.transpose(1, 2) * weight[:, :, None]
            pushed = torch.linalg.solve(open_share, residual) * weight
            found.append(asked @ torch.einsum("nmp,nm->pn", solved, pushed))
        found = torch.cat(found, dim=1)
        return found.view(len(X), -1, found.shape[1]).transpose(1, 2)

    def _right_for(self, scale):
        return self._right @ self._right.new_tensor([scale, 1.0])

    def _halved(self, prior):
        return prior.halve(prior.halve(self._gram).T)

    def _factor(self, prior):
        whole = self._halved(prior)
        whole.diagonal().add_(1.0)
        return torch.linalg.cholesky(whole)


class Dual:
    """By the kernel of all outputs of all rows: for few rows.

    What is kept is (n * m, n * m); while it is built, the Jacobian (n * m, n_params).
    """

    exact, n_iter = True, 1

    def __init__(self, design, max_iter=None):
        self._design = design
        self._kernels = None

    def add(self, rows):
        """Take rows in."""
        self._kernels = None

    def remove(self, rows, positions):
        """Take some of the rows out."""
        keep = torch.ones(len(rows), dtype=torch.bool)
        keep[positions] = False
        if self._kernels is not None:
            keep = keep.repeat_interleave(rows.labels.shape[1])
            self._kernels = [kernel[keep][:, keep] for kernel in self._kernels]

    def typical_curvature(self, rows, prior):
        """Mean over outputs of the derivatives' squared length, at a ridge of 1."""
        return float(self._kernel(rows, prior.with_ridge(1.0)).diagonal().mean())

    def solve(self, rows, prior, scale):
        """Change of the weights."""
        alpha = torch.cholesky_solve(
            rows.targets(scale).double().reshape(-1, 1), self._factor(rows, prior)
        )
        pulled = self._design.pull(rows.X, alpha.view_as(rows.labels).to(rows.labels))
        pulled = pulled.double()
        return prior.unhalve(prior.halve(pulled[None])[0])

    def left_out(self, rows, prior, scale, multiples=(1.0,)):
        """Change of each row's outputs by a fit without the row.

        For each multiple of the prior, of shape (n_multiples, n, m).
        """
        targets, (n, m) = rows.targets(scale).double(), rows.labels.shape
        root = rows.weight.double().sqrt().repeat_interleave(m)
        kernel = root[:, None] * self._kernel(rows, prior) * root
        values, axes = torch.linalg.eigh(kernel)
        found, by_row = [], axes.view(n, m, n * m)
        right = axes.T @ (root * targets.reshape(-1))
        for multiple in multiples:
            inverse = 1 / (values / multiple + 1)
            alpha = (axes @ (inverse * right)).view(n, m)
            own = (by_row * inverse) @ by_row.transpose(1, 2)
            off = torch.linalg.solve(own, alpha)
            found.append(targets - off / root.view(n, m))
        return torch.stack(found)

    def influence(self, rows, prior, scale, X):
        """By how much each row changes the outputs of X, (n_X, n, m)."""
        targets, (n, m) = rows.targets(scale).double(), rows.labels.shape
        inverse = torch.cholesky_inverse(self._factor(rows, prior))
        own = inverse.view(n, m, n, m).diagonal(dim1=0, dim2=2).permute(2, 0, 1)
        alpha = (inverse @ targets.reshape(-1)).view(n, m)
        residuals = torch.linalg.solve(own, alpha)
        asked = prior.halve(_stacked(self._design, X)).double()
        kernel = asked @ prior.halve(_stacked(self._design, rows.X)).double().T
        pushed = (kernel @ inverse).view(len(X), m, n, m)
        return torch.einsum("xknm,nm->xnk", pushed, residuals)

    def _factor(self, rows, prior):
        kernel = self._kernel(rows, prior).clone()
        noise = 1 / rows.weight.double().repeat_interleave(rows.labels.shape[1])
        kernel.diagonal().add_(noise)
        return torch.linalg.cholesky(kernel)

    def _kernel(self, rows, prior):
        if prior.curvature is not None:
            half = prior.halve(_stacked(self._design, rows.X))
            return (half @ half.T).double()
        if self._kernels is None:
            J = _stacked(self._design, rows.X)
            parts = [J[:, group] for group in prior.groups]
            self._kernels = [(part @ part.T).double() for part in parts]
        pairs = zip(self._kernels, prior.shares, strict=True)
        return sum(kernel * share for kernel, share in pairs) / prior.ridge


class ConjugateGradients:
    """Step by step, without any matrix: for many weights and many rows.

    A step is one product with the Jacobian forth and one back. K-FAC at the weights at
    the start says where to go.
    """

    exact = False

    def __init__(self, design, max_iter=None):
        self._design = design
        self._max_iter = 1000 if max_iter is None else max_iter
        self._u = None

    def add(self, rows):
        """Take rows in: the next solution starts from the last one."""

    def remove(self, rows, positions):
        """Take some of the rows out."""

    def solve(self, rows, prior, scale):
        """Change of the weights."""
        design, weight = self._design, rows.weight[:, None]
        ahead = prior.with_rows(design.curvature(rows), 1)

        def hessian(u):
            changed = design.product(rows.X, u)
            return design.pull(rows.X, weight * changed) + prior.multiply(u)

        def precondition(v):
            return ahead.unhalve(ahead.halve(v[None])[0])

        right = design.pull(rows.X, weight * rows.targets(scale))
        u = torch.zeros_like(right) if self._u is None else self._u
        self._u, self.n_iter = _conjugate_gradients(
            hessian, right, u, precondition, self._max_iter
        )
        return self._u.double()


def _conjugate_gradients(hessian, right, u, precondition, max_iter):
    """Solution, starting at u, and number of steps."""
    tolerance = 1e-12 if right.dtype == torch.float64 else 1e-5
    limit = tolerance * right.norm()
    residual = right - hessian(u)
    direction = z = precondition(residual)
    rz = residual @ z
    for step in range(1, max_iter + 1):
        moved = hessian(direction)
        length = rz / (direction @ moved).clamp_min(torch.finfo(rz.dtype).tiny)
        u = u + length * direction
        residual = residual - length * moved
        if residual.norm() <= limit:
            return u, step
        z = precondition(residual)
        rz, before = residual @ z, rz
        direction = z + rz / before * direction
    warn_user(
        f"Conjugate gradients have not converged in max_iter={max_iter} steps: a "
        "larger ridge makes the problem easier."
    )
    return u, max_iter


def _blocks(design, rows):
    """Pairs of some rows and their Jacobians, in double precision."""
    start = 0
    for J in design.jacobians(rows.X):
        yield rows.take(slice(start, start + len(J))), J.double()
        start += len(J)


def _by_multiple(parts, n_multiples):
    """Parts of rows, in turn for each multiple: (n_multiples, n, m)."""
    parts = [torch.cat(parts[k::n_multiples]) for k in range(n_multiples)]
    return torch.stack(parts)


def _stacked(design, X):
    """Jacobian (n * m, n_params) of all rows."""
    return torch.cat([J.flatten(0, 1) for J in design.jacobians(X)])


SOLVERS = {
    "cholesky": Cholesky,
    "dual": Dual,
    "cg": ConjugateGradients,
    "sgd": StochasticGradient,
}


def solver_for(name, n_outputs, n_params):
    """The class of a solver; "auto": by the sizes of the problem."""
    if name != "auto":
        return SOLVERS[name]
    if n_params <= _MAX_PARAMS:
        return Cholesky
    if n_outputs <= _MAX_OUTPUTS and n_outputs * n_params <= _MAX_JACOBIAN:
        return Dual
    return ConjugateGradients
