"""Parameters that a learner has for the time of a fit only."""

from contextlib import contextmanager

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


@contextmanager
def fitting_with(learner, **params):
    """Set parameters of a learner; afterwards it has those of the user again.

    None: the learner's default.
    """
    if not params:
        yield
        return
    users = learner.get_params(deep=False)
    learner.set_params(**params)
    if library_of(learner) == "catboost":  # None is no value of most parameters
        given = learner._init_params.items()
        learner._init_params = {name: v for name, v in given if v is not None}
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
