"""The kinds of maps, each fitted both ways."""

from sklearn_graceful.embedding._maps import fit_linear, fit_procrustes

# Simplest first.
KINDS = ("procrustes", "ridge", "mlp")


def fit_both_ways(kind, X, Y, adapter, seed):
    """Maps of a kind from rows X (n, d_source) to Y (n, d_target), and back."""
    if kind == "procrustes":
        return fit_procrustes(X, Y, center=adapter.center)
    pairs = ((X, Y), (Y, X))
    if kind != "mlp":
        return tuple(fit_linear(kind, *pair, adapter) for pair in pairs)
    # torch takes seconds to import, and only this kind needs it.
    from sklearn_graceful.embedding._residual_training import fit_residual

    return tuple(fit_residual(*pair, adapter, seed) for pair in pairs)
