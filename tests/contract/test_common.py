"""What every estimator must do, and every one that takes an old model.

An estimator joins by one line in ``PLAIN`` (scikit-learn's own checks) and one in
``TAKES_OLD_MODEL`` (the rest of this file). As these laws are of no single part of the
package, they lie beside the other contracts that all estimators keep.
"""

import io
import pickle
import threading

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch import NeuralNet, NeuralNetClassifier
from torch import nn

from sklearn_graceful import (
    CompatibleEmbedder,
    EmbeddingAdapter,
    FlipControlledClassifier,
    LQFClassifier,
    OldModelMismatchWarning,
    PCClassifier,
    ReferenceModel,
    compatibility,
)
from sklearn_graceful.classification import Imitation
from sklearn_graceful.congruence import (
    METHODS,
    Focal,
    FocalKL,
    FocalLM,
    InterpolationPath,
    Naive,
)
from sklearn_graceful.embedding import EmbedderVersion, ScoreCalibrator
from sklearn_graceful.flip_control import UpdatePath
from sklearn_graceful.nn import (
    MLP,
    EmbeddingMLP,
    InMemoryBatches,
    InMemoryClassifier,
    PackedClassifier,
    embedding_net,
    mlp_net,
    packed_mlp_net,
)

PLAIN = [
    PCClassifier(),
    PCClassifier(LogisticRegression()),
    PCClassifier(HistGradientBoostingClassifier(max_iter=5)),
    PCClassifier(make_pipeline(StandardScaler(), LogisticRegression())),
    FlipControlledClassifier(LogisticRegression()),
    LQFClassifier(),
    LQFClassifier(dtype="float64"),
    EmbeddingAdapter(),
    EmbeddingAdapter("ridge"),
    EmbeddingAdapter("ridge", alpha="auto"),
    EmbeddingAdapter("mlp", max_epochs=3),
    EmbeddingAdapter(normalize=False),
    ScoreCalibrator(),
    CompatibleEmbedder(),
    CompatibleEmbedder(LogisticRegression()),
    CompatibleEmbedder(Ridge()),
]

TAKES_OLD_MODEL = {
    "PCClassifier-linear": PCClassifier(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    ),
    "PCClassifier-trees": PCClassifier(
        HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=4)
    ),
    "PCClassifier-net": PCClassifier(
        make_pipeline(StandardScaler(), mlp_net((8,), max_epochs=30, lr=0.01))
    ),
    "PCClassifier-packed": PCClassifier(
        make_pipeline(StandardScaler(), packed_mlp_net(3, (8,), max_epochs=30, lr=0.01))
    ),
    # A budget that so few rows can certify.
    "FlipControlledClassifier": FlipControlledClassifier(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        max_nfr=0.1,
        calibration=0.4,
    ),
    "FlipControlledClassifier-forest": FlipControlledClassifier(
        RandomForestClassifier(20, max_leaf_nodes=4), max_nfr=0.1, calibration=0.4
    ),
    "LQFClassifier": LQFClassifier(
        make_pipeline(StandardScaler(), mlp_net((8,), max_epochs=30, lr=0.01)),
        params="last",
    ),
    "CompatibleEmbedder-net": CompatibleEmbedder(
        make_pipeline(StandardScaler(), embedding_net((8,), max_epochs=30, lr=0.01)),
        embedding_dim=5,
    ),
    "CompatibleEmbedder-regressor": CompatibleEmbedder(
        make_pipeline(StandardScaler(), Ridge())
    ),
    "CompatibleEmbedder-classifier": CompatibleEmbedder(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    ),
}
CLASSIFIERS = {
    n: e for n, e in TAKES_OLD_MODEL.items() if not isinstance(e, CompatibleEmbedder)
}
# Those that forget the old model after training; a controlled mixture keeps it, and
# with it the classes that only the old model knew.
TAUGHT = {n: e for n, e in TAKES_OLD_MODEL.items() if isinstance(e, PCClassifier)}

takes_old_model = pytest.mark.parametrize(
    "estimator", TAKES_OLD_MODEL.values(), ids=TAKES_OLD_MODEL
)
classifiers = pytest.mark.parametrize(
    "estimator", CLASSIFIERS.values(), ids=CLASSIFIERS
)
taught = pytest.mark.parametrize("estimator", TAUGHT.values(), ids=TAUGHT)


# scikit-learn's checks


