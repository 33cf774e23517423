"""Maps from one embedding space to another, from paired rows."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr, svd
from sklearn.linear_model import Ridge, RidgeCV

# For rows of unit length: from hardly any shrinkage to almost only the mean.
AUTO_ALPHAS = np.logspace(-4, 2, 13)


@dataclass(frozen=True, eq=False)
class LinearMap:
    """``x -> x @ coef + intercept``.

    Attributes
    ----------
    coef : ndarray of shape (d_from, d_to)
        One row for each coordinate that goes in.
    intercept : ndarray of shape (d_to,)
        Where the zero vector goes.
    alpha : float or None
        Ridge strength in use; None for other maps.
    """

    coef: np.ndarray
    intercept: np.ndarray
    alpha: float | None = None

    def __call__(self, X):
        """Map rows, in their own precision."""
        return X @ self.coef.astype(X.dtype) + self.intercept.astype(X.dtype)


@dataclass(frozen=True, eq=False)
class ResidualMap:
    """``x -> start(x) + network(x)``, computed without torch.

    Attributes
    ----------
    start : LinearMap
        Where training started; all there is if there are no layers.
    start_kind : {"procrustes", "ridge"}
        Which linear map that is.
    layers : tuple of (ndarray, ndarray)
        Weight of shape (width_in, width_out) and bias of each layer of the network,
        with ReLU between them. Empty if training did not help on held-out pairs.
    n_epochs : int
        Passes over the pairs.
    """

    start: LinearMap
    start_kind: str
    layers: tuple = ()
    n_epochs: int = 0

    def __call__(self, X):
        """Map rows, in their own precision."""
        mapped, hidden = self.start(X), X
        for i, (weight, bias) in enumerate(self.layers):
            hidden = hidden if i == 0 else np.maximum(hidden, 0)
            hidden = hidden @ weight.astype(X.dtype) + bias.astype(X.dtype)
        return mapped + hidden if self.layers else mapped


def fit_linear(kind, X, Y, adapter):
    """LinearMap of a kind from rows X (n, d_from) to Y (n, d_to)."""
    if kind == "identity":
        # Zeros are added, or the last coordinates cut off.
        return LinearMap(np.eye(X.shape[1], Y.shape[1]), np.zeros(Y.shape[1]))
    if kind == "procrustes":
        return fit_procrustes(X, Y, center=adapter.center)[0]
    return fit_ridge(X, Y, alpha=adapter.alpha, center=adapter.center)


def fit_ridge(X, Y, *, alpha, center):
    """Least squares with a penalty: ``(X'X + alpha I)^-1 X'Y``, if wanted centred."""
    if alpha == "auto":
        # Fewer rows than three leave nothing to learn from when one is left out.
        ridge = RidgeCV(AUTO_ALPHAS, fit_intercept=center)
        alpha = ridge.fit(X, Y).alpha_ if len(X) > 2 else 1.0
    ridge = Ridge(alpha, fit_intercept=center).fit(X, Y)
    coef = np.reshape(ridge.coef_, (Y.shape[1], X.shape[1])).T
    intercept = np.broadcast_to(ridge.intercept_, Y.shape[1:])
    return LinearMap(np.array(coef, order="C"), np.array(intercept), float(alpha))


def fit_procrustes(X, Y, *, center):
    """Rotation, with reflection, that brings `X` closest to `Y`, and its transpose."""
    x_mean = X.mean(axis=0) if center else np.zeros(X.shape[1])
    y_mean = Y.mean(axis=0) if center else np.zeros(Y.shape[1])
    R = nearest_rotation(X - x_mean, Y - y_mean)
    there = LinearMap(R, y_mean - x_mean @ R)
    return there, LinearMap(np.ascontiguousarray(R.T), x_mean - y_mean @ R.T)


def nearest_rotation(X, Y):
    """Orthonormal R (d_from, d_to) that maximises ``trace(R' X'Y)``."""
    U, V = _directions_seen(X, Y)
    R = U @ V.T
    if U.shape[1] == min(R.shape):
        return R
    # With fewer rows than dimensions R is not unique: what the rows say nothing of goes
    # where the identity would send it, as nearly as the rest allows.
    rest = np.eye(*R.shape)
    rest -= U @ (U.T @ rest)
    rest -= (rest @ V) @ V.T
    # What was seen stays: it is orthogonal to the rest, and much larger.
    left, _, right = svd(2 * R + rest, full_matrices=False)
    return left @ right


def _directions_seen(X, Y):
    """Singular vectors of ``X'Y`` whose singular value is not zero."""
    n = len(X)
    if n < min(X.shape[1], Y.shape[1]):
        # X'Y = Qx (Rx Ry') Qy', and what is in the middle is no larger than n by n.
        (Qx, Rx), (Qy, Ry) = (qr(A.T, mode="economic") for A in (X, Y))
        U, values, Vt = svd(Rx @ Ry.T)
        U, V = Qx @ U, Qy @ Vt.T
    else:
        U, values, Vt = svd(X.T @ Y, full_matrices=False)
        V = Vt.T
    size = np.linalg.norm(X) * np.linalg.norm(Y)
    seen = values > max(*X.shape, Y.shape[1]) * np.finfo(X.dtype).eps * size
    return U[:, seen], V[:, seen]
