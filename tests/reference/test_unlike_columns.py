"""What old models of every kind know of the columns that they were fitted on."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    scale,
)
from sklearn.svm import SVC

from sklearn_graceful import OldModelMismatchWarning, PCClassifier, ReferenceModel
from sklearn_graceful.reference import unlike_columns

rng = np.random.default_rng(0)
y = np.tile([0, 1, 2], 100)
# Columns of other places and sizes, as length in millimetres and price.
X = (rng.normal(size=(300, 4)) + y[:, None]) * [1, 30, 400, 0.01] + [9, 300, 5000, 2]
old_rows, new_rows = slice(0, 150), slice(150, None)


def fitted(model):
    return model.fit(X[old_rows], y[old_rows])


def with_scaler(scaler):
    return make_pipeline(scaler, LogisticRegression())


def booster(library, name, **params):
    kind = getattr(pytest.importorskip(library), name)
    return kind(n_estimators=20, **params)


KINDS = {
    "forest": lambda: RandomForestClassifier(10, random_state=0),
    "bagging": lambda: BaggingClassifier(random_state=0),
    "boosting on bins": lambda: HistGradientBoostingClassifier(max_iter=5),
    "LightGBM": lambda: booster("lightgbm", "LGBMClassifier", verbose=-1),
    "XGBoost": lambda: booster("xgboost", "XGBClassifier"),
    "CatBoost": lambda: booster(
        "catboost", "CatBoostClassifier", verbose=0, allow_writing_files=False
    ),
    "neighbours": KNeighborsClassifier,
    "support vectors": SVC,
    "naive Bayes": GaussianNB,
    "voting": lambda: VotingClassifier([("a", GaussianNB()), ("b", SVC())]),
    "calibrated": lambda: CalibratedClassifierCV(GaussianNB(), cv=2),
    "imputer before": lambda: make_pipeline(SimpleImputer(), GaussianNB()),
    "PCA": lambda: with_scaler(PCA(2)),
    "columns": lambda: with_scaler(
        make_column_transformer((StandardScaler(), [3, 0]), (MinMaxScaler(), [1, 2]))
    ),
} | {
    type(scaler).__name__: lambda scaler=scaler: with_scaler(scaler)
    for scaler in (
        KBinsDiscretizer(quantile_method="averaged_inverted_cdf"),
        MaxAbsScaler(),
        MinMaxScaler(),
        QuantileTransformer(n_quantiles=20),
        RobustScaler(),
        StandardScaler(),
    )
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_scaled_rows_are_unlike_and_new_rows_are_not(make):
    old = fitted(make())
    assert unlike_columns(old, X[new_rows]) is None
    assert unlike_columns(old, X[new_rows][y[new_rows] < 2]) is None
    assert unlike_columns(old, X[new_rows][:9]) is None
    assert unlike_columns(old, scale(X[new_rows])) is not None
    assert unlike_columns(FrozenEstimator(old), scale(X[new_rows])) is not None


@pytest.mark.parametrize("make", [KINDS["forest"], KINDS["StandardScaler"]])
def test_raw_rows_are_unlike_scaled_ones(make):
    old = make().fit(scale(X[old_rows]), y[old_rows])
    assert unlike_columns(old, scale(X[new_rows])) is None
    assert unlike_columns(old, X[new_rows]) is not None


def test_columns_in_another_order_are_unlike():
    assert unlike_columns(fitted(GaussianNB()), X[:, ::-1]).n_unlike == 4


def test_what_is_found_says_where():
    found = unlike_columns(fitted(make_pipeline(MinMaxScaler(), SVC())), scale(X))
    assert (found.n_unlike, found.n_compared, found.column) == (4, 4, 0)
    low, high = found.learned
    assert low == X[old_rows, 0].min()
    assert high == X[old_rows, 0].max()
    np.testing.assert_allclose(found.given, np.quantile(scale(X)[:, 0], [0.05, 0.95]))


def test_columns_of_a_frame_are_found_by_name():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(kind="text")
    pick = make_column_transformer((StandardScaler(), list("abcd")))
    old = with_scaler(pick).fit(frame[old_rows], y[old_rows])
    assert unlike_columns(old, frame[frame.columns[::-1]]) is None
    scaled = frame.assign(**dict(zip("abcd", scale(X).T, strict=True)))
    assert unlike_columns(old, scaled).column == "a"


@pytest.mark.parametrize(
    "silent",
    [
        make_pipeline(FunctionTransformer(scale), LogisticRegression()),
        RandomForestClassifier(1, max_depth=1),
    ],
    ids=["function", "stump"],
)
def test_models_that_know_nothing_of_columns_say_nothing(silent):
    assert unlike_columns(fitted(silent), scale(X)) is None


@pytest.mark.parametrize("wrap", [lambda old: old, ReferenceModel, lambda old: [old]])
def test_fit_warns_and_says_what_to_do(wrap):
    old = wrap(fitted(RandomForestClassifier(20, random_state=0)))
    new = PCClassifier(GaussianNB(), method="naive", old_model=old)
    said = r"In \d of 4 columns .* RandomForestClassifier .*PCClassifier\(pipeline\)"
    with pytest.warns(OldModelMismatchWarning, match=said) as caught:
        make_pipeline(StandardScaler(), new).fit(X[new_rows], y[new_rows])
    assert len(caught) == 1
    PCClassifier(make_pipeline(StandardScaler(), GaussianNB()), **new_params(new)).fit(
        X[new_rows], y[new_rows]
    )


def new_params(new):
    return {"method": new.method, "old_model": new.old_model}


def test_most_rows_on_one_side_of_most_splits():
    pixels, digits = load_digits(return_X_y=True)
    forest = RandomForestClassifier(20, random_state=0).fit(pixels[:600], digits[:600])
    # Pixels from 0 to 16: scaled ones are still within, but on the side of ink or none.
    scaled = StandardScaler().fit(pixels[:600]).transform(pixels[600:])
    assert forest.score(scaled, digits[600:]) < 0.4
    assert unlike_columns(forest, scaled) is not None
    assert unlike_columns(forest, pixels[600:]) is None
    assert unlike_columns(forest, pixels[digits > 4]) is None
