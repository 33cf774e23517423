"""What a class label is, and how per-class columns of two models line up."""

import numpy as np

_NAME_CLASSES = (
    " If they mean the same, name the old model's classes, in its order, as y does: "
    "ReferenceModel(old_model, classes=[...])."
)


def label_kind(labels, name="Class labels"):
    """Kind of an array of class labels: labels of different kinds never match.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class labels. Only object arrays are looked at item by item.
    name : str, default="Class labels"
        What the error message shall call them.

    Returns
    -------
    kind : {"number", "string", "byte string"}

    Raises
    ------
    ValueError
        If an object array mixes kinds or holds anything but strings and numbers.
    """
    if labels.dtype.kind in "biuf":
        return "number"
    if labels.dtype.kind in "UT":
        return "string"
    if labels.dtype.kind == "S":
        return "byte string"
    kinds = {_kind_of_type(found) for found in set(map(type, labels))}
    if len(kinds) == 1 and kinds <= {"number", "string", "byte string"}:
        return kinds.pop()
    raise ValueError(f"{name} must be all strings or all numbers, got {sorted(kinds)}.")


def _kind_of_type(found):
    if issubclass(found, str):
        return "string"
    if issubclass(found, bytes):
        return "byte string"
    if issubclass(found, bool | int | float | np.bool | np.integer | np.floating):
        return "number"
    return found.__name__


def check_same_label_kind(**labels):
    """Refuse label arrays that could never be equal, such as ``1`` and ``"1"``.

    Parameters
    ----------
    **labels : ndarray of shape (n,)
        Arrays by the name that the error message shall use. Empty ones are skipped.

    Raises
    ------
    ValueError
        If not all arrays hold labels of one kind.
    """
    kinds = {
        name: label_kind(array, name) for name, array in labels.items() if array.size
    }
    if len(set(kinds.values())) > 1:
        described = ", ".join(f"{name} holds {kind}s" for name, kind in kinds.items())
        of_old = {"old_model", "the old model"} & kinds.keys()
        raise ValueError(
            f"Class labels of different kinds never match: {described}."
            f"{_NAME_CLASSES if of_old else ''}"
        )


def class_index(y, classes):
    """Index of each label among sorted classes, -1 if it is not there."""
    index = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    return np.where(classes[index] == y, index, -1)


def align_columns(values, source, target, *, fill=0.0):
    """Reorder per-class columns from the classes of one model to those of another.

    Parameters
    ----------
    values : ndarray of shape (n, n_source)
        One column per class in `source`.
    source, target : ndarray of shape (n_source,) and (n_target,)
        Class labels, each without repetition, in any order.
    fill : float, default=0.0
        Value of the columns of `target` that `source` does not have.

    Returns
    -------
    aligned : ndarray of shape (n, n_target)
    known : ndarray of bool, shape (n_target,)
        Which classes of `target` occur in `source`.

    Raises
    ------
    ValueError
        If the label kinds differ or no class is shared.
    """
    check_same_label_kind(**{"the old model": source, "the new model": target})
    position = {label: column for column, label in enumerate(source.tolist())}
    columns = [position.get(label, -1) for label in target.tolist()]
    columns = np.array(columns, dtype=np.intp)
    known = columns >= 0
    if not known.any():
        raise ValueError(
            f"Old and new model share no class: {source.tolist()} and "
            f"{target.tolist()}."
        )
    aligned = np.full((len(values), len(target)), fill, dtype=values.dtype)
    aligned[:, known] = values[:, columns[known]]
    return aligned, known
