"""What a user passes through to the ``fit`` of the learner, such as ``eval_set``."""

from inspect import Parameter, signature

import numpy as np
from sklearn.utils.validation import _is_arraylike, _num_samples

from sklearn_graceful._labels import check_same_label_kind, class_index
from sklearn_graceful.training._parameters import library_of

# By which a booster stops early, and where it is told of the rows to stop by.
_STOPS_BY = {
    "lightgbm": (
        "early_stopping_round",
        "early_stopping_rounds",
        "early_stopping",
        "n_iter_no_change",
    ),
    "xgboost": ("early_stopping_rounds",),
}
_ROWS_TO_STOP_BY = ("eval_set", "eval_X")


def check_fit_params(learner, fit_params, is_net):
    """Refuse what a learner's ``fit`` does not take, or cannot do without.

    Raises
    ------
    TypeError
        If ``fit`` takes no argument of that name.
    ValueError
        If the learner stops early by rows that nobody gave.
    """
    name = type(learner).__name__
    if is_net and fit_params:
        raise TypeError(
            f"{name} is a network, whose fit takes nothing further, got "
            f"{_listed(fit_params)}. Rows to stop by, and callbacks, are parameters of "
            "the net: train_split= and callbacks=."
        )
    if unknown := _not_taken(learner.fit, fit_params):
        raise TypeError(
            f"{name}.fit takes no {_listed(unknown)}. What fit is given beyond its own "
            "arguments goes to the learner, the last step of a Pipeline, by its plain "
            "name."
        )
    _check_can_stop(learner, fit_params)


def check_no_row_params(fit_params, n_rows):
    """Refuse fit parameters by row, where other rows than the user's are learned.

    Raises
    ------
    ValueError
        If one has as many entries as there are rows.
    """
    by_row = [name for name, value in fit_params.items() if _by_row(value, n_rows)]
    if by_row:
        raise ValueError(
            f"{_listed(by_row)} has one entry for each of the {n_rows} rows, but "
            "with an old model copies of rows are learned, and rows between them, "
            "which have none. Only sample_weight and critical may go by row; "
            "method='none' takes others too."
        )


def _not_taken(fit, fit_params):
    """Names that a method has no argument for."""
    if not fit_params:
        return []
    taken = signature(fit).parameters
    takes_any = any(p.kind is Parameter.VAR_KEYWORD for p in taken.values())
    return [] if takes_any else [name for name in fit_params if name not in taken]


def translate_labels(fit_params, classes, names):
    """Give labels in an ``eval_set`` the names by which a learner is told of classes.

    Parameters
    ----------
    fit_params : dict
    classes, names : ndarray of shape (n_classes,)
        Labels of the user, and what stands for each.

    Returns
    -------
    fit_params : dict
    """
    eval_set = fit_params.get("eval_set")
    if eval_set is None or names is classes:
        return fit_params
    translated = [(X, names[_positions(y, classes)]) for X, y in eval_set]
    return {**fit_params, "eval_set": translated}


def _positions(y, classes):
    y = np.asarray(y)
    check_same_label_kind(eval_set=y, y=classes)
    positions = class_index(y, classes)
    if (positions < 0).any():
        raise ValueError(
            f"eval_set has the label {y[positions < 0][0]!r}, y has "
            f"{classes[:10].tolist()}."
        )
    return positions


def _by_row(value, n_rows):
    """As scikit-learn tells what it has to slice."""
    return _is_arraylike(value) and _num_samples(value) == n_rows


def _check_can_stop(learner, fit_params):
    names = _STOPS_BY.get(library_of(learner), ())
    if not names or any(fit_params.get(p) is not None for p in _ROWS_TO_STOP_BY):
        return
    params = learner.get_params()
    for name in names:
        if params.get(name):
            raise ValueError(
                f"{type(learner).__name__}({name}={params[name]!r}) stops by rows that "
                "it is not trained on: pass them, fit(X, y, eval_set=[(X_valid, "
                f"y_valid)]), or leave {name} out."
            )


def _listed(names):
    return ", ".join(names)
