"""Parameters of a net that name rows by number, and so fit one data set only."""

from sklearn.model_selection import PredefinedSplit
from skorch.dataset import ValidSplit


def own_sampler(net):
    """Parameter by which a user's sampler draws the rows of batches, or None."""
    chosen = net.get_params_for("iterator_train")
    for name in ("sampler", "batch_sampler"):
        if chosen.get(name) is not None:
            return f"iterator_train__{name}"
    return None


def check_draws_any_rows(net):
    """Refuse a net with a sampler, where rows are left out or made.

    Raises
    ------
    ValueError
        If it has one, which could neither know of the rows that are made, nor which
        are left.
    """
    if (name := own_sampler(net)) is not None:
        raise ValueError(
            f"{name} draws from the rows of fit by number, but some of them are "
            "left out here, or others are made. Weigh rows by sample_weight= instead, "
            "or take a method that trains on the rows of fit as they are."
        )


def check_splits_any_rows(net):
    """Refuse a net with validation rows that are given by number, the same way.

    Raises
    ------
    ValueError
        If it has such a ``train_split``.
    """
    split = net.train_split
    if isinstance(split, ValidSplit) and _is_by_number(split.cv):
        raise ValueError(
            "train_split names validation rows of fit by number, but some of the rows "
            "are left out here. Take a split that is drawn, such as "
            "train_split=ValidSplit(0.1, stratified=True), or a method that trains on "
            "the rows of fit as they are."
        )


def _is_by_number(cv):
    is_listed = hasattr(cv, "__iter__") and not hasattr(cv, "split")
    return is_listed or isinstance(cv, PredefinedSplit)