TAKES_COLUMNS_OF_X = (
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_dtype_object",
    "check_estimator_sparse_array",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_fit2d_predict1d",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_transformer_data_not_an_array",
    "check_transformer_general",
)
FAILURES_OF_SCORES = {
    **dict.fromkeys(TAKES_COLUMNS_OF_X, "the check takes columns of X; scores are 1-D"),
    "check_fit1d": "1-D is what a score has, and the check wants it refused",
    "check_fit_score_takes_y": "old_scores stands where y would",
    "check_n_features_in": "1-D scores have no number of features",
    "check_n_features_in_after_fitting": "1-D scores have no number of features",
}


def expected_failures(estimator):
    """Of classifiers only sample-weight equivalence may fail; of scores, the above."""
    if isinstance(estimator, ScoreCalibrator):
        return FAILURES_OF_SCORES
    if isinstance(estimator, EmbeddingAdapter):
        return {}
    if isinstance(estimator, LQFClassifier):
        return failures_of_lqf(estimator)
    reason = None
    if estimator.estimator is None:
        reason = "a row of weight 2 is in one minibatch, a row given twice in two"
    elif hasattr(estimator.estimator, "steps"):
        reason = "Pipeline fits its scaler without the weights of the last step"
    if reason is None:
        return {}
    return {"check_sample_weight_equivalence_on_dense_data": reason}


def failures_of_lqf(estimator):
    found = {
        "check_sample_weight_equivalence_on_dense_data": "a row of weight 2 is in one "
        "minibatch of the network that is trained first, a row given twice in two"
    }
    if estimator.dtype == "float32":
        found["check_methods_subset_invariance"] = (
            "logits in single precision: in a batch of another size they are rounded "
            "otherwise"
        )
    return found


# What the checks bring as vectors of a target: one column of labels, 0 among them.
@pytest.mark.filterwarnings("ignore:.*taken for vectors of width 1")
@pytest.mark.filterwarnings("ignore:.*hold a zero vector")
@parametrize_with_checks(PLAIN, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# Every estimator that takes an old model


def fitted(estimator, X, y, *, random_state=0, **params):
    params = {"random_state": random_state, **params}
    return clone(estimator).set_params(**params).fit(X, y)


def on_training_rows(estimator):
    """A clone that asks the old model about training rows only."""
    estimator = clone(estimator)
    if isinstance(estimator, PCClassifier):
        estimator.set_params(method=Focal(strength=0.05))
    return estimator


def answers(estimator, X):
    if isinstance(estimator, CompatibleEmbedder):
        return estimator.transform(X)
    return estimator.predict_proba(X)


def without_rows(estimator):
    """Exact updates need the rows; a copy that is deployed has none."""
    if isinstance(estimator, LQFClassifier):
        return estimator.standalone()
    return estimator


class Logistic(LogisticRegression):
    """A classifier that embeds too: an old model for every estimator."""

    def transform(self, X):
        return self.decision_function(X)


@pytest.fixture
def old_model(wine):
    X, y = wine
    return make_pipeline(StandardScaler(), Logistic(C=0.1)).fit(X[::9], y[::9])


def as_torch_module(pipeline):
    """Make the scaler and logistic regression a module, with parts that can change."""
    scaler, linear = (step for _, step in pipeline.steps)
    module = nn.Sequential(nn.BatchNorm1d(13), nn.Dropout(), nn.Linear(13, 3))
    with torch.no_grad():
        module[0].running_mean.copy_(torch.tensor(scaler.mean_))
        module[0].running_var.copy_(torch.tensor(scaler.var_))
        module[2].weight.copy_(torch.tensor(linear.coef_))
        module[2].bias.copy_(torch.tensor(linear.intercept_))
    return module.train()


@takes_old_model
def test_clone_keeps_the_old_model_fitted_behind_one_handle(estimator, wine, old_model):
    X, y = wine
    original = clone(estimator).set_params(old_model=old_model)
    clones = [clone(original), clone(original), clone(clone(original))]
    handles = {id(copy.old_model) for copy in clones}
    assert len(handles) == 1
    assert clones[0].old_model.model is old_model
    # The user's own object still has what the user gave it.
    assert original.old_model is old_model
    assert clones[0].fit(X, y).reference_ is clones[1].old_model


@takes_old_model
def test_clone_follows_set_params(estimator, old_model):
    original = clone(estimator).set_params(old_model=old_model)
    clone(original)
    other = clone(old_model)
    assert clone(original.set_params(old_model=other)).old_model.model is other
    assert clone(original.set_params(old_model=None)).old_model is None
    relabelled = ReferenceModel(old_model, classes=["c", "b", "a"])
    assert clone(original.set_params(old_model=relabelled)).old_model is relabelled
    bare_again = clone(original.set_params(old_model=old_model)).old_model
    np.testing.assert_array_equal(bare_again.classes_, [0, 1, 2])


@takes_old_model
def test_clone_asks_nothing_twice(estimator, wine, old_model):
    X, y = wine
    asked = []

    def counting(rows):
        asked.append([row.tobytes() for row in rows])
        return old_model.predict_proba(rows)

    handle = ReferenceModel(counting, classes=[0, 1, 2])
    original = on_training_rows(estimator).set_params(old_model=handle, random_state=0)
    for _ in range(3):
        clone(original).fit(X[:100], y[:100])
    assert len(asked) == 1
    clone(original).fit(X, y)
    assert len(asked) == 2
    rows = [*asked[0], *asked[1]]
    assert len(rows) == len(set(rows))
    # Flip control asks for its calibration rows alone.
    if not isinstance(estimator, FlipControlledClassifier):
        assert [len(part) for part in asked] == [100, 78]


@takes_old_model
def test_old_estimator_is_the_same_bit_by_bit_after_fit(estimator, wine, old_model):
    X, y = wine
    forest = RandomForestClassifier(5, max_depth=1, random_state=0).fit(X, y)
    others = [PCA(3).fit(X)] if isinstance(estimator, CompatibleEmbedder) else [forest]
    for old in (old_model, *others):
        before = pickle.dumps(old)
        answers(fitted(estimator, X, y, old_model=old), X)
        assert pickle.dumps(old) == before


@takes_old_model
def test_old_module_is_the_same_bit_by_bit_after_fit(estimator, wine, old_model):
    X, y = wine
    module = as_torch_module(old_model)
    module[0].eval()
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    old = ReferenceModel(module, classes=[0, 1, 2])
    answers(fitted(estimator, X, y, old_model=old), X)
    assert [part.training for part in module.modules()] == modes
    assert all(parameter.grad is None for parameter in module.parameters())
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, state[name]), name


