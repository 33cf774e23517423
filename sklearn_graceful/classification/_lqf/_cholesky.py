"""Least squares by a matrix of all weights."""

import torch

# Multiplications for all rows to be left out of one fit.
_MAX_PRODUCTS = 2**30


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

    def add(self, rows):
        """Take rows in."""
        self._count(rows, 1.0)

    def remove(self, rows, positions):
        """Take some of the rows out."""
        self._count(rows.take(positions), -1.0)

    def _count(self, rows, sign):
        for part, J in _blocks(self._design, rows):
            weight = sign * part.weight.double()
            self._gram += torch.einsum("nmp,n,nmq->pq", J, weight, J)

    def can_judge(self, rows):
        """Whether fits without a row are cheap."""
        n, m = rows.labels.shape
        return n * m**2 * len(self._design.start) <= _MAX_PRODUCTS

    def typical_curvature(self, rows, prior):
        """Mean over outputs of the derivatives' squared length, at a ridge of 1."""
        weight = rows.weight.double().sum() * rows.labels.shape[1]
        return float(self._halved(prior.with_ridge(1.0)).trace() / weight)

    def solutions(self, rows, priors, scale):
        """Yield the change of the weights for each prior."""
        right = self._right(rows, scale)
        for prior in priors:
            factor = self._factor(prior)
            solved = torch.cholesky_solve(prior.halve(right).T, factor)
            yield prior.unhalve(solved[:, 0])

    def left_out(self, rows, prior, scales, multiples=(1.0,)):
        """Change of each row's outputs by a fit without the row.

        For each scale and multiple of the prior, (n_scales, n_multiples, n, m).
        """
        values, axes = torch.linalg.eigh(self._halved(prior))
        right = torch.cat([self._right(rows, scale) for scale in scales])
        right = axes.T @ prior.halve(right).T
        targets = torch.stack([rows.targets(scale) for scale in scales], dim=2)
        eye, found, done = torch.eye(rows.labels.shape[1]).to(axes), [], 0
        for part, J in _blocks(self._design, rows):
            J = (prior.halve(J.flatten(0, 1)) @ axes).view_as(J)
            target = targets[done : done + len(part)].to(J)
            weight = part.weight.to(J)[:, None, None]
            done += len(part)
            for multiple in multiples:
                scaled = J / (values + multiple)
                fitted = scaled @ right
                hat = scaled @ J.transpose(1, 2)
                pushed = torch.linalg.solve(eye - hat * weight, target - fitted)
                found.append(fitted - hat @ pushed * weight)
        parts = [torch.cat(found[k :: len(multiples)]) for k in range(len(multiples))]
        return torch.stack(parts).permute(3, 0, 1, 2)

    def influence(self, rows, prior, scale, X):
        """By how much each row changes the outputs of X, (n_X, n, m)."""
        factor, (u,) = self._factor(prior), self.solutions(rows, [prior], scale)
        asked = prior.halve(
            torch.cat([*self._design.jacobians(X)]).flatten(0, 1).double()
        )
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

    def _right(self, rows, scale):
        targets = rows.weight[:, None] * rows.targets(scale)
        return self._design.pull(rows.X, targets).double()[None]

    def _halved(self, prior):
        return prior.halve(prior.halve(self._gram).T)

    def _factor(self, prior):
        whole = self._halved(prior)
        whole.diagonal().add_(1.0)
        return torch.linalg.cholesky(whole)


def _blocks(design, rows):
    """Pairs of some rows and their Jacobians, in double precision."""
    start = 0
    for J in design.jacobians(rows.X):
        yield rows.take(slice(start, start + len(J))), J.double()
        start += len(J)
