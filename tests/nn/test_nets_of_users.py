"""What users of skorch do with the default net, and nets of another width."""

import copy
import io

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from skorch.exceptions import NotInitializedError
from torch import nn

from sklearn_graceful import FlipControlledClassifier, PCClassifier
from sklearn_graceful.congruence import METHODS
from sklearn_graceful.nn import mlp_net

X, y = make_classification(
    150, 6, n_informative=4, n_classes=3, class_sep=3, random_state=0
)
X = X.astype("float32")
OLD = LogisticRegression().fit(X[::2], y[::2])


def trained():
    return PCClassifier(mlp_net((8,), max_epochs=5), random_state=0).fit(X, y)


def test_weights_of_the_default_net_are_saved_and_loaded():
    new, file = trained(), io.BytesIO()
    new.estimator_.save_params(f_params=file)
    file.seek(0)
    net = mlp_net((8,), module__n_features=6, module__n_classes=3).initialize()
    net.load_params(f_params=file)
    np.testing.assert_allclose(net.predict_proba(X), new.predict_proba(X), rtol=1e-5)


def test_sizes_that_nothing_tells():
    with pytest.raises(ValueError, match="MLP takes n_features from the data of fit"):
        mlp_net((8,)).initialize()
    with pytest.raises(NotInitializedError):
        mlp_net((8,)).load_params(f_params=io.BytesIO())


def test_the_default_net_is_trained_on_from_its_weights():
    net = trained().estimator_
    rate, before = 1e-9, net.predict_proba(X)
    net.set_params(lr=rate).partial_fit(X, y)
    np.testing.assert_allclose(net.predict_proba(X), before, atol=1e-6)
    assert net.optimizer_.param_groups[0]["lr"] == rate
    further = copy.deepcopy(trained().estimator_).partial_fit(X, y)
    assert further.score(X, y) > net.score(X, y)
    assert len(further.history) == 5


@pytest.mark.parametrize("kind", [PCClassifier, FlipControlledClassifier])
def test_early_stopping_with_the_only_row_of_a_class(kind):
    rare = np.where(y == 2, 0, y)
    rare[0] = 2
    net = mlp_net((8,), max_epochs=30, early_stopping=True, patience=2)
    assert PCClassifier(net, random_state=0).fit(X, rare).classes_.tolist() == [0, 1, 2]


def test_early_stopping_holds_out_its_share_of_each_class():
    sizes = []

    class Watches(nn.Linear):
        def __init__(self, n_features, n_classes):
            super().__init__(n_features, n_classes)

        def forward(self, X):
            sizes.append((self.training, len(X)))
            return super().forward(X)

    params = {"max_epochs": 1, "batch_size": -1, "validation_fraction": 0.2}
    net = mlp_net((), early_stopping=True, **params).set_params(
        module=Watches, module__hidden_sizes=None
    )
    del net.module__hidden_sizes
    net.fit(X, y)
    assert sizes == [(True, 120), (False, 30)]


def test_early_stopping_with_too_few_rows():
    net = mlp_net((8,), early_stopping=True)
    with pytest.raises(ValueError, match="of 4 rows holds out none"):
        PCClassifier(net).fit(X[:4], [0, 1, 0, 1])


def of_width(n, module=None):
    return NeuralNetClassifier(
        module or nn.Sequential(nn.Linear(6, n)),
        criterion=nn.CrossEntropyLoss,
        max_epochs=1,
        train_split=None,
        verbose=0,
    )


WITHOUT_2 = X[y < 2], y[y < 2]


@pytest.mark.parametrize("method", sorted(METHODS.keys() - {"interpolate"}))
def test_a_network_of_another_width_is_refused(method):
    new = PCClassifier(of_width(3), old_model=OLD, method=method, random_state=0)
    with pytest.raises(ValueError, match="yields 3 columns, y has 2 classes"):
        new.fit(*WITHOUT_2)


@pytest.mark.parametrize("kind", [PCClassifier, FlipControlledClassifier])
@pytest.mark.parametrize("n_outputs", [1, 2, 9])
@pytest.mark.parametrize("old", [None, OLD])
def test_more_outputs_and_fewer(kind, n_outputs, old):
    net = make_pipeline(StandardScaler(), of_width(n_outputs))
    message = f"yields {n_outputs} columns, y has 3 classes"
    with pytest.raises(ValueError, match=message):
        kind(net, old_model=old).fit(X, y)


def test_outputs_of_another_shape():
    module = nn.Sequential(nn.Linear(6, 6), nn.Unflatten(1, (3, 2)))
    with pytest.raises(ValueError, match=r"has shape \(n, 3\), not \(128, 3, 2\)"):
        PCClassifier(of_width(3, module), method="none").fit(X, y)


def test_one_output_for_two_classes():
    new = PCClassifier(of_width(1), method="none", random_state=0).fit(*WITHOUT_2)
    assert new.predict_proba(X).shape == (len(X), 2)


@pytest.mark.parametrize("labels", [["a", "b", "c"], [1, 2, 3], [0, 2, 4]])
def test_flip_control_of_a_net_translates_labels(labels):
    for net in (of_width(3), mlp_net((8,), max_epochs=1)):
        model = FlipControlledClassifier(net).fit(X, np.array(labels)[y])
        assert model.classes_.tolist() == labels
        assert set(model.predict(X).tolist()) <= set(labels)


def test_flip_control_of_a_net_and_one_class():
    with pytest.raises(ValueError, match="two classes or more, got 1 class"):
        FlipControlledClassifier(mlp_net((8,))).fit(X, np.zeros(len(X), int))


def test_flip_control_of_a_frozen_net_of_another_width():
    net = FrozenEstimator(of_width(3).fit(*WITHOUT_2))
    with pytest.raises(ValueError, match=r"\(150, 3\) for 150 rows and 2 classes"):
        FlipControlledClassifier(net, old_model=OLD).fit(X, y)
