"""How many rows or items something may touch."""

from numbers import Integral, Real


def check_budget(budget, n_rows, what="rows"):
    """Turn a number of rows, a share of all or None, for all, into a number."""
    if budget is None:
        return n_rows
    if isinstance(budget, Real) and not isinstance(budget, bool):
        if isinstance(budget, Integral) and budget >= 1:
            return int(budget)
        if 0 < budget <= 1:
            return max(round(budget * n_rows), 1)
    raise ValueError(
        f"budget must be a number of {what} (int, at least 1) or a share of all {what} "
        f"(float, above 0 and at most 1), got {budget!r}."
    )
