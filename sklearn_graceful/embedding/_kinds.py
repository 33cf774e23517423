"""The kinds of maps between two spaces, and how each is fitted."""

import numpy as np

from sklearn_graceful.embedding._linear_maps import (
    LinearMap,
    fit_procrustes,
    fit_ridge,
)

# Simplest first.
KINDS = ("procrustes", "ridge", "mlp")


def fit_map(kind, X, Y, adapter, seed):
    """Map of a kind from rows X (n, d_from) to Y (n, d_to)."""
    if kind == "identity":
        # Zeros are added, or the last coordinates cut off.
        return LinearMap(np.eye(X.shape[1], Y.shape[1]), np.zeros(Y.shape[1]))
    if kind == "procrustes":
        return fit_procrustes(X, Y, center=adapter.center)[0]
    if kind == "ridge":
        return fit_ridge(X, Y, alpha=adapter.alpha, center=adapter.center)
    # torch takes seconds to import, and only this kind needs it.
    from sklearn_graceful.embedding._residual_training import fit_residual

    return fit_residual(X, Y, adapter, seed)


def fit_both_ways(kind, X, Y, adapter, seed):
    """Maps of a kind from rows X (n, d_source) to Y (n, d_target), and back."""
    if kind == "procrustes":
        return fit_procrustes(X, Y, center=adapter.center)
    return fit_map(kind, X, Y, adapter, seed), fit_map(kind, Y, X, adapter, seed)