@takes_old_model
def test_same_function_as_module_and_as_estimator_teaches_the_same(
    estimator, wine, old_model
):
    X, y = wine
    module = ReferenceModel(as_torch_module(old_model), classes=[0, 1, 2])
    taught_by_module = fitted(estimator, X, y, old_model=module)
    taught_by_estimator = fitted(estimator, X, y, old_model=old_model)
    np.testing.assert_allclose(
        answers(taught_by_module, X), answers(taught_by_estimator, X), atol=0.02
    )


@takes_old_model
@pytest.mark.parametrize("random_state", [None, 0])
def test_global_random_states_are_left_as_found(
    estimator, wine, old_model, random_states, random_state
):
    X, y = wine
    estimator = clone(estimator).set_params(
        old_model=old_model, random_state=random_state
    )
    before = random_states()
    estimator.fit(X, y)
    assert random_states() == before
    answers(estimator, X)
    assert random_states() == before


class BrokenLearner(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        np.random.rand()  # noqa: NPY002
        torch.rand(1)
        raise RuntimeError("broken")


def test_global_random_states_are_left_as_found_by_a_failing_fit(wine, random_states):
    before = random_states()
    for wrapper in (PCClassifier, CompatibleEmbedder):
        with pytest.raises(RuntimeError, match="broken"):
            wrapper(BrokenLearner()).fit(*wine)
        assert random_states() == before


@takes_old_model
def test_same_seed_same_predictions_whatever_the_global_state(
    estimator, wine, old_model
):
    X, y = wine
    first = fitted(estimator, X, y, old_model=old_model, random_state=3)
    np.random.seed(99)  # noqa: NPY002
    torch.manual_seed(99)
    second = fitted(estimator, X, y, old_model=old_model, random_state=3)
    np.testing.assert_array_equal(answers(first, X), answers(second, X))
    # Nor does it matter whether the old model has been asked before.
    third = fitted(estimator, X, y, old_model=pickle.loads(pickle.dumps(old_model)))
    third.set_params(random_state=3).fit(X, y)
    np.testing.assert_array_equal(answers(first, X), answers(third, X))


@pytest.mark.parametrize(
    "name",
    [
        "PCClassifier-net",
        "CompatibleEmbedder-net",
        "FlipControlledClassifier-forest",
    ],
)
def test_the_seed_reaches_the_learner(wine, old_model, name):
    X, y = wine
    estimator = TAKES_OLD_MODEL[name]
    results = [
        answers(fitted(estimator, X, y, old_model=old_model, random_state=seed), X)
        for seed in (0, 1, None, None)
    ]
    for i, one in enumerate(results):
        assert not any(np.array_equal(one, other) for other in results[i + 1 :])


def pickle_round_trip(estimator):
    return pickle.loads(pickle.dumps(estimator))


def joblib_round_trip(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


# What skops asks to be trusted beyond what it trusts by itself.
SKOPS_TRUSTED = {
    f"{kind.__module__}.{kind.__name__}"
    for kind in (
        CompatibleEmbedder,
        EmbedderVersion,
        EmbeddingMLP,
        FlipControlledClassifier,
        Imitation,
        InMemoryBatches,
        InMemoryClassifier,
        InterpolationPath,
        LQFClassifier,
        MLP,
        PCClassifier,
        PackedClassifier,
        ReferenceModel,
        UpdatePath,
        *METHODS.values(),
        *compatibility.METHODS.values(),
        Logistic,  # the old model of these tests
    )
} | {
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn_graceful.nn._batches.TableDataset",
    "sklearn_graceful.nn._outputs.Probabilities",
    "skorch.dataset.Dataset",
    "skorch.history.History",
    "skorch.net.NeuralNet",
    "skorch.setter.optimizer_setter",
    "torch.nn.modules.linear.Identity",
    "torch.nn.modules.loss.CrossEntropyLoss",
    "torch.optim.adamw.AdamW",
    "torch.utils.data.dataloader.DataLoader",
}


def skops_round_trip(estimator):
    sio = pytest.importorskip("skops.io")
    stored = sio.dumps(estimator)
    untrusted = set(sio.get_untrusted_types(data=stored))
    assert untrusted <= SKOPS_TRUSTED
    return sio.loads(stored, trusted=sorted(untrusted))


round_trips = pytest.mark.parametrize(
    "round_trip", [pickle_round_trip, joblib_round_trip, skops_round_trip]
)


@takes_old_model
@round_trips
def test_round_trip(estimator, wine, old_model, round_trip):
    X, y = wine
    original = fitted(estimator, X, y, old_model=old_model)
    restored = round_trip(original)
    np.testing.assert_array_equal(answers(restored, X), answers(original, X))
    # The old model came along, fitted.
    np.testing.assert_array_equal(restored.reference_.predict(X), old_model.predict(X))
    again = clone(restored).fit(X, y)
    np.testing.assert_array_equal(answers(again, X), answers(original, X))


@round_trips
def test_round_trip_of_what_only_some_fits_set(wine, old_model, round_trip):
    X, y = wine
    mixture = TAKES_OLD_MODEL["FlipControlledClassifier"]
    mixture = fitted(mixture, X, y, old_model=old_model)
    single = mixture.to_single_model(X, y, X_unused=X, y_unused=y, random_state=0)
    assert round_trip(single).imitation_ == single.imitation_
    np.testing.assert_array_equal(answers(round_trip(single), X), answers(single, X))
    net = TAKES_OLD_MODEL["PCClassifier-net"]
    old_net = fitted(net, X[::2], y[::2])
    new_net = fitted(net, X, y, old_model=old_net, method="interpolate")
    restored = round_trip(new_net)
    np.testing.assert_array_equal(answers(restored, X), answers(new_net, X))
    path = new_net.interpolation_path_
    np.testing.assert_array_equal(restored.interpolation_path_.nfr, path.nfr)


@takes_old_model
def test_a_standalone_copy_predicts_the_same_and_holds_no_old_model(
    estimator, wine, old_model
):
    X, y = wine
    old_model.lock = threading.Lock()  # so that it cannot be pickled
    original = fitted(estimator, X, y, old_model=old_model)
    alone = original.standalone()
    np.testing.assert_array_equal(answers(alone, X), answers(original, X))
    assert original.reference_.model is old_model
    if isinstance(estimator, FlipControlledClassifier):  # which needs both
        assert alone.reference_.model is old_model
        assert not hasattr(alone, "flip_times_")
    else:
        assert all(part is not old_model for part in walk(alone))
        assert alone.reference_ is alone.old_model is None
        restored = pickle_round_trip(alone)
        np.testing.assert_array_equal(answers(restored, X), answers(original, X))


def test_a_standalone_mixture_drops_the_predecessors_of_both_models(wine, old_model):
    X, y = wine
    congruent = PCClassifier(GaussianNB(), method="naive")
    second = clone(congruent).fit(X, y, old_model=old_model)
    mixture = FlipControlledClassifier(congruent, old_model=second, random_state=0)
    with pytest.warns(UserWarning, match="cannot certify"):
        mixture.fit(X, y)
    mixture.new_share_ = 0.5  # as if it had been enough rows
    alone = mixture.standalone()
    np.testing.assert_array_equal(answers(alone, X), answers(mixture, X))
    handles = [part for part in walk(alone) if isinstance(part, ReferenceModel)]
    assert handles == [alone.reference_]
    assert alone.reference_.model is not second
    assert second.reference_.model is old_model


def test_what_is_deployed_does_not_grow_from_release_to_release(wine, old_model):
    X, y = wine
    release, whole, deployed = old_model, [], []
    for _ in range(4):
        release = PCClassifier(GaussianNB(), old_model=release, method="naive")
        release.fit(X, y)
        whole.append(len(pickle.dumps(release)))
        deployed.append(len(pickle.dumps(release.standalone())))
    assert np.diff(whole).min() > 500  # each brings its predecessors along
    assert len(set(deployed)) == 1


@takes_old_model
def test_size_does_not_grow_with_the_number_of_rows(estimator, wine, old_model):
    X, y = wine
    sizes = []
    for n in (4, 10):  # enough to choose on, each time
        rows, labels = np.tile(X, (n, 1)), np.tile(y, n)
        model = fitted(estimator, rows, labels, old_model=old_model)
        # A net of another strength may have been trained for longer.
        vars(model).pop("history_", None)
        model = model.standalone()
        sizes.append(len(pickle.dumps(model)))
    # One byte for each of the 1,068 additional rows would be more.
    assert abs(sizes[1] - sizes[0]) < 1000


def walk(item, seen=None):
    """Yield all that an estimator is made of; of a handle only the old model."""
    seen = set() if seen is None else seen
    if id(item) in seen or isinstance(item, type | str | int | float | None):
        return
    seen.add(id(item))
    yield item
    if isinstance(item, ReferenceModel):
        parts = [item.model]
    elif isinstance(item, nn.Module):
        parts = [*item.parameters(), *item.buffers()]
    elif isinstance(item, dict):
        parts = item.values()
    elif isinstance(item, list | tuple | set):
        parts = item
    elif isinstance(item, np.ndarray | torch.Tensor):
        parts = item.tolist() if item.dtype is np.dtype("O") else []
    else:
        parts = [
            *getattr(item, "__dict__", {}).values(),
            *(cell.cell_contents for cell in getattr(item, "__closure__", None) or ()),
            getattr(item, "__self__", None),
        ]
    for part in parts:
        yield from walk(part, seen)


NETS = {
    "with early stopping": make_pipeline(
        StandardScaler(), mlp_net((8,), early_stopping=True, max_epochs=3)
    ),
    "user's skorch net": make_pipeline(
        StandardScaler(),
        NeuralNetClassifier(
            MLP,
            module__n_features=13,
            module__n_classes=3,
            optimizer=torch.optim.Adam,
            criterion=nn.CrossEntropyLoss,
            max_epochs=2,
        ),
    ),
}


USERS_EMBEDDING_NET = CompatibleEmbedder(
    NeuralNet(
        EmbeddingMLP,
        module__n_features=13,
        module__embedding_dim=5,
        criterion=nn.MSELoss,
        max_epochs=2,
        verbose=0,
    )
)


@pytest.mark.parametrize(
    "estimator",
    [*TAKES_OLD_MODEL.values(), *map(PCClassifier, NETS.values()), USERS_EMBEDDING_NET],
    ids=[*TAKES_OLD_MODEL, *NETS, "user's embedding net"],
)
def test_nothing_of_the_training_is_kept(estimator, wine, old_model):
    X, y = wine
    estimator = clone(estimator).set_params(old_model=old_model)
    rows = {"old_proba": old_model.predict_proba(X), "critical": y == 0}
    if isinstance(estimator, CompatibleEmbedder):
        rows = {"old_embeddings": old_model.transform(X)}
    estimator.fit(X, y, sample_weight=np.linspace(1, 2, len(y)), **rows)
    assert any(item is old_model for item in walk(estimator))
    kept = list(walk(without_rows(estimator)))
    for item in kept:
        assert not isinstance(item, torch.optim.Optimizer)
        if isinstance(item, torch.Tensor):
            assert item.grad is None
        if isinstance(item, np.ndarray | torch.Tensor):
            assert len(y) not in item.shape
        if isinstance(item, list | tuple | dict):
            assert len(item) != len(y)


@takes_old_model
def test_parameters_can_be_read_and_set(estimator, old_model):
    estimator = clone(estimator).set_params(old_model=old_model)
    params = estimator.get_params(deep=False)
    assert params["old_model"] is old_model
    rebuilt = type(estimator)(**params)
    assert rebuilt.get_params(deep=False) == params
    for name, value in params.items():
        estimator.set_params(**{name: None})
        assert getattr(estimator, name) is None
        estimator.set_params(**{name: value})
        assert getattr(estimator, name) is value
    with pytest.raises(ValueError, match="nonsense"):
        estimator.set_params(nonsense=1)


@takes_old_model
def test_repr_names_the_old_model(estimator, wine, old_model):
    X, y = wine
    estimator = clone(estimator).set_params(old_model=old_model)
    for shown in (estimator, clone(estimator), clone(estimator).fit(X, y)):
        text = repr(shown)
        assert text.startswith(f"{type(estimator).__name__}(")
        assert "old_model=" in text
        assert "Logistic(C=0.1)" in text.split("old_model=")[1]
        assert "Logistic" in shown._repr_html_()


@pytest.fixture
def table(wine):
    X, _ = wine
    return pd.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])


