"""Least squares step by step."""

import torch

from sklearn_graceful._warn import warn_user


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

    def can_judge(self, rows):
        """Whether fits without a row are cheap."""
        return False

    def add(self, rows):
        """Take rows in: the next solution starts from the last one."""

    def remove(self, rows, positions):
        """Take some of the rows out."""

    def solutions(self, rows, priors, scale):
        """Yield the change of the weights for each prior."""
        design, weight = self._design, rows.weight[:, None]
        curvature = design.curvature(rows)
        right = design.pull(rows.X, weight * rows.targets(scale))
        for prior in priors:
            ahead = prior.with_rows(curvature, 1)

            def hessian(u, prior=prior):
                changed = design.product(rows.X, u)
                return design.pull(rows.X, weight * changed) + prior.multiply(u)

            def precondition(v, ahead=ahead):
                return ahead.unhalve(ahead.halve(v[None])[0])

            u = torch.zeros_like(right) if self._u is None else self._u
            self._u, self.n_iter = _conjugate_gradients(
                hessian, right, u, precondition, self._max_iter
            )
            yield self._u.double()


def _conjugate_gradients(hessian, right, u, precondition, max_iter):
    """Solution, starting at u, and number of steps."""
    tolerance = 1e-12 if right.dtype == torch.float64 else 1e-3
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
