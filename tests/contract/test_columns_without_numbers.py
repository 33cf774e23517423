"""Tables with columns that no network takes, and labels that are missing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_graceful import (
    CompatibleEmbedder,
    FlipControlledClassifier,
    LQFClassifier,
    PCClassifier,
)
from sklearn_graceful.nn import embedding_net, mlp_net

N = 20
Y = np.arange(N) % 2
TABLE = pd.DataFrame({"age": np.arange(N), "town": np.array(["Rome", "Oslo"])[Y]})
TABLES = {
    "strings": TABLE,
    "objects": TABLE.astype(object),
    "categories": TABLE.astype({"town": "category"}),
    "array": TABLE.astype(object).to_numpy(),
    "list": TABLE.to_numpy().tolist(),
    "times": TABLE.assign(town=pd.Timestamp("2024-01-01")),
}
ESTIMATORS = {
    "default": PCClassifier,
    "net": lambda: PCClassifier(mlp_net(max_epochs=1)),
    "Pipeline": lambda: PCClassifier(
        make_pipeline("passthrough", mlp_net(max_epochs=1)), method="none"
    ),
    "embedder": CompatibleEmbedder,
    "embedding net": lambda: CompatibleEmbedder(embedding_net(max_epochs=1)),
    "LQF": LQFClassifier,
}


@pytest.mark.parametrize("X", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)
def test_the_column_is_named(make, X):
    name = "'town'" if hasattr(X, "columns") else 1
    with pytest.raises(ValueError, match=f"Column {name} of X holds .*OneHotEncoder"):
        make().fit(X, Y)


def test_categories_that_are_numbers():
    X = pd.DataFrame({"age": np.arange(N), "town": pd.Categorical(Y)})
    net = mlp_net(max_epochs=1)
    assert PCClassifier(net, method="none").fit(X, Y).predict(X).shape == (N,)


MISSING = {
    "None": np.array([None, *"ab" * (N // 2)][:N], dtype=object),
    "NaN among strings": np.array([np.nan, *"ab" * (N // 2)][:N], dtype=object),
    "pandas": pd.Series([pd.NA, *"ab" * (N // 2)][:N], dtype="string"),
    "categories": pd.Series([None, *"ab" * (N // 2)][:N], dtype="category"),
}


@pytest.mark.parametrize("y", MISSING.values(), ids=MISSING)
@pytest.mark.parametrize(
    "make",
    [
        lambda: PCClassifier(LogisticRegression()),
        lambda: FlipControlledClassifier(LogisticRegression()),
        CompatibleEmbedder,
        LQFClassifier,
    ],
)
def test_a_label_is_missing(make, y):
    with pytest.raises(ValueError, match=r"y holds NaN.*first in row 0"):
        make().fit(TABLE[["age"]], y)