@pytest.fixture
def by_name(table, wine):
    """An old model that wants its columns by name, so that it fails on an array."""
    columns = make_column_transformer((StandardScaler(), list(table.columns)))
    _, y = wine
    return make_pipeline(columns, Logistic(C=0.1)).fit(table[::9], y[::9])


@pytest.mark.parametrize(
    "estimator",
    [*TAKES_OLD_MODEL.values(), PCClassifier()],
    ids=[*TAKES_OLD_MODEL, "PCClassifier-default"],
)
def test_feature_names(estimator, wine, old_model, table, by_name):
    X, y = wine
    model = fitted(estimator, table, y, old_model=by_name)
    np.testing.assert_array_equal(model.feature_names_in_, table.columns)
    assert model.n_features_in_ == 13
    same_without_names = fitted(estimator, X, y, old_model=old_model)
    assert not hasattr(same_without_names, "feature_names_in_")
    np.testing.assert_allclose(
        answers(model, table), answers(same_without_names, X), atol=1e-5
    )
    with pytest.raises(ValueError, match="feature names should match"):
        answers(model, table.rename(columns=str.upper))
    with pytest.raises(ValueError, match=r"missing 'column 0'.* unknown 'COLUMN 0'"):
        fitted(estimator, table.rename(columns=str.upper), y, old_model=by_name)


