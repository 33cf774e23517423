"""What a fitted model itself knows of the columns that it was fitted on."""

import json
from contextlib import suppress

import numpy as np
from scipy import sparse

from sklearn_graceful._wrappers import innermost, transformers

# Of many rows and trees, so many tell enough.
_MAX_ROWS, _MAX_TREES = 2000, 50
# How wide a column is that is compared with fewer values nobody knows.
_FEWEST_THRESHOLDS = 5
_BULK = (0.05, 0.95)  # quantiles
# Rows beyond these quantiles of the thresholds nearly all go the same way.
_MIDDLE = (0.2, 0.8)
_SDS = 1.6  # so far are the same quantiles from the mean of a normal column


def learned_ranges(model):
    """Where most values of each column were that a model was fitted on.

    Read off what fitting leaves: statistics of scalers, thresholds of trees, borders of
    bins, stored rows, means by class. Nothing is asked, nothing trained: milliseconds.

    Parameters
    ----------
    model : object
        Fitted, of any kind.

    Returns
    -------
    ranges : ndarray of float, shape (2, n_features), or None
        Lower and upper ends; NaN for a column that it does not tell of. None: it tells
        of none.
    """
    for part in [*transformers(model), innermost(model)]:
        splits = split_values(part)
        if splits is not None:
            return _of_thresholds(splits)
        for needed, read in _READERS:
            if all(getattr(part, name, None) is not None for name in needed):
                # What is private to a library may have another form in the next one.
                with suppress(AttributeError, TypeError, ValueError, LookupError):
                    return read(part)
                return None
        if not type(part).__name__.endswith("Imputer"):  # after which ranges are kept
            return None
    return None


def some(items, at_most=_MAX_ROWS):
    """So many of the items, evenly spread."""
    return items[:: -(-len(items) // at_most) or 1]


def _around(center, spread):
    return np.array([center - spread, center + spread], dtype=np.float64)


def _of_rows(rows):
    if sparse.issparse(rows):
        return None
    return np.quantile(some(np.asarray(rows, np.float64)), _BULK, axis=0)


def _of_principal_axes(pca):
    variance = (pca.components_**2 * pca.explained_variance_[:, None]).sum(axis=0)
    return _around(pca.mean_, _SDS * np.sqrt(variance))


def _of_normal_classes(bayes):
    spread = _SDS * np.sqrt(bayes.var_)
    low, high = bayes.theta_ - spread, bayes.theta_ + spread
    return np.array([low.min(axis=0), high.max(axis=0)])


def _of_columns(transformer):
    ranges = np.full((2, transformer.n_features_in_), np.nan)
    for name, part, _ in transformer.transformers_:
        told = None if isinstance(part, str) else learned_ranges(part)
        if told is not None:
            ranges[:, transformer._transformer_to_input_indices[name]] = told
    return ranges


def _of_thresholds(by_column):
    """Ranges of most values that each column is compared with."""
    ranges = np.full((2, len(by_column)), np.nan)
    for column, values in enumerate(by_column):
        if len(np.unique(values)) >= _FEWEST_THRESHOLDS:
            ranges[:, column] = np.quantile(values, _MIDDLE)
    return ranges


def _by_column(columns, thresholds, n_columns):
    columns, thresholds = np.concatenate(columns), np.concatenate(thresholds)
    order = np.argsort(columns, kind="stable")
    bounds = np.searchsorted(columns[order], np.arange(1, n_columns))
    return np.split(thresholds[order], bounds)


def split_values(model):
    """What trees of scikit-learn compare each column with, a list of ndarray.

    None of other models.
    """
    if getattr(model, "_bin_mapper", None) is not None:
        # With categories its columns come in another order.
        return (
            None
            if model.is_categorical_ is not None
            else (model._bin_mapper.bin_thresholds_)
        )
    members = [model]
    if getattr(model, "estimators_", None) is not None:
        members = np.ravel(np.asarray(model.estimators_, dtype=object))
    trees = [getattr(member, "tree_", None) for member in some(members, _MAX_TREES)]
    if any(tree is None for tree in trees) or _counts_in_its_own_way(model):
        return None
    inner = [tree.feature >= 0 for tree in trees]  # leaves have no column
    return _by_column(
        [tree.feature[at] for tree, at in zip(trees, inner, strict=True)],
        [tree.threshold[at] for tree, at in zip(trees, inner, strict=True)],
        model.n_features_in_,
    )


def _counts_in_its_own_way(ensemble):
    """Whether members see some columns, or others, and not all in their order."""
    own = np.arange(ensemble.n_features_in_)
    seen = getattr(ensemble, "estimators_features_", ())
    return any(not np.array_equal(columns, own) for columns in seen)


def _of_members(ensemble):
    if _counts_in_its_own_way(ensemble):
        return None
    members = some(np.ravel(np.asarray(ensemble.estimators_, object)), _MAX_TREES)
    told = [ranges for ranges in map(learned_ranges, members) if ranges is not None]
    return np.array([np.fmin.reduce(told)[0], np.fmax.reduce(told)[1]])


def _of_lightgbm(model):
    said = model.booster_.model_to_string(num_iteration=1)
    said = said.split("feature_infos=", 1)[1].split("\n", 1)[0].split(" ")
    # "[lowest:highest]" of a column of numbers.
    ends = [end[1:-1].split(":") if end[0] == "[" else [np.nan] * 2 for end in said]
    return np.array(ends, dtype=np.float64).T


def _of_xgboost(model):
    booster = model.get_booster()
    booster = booster[: min(_MAX_TREES, booster.num_boosted_rounds())]
    said = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    trees = said.get("gbtree", said)["model"]["trees"]
    inner = [np.array(tree["left_children"]) >= 0 for tree in trees]
    columns, thresholds = (
        [np.array(tree[key])[at] for tree, at in zip(trees, inner, strict=True)]
        for key in ("split_indices", "split_conditions")
    )
    return _of_thresholds(_by_column(columns, thresholds, model.n_features_in_))


def _of_catboost(model):
    borders = model.get_borders()
    return _of_thresholds([borders.get(i, ()) for i in range(model.n_features_in_)])


# What a part must have, and how it tells; the first that fits.
_READERS = [
    (("_transformer_to_input_indices", "transformers_"), _of_columns),
    (("components_", "explained_variance_", "mean_"), _of_principal_axes),
    (("mean_", "scale_"), lambda m: _around(m.mean_, _SDS * m.scale_)),
    (("center_", "scale_"), lambda m: _around(m.center_, m.scale_)),
    (("data_min_", "data_max_"), lambda m: np.array([m.data_min_, m.data_max_])),
    (("max_abs_",), lambda m: _around(0.0, m.max_abs_)),
    (("quantiles_",), lambda m: m.quantiles_[[0, -1]]),
    (("bin_edges_",), lambda m: np.array([(e[0], e[-1]) for e in m.bin_edges_]).T),
    (("theta_", "var_"), _of_normal_classes),
    (("_fit_X",), lambda m: _of_rows(m._fit_X)),
    (("support_vectors_",), lambda m: _of_rows(m.support_vectors_)),
    (("X_train_",), lambda m: _of_rows(m.X_train_)),
    (("booster_", "n_features_in_"), _of_lightgbm),
    (("get_booster", "n_features_in_"), _of_xgboost),
    (("get_borders", "n_features_in_"), _of_catboost),
    (
        ("calibrated_classifiers_",),
        lambda m: learned_ranges(m.calibrated_classifiers_[0].estimator),
    ),
    (("estimators_",), _of_members),
    (("estimator_",), lambda m: learned_ranges(m.estimator_)),
]
