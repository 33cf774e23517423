"""Versions of a model by name."""

import numpy as np

from sklearn_graceful.inspection._flip_display import _short
from sklearn_graceful.reference import ModelHistory


def numbered(n_versions):
    """Names of versions that have none: v1, v2 and so on."""
    return [f"v{number}" for number in range(1, n_versions + 1)]


def named_versions(versions, display):
    """Fitted models by name, the oldest first.

    Parameters
    ----------
    versions : dict, list or ModelHistory
        As the user gave them.
    display : str
        Who asks, for the errors.

    Returns
    -------
    named : dict

    Raises
    ------
    TypeError
        If it is none of these, or a version is None.
    """
    if isinstance(versions, ModelHistory):
        versions = versions.versions
    named = versions
    if not isinstance(versions, dict):
        if not isinstance(versions, list | tuple):
            raise TypeError(
                f"{display} needs a dict, a list or a ModelHistory of versions, got "
                f"{type(versions).__name__}."
            )
        named = dict(zip(numbered(len(versions)), versions, strict=True))
    if any(version is None for version in named.values()):
        raise TypeError(f"{display}: a version is None.")
    return named


def checked_matrix(name, matrix, display_labels):
    """Square array of a value for each pair of versions, and short names of these.

    Raises
    ------
    ValueError
        If it is not square, has less than two versions, or not one name for each.
    """
    matrix = np.asarray(matrix, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"{name} must have one row and one column for each of two versions or "
            f"more, got shape {matrix.shape}."
        )
    labels = numbered(len(matrix)) if display_labels is None else display_labels
    if len(labels) != len(matrix):
        raise ValueError(
            f"display_labels has {len(labels)} names for {len(matrix)} versions."
        )
    return matrix, [_short(label) for label in labels]
