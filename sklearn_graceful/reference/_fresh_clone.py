"""Clones that know nothing: what ``clone`` keeps fitted is fitted anew, or refused."""

from inspect import signature

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_graceful._kinds import is_a, is_onnx_session, is_skorch_net
from sklearn_graceful.reference._fitted_state import parts_of, tensors_of
from sklearn_graceful.reference._handle import ReferenceModel, describe

# Parameters by which a meta-estimator is told that its parts are fitted already.
_HOW_TO_FIT = {"cv", "prefit", "refit"}


def fresh_clone(estimator):
    """Clone an estimator so that nothing in the clone has ever seen a row.

    ``clone`` keeps whatever its owner wants kept. A frozen estimator is replaced by a
    fresh clone of what is frozen, and a parameter that says "prefit" by its default, so
    that the same is trained as once was.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    fresh : estimator

    Raises
    ------
    TypeError
        If something fitted is left that cannot be trained anew, such as the weights of
        a torch module that is a parameter; says which.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful.reference import fresh_clone
    >>> frozen = FrozenEstimator(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    >>> fresh_clone(frozen)
    LogisticRegression()
    """
    fresh = _thaw(clone(estimator, safe=False))
    kept = what_clones_keep(fresh)
    if kept:
        raise TypeError(
            f"A clone of {type(estimator).__name__} keeps {describe(kept[0])} as it "
            "was trained."
        )
    return fresh


def what_clones_keep(estimator):
    """Parts of an unfitted estimator that have learned something all the same.

    Parameters
    ----------
    estimator : estimator
        A clone.

    Returns
    -------
    parts : list
        Fitted estimators, handles of old models, torch modules with weights and ONNX
        sessions.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful import PCClassifier
    >>> from sklearn_graceful.reference import what_clones_keep
    >>> old = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    >>> what_clones_keep(clone(PCClassifier(LogisticRegression(), old_model=old)))
    [ReferenceModel(LogisticRegression())]
    """
    return [part for part in parts_of(estimator) if has_learned(part)]


def has_learned(part):
    """Whether an object is fitted, unlike one made anew from its parameters.

    Parameters
    ----------
    part : object

    Returns
    -------
    has_learned : bool
        False for estimators that have nothing to learn, fitted or not.

    Examples
    --------
    >>> from sklearn.preprocessing import FunctionTransformer, StandardScaler
    >>> from sklearn_graceful.reference import has_learned
    >>> has_learned(StandardScaler()), has_learned(StandardScaler().fit([[1.0]]))
    (False, True)
    >>> has_learned(FunctionTransformer().fit([[1.0]]))
    False
    """
    if isinstance(part, type):
        return False
    if isinstance(part, ReferenceModel) or is_onnx_session(part):
        return True
    if is_a(part, "torch.nn.Module"):
        return next(tensors_of(part), None) is not None
    if not hasattr(part, "get_params"):
        return False
    return _is_fitted(part) and not _is_fitted(_made_anew(part))


def _is_fitted(estimator):
    if is_skorch_net(estimator):
        return getattr(estimator, "initialized_", False)
    says = getattr(estimator, "is_fitted", None)  # as CatBoost's does
    if callable(says):
        return says()
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError, AttributeError):
        return False
    return True


def _made_anew(estimator):
    params = estimator.get_params(deep=False)
    return type(estimator)(**{name: clone(params[name], safe=False) for name in params})


def _thaw(value):
    """What a clone holds, with fresh clones in the place of what is frozen."""
    if type(value) in (list, tuple):
        items = [*map(_thaw, value)]
        return value if _same(items, value) else type(value)(items)
    if type(value) is dict:  # which clone copies with all that is fitted inside
        items = [_thaw(clone(item, safe=False)) for item in value.values()]
        return dict(zip(value, items, strict=True))
    if isinstance(value, FrozenEstimator):
        return fresh_clone(value.estimator)
    if isinstance(value, type) or not hasattr(value, "get_params"):
        return value
    params = value.get_params(deep=False)
    thawed = {name: _thaw(param) for name, param in params.items()}
    if "prefit" in map(_said, params.values()) or params.get("prefit") is True:
        thawed |= _defaults(value, _HOW_TO_FIT & thawed.keys())
    changed = {name for name in params if thawed[name] is not params[name]}
    return value.set_params(**{name: thawed[name] for name in changed})


def _same(items, others):
    return all(item is other for item, other in zip(items, others, strict=True))


def _said(value):
    return value if isinstance(value, str) else None


def _defaults(estimator, names):
    parameters = signature(type(estimator)).parameters
    return {name: parameters[name].default for name in names}
