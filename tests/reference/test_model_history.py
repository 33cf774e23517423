"""A history of releases: what a new model is held to, and wherever it may travel."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_graceful import (
    FlipControlledClassifier,
    ModelHistory,
    OldModelMismatchWarning,
    PCClassifier,
    ReferenceModel,
)
from sklearn_graceful.congruence import Focal, FocalKL, Match
from sklearn_graceful.metrics import flip_counts, history_labels, negative_flip_rate
from sklearn_graceful.model_selection import flip_scorer, update_scorer
from sklearn_graceful.nn import mlp_net

LEARNER = LogisticRegression(max_iter=300)
STRONG = FocalKL(strength=1.0, temperature=1.0)


def linear(C=1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C))


@pytest.fixture(scope="module")
def scaled(scaled):
    X, y = scaled
    return X, np.array(["a", "b", "c"])[y]


@pytest.fixture(scope="module")
def versions(scaled):
    """Three releases that know ac, bc and abc; columns choose who errs where."""
    X, y = scaled
    first = linear().fit(X[y != "b"][::7], y[y != "b"][::7])
    second = linear(0.01).fit(X[y != "a"][::5], y[y != "a"][::5])
    return [first, second, linear(0.003).fit(X[::9], y[::9])]


def new(**params):
    return PCClassifier(LEARNER, method=STRONG, random_state=0, **params)


# The rule


def constant(proba, classes):
    """A model that answers alike for every row."""
    return ReferenceModel(lambda X: np.tile(proba, (len(X), 1)), classes=classes)


@pytest.mark.parametrize(
    ("versions", "y", "columns", "held_to"),
    [
        # a: the second, and not the first; b: the third; c: nobody, so the newest.
        (
            [
                constant([0.6, 0.4], ["a", "b"]),
                constant([0.8, 0.2], ["a", "b"]),
                constant([0.3, 0.7], ["a", "b"]),
            ],
            ["a", "b", "c"],
            ["a", "b"],
            [[0.8, 0.2], [0.3, 0.7], [0.3, 0.7]],
        ),
        (
            [
                constant([0.1, 0.9], ["z", "a"]),  # z is known to no new model
                constant([0.2, 0.8], ["a", "c"]),
                constant([0.4, 0.6], ["b", "a"]),
            ],
            ["c", "a", "b"],
            ["a", "b", "c"],
            [[0.2, 0, 0.8], [0.6, 0.4, 0], [0.6, 0.4, 0]],
        ),
    ],
    ids=["newest that is right", "classes aligned by label"],
)
@pytest.mark.parametrize("method", [STRONG, "naive", Focal(strength=0.5)])
@pytest.mark.filterwarnings("ignore:The old model is right on 50.0%")  # the newest
def test_what_a_row_is_held_to_by_hand(versions, y, columns, held_to, method):
    """The same is learned from the history as from the stored answers."""
    X, y = np.random.default_rng(0).normal(size=(60, 2)), np.tile(y, 20)
    stored = pd.DataFrame(np.tile(held_to, (20, 1)), columns=columns)
    model = PCClassifier(LEARNER, method=method, random_state=0)
    by_history = clone(model).fit(X, y, old_model=ModelHistory(versions))
    by_hand = clone(model).fit(X, y, old_proba=stored)
    by_newest = clone(model).fit(X, y, old_model=versions[-1])
    proba = by_history.predict_proba(X)
    np.testing.assert_allclose(proba, by_hand.predict_proba(X), atol=1e-9)
    assert not np.allclose(proba, by_newest.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize(
    "method", ["naive", "distill", Focal(strength=0.5), "focal_kl", "focal_lm"]
)
def test_rule_against_a_row_by_row_reference(scaled, versions, method):
    X, y = scaled
    chosen, stored = [], np.zeros((len(y), 3))
    for row in range(len(y)):
        right = [v for v in range(3) if versions[v].predict(X[[row]])[0] == y[row]]
        chosen.append(right[-1] if right else 2)
        (proba,) = versions[chosen[-1]].predict_proba(X[[row]])
        known = np.searchsorted(["a", "b", "c"], versions[chosen[-1]].classes_)
        stored[row, known] = proba
    assert set(chosen) == {0, 1, 2}  # every version is the newest right one somewhere
    model = PCClassifier(mlp_net((8,), max_epochs=3), method=method, random_state=0)
    by_history, by_rule, by_newest = (
        clone(model).fit(X, y, **old).predict_proba(X)
        for old in (
            {"old_model": ModelHistory(versions)},
            {"old_proba": stored},
            {"old_model": versions[-1]},
        )
    )
    np.testing.assert_allclose(by_history, by_rule, atol=1e-5)
    assert not np.allclose(by_history, by_newest, atol=1e-3)


def test_a_history_of_one_version_is_that_version(scaled, versions):
    X, y = scaled
    alone = new(old_model=versions[-1]).fit(X, y)
    history = new(old_model=ModelHistory(versions[-1:])).fit(X, y)
    np.testing.assert_array_equal(history.predict_proba(X), alone.predict_proba(X))


def test_what_an_early_release_had_right_comes_back():
    """The last release forgot what the first knew; only the history remembers it."""
    X, y = load_digits(return_X_y=True)
    first = linear().fit(X[:200], y[:200])
    forgetful = linear().fit(X[:200], np.where(y[:200] == 3, 8, y[:200]))
    few = np.r_[200:260]  # too few rows to learn a digit from
    rest = np.r_[260 : len(y)]
    lost, both = [], [first, forgetful]
    y_old = history_labels(y[rest], [m.predict(X[rest]) for m in both])
    for old in (forgetful, ModelHistory(both)):
        method = FocalKL(strength=5.0, temperature=1.0)
        model = PCClassifier(linear(), old_model=old, method=method)
        model.fit(X[few], y[few])
        lost.append(negative_flip_rate(y[rest], model.predict(X[rest]), y_old=y_old))
    assert lost[1] < lost[0]


def test_critical_rows_are_those_that_any_version_has_right(scaled, versions):
    X, y = scaled
    critical = y == "b"
    model = new(old_model=ModelHistory(versions)).fit(X, y, critical=critical)
    old = history_labels(y, [v.predict(X) for v in versions])
    lost = critical & (old == y) & (model.predict(X) != y)
    assert model.critical_flips_ == lost.sum()


def test_match_takes_the_newest_version(scaled, versions):
    X, y = scaled
    model = PCClassifier(
        mlp_net((8,), max_epochs=3), method=Match(n_synthetic=1), random_state=0
    )
    history = clone(model).fit(X, y, old_model=ModelHistory(versions))
    newest = clone(model).fit(X, y, old_model=versions[-1])
    np.testing.assert_array_equal(history.predict_proba(X), newest.predict_proba(X))


# The handle


def test_outputs_are_those_of_the_newest_version(scaled, versions):
    X, _ = scaled
    history, newest = ModelHistory(versions), ReferenceModel(versions[-1])
    np.testing.assert_array_equal(history.classes_, newest.classes_)
    for method in ("predict", "predict_proba", "logits"):
        np.testing.assert_array_equal(
            getattr(history, method)(X), getattr(newest, method)(X)
        )
    embedders = [StandardScaler().fit(X), StandardScaler(with_mean=False).fit(X)]
    np.testing.assert_array_equal(
        ModelHistory(embedders).transform(X), embedders[-1].transform(X)
    )


def test_a_history_grows_by_a_release(versions):
    history = ModelHistory(ModelHistory(versions[:2]).versions)
    longer = ModelHistory([history, versions[2]])
    assert [v.model for v in longer.versions] == versions


def test_a_list_in_the_list_is_an_ensemble(scaled, versions):
    X, _ = scaled
    history = ModelHistory([versions[0], versions[1:]])
    assert len(history.versions) == 2
    np.testing.assert_array_equal(
        history.predict(X), ReferenceModel(versions[1:]).predict(X)
    )


def test_it_is_no_row_aligned_data_and_clone_keeps_it(versions):
    history = ModelHistory(versions)
    assert clone(history) is history
    assert not hasattr(history, "__len__")
    assert not hasattr(history, "shape")


def test_every_version_is_asked_about_a_row_once(scaled, versions):
    X, y = scaled
    asked = np.zeros(3, dtype=int)

    def counting(position):
        def model(X):
            asked[position] += len(X)
            return versions[position].predict_proba(X)

        return ReferenceModel(model, classes=versions[position].classes_)

    history = ModelHistory([counting(0), counting(1), counting(2)])
    for C in (0.1, 1.0):
        clone(new(old_model=history)).set_params(estimator__C=C).fit(X, y)
        flip_scorer(history)(versions[0], X, y)
    np.testing.assert_array_equal(asked, len(X))


def test_repr_names_the_versions(versions):
    labelled = ReferenceModel(LEARNER, classes=["a", "b"])
    assert repr(ModelHistory([LEARNER, labelled])) == (
        "ModelHistory([LogisticRegression(max_iter=300), "
        "ReferenceModel(LogisticRegression(max_iter=300), classes=['a', 'b'])])"
    )


# Wherever it travels


@pytest.fixture(scope="module")
def expected(scaled, versions):
    X, y = scaled
    model = new().fit(X, y, old_model=ModelHistory(versions))
    plain = new().fit(X, y, old_model=versions[-1])
    proba = model.predict_proba(X)
    assert not np.allclose(proba, plain.predict_proba(X))
    return proba


def pickled(model):
    return pickle.loads(pickle.dumps(model))


def through_skops(model):
    sio = pytest.importorskip("skops.io")
    stored = sio.dumps(model)
    trusted = sorted(sio.get_untrusted_types(data=stored))
    assert all(name.startswith("sklearn_graceful.") for name in trusted)
    return sio.loads(stored, trusted=trusted)


@pytest.mark.parametrize("store", [pickled, through_skops])
def test_constructor_clone_and_stores(scaled, versions, expected, store):
    X, y = scaled
    model = clone(clone(new(old_model=ModelHistory(versions))))
    restored = store(pickled(model).fit(X, y))
    np.testing.assert_array_equal(restored.predict_proba(X), expected)
    assert len(restored.reference_.versions) == 3
    np.testing.assert_array_equal(clone(restored).fit(X, y).predict_proba(X), expected)


def test_setting_the_newest_version_drops_the_history(scaled, versions):
    X, y = scaled
    model = new(old_model=ModelHistory(versions)).fit(X, y)
    model.set_params(old_model=versions[-1]).fit(X, y)
    assert model.reference_.versions == (model.reference_,)


def test_inside_a_pipeline(scaled, versions, expected):
    X, y = scaled
    pipeline = make_pipeline(
        FunctionTransformer(), new(old_model=ModelHistory(versions))
    )
    np.testing.assert_array_equal(pipeline.fit(X, y).predict_proba(X), expected)
    by_fit = make_pipeline(FunctionTransformer(), new())
    by_fit.fit(X, y, pcclassifier__old_model=ModelHistory(versions))
    np.testing.assert_array_equal(by_fit.predict_proba(X), expected)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_searches(scaled, versions, expected, n_jobs):
    X, y = scaled
    history, cv = ModelHistory(versions), StratifiedKFold(2)
    scores = {"scoring": flip_scorer(history), "error_score": "raise"}
    by_constructor = GridSearchCV(
        new(old_model=history),
        {"method__strength": [1.0]},
        cv=cv,
        n_jobs=n_jobs,
        **scores,
    ).fit(X, y)
    np.testing.assert_array_equal(by_constructor.predict_proba(X), expected)
    by_fit = cross_validate(
        new(), X, y, cv=cv, params={"old_model": history}, n_jobs=n_jobs, **scores
    )
    folds = [by_constructor.cv_results_[f"split{k}_test_score"][0] for k in (0, 1)]
    np.testing.assert_allclose(by_fit["test_score"], folds)


# Everything else that takes an old model


def test_scorers_count_flips_from_the_whole_history(scaled, versions):
    X, y = scaled
    model = linear(1e-5).fit(X[::20], y[::20])
    earlier = history_labels(y, [v.predict(X) for v in versions])
    counts = flip_counts(y, model.predict(X), y_old=earlier)
    scores = update_scorer(ModelHistory(versions))(model, X, y)
    assert scores["neg_nfr"] == -counts.negative_flip_rate
    last = update_scorer(versions[-1])(model, X, y)
    assert scores["neg_nfr"] < last["neg_nfr"]


def test_flip_control_moves_away_from_the_newest_version(scaled, versions):
    X, y = scaled
    histories = {"history": ModelHistory(versions), "newest": versions[-1]}
    mixing = {
        name: FlipControlledClassifier(
            linear(), old_model=old, max_nfr=0.05, random_state=0
        )
        .fit(X, y)
        .new_share_
        for name, old in histories.items()
    }
    assert mixing["history"] == mixing["newest"]


def test_history_labels_by_hand():
    y = ["a", "b", "c", "c"]
    versions = {"v1": ["a", "a", "c", "b"], "v2": ["b", "b", "b", "a"]}
    assert history_labels(y, versions).tolist() == ["a", "b", "c", "a"]
    assert history_labels(y, [versions["v1"]]).tolist() == versions["v1"]
    with pytest.raises(ValueError, match="no versions"):
        history_labels(y, [])
    with pytest.raises(ValueError, match=r"predictions_by_version\[1\].*3.*4"):
        history_labels(y, [y, y[:3]])


# Bad input


@pytest.mark.parametrize(
    ("versions", "error", "message"),
    [
        ([], ValueError, "at least one version"),
        (LEARNER, TypeError, "list of releases.*got LogisticRegression"),
        ("model.pkl", TypeError, "list of releases.*got str"),
        (["model.pkl"], TypeError, "nothing from a path"),
        ([LEARNER, None], TypeError, "a version is None"),
        ([LEARNER, 3], TypeError, "type int cannot be used"),
    ],
)
def test_bad_histories(versions, error, message):
    with pytest.raises(error, match=message):
        ModelHistory(versions)


def test_a_history_inside_another_handle_is_refused(versions):
    history = ModelHistory(versions)
    for wrong in (history, [history, versions[0]]):
        with pytest.raises(TypeError, match="no single model"):
            ReferenceModel(wrong)


class Untrained(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        raise AssertionError("training has started")


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (LogisticRegression(), NotFittedError, "LogisticRegression is not fitted"),
        (constant([0.5, 0.5], ["x", "y"]), ValueError, "share no class"),
        (constant([0.5, 0.5], [0, 1]), ValueError, "different kinds"),
        (constant([0.5, 0.7], ["a", "b"]), ValueError, "sum to 1"),
    ],
    ids=["unfitted", "no shared class", "other kind", "no probabilities"],
)
def test_one_bad_version_is_enough(scaled, versions, position, bad, error, message):
    X, y = scaled
    releases = [versions[-1], bad][:: 1 if position else -1]
    model = PCClassifier(Untrained(), old_model=ModelHistory(releases))
    with pytest.raises(error, match=message):
        model.fit(X, y)
    if error is NotFittedError:
        with pytest.raises(error, match=message):
            model.set_params(method="none").fit(X, y)


def test_every_version_must_take_these_rows(scaled, versions):
    X, y = scaled
    narrow = LogisticRegression().fit(X[:, :3], y)
    with pytest.raises(ValueError, match=r"13 features.*fitted on 3"):
        new(old_model=ModelHistory([narrow, *versions])).fit(X, y)


def test_stored_outputs_are_no_history(scaled, versions):
    X, y = scaled
    for answers in (versions[-1].predict_proba(X), "out-of-fold"):
        with pytest.raises(ValueError, match="each version of which must be asked"):
            new(old_model=ModelHistory(versions)).fit(X, y, old_proba=answers)


def test_a_version_that_knows_its_rows_by_heart_is_noticed(scaled, versions):
    X, y = scaled
    forest = RandomForestClassifier(random_state=0).fit(X, y)
    with pytest.warns(OldModelMismatchWarning, match="by heart"):
        new(old_model=ModelHistory([forest, versions[-1]])).fit(X, y)
