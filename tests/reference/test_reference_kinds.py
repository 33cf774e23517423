"""Every kind of old model answers through the same four methods."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetClassifier
from torch import nn

from sklearn_graceful import PCClassifier
from sklearn_graceful.reference import ReferenceModel, as_reference
from sklearn_graceful.reference._adapters._estimator import predicts_most_probable
from sklearn_graceful.reference._scores import LOG_FLOOR

X, y = load_iris(return_X_y=True)
names = load_iris().target_names[y]
binary = y > 1


def logits_of(module, X):
    with torch.no_grad():
        return module(torch.tensor(X, dtype=torch.float32)).numpy().astype(np.float64)


def assert_same_answers(handle, model, rows):
    assert_array_equal(handle.predict(rows), model.predict(rows))
    assert_array_equal(handle.predict_proba(rows), model.predict_proba(rows))


MOST_PROBABLE = [
    LogisticRegression(max_iter=500),
    RandomForestClassifier(20, random_state=0),
    ExtraTreesClassifier(20, random_state=0),
    DecisionTreeClassifier(max_depth=2),
    GradientBoostingClassifier(n_estimators=10),
    HistGradientBoostingClassifier(max_iter=10),
    BaggingClassifier(n_estimators=5, random_state=0),
    GaussianNB(),
    BernoulliNB(binarize=2.0),
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(),
    CalibratedClassifierCV(GaussianNB(), cv=2),
    make_pipeline(StandardScaler(), MLPClassifier(max_iter=2000, tol=1e-2)),
    make_pipeline(StandardScaler(), LogisticRegression()),
    GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=2),
    PCClassifier(LogisticRegression(max_iter=500)),
]


@pytest.mark.parametrize("labels", [names, binary], ids=["strings", "binary"])
@pytest.mark.parametrize("model", MOST_PROBABLE, ids=lambda m: type(m).__name__)
def test_predict_read_off_the_probabilities_is_the_models_predict(model, labels):
    model.fit(X, labels)
    noisy = X + np.random.default_rng(0).normal(size=X.shape)
    for handle in (ReferenceModel(model), ReferenceModel(FrozenEstimator(model))):
        assert predicts_most_probable(handle.model)
        assert_same_answers(handle, model, noisy)
        assert_array_equal(handle.classes_, model.classes_)


class Contrary(GaussianNB):
    def predict(self, X):
        return self.classes_[::-1][super().predict_proba(X).argmax(axis=1)]


THRESHOLD = FixedThresholdClassifier(LogisticRegression(), threshold=0.9)


@pytest.mark.parametrize(
    "model",
    [
        THRESHOLD,
        TunedThresholdClassifierCV(LogisticRegression(), cv=2, scoring="f1"),
        make_pipeline(FixedThresholdClassifier(GaussianNB(), threshold=0.05)),
        PCClassifier(THRESHOLD, method="none"),
        Contrary(),
    ],
    ids=lambda m: type(m).__name__,
)
def test_predict_that_is_not_the_most_probable_class_is_respected(model):
    model.fit(X, binary)
    for handle in (ReferenceModel(model), ReferenceModel(FrozenEstimator(model))):
        assert not predicts_most_probable(handle.model)
        assert_same_answers(handle, model, X)


def test_logits_are_margins_where_the_model_has_them():
    model = LogisticRegression(max_iter=500).fit(X, names)
    assert_array_equal(ReferenceModel(model).logits(X), model.decision_function(X))
    two = LogisticRegression().fit(X, binary)
    logits = ReferenceModel(two).logits(X)
    assert_allclose(logits[:, 1] - logits[:, 0], two.decision_function(X))
    assert_allclose(softmax(logits, axis=1), two.predict_proba(X))


def test_logits_of_a_forest_are_finite_log_probabilities():
    model = RandomForestClassifier(5, random_state=0).fit(X, y)
    logits = ReferenceModel(model).logits(X)
    proba = model.predict_proba(X)
    assert (proba == 0).any()
    assert logits.min() == LOG_FLOOR == np.log(1e-7)
    assert_allclose(logits[proba > 0], np.log(proba[proba > 0]))


def test_one_versus_one_margins_are_not_taken_for_class_margins():
    """With three classes there are three pairs, too."""
    model = SVC(decision_function_shape="ovo").fit(X, y)
    assert model.decision_function(X).shape == (150, 3)
    handle = ReferenceModel(model)
    expected = np.where(np.eye(3)[model.predict(X)], 0, LOG_FLOOR)
    assert_allclose(handle.logits(X), expected)
    assert_array_equal(handle.predict(X), model.predict(X))


def test_without_predict_proba_the_margins_softmax_is_taken():
    model = SVC().fit(X, y)
    handle = ReferenceModel(model)
    margins = model.decision_function(X)
    assert_allclose(handle.predict_proba(X), softmax(margins, axis=1))
    assert_array_equal(handle.predict(X), model.predict(X))


def test_a_model_with_only_predict_gives_one_hot_probabilities():
    class Rule:
        classes_ = np.array(["long", "short"])

        def predict(self, X):
            return np.where(X[:, 0] > 6, "long", "short")

    proba = ReferenceModel(Rule()).predict_proba(X)
    assert_array_equal(proba[:, 0], X[:, 0] > 6)
    assert_array_equal(proba.sum(axis=1), 1)


def test_transformers_give_embeddings_and_no_labels():
    model = PCA(2).fit(X)
    handle = ReferenceModel(model)
    assert_array_equal(handle.transform(X), model.transform(X))
    assert handle.classes_ is None
    with pytest.raises(TypeError, match="PCA has no predict or predict_proba"):
        handle.predict(X)


def test_sparse_embeddings_become_dense():
    texts = ["a good update", "a bad update", "good"]
    model = CountVectorizer().fit(texts)
    handle, expected = ReferenceModel(model), model.transform(texts).toarray()
    assert_array_equal(handle.transform(texts), expected)
    assert handle.transform(np.array(texts, dtype=object)).dtype == np.float64


ROW = np.zeros((1, 2))
abc = ReferenceModel(lambda X: np.array([[0.2, 0.3, 0.5]]), classes=list("abc"))


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (None, [0.2, 0.3, 0.5]),
        ("abc", [0.2, 0.3, 0.5]),
        ("cab", [0.5, 0.2, 0.3]),
        ("ac", [0.2, 0.5]),
        ("xbyc", [0, 0.3, 0, 0.5]),
    ],
)
def test_columns_follow_the_labels_without_scaling(classes, expected):
    proba = abc.predict_proba(ROW, classes=classes and list(classes))
    assert_array_equal(proba, [expected])


def test_integers_align_too():
    model = GaussianNB().fit(X, y)
    proba = ReferenceModel(model).predict_proba(X, classes=np.array([7, 2, 0]))
    assert_array_equal(proba[:, 1:], model.predict_proba(X)[:, [2, 0]])
    assert not proba[:, 0].any()


@pytest.mark.parametrize(
    ("classes", "said"), [([0, 1], "different kinds"), (["x", "y"], "share no class")]
)
def test_classes_that_can_never_match_raise(classes, said):
    with pytest.raises(ValueError, match=said):
        abc.predict_proba(ROW, classes=classes)


class TestTorchModules:
    def test_logits(self):
        module = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3))
        handle = ReferenceModel(module, classes=["u", "v", "w"])
        expected = logits_of(module.eval(), X)
        assert_allclose(handle.logits(X), expected, rtol=1e-6)
        assert_allclose(handle.predict_proba(X), softmax(expected, axis=1), rtol=1e-6)
        assert set(handle.predict(X)) <= {"u", "v", "w"}
        assert_allclose(handle.transform(X), expected, rtol=1e-6)

    @pytest.mark.parametrize("last", [nn.Softmax(dim=1), nn.LogSoftmax(dim=1)])
    def test_probabilities_and_log_probabilities(self, last):
        module = nn.Linear(4, 3)
        handle = ReferenceModel(nn.Sequential(module, last), classes=[0, 1, 2])
        expected = softmax(logits_of(module, X), axis=1)
        assert_allclose(handle.predict_proba(X), expected, atol=1e-6)
        assert_allclose(handle.logits(X), np.log(expected), atol=1e-4)

    @pytest.mark.parametrize("flatten", [False, True])
    def test_single_column_is_the_logit_of_the_second_class(self, flatten):
        linear = nn.Linear(4, 1)
        module = nn.Sequential(linear, nn.Flatten(0)) if flatten else linear
        handle = ReferenceModel(module, classes=["no", "yes"])
        logit = logits_of(linear, X).ravel()
        assert_allclose(handle.predict_proba(X)[:, 1], expit(logit), rtol=1e-5)
        assert_array_equal(handle.predict(X), np.where(logit > 0, "yes", "no"))

    def test_a_row_that_looks_like_probabilities_does_not_fool(self):
        handle = ReferenceModel(nn.Identity(), classes=[0, 1])
        scores = np.array([[0.25, 0.75], [3.0, -1.0]])
        expected = softmax(scores, axis=1)
        assert_allclose(handle.predict_proba(scores), expected)
        assert_allclose(handle.predict_proba(scores[:1]), expected[:1])

    def test_images_in_batches(self, monkeypatch):
        images = np.random.default_rng(0).random((50, 1, 8, 8))
        module = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3)
        ).eval()
        expected = logits_of(module, images)
        handle = ReferenceModel(module, classes=[0, 1, 2])
        monkeypatch.setattr(type(handle._adapter), "batch_size", 16)
        assert_allclose(handle.logits(images), expected, atol=1e-5)

    def test_input_takes_the_dtype_of_the_parameters(self):
        module = nn.Linear(4, 3).double()
        for rows in (X, X.astype(np.float32), pd.DataFrame(X), torch.tensor(X)):
            logits = ReferenceModel(module, classes=[0, 1, 2]).logits(rows)
            assert logits.shape == (150, 3)
        assert ReferenceModel(nn.Linear(1, 2)).transform([[1], [2]]).shape == (2, 2)

    def test_tokens_stay_integers(self):
        module = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(8, 2))
        tokens = np.array([[1, 2], [3, 4]])
        assert ReferenceModel(module).transform(tokens).shape == (2, 2)


def make_net(kind, module, **params):
    torch.manual_seed(0)
    return kind(module, max_epochs=3, verbose=0, train_split=None, **params)


class TestSkorchNets:
    rows = X.astype(np.float32)

    @pytest.fixture
    def net(self):
        """Return a net whose outputs are logits of 0, 1 and 2."""
        loss = nn.CrossEntropyLoss
        net = make_net(NeuralNetClassifier, nn.Linear(4, 3), criterion=loss)
        return net.fit(self.rows, y)

    @pytest.mark.parametrize(
        ("kind", "last", "params"),
        [
            (NeuralNetClassifier, nn.Identity(), {"criterion": nn.CrossEntropyLoss}),
            (NeuralNetClassifier, nn.Softmax(dim=1), {}),
            (NeuralNetBinaryClassifier, nn.Flatten(0), {}),
            (NeuralNetBinaryClassifier, nn.Flatten(0), {"threshold": 0.3}),
        ],
        ids=["logits", "probabilities", "binary", "threshold"],
    )
    def test_answers_are_those_of_skorch(self, kind, last, params):
        width, target = (
            (3, y) if kind is NeuralNetClassifier else (1, np.float32(binary))
        )
        net = make_net(kind, nn.Sequential(nn.Linear(4, width), last), **params)
        net.fit(self.rows, target)
        handle, rows = ReferenceModel(net), self.rows
        proba = net.predict_proba(rows)
        assert_allclose(handle.predict_proba(rows), proba, atol=1e-6)
        assert_array_equal(handle.predict(rows), net.predict(rows))
        assert_allclose(softmax(handle.logits(rows), axis=1), proba, atol=1e-6)
        # A scikit-learn caller has float64, which skorch itself would refuse.
        assert_array_equal(handle.predict(X), handle.predict(rows))

    def test_raw_outputs_are_the_logits(self, net):
        found, expected = ReferenceModel(net).logits(X), logits_of(net.module_, X)
        assert_allclose(found, expected, rtol=1e-5)

    def test_classes_relabel_a_net_trained_on_codes(self, net):
        labels = np.array(["u", "v", "w"])
        found = ReferenceModel(net, classes=labels).predict(X)
        assert_array_equal(found, labels[net.predict(self.rows)])

    def test_a_net_without_task_embeds(self):
        net = NeuralNet(nn.Linear(4, 2), criterion=nn.MSELoss).initialize()
        found, expected = ReferenceModel(net).transform(X), logits_of(net.module_, X)
        assert_allclose(found, expected, rtol=1e-5)

    def test_at_the_end_of_a_pipeline(self, net):
        pipeline = make_pipeline(StandardScaler(), net).fit(self.rows, y)
        found = ReferenceModel(pipeline).predict(self.rows)
        assert predicts_most_probable(pipeline)
        assert_array_equal(found, pipeline.predict(self.rows))


class TestFunctions:
    def test_labels_need_no_classes(self):
        handle = ReferenceModel(lambda X: np.where(X[:, 0] > 6, "long", "short"))
        labels = handle.predict(X)
        assert handle.classes_ is None
        proba = handle.predict_proba(X, classes=["flat", "long"])
        assert_array_equal(proba[:, 1], labels == "long")
        assert not proba[:, 0].any()

    def test_probabilities(self):
        model = GaussianNB().fit(X, y)
        handle = ReferenceModel(model.predict_proba, classes=model.classes_)
        assert_array_equal(handle.predict(X), model.predict(X))

    def test_tensors_are_fine(self):
        handle = ReferenceModel(lambda X: torch.tensor(X, requires_grad=True))
        assert_array_equal(handle.transform(X), X)


class TestEnsembles:
    def test_logits_are_averaged_before_softmax(self):
        members = [GaussianNB(), LogisticRegression(max_iter=500)]
        members = [member.fit(X, names) for member in members]
        handle = ReferenceModel(members)
        log_proba = np.log(np.maximum(members[0].predict_proba(X), 1e-7))
        by_hand = (log_proba + members[1].decision_function(X)) / 2
        assert_allclose(handle.logits(X), by_hand)
        assert_allclose(handle.predict_proba(X), softmax(by_hand, axis=1))
        assert_array_equal(handle.predict(X), handle.classes_[by_hand.argmax(axis=1)])

    def test_members_align_by_label(self):
        low = ReferenceModel(lambda X: [[0.5, 0.5]] * len(X), classes=["b", "a"])
        high = ReferenceModel(lambda X: [[0.75, 0.25]] * len(X), classes=["c", "b"])
        handle = ReferenceModel((low, high))
        assert handle.classes_.tolist() == ["a", "b", "c"]
        logs = np.log([[0.5, 0.5, 1e-7], [1e-7, 0.25, 0.75]])
        assert_allclose(handle.logits([[0.0]]), [logs.mean(axis=0)])

    def test_classes_go_to_bare_members(self):
        modules = [nn.Linear(4, 3), nn.Linear(4, 3)]
        handle = ReferenceModel(modules, classes=["u", "v", "w"])
        expected = (logits_of(modules[0], X) + logits_of(modules[1], X)) / 2
        assert_allclose(handle.logits(X), expected, rtol=1e-5)

    def test_an_average_of_spaces_is_no_embedding(self):
        with pytest.raises(TypeError, match="ensemble of 2 has no transform"):
            ReferenceModel([PCA().fit(X), PCA().fit(X)]).transform(X)


def test_mixed_columns_through_a_column_transformer():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(
        colour=pd.Series(names).str[0], size=pd.Categorical(names)
    )
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(), ["colour", "size"]), (StandardScaler(), ["a", "b"])
        ),
        LogisticRegression(),
    ).fit(frame, y)
    handle = ReferenceModel(model)
    assert_same_answers(handle, model, frame)
    assert_same_answers(handle, model, frame[::-1])
    # Columns that came later are no obstacle: it picks its own by name.
    wider = frame.assign(later=1)[["later", *frame.columns]]
    assert_array_equal(handle.predict(wider), model.predict(frame))


def test_texts_in_lists_arrays_and_series():
    texts = ["good update", "bad update", "bad", "good good"]
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    model.fit(texts, [1, 0] * 2)
    handle = ReferenceModel(model)
    for rows in (texts, tuple(texts), np.array(texts), pd.Series(texts)):
        assert_array_equal(handle.predict(rows), model.predict(texts))


def test_a_handle_is_not_wrapped_twice():
    model = GaussianNB().fit(X, y)
    handle = ReferenceModel(model, classes=["u", "v", "w"])
    again = ReferenceModel(handle)
    assert again.model is model
    assert again.classes_.tolist() == ["u", "v", "w"]
    assert as_reference(handle) is handle
    assert as_reference(None) is None
    assert isinstance(as_reference(model), ReferenceModel)


def test_repr():
    net = ReferenceModel(nn.Linear(2, 2), classes=[0, 1])
    assert repr(net) == "ReferenceModel(<Linear>, classes=[0, 1])"
    ensemble = "ReferenceModel([GaussianNB(), PCA(n_components=2)])"
    assert repr(ReferenceModel([GaussianNB(), PCA(2)])) == ensemble
