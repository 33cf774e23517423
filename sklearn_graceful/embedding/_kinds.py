"""The kinds of maps between two spaces, and how each is fitted."""

from functools import partial

from sklearn_graceful.embedding._linear_maps import (
    fit_procrustes,
    fit_ridge,
    identity_map,
)

# Simplest first.
KINDS = ("procrustes", "ridge", "mlp")


def fit_both_ways(kind, X, Y, adapter, seed):
    """Maps of a kind from rows X (n, d_source) to Y (n, d_target), and back."""
    if kind == "identity":
        widths = X.shape[1], Y.shape[1]
        return identity_map(*widths), identity_map(*widths[::-1])
    if kind == "procrustes":
        return fit_procrustes(X, Y, center=adapter.center)
    if kind == "ridge":
        fit = partial(fit_ridge, alpha=adapter.alpha, center=adapter.center)
    else:
        # torch takes seconds to import, and only this kind needs it.
        from sklearn_graceful.embedding._residual_training import fit_residual

        fit = partial(fit_residual, adapter=adapter, seed=seed)
    return fit(X, Y), fit(Y, X)