# Classes of old and new model


@classifiers
def test_string_labels_change_nothing_but_the_labels(estimator, wine, old_model):
    X, y = wine
    names = np.array(["barbera", "barolo", "grignolino"])
    old_of_names = clone(old_model).fit(X[::9], names[y][::9])
    of_numbers = fitted(estimator, X, y, old_model=old_model)
    of_names = fitted(estimator, X, names[y], old_model=old_of_names)
    np.testing.assert_array_equal(of_names.classes_, names)
    np.testing.assert_array_equal(of_names.predict(X), names[of_numbers.predict(X)])
    np.testing.assert_array_equal(
        of_names.predict_proba(X), of_numbers.predict_proba(X)
    )


@classifiers
def test_order_of_the_old_models_classes_is_of_no_account(estimator, wine, old_model):
    X, y = wine
    permuted = ReferenceModel(
        lambda rows: old_model.predict_proba(rows)[:, [2, 0, 1]], classes=[2, 0, 1]
    )
    expected = fitted(estimator, X, y, old_model=old_model)
    model = fitted(estimator, X, y, old_model=permuted)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@classifiers
def test_a_class_new_to_the_old_model_is_learnt(estimator, wine, old_model):
    X, y = wine
    known = y < 2
    old = clone(old_model).fit(X[known][::9], y[known][::9])
    model = fitted(estimator, X, y, old_model=old)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    recall = [(model.predict(X[y == k]) == k).mean() for k in range(3)]
    assert min(recall) > 0.9


