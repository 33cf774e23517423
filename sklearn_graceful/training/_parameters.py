"""Parameters of a learner: what is inside, and those that it has for one fit only."""

from contextlib import contextmanager

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

_LEARNERS = {
    ("sklearn", "HistGradientBoostingClassifier"),
    ("lightgbm", "LGBMClassifier"),
    ("xgboost", "XGBClassifier"),
    ("catboost", "CatBoostClassifier"),
}


def library_of(learner):
    """Name of the package whose booster this is or descends from; None of any other.

    Known by name, since a library that is not in use shall not be imported.
    """
    for kind in type(learner).__mro__:
        library = kind.__module__.partition(".")[0]
        if (library, kind.__name__) in _LEARNERS:
            return library
    return None


def learners_inside(learner):
    """Estimators that are trained inside a learner, the outer ones before the inner.

    Returns
    -------
    inside : dict
        By the names of their parameters.
    """
    inside = {
        name: value
        for name, value in sorted(learner.get_params(deep=True).items())
        if hasattr(value, "fit") and not isinstance(value, type)
    }
    frozen = {
        name for name, value in inside.items() if isinstance(value, FrozenEstimator)
    }
    return {
        name: value
        for name, value in inside.items()
        if name not in frozen and name.rpartition("__")[0] not in frozen
    }


def unfitted(model, n_classes):
    """A clone that can be fitted on so many classes.

    XGBoost's own fit changes a parameter where there are more than two of them.
    """
    fresh = clone(model)
    for part in (fresh, *learners_inside(fresh).values()):
        several = library_of(part) == "xgboost" and part.objective == "multi:softprob"
        if several and n_classes == 2:
            part.set_params(objective="binary:logistic")
    return fresh


@contextmanager
def fitting_with(learner, **params):
    """Set parameters of a learner; afterwards it has those of the user again.

    None: the learner's default.
    """
    if not params:
        yield
        return
    is_inside = any("__" in name for name in params)
    users = learner.get_params(deep=is_inside)
    learner.set_params(**params)
    for part in (learner, *(learners_inside(learner).values() if is_inside else ())):
        if library_of(part) == "catboost":  # None is no value of most parameters
            given = part._init_params.items()
            part._init_params = {name: v for name, v in given if v is not None}
    try:
        yield
    finally:
        _put_back(learner, {name: users.get(name) for name in params}, users)


def _put_back(learner, changed, users):
    library = library_of(learner)
    if library == "catboost":  # it takes no parameters once it is fitted
        learner._init_params = users
    elif library == "xgboost":  # it would hand them to what is fitted
        for name, value in changed.items():
            setattr(learner, name, value)
    else:
        learner.set_params(**changed)
