"""What an estimator forgets when it is fitted again, and keeps when that fails."""

from contextlib import contextmanager


@contextmanager
def refitting(estimator):
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
