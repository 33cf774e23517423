"""Out-of-fold answers of old models that clone does not reset."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_graceful import FlipControlledClassifier, PCClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3)).astype(np.float32)
y = (X[:, 0] + rng.normal(size=120) > 0).astype(int)


def tree():
    return DecisionTreeClassifier(random_state=0)


def learned_from(old):
    """What a new model makes of the out-of-fold answers of `old`."""
    new = PCClassifier(LogisticRegression(), method="naive", old_model=old)
    return new.fit(X, y, old_proba="out-of-fold").predict_proba(X)


KEPT = {
    "frozen": lambda fix: fix(tree()),
    "frozen twice": lambda fix: fix(make_pipeline(fix(tree()))),
    "in a pipeline": lambda fix: make_pipeline(fix(tree())),
    "voting": lambda fix: VotingClassifier([("a", fix(tree()))], voting="soft"),
    "stacking": lambda fix: StackingClassifier([("a", fix(tree()))]),
    "calibrated": lambda fix: CalibratedClassifierCV(fix(tree())),
    "fixed threshold": lambda fix: FixedThresholdClassifier(fix(tree())),
    "warm start": lambda fix: fix(
        RandomForestClassifier(3, warm_start=True, random_state=0)
    ),
}


@pytest.mark.parametrize("make", KEPT.values(), ids=KEPT)
def test_frozen_parts_are_trained_without_the_row(make):
    frozen = make(lambda model: FrozenEstimator(model.fit(X, y))).fit(X, y)
    whole = make(lambda model: model).fit(X, y)
    np.testing.assert_array_equal(learned_from(frozen), learned_from(whole))


PREFIT = {
    "stacking": lambda fitted, **prefit: StackingClassifier([("a", fitted)], **prefit),
    "threshold": lambda fitted, **prefit: TunedThresholdClassifierCV(
        fitted, thresholds=3, **prefit, refit=not prefit
    ),
}


@pytest.mark.parametrize("make", PREFIT.values(), ids=PREFIT)
def test_prefit_parts_are_trained_without_the_row(make):
    prefit, whole = make(tree().fit(X, y), cv="prefit"), make(tree())
    np.testing.assert_array_equal(
        learned_from(prefit.fit(X, y)), learned_from(whole.fit(X, y))
    )


def test_a_prefit_selection_is_made_without_the_row():
    prefit, whole = (
        make_pipeline(SelectFromModel(tree().fit(X, y), prefit=prefit), tree())
        for prefit in (True, False)
    )
    np.testing.assert_array_equal(
        learned_from(prefit.fit(X, y)), learned_from(whole.fit(X, y))
    )


KEEPS = {
    "module instance": lambda: NeuralNetClassifier(
        nn.Linear(3, 2), criterion=nn.CrossEntropyLoss, max_epochs=1, verbose=0
    ),
    "function of a fitted model": lambda: make_pipeline(
        FunctionTransformer(tree().fit(X, y).predict_proba), LogisticRegression()
    ),
    "its own old model": lambda: PCClassifier(
        LogisticRegression(), method="naive", old_model=tree().fit(X, y)
    ),
    "both models of a mixture": lambda: FlipControlledClassifier(
        LogisticRegression(), max_nfr=0.2, old_model=tree().fit(X, y), random_state=0
    ),
}


@pytest.mark.filterwarnings("ignore:The old model is right:UserWarning")
@pytest.mark.parametrize("make", KEEPS.values(), ids=KEEPS)
def test_what_cannot_be_trained_anew_is_refused(make):
    old = make().fit(X, y)
    with pytest.raises(TypeError, match=r"out-of-fold.* keeps .* as it was trained"):
        learned_from(old)


def test_a_standalone_release_can_be_trained_anew():
    old = PCClassifier(LogisticRegression(), method="naive", old_model=tree().fit(X, y))
    with pytest.warns(UserWarning, match="by heart"):
        old.fit(X, y)
    plain = learned_from(LogisticRegression().fit(X, y))
    np.testing.assert_array_equal(learned_from(old.standalone()), plain)


def test_a_net_of_a_module_class_is_trained_anew():
    net = NeuralNetClassifier(
        nn.Linear,
        module__in_features=3,
        module__out_features=2,
        criterion=nn.CrossEntropyLoss,
        max_epochs=1,
        verbose=0,
    )
    assert learned_from(net.fit(X, y)).shape == (120, 2)
