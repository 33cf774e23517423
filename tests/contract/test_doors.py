"""Every way an old model can reach the fit, in every host.

The law of this file: whichever door the old model comes through, and whatever runs
the fit, the new model is bit by bit the one that a plain fit on the same rows makes
with that old model, and not the one without any. (Where the old model is a network,
the last bit of a vector depends on how many rows it is asked about at once.) It is one
file for all estimators, as the law is one.
"""

import numpy as np
import pytest
import sklearn
from hosts import (
    FOLDS,
    REPLACEMENTS,
    SEARCHES,
    WRAPPINGS,
    for_step,
    in_cross_validate,
    in_grid_search,
    of_pipeline,
)
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_graceful import (
    CompatibleEmbedder,
    OldModelMismatchWarning,
    PCClassifier,
    ReferenceModel,
)
from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer


class Fits:
    """What plain fits make, each of them made once, and what others must equal."""

    def __init__(self, X, y):
        self.X, self.y = X, y
        self.old_models = {
            name: {kind: replacement.old(kind, X, y) for kind in replacement.old_models}
            for name, replacement in REPLACEMENTS.items()
        }
        self.made = {}

    def first_case(self, name):
        """An unfitted estimator, and its first kind of old model in a handle."""
        _, kind, _ = REPLACEMENTS[name].cases[0]
        return REPLACEMENTS[name].new(), ReferenceModel(self.old_models[name][kind])

    def plain(self, name, learner, kind, rows):
        key = name, learner, kind, rows.tobytes()
        if key not in self.made:
            old = None if kind is None else ReferenceModel(self.old_models[name][kind])
            model = REPLACEMENTS[name].new(learner)
            model.fit(self.X[rows], self.y[rows], old_model=old)
            self.made[key] = model, REPLACEMENTS[name].answer(model, self.X)
        return self.made[key]

    def check(self, name, learner, kind, host, model, params, **stored):
        """All fits of a host against plain ones with and without the old model."""
        replacement, handle = REPLACEMENTS[name], stored.get("handle", True)
        rounding = 1e-5 if kind == "embedder" else stored.get("rounding", 0)
        for fitted, rows in list(host(model, self.X, self.y, params)):
            twin, same = self.plain(name, learner, kind, rows)
            _, without = self.plain(name, learner, None, rows)
            if isinstance(fitted, float):
                others = np.setdiff1d(np.arange(len(self.X)), rows)
                assert fitted == pytest.approx(same[others, 0].mean(), rel=1e-6)
                assert fitted != pytest.approx(without[others, 0].mean(), rel=1e-3)
                continue
            found = replacement.answer(fitted, self.X)
            np.testing.assert_allclose(found, same, rtol=0, atol=rounding)
            assert found.shape != without.shape or not np.allclose(found, without)
            assert isinstance(fitted.reference_, ReferenceModel) == handle
            if replacement.share:
                share = getattr(fitted, replacement.share)
                assert 0 < share == getattr(twin, replacement.share) < 1


@pytest.fixture(scope="module")
def fits(wine):
    X, y = wine
    return Fits(StandardScaler().fit_transform(X), np.array(["a", "b", "c"])[y])


def in_every_host(cases_of):
    cases = [
        (name, *case, host)
        for name, replacement in REPLACEMENTS.items()
        for case in cases_of(replacement)
        for host in replacement.hosts
    ]
    return cases, ["-".join([*case[:-1], case[-1].__name__]) for case in cases]


CASES, IDS = in_every_host(lambda replacement: replacement.cases)
STORED, STORED_IDS = in_every_host(
    lambda replacement: dict.fromkeys((c[0], c[1]) for c in replacement.cases)
)
names = pytest.mark.parametrize("name", REPLACEMENTS)


