"""Points on the shortest arc between two directions."""

import numpy as np

from sklearn_graceful.search import check_unit_rows, check_vectors, unit_rows


def slerp(U, V, share):
    """Go a share of the angle from one direction to another.

    Formula: with theta the angle between unit vectors u and v::

        slerp(u, v, a) = (sin((1 - a) theta) u + sin(a theta) v) / sin(theta)
                       = cos(a theta) u + sin(a theta) w

    where w is the unit vector at a right angle to u in the plane of both, in the half
    that holds v. The second form is what is computed: it is accurate for nearly equal
    and nearly opposite vectors too.

    Parameters
    ----------
    U, V : array-like of shape (n, d)
        Vectors, row by row; they are scaled to unit length.
    share : float or array-like of shape (n,)
        0 yields u, 1 yields v.

    Returns
    -------
    fused : ndarray of shape (n, d)
        Unit vectors. For exactly opposite vectors any arc is the shortest; one of them
        is chosen, the same each time.

    Raises
    ------
    ValueError
        If shapes differ, `share` leaves [0, 1], a value is NaN or infinite, or a
        vector is zero.

    References
    ----------
    Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.

    Examples
    --------
    >>> from sklearn_graceful.embedding import slerp
    >>> slerp([[1.0, 0.0]], [[0.0, 1.0]], 1 / 3).round(3)
    array([[0.866, 0.5  ]])
    """
    U, V = check_vectors("U", U), check_vectors("V", V)
    if U.shape != V.shape:
        raise ValueError(f"U has shape {U.shape} but V has {V.shape}.")
    share = check_share(share, len(U))
    return slerp_units(check_unit_rows("U", U), check_unit_rows("V", V), share)


def check_share(share, n_rows):
    """Share of the angle as an array (1, 1), or (n_rows, 1) for one a row."""
    array = np.asarray(share)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"share must be between 0 and 1, got {share!r}.")
    array = array.astype(np.float64)
    if array.ndim > 1 or (array.ndim and len(array) != n_rows):
        raise ValueError(
            f"share must be one number, or one for each of {n_rows} rows, got shape "
            f"{array.shape}."
        )
    # Written so that NaN fails it.
    if not np.all((array >= 0) & (array <= 1)):
        raise ValueError(f"share must be between 0 and 1, got {share!r}.")
    return array.reshape(-1, 1)


def slerp_units(U, V, share):
    """As :func:`slerp`, of unit rows (n, d) by a share that was checked."""
    share = share.astype(U.dtype)
    apart = np.linalg.norm(U - V, axis=1, keepdims=True)
    together = np.linalg.norm(U + V, axis=1, keepdims=True)
    # The arc cosine would lose half of the digits near 0 and near pi.
    angle = 2 * np.arctan2(apart, together)
    W = _at_right_angle(U, V, apart <= together)
    fused = np.cos(share * angle) * U + np.sin(share * angle) * W
    fused = np.where(share == 0, U, np.where(share == 1, V, unit_rows(fused)))
    return fused.astype(U.dtype, copy=False)


def _at_right_angle(U, V, is_acute):
    """Unit vectors at a right angle to `U`, on the side of `V`."""
    # The difference is what is small and exact; no digits are lost in subtracting.
    W = unit_rows(np.where(is_acute, V - U, V + U))
    W = unit_rows(_reject(W, U))
    W = unit_rows(_reject(W, U))
    opposite = ~W.any(axis=1) & ~is_acute[:, 0]
    if U.shape[1] > 1:
        axis = np.abs(U[opposite]).argmin(axis=1)
        W[opposite] = unit_rows(_reject(np.eye(U.shape[1])[axis], U[opposite]))
    return W


def _reject(W, U):
    return W - (W * U).sum(axis=1, keepdims=True) * U
