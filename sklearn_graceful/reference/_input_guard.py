"""Refuse X that the old model was not fitted on, before it answers with nonsense."""

from sklearn_graceful._frames import column_names
from sklearn_graceful._wrappers import innermost, transformers

_ADVICE = (
    "The old model must get the X it was fitted on. A step inside a Pipeline gets "
    "transformed X: wrap the whole Pipeline instead, as in PCClassifier(pipeline), or "
    "pass the old model's outputs with old_proba= or old_embeddings=."
)


def check_same_features(model, X):
    """Refuse `X` of other columns than those that `model` says it was fitted on."""
    given = string_names(X)
    fitted = fitted_names(model, given)
    if fitted is not None and given is not None:
        _check_names(model, fitted, given)
        return
    n_fitted, n_given = getattr(model, "n_features_in_", None), _count_columns(X)
    if n_fitted is not None and n_given is not None and n_fitted != n_given:
        raise ValueError(
            f"X has {n_given} features, but the old model {type(model).__name__} was "
            f"fitted on {n_fitted}. {_ADVICE}"
        )


def fitted_names(model, given):
    """Names of the columns that `model` was fitted on, as `given` spells them.

    LightGBM keeps them with underscores in place of spaces.
    """
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is None:
        return None
    is_lightgbm = type(model).__module__.startswith("lightgbm.")
    spaced = {name.replace(" ", "_"): name for name in given or () if is_lightgbm}
    return [spaced.get(str(name), str(name)) for name in fitted]


def _check_names(model, fitted, given):
    missing, unknown = _without(fitted, given), _without(given, fitted)
    # A ColumnTransformer picks its columns by name, whatever else there is.
    first = [*transformers(model), innermost(model)][0]
    picks_columns = type(first).__name__ == "ColumnTransformer"
    if fitted == given or (picks_columns and not missing):
        return
    kinds = {"missing": missing, "unknown": unknown}
    said = [f"{kind} {_some(names)}" for kind, names in kinds.items() if names]
    raise ValueError(
        f"The {len(given)} column names of X are not the {len(fitted)} that the old "
        f"model {type(model).__name__} was fitted on: "
        f"{' and '.join(said) or 'they come in another order'}. {_ADVICE}"
    )


def _without(names, others):
    others = set(others)
    return [name for name in names if name not in others]


def _some(names):
    return ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")


def string_names(X):
    """Names of columns as scikit-learn keeps them: if all are strings."""
    names = column_names(X)
    return names if names and all(isinstance(n, str) for n in names) else None


def _count_columns(X):
    if isinstance(X, list | tuple):
        return len(X[0]) if X and isinstance(X[0], list | tuple) else None
    shape = getattr(X, "shape", ())
    return shape[1] if len(shape) == 2 else None