@pytest.fixture(params=[False, True], ids=["", "routing"])
def routing(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


@pytest.mark.parametrize(
    ("name", "learner", "kind", "wrapping", "host"), CASES, ids=IDS
)
def test_constructor(routing, fits, name, learner, kind, wrapping, host):
    old = WRAPPINGS[wrapping](fits.old_models[name][kind])
    model = REPLACEMENTS[name].new(learner, old_model=old)
    fits.check(name, learner, kind, host, model, {})


@pytest.mark.parametrize(
    ("name", "learner", "kind", "wrapping", "host"), CASES, ids=IDS
)
def test_fit_argument(routing, fits, name, learner, kind, wrapping, host):
    old = WRAPPINGS[wrapping](fits.old_models[name][kind])
    model, params = REPLACEMENTS[name].new(learner), {"old_model": old}
    if host in SEARCHES and hasattr(old, "__len__"):
        # A forest and a Pipeline have a length, frozen ones too. So scikit-learn
        # takes them for row-aligned data, looks for their rows and finds `fit`.
        with pytest.raises(TypeError, match="Expected sequence or array-like"):
            list(host(model, fits.X, fits.y, params))
        return
    fits.check(name, learner, kind, host, model, params)


@pytest.mark.parametrize(("name", "learner", "kind", "host"), STORED, ids=STORED_IDS)
def test_stored_answers(routing, fits, name, learner, kind, host):
    replacement, old = REPLACEMENTS[name], fits.old_models[name][kind]
    params = {replacement.stored: replacement.answer(old, fits.X)}
    if not replacement.stored_alone:
        params["old_model"] = ReferenceModel(old)
    stored = {"handle": "old_model" in params, "rounding": replacement.rounding}
    fits.check(name, learner, kind, host, replacement.new(learner), params, **stored)


@pytest.mark.parametrize("host", SEARCHES, ids=lambda host: host.__name__)
def test_out_of_fold_answers(routing, fits, host):
    """A word, which has a length too, reaches every fold whole."""
    old = fits.old_models["PCClassifier"]["linear"]
    model = REPLACEMENTS["PCClassifier"].new("trees", old_model=old)
    word = {"old_proba": "out-of-fold"}
    for fitted, rows in list(host(clone(model), fits.X, fits.y, word)):
        by_word, asked = (
            clone(model).fit(fits.X[rows], fits.y[rows], **said).predict_proba(fits.X)
            for said in (word, {})
        )
        if isinstance(fitted, float):
            others = np.setdiff1d(np.arange(len(fits.X)), rows)
            assert fitted == pytest.approx(by_word[others, 0].mean(), rel=1e-6)
            assert fitted != pytest.approx(asked[others, 0].mean(), rel=1e-4)
            continue
        np.testing.assert_array_equal(fitted.predict_proba(fits.X), by_word)
        assert isinstance(fitted.reference_, ReferenceModel)
        assert not np.allclose(by_word, asked)


@pytest.mark.parametrize(
    ("name", "kind"),
    [(n, kind) for n, r in REPLACEMENTS.items() for kind in r.old_models],
)
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_only_models_with_a_length_are_refused_by_searches(fits, name, kind, wrapping):
    old = WRAPPINGS[wrapping](fits.old_models[name][kind])
    has_length = kind in ("forest", "pipeline") and wrapping != "handle"
    assert hasattr(old, "__len__") == has_length


@names
def test_strongest_door_wins(fits, name):
    replacement, everything = REPLACEMENTS[name], np.arange(len(fits.X))
    learner, kind, _ = replacement.cases[0]
    strong, weak = fits.old_models[name][kind], fits.old_models[name]["pipeline"]

    def answers(**params):
        model = replacement.new(learner, old_model=weak).fit(fits.X, fits.y, **params)
        return replacement.answer(model, fits.X)

    _, of_strong = fits.plain(name, learner, kind, everything)
    np.testing.assert_array_equal(answers(old_model=strong), of_strong)
    _, of_weak = fits.plain(name, learner, "pipeline", everything)
    assert of_weak.shape != of_strong.shape or not np.allclose(of_weak, of_strong)
    if replacement.stored_alone:
        stored = {replacement.stored: replacement.answer(strong, fits.X)}
        np.testing.assert_array_equal(answers(old_model=weak, **stored), of_strong)


def test_stored_answers_go_before_asking(fits):
    """With those of another model, its flips count."""
    model, old = fits.first_case("FlipControlledClassifier")
    out_of_fold = cross_val_predict(
        clone(old.model), fits.X, fits.y, method="predict_proba"
    )
    stored, asked = (
        clone(model).fit(fits.X, fits.y, old_model=old, old_proba=proba)
        for proba in (out_of_fold, None)
    )
    assert not np.array_equal(stored.flip_times_, asked.flip_times_)
    assert stored.reference_.model is old.model


@names
@pytest.mark.parametrize(
    "host", [in_cross_validate, in_grid_search], ids=["folds", "search"]
)
@pytest.mark.parametrize(
    "hosted", [lambda host: host, of_pipeline], ids=["", "pipeline"]
)
def test_answers_of_another_length_are_refused_in_their_folds(
    routing, fits, name, host, hosted
):
    """scikit-learn passes them on whole."""
    replacement, (model, old) = REPLACEMENTS[name], fits.first_case(name)
    stored = {replacement.stored: replacement.answer(old, fits.X)[:-1]}
    if not replacement.stored_alone:
        stored["old_model"] = old
    message = f"{replacement.stored} has 177 rows, X has 89"
    with pytest.raises(ValueError, match=message):
        list(hosted(host)(model, fits.X, fits.y, stored))


ROW_ARGUMENTS = {
    "PCClassifier": ["critical", "sample_weight"],
    "FlipControlledClassifier": ["critical", "sample_weight"],
    "CompatibleEmbedder": ["sample_weight"],
}


@pytest.mark.parametrize(
    ("name", "argument"),
    [(n, argument) for n, all_ in ROW_ARGUMENTS.items() for argument in all_],
)
def test_arguments_by_row_are_sliced_with_their_folds(routing, fits, name, argument):
    replacement, (model, old) = REPLACEMENTS[name], fits.first_case(name)
    model.set_params(old_model=old)
    values = np.linspace(0.1, 5, len(fits.y))
    hosted = clone(model)
    if routing and argument == "sample_weight":
        hosted.set_fit_request(sample_weight=True)
    for fitted, rows in in_cross_validate(hosted, fits.X, fits.y, {argument: values}):
        X, y = fits.X[rows], fits.y[rows]
        alone = clone(model).fit(X, y, **{argument: values[rows]})
        without = clone(model).fit(X, y)
        found, expected, plain = (
            replacement.answer(m, fits.X) for m in (fitted, alone, without)
        )
        np.testing.assert_array_equal(found, expected)
        assert not np.allclose(found, plain, atol=1e-3)


# Searches over what an estimator has to choose


def test_search_over_methods_and_their_parameters(fits):
    model, old = fits.first_case("CompatibleEmbedder")
    pipeline = make_pipeline(model.set_params(old_model=old), KNeighborsClassifier(3))
    by_name = {"compatibleembedder__method": ["focal", "l2", "independent"]}
    by_parameter = {"compatibleembedder__method__n_modes": [1, 2]}
    grid = [by_name, by_parameter]
    search = GridSearchCV(pipeline, grid, cv=FOLDS).fit(fits.X, fits.y)
    assert len(search.cv_results_["params"]) == 5
    assert (search.cv_results_["mean_test_score"] > 0.6).all()


@pytest.mark.filterwarnings("ignore:.*cannot certify max_nfr=0.0")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_search_over_the_budget(routing, fits, n_jobs):
    model, old = fits.first_case("FlipControlledClassifier")
    budgets = [0.0, 0.02, 0.1]
    search = GridSearchCV(
        clone(model).set_params(old_model=old.model),
        {"max_nfr": budgets},
        cv=FOLDS,
        scoring={"accuracy": "accuracy", "neg_nfr": flip_scorer(old.model)},
        refit=BestUnderBudget(max_nfr=0.1),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(fits.X, fits.y)

    def plain(rows, budget):
        controlled = clone(model).set_params(old_model=old, max_nfr=budget)
        return controlled.fit(fits.X[rows], fits.y[rows])

    best = plain(slice(None), search.best_params_["max_nfr"])
    assert search.best_estimator_.new_share_ == best.new_share_
    for fold, (train, test) in enumerate(FOLDS.split(fits.X, fits.y)):
        found = search.cv_results_[f"split{fold}_test_accuracy"]
        expected = [plain(train, b).score(fits.X[test], fits.y[test]) for b in budgets]
        np.testing.assert_allclose(found, expected)


# Which X the old model sees


@names
def test_wrapper_outside_a_pipeline_gives_the_old_model_raw_rows(wine, name):
    X, y = wine
    replacement, seen = REPLACEMENTS[name], []
    old = replacement.old("pipeline", X, y)

    def recorder(rows):
        seen.append(np.array(rows))
        return replacement.answer(old, rows)

    classes = None if replacement.answers == "transform" else [0, 1, 2]
    outside = replacement.new(old_model=ReferenceModel(recorder, classes=classes))
    learner = outside.estimator
    outside.set_params(estimator=make_pipeline(StandardScaler(), learner)).fit(X, y)
    asked, scaler = np.concatenate(seen), outside.estimator_[0]
    if not replacement.stored_alone:
        # Some rows are held out of training, and of those alone it is asked by fit.
        assert {row.tobytes() for row in asked} < {row.tobytes() for row in X}
        np.testing.assert_allclose(scaler.mean_, X.mean(axis=0), rtol=0.2)
        replacement.answer(outside, X)
        rows = {row.tobytes() for row in np.concatenate(seen)}
        assert rows == {row.tobytes() for row in X}
        return
    np.testing.assert_array_equal(asked, X)
    # While the learner gets scaled ones.
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=0))
    # Inside, stored answers are the way.
    step = clone(outside).set_params(estimator=learner, old_model=None)
    inside = make_pipeline(StandardScaler(), step)
    stored = for_step(step, {replacement.stored: replacement.answer(old, X)})
    inside.fit(X, y, **stored)
    np.testing.assert_array_equal(
        replacement.answer(inside, X), replacement.answer(outside, X)
    )