@taught
def test_what_the_old_model_says_on_rows_of_a_class_it_never_knew_is_not_listened_to(
    estimator, wine, old_model
):
    X, y = wine
    known = y < 2
    old = clone(old_model).fit(X[known][::9], y[known][::9])
    proba = pd.DataFrame(old.predict_proba(X), columns=old.classes_)
    other = proba.copy()
    other[~known] = [0.0, 1.0]
    heard_nothing, heard_other = (
        clone(estimator).set_params(random_state=0).fit(X, y, old_proba=said)
        for said in (proba, other)
    )
    np.testing.assert_array_equal(answers(heard_nothing, X), answers(heard_other, X))
    other[known] = [0.0, 1.0]
    with pytest.warns(OldModelMismatchWarning):
        heard_other.fit(X, y, old_proba=other)
    assert not np.allclose(answers(heard_nothing, X), answers(heard_other, X))


@taught
def test_a_class_only_the_old_model_knew_is_never_predicted(estimator, wine, old_model):
    X, y = wine
    kept = y != 1
    estimator = on_training_rows(estimator)
    model = fitted(estimator, X[kept], y[kept], old_model=old_model)
    np.testing.assert_array_equal(model.classes_, [0, 2])
    assert model.predict_proba(X).shape == (178, 2)
    assert set(model.predict(X)) == {0, 2}
    # It learns as from an old model that never knew the class.
    proba = old_model.predict_proba(X[kept])[:, [0, 2]]
    proba /= proba.sum(axis=1, keepdims=True)
    expected = clone(estimator).set_params(random_state=0)
    expected.fit(X[kept], y[kept], old_proba=proba)
    agree = (old_model.predict(X[kept]) == y[kept]) == (
        expected.classes_[proba.argmax(axis=1)] == y[kept]
    )
    assert agree.all()  # else the focus on right rows would differ
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X))


