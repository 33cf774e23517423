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
        for prior in priors:
            right = prior.halve(self._right_for(scale)[None])
            solved = torch.cholesky_solve(right.T, self._factor(prior))
            yield prior.unhalve(solved[:, 0])

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

    def _right_for(self, scale):
        return self._right @ self._right.new_tensor([scale, 1.0])

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


def _by_multiple(parts, n_multiples):
    """Parts of rows, in turn for each multiple: (n_multiples, n, m)."""
    parts = [torch.cat(parts[k::n_multiples]) for k in range(n_multiples)]
    return torch.stack(parts)
