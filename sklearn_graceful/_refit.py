"""A fit that succeeds or leaves no trace."""

from contextlib import contextmanager


@contextmanager
def refit(estimator):
    """Forget earlier fits; a fit that fails leaves the estimator as it was."""
    before = vars(estimator).copy()
    try:
        for name in before:
            if name.endswith("_") and not name.startswith("_"):
                delattr(estimator, name)
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