# PCClassifier's own parameters


@pytest.mark.parametrize(
    ("learner", "method"),
    [
        ("linear", FocalKL(strength=0.0)),
        ("trees", Naive(strength=0.0)),
        ("net", FocalLM(strength=0.0)),
    ],
)
def test_strength_zero_is_the_plain_fit(wine, old_model, learner, method):
    X, y = wine
    estimator = TAKES_OLD_MODEL[f"PCClassifier-{learner}"]
    plain = fitted(estimator, X, y, old_model=old_model, method="none")
    without = fitted(estimator, X, y, method=method)
    zero = fitted(estimator, X, y, old_model=old_model, method=method)
    strong = clone(zero).set_params(method__strength=5.0).fit(X, y)
    np.testing.assert_array_equal(answers(zero, X), answers(plain, X))
    np.testing.assert_array_equal(answers(without, X), answers(plain, X))
    assert not np.allclose(answers(strong, X), answers(plain, X))


def test_nested_parameters_reach_the_fit(wine, old_model):
    X, y = wine
    model = PCClassifier(
        make_pipeline(StandardScaler(), mlp_net((8,), max_epochs=2)),
        old_model=old_model,
        method=FocalLM(beta=5.0),
    )
    model.set_params(
        method__beta=7.0,
        estimator__inmemoryclassifier__max_epochs=4,
        estimator__inmemoryclassifier__module__hidden_sizes=(5,),
    )
    model.fit(X, y)
    assert model.method_.beta == 7.0
    assert model.method.beta == 7.0
    assert len(model.history_) == 4
    assert model.estimator_[-1].module_[0].out_features == 5
    # The parameters given are not fitted themselves.
    assert not hasattr(model.estimator[0], "mean_")
    assert not model.estimator[-1].initialized_


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (
            PCClassifier(LogisticRegression(C=2), method=FocalKL(0.5)),
            "PCClassifier(estimator=LogisticRegression(C=2), "
            "method=FocalKL(strength=0.5))",
        ),
        (
            CompatibleEmbedder(
                Ridge(alpha=2), method=compatibility.Focal(neighbourhood=0.5)
            ),
            "CompatibleEmbedder(estimator=Ridge(alpha=2), "
            "method=Focal(neighbourhood=0.5))",
        ),
    ],
)
def test_repr_shows_what_was_chosen(model, shown):
    assert repr(model) == shown