@names
def test_selected_columns_are_noticed_at_once(wine, name):
    X, y = wine
    replacement = REPLACEMENTS[name]
    old = replacement.old("pipeline", X, y)
    model = replacement.new(old_model=old)
    trap = make_pipeline(FunctionTransformer(lambda X: X[:, :5]), model)
    with pytest.raises(
        ValueError, match=rf"X has 5 features.*fitted on 13.*{replacement.stored}="
    ):
        trap.fit(X, y)


def test_classifier_inside_a_pipeline_warns_of_transformed_rows(wine):
    X, y = wine
    old = RandomForestClassifier(20, max_depth=2, random_state=1).fit(X[::6], y[::6])
    assert old.score(X, y) > 0.9
    step = PCClassifier(REPLACEMENTS["PCClassifier"].learners["trees"], old_model=old)
    with pytest.warns(OldModelMismatchWarning, match="wrap the whole Pipeline"):
        make_pipeline(StandardScaler(), step).fit(X, y)


def test_embedder_inside_a_pipeline_warns_of_transformed_rows(wine):
    X, y = wine
    # Its vectors tell classes apart by the size of a column, which scaling takes away.
    old = ReferenceModel(lambda rows: np.eye(2)[(rows[:, 12] > 700).astype(int)])
    order = np.argsort(np.arange(178) * 67 % 178)  # neighbours are of other classes
    model = CompatibleEmbedder(Ridge(), old_model=old, random_state=0)
    clone(model).fit(X, y == 0)
    with pytest.warns(OldModelMismatchWarning, match="wrap the whole Pipeline"):
        make_pipeline(StandardScaler(), model).fit(X[order], (y == 0)[order])
