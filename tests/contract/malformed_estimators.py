"""Malformed calls of the estimators' public doors, and what may become of one.

A call takes arguments that work and spoils one or two of them. It may end in a result
without NaN, or in an error that somebody raised on purpose, in this package or in
scikit-learn; and a call that fails leaves the object as it was.
"""

import copy
import linecache
import pickle
import re
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sklearn
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

import sklearn_graceful
from sklearn_graceful import (
    CompatibleEmbedder,
    EmbeddingAdapter,
    FlipControlledClassifier,
    LQFClassifier,
    PCClassifier,
    PredictionStore,
    ReferenceModel,
)
from sklearn_graceful.congruence import Match
from sklearn_graceful.model_selection import (
    BestUnderBudget,
    flip_scorer,
    update_scorer,
)

N_ROWS = 60
OURS = str(Path(sklearn_graceful.__file__).parent)
THEIRS = str(Path(sklearn.__file__).parent)


def _row(values, rng, entry):
    values = np.array(values, dtype=object if isinstance(entry, str | None) else float)
    values[rng.integers(len(values))] = entry
    return values


# Of an argument with one entry for each row.
SPOILED_ROWS = {
    "shorter": lambda v, rng: v[:-1],
    "longer": lambda v, rng: np.concatenate([v, v[:1]]),
    "empty": lambda v, rng: v[:0],
    "one row": lambda v, rng: v[:1],
    "two rows": lambda v, rng: v[:2],
    "a column more": lambda v, rng: np.column_stack([v, v]),
    "a column": lambda v, rng: v[:, :1] if v.ndim > 1 else v[:, None],
    "no column": lambda v, rng: v[:, :0] if v.ndim > 1 else v,
    "3-D": lambda v, rng: np.stack([v, v]) if v.ndim > 1 else v[:, None, None],
    "flat": lambda v, rng: v.ravel(),
    "None": lambda v, rng: None,
    "a number": lambda v, rng: 3,
    "a word": lambda v, rng: "rows",
    "a dict": lambda v, rng: {"rows": v},
    "a set": lambda v, rng: {1, 2},
    "a function": lambda v, rng: np.mean,
    "ragged": lambda v, rng: [[1.0], *([[1.0, 2.0]] * (len(v) - 1))],
    "a list": lambda v, rng: v.tolist(),
    "strings": lambda v, rng: v.astype(str),
    "bytes": lambda v, rng: v.astype("S"),
    "objects": lambda v, rng: v.astype(object),
    "bool": lambda v, rng: v > np.mean(v),
    "complex": lambda v, rng: v + 1j,
    "dates": lambda v, rng: np.full(len(v), np.datetime64("2020-01-01")),
    "halves": lambda v, rng: v + 0.5,
    "single precision": lambda v, rng: v.astype(np.float32),
    "constant": lambda v, rng: np.ones_like(v),
    "zero": lambda v, rng: np.zeros_like(v),
    "negative": lambda v, rng: -np.abs(v) - 1,
    "nan": lambda v, rng: _row(v, rng, np.nan),
    "inf": lambda v, rng: _row(v, rng, np.inf),
    "a None": lambda v, rng: _row(v, rng, None),
    "a string": lambda v, rng: _row(v, rng, "a"),
    "all nan": lambda v, rng: v * np.nan,
}


class Mute(ClassifierMixin, BaseEstimator):
    """A learner that is fitted and says nothing."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self


class Column(LogisticRegression):
    """One that answers in a column of floats, and with a column too many."""

    def predict(self, X):
        return super().predict(X).astype(float)[:, None]

    def predict_proba(self, X):
        return np.column_stack([super().predict_proba(X), np.zeros(len(X))])


# Of any other argument, and of a parameter.
SPOILED_VALUES = [
    *(None, True, False, 0, 1, 2, -1, 0.5, 1.5, -0.5, np.nan, np.inf),
    *("", "auto", "a", b"a", (), [], {}, [1, 2], {"a": 1}, object(), np.mean, type),
    *(np.array([0.1, 0.2]), np.float32(0.3), np.int64(2), np.array(0.5), KFold(2)),
    *(LogisticRegression(), Mute(), Column(), Ridge(), lambda X: X, [(1, 2)]),
    *([(np.arange(5), np.arange(99))], PCClassifier(GaussianNB()), LogisticRegression),
]


@dataclass(frozen=True)
class Door:
    """A method of an object, and arguments that it takes."""

    name: str
    made: object
    method: str
    arguments: dict

    def spoil(self, rng):
        """An object of its own, and the arguments of a malformed call."""
        given = dict(self.arguments)
        spoiled, names = {}, sorted(given)
        n_spoiled = min(len(names), 1 + int(rng.random() < 0.3))
        for name in rng.choice(names, size=n_spoiled, replace=False).tolist():
            if isinstance(given[name], np.ndarray):
                kinds = sorted(SPOILED_ROWS)
                kind = kinds[rng.integers(len(kinds))]
                try:
                    given[name] = SPOILED_ROWS[kind](self.arguments[name], rng)
                except (TypeError, ValueError):
                    continue  # strings have no halves
            else:
                place = rng.integers(len(SPOILED_VALUES))
                given[name] = SPOILED_VALUES[place]
                kind = repr(given[name])[:60]
            spoiled[name] = kind
        return given, f"{self.name}.{self.method}({spoiled})"


def good_arguments(rng):
    """Rows, labels, an old model and what it says."""
    X = rng.normal(size=(N_ROWS, 3)).round(3)
    y = (X @ rng.normal(size=(3, 3))).argmax(axis=1)
    y[:3] = 0, 1, 2
    old = LogisticRegression().fit(X[:30], y[:30])
    return X, y, old


def doors(rng):
    """All of them."""
    X, y, old = good_arguments(rng)
    module = torch.nn.Linear(3, 3)
    by_module = ReferenceModel(module, classes=[0, 1, 2])
    weights = {"sample_weight": rng.uniform(0.5, 2, N_ROWS), "critical": y == 1}
    of_fit = {"X": X, "y": y, "old_model": old, "old_proba": old.predict_proba(X)}
    of_fit |= weights
    vectors = X @ rng.normal(size=(3, 4))
    of_embedder = {"X": X, "y": y, "old_embeddings": vectors}
    of_embedder["sample_weight"] = weights["sample_weight"]
    classifiers = {
        "PC naive": PCClassifier(GaussianNB(), method="naive", random_state=0),
        "PC none": PCClassifier(DecisionTreeClassifier(), method="none"),
        "PC match": PCClassifier(
            GaussianNB(), method=Match(n_synthetic=1), random_state=0
        ),
        "PC focal": PCClassifier(LogisticRegression(max_iter=20), random_state=0),
        "Flip": FlipControlledClassifier(GaussianNB(), max_nfr=0.1, random_state=0),
        "Flip folds": FlipControlledClassifier(
            GaussianNB(), calibration=2, random_state=0
        ),
    }
    for name, model in classifiers.items():
        fitted = copy.deepcopy(model).fit(X, y, old_model=old)
        yield from _of_classifier(name, fitted, of_fit, X, y)
    of_lqf = of_fit | {"old_model": by_module}
    lqf = LQFClassifier(old_model=by_module, random_state=0)
    lqf.fit(X, y)
    yield from _of_classifier("LQF", lqf, of_lqf, X, y)
    yield Door("LQF", lqf, "partial_fit", {"X": X, "y": y, **weights})
    yield Door("LQF", lqf, "forget", {"X": X[:5], "y": y[:5]})
    yield Door("LQF", lqf, "set_step", {"t": 0.5})
    embedder = CompatibleEmbedder(Ridge(), random_state=0)
    embedder.fit(X, y, old_embeddings=vectors)
    yield Door("Embedder", embedder, "fit", of_embedder)
    yield Door("Embedder", embedder, "transform", {"X": X})
    yield Door("Embedder", embedder, "old_view", {"embeddings": embedder.transform(X)})
    yield _parameters("Embedder", embedder, {"X": X, "y": y})
    adapter = EmbeddingAdapter("ridge", random_state=0).fit(vectors, X)
    yield Door("Adapter", adapter, "fit", {"X": vectors, "y": X})
    yield Door("Adapter", adapter, "transform", {"X": vectors})
    yield Door("Adapter", adapter, "inverse_transform", {"Y": X})
    yield Door("Adapter", adapter, "fuse", {"X": vectors, "Y": X, "share": 0.5})
    yield _parameters("Adapter", adapter, {"X": vectors, "y": X})
    yield from _of_store(y)
    for make in (flip_scorer, update_scorer):
        scored = {"estimator": old, "X": X, "y": y}
        scored["sample_weight"] = weights["sample_weight"]
        yield Door(make.__name__, make(old), "__call__", scored)
    yield Door("scorer", _Calls(flip_scorer), "__call__", {"a": old, "b": "neg_nfr"})
    budget = _Calls(lambda **p: BestUnderBudget(**p))
    yield Door("Budget", budget, "__call__", {"max_nfr": 0.1, "strict": False})


def _of_classifier(name, fitted, of_fit, X, y):
    yield Door(name, fitted, "fit", of_fit)
    for method in ("predict", "predict_proba"):
        if hasattr(fitted, method):
            yield Door(name, fitted, method, {"X": X})
    yield Door(name, fitted, "score", {"X": X, "y": y})
    yield _parameters(name, fitted, {"X": X, "y": y})


def _of_store(y):
    store = PredictionStore(N_ROWS, classes=[0, 1, 2])
    store.register("v1", y_true=y, y_pred=np.roll(y, 5))
    rows = np.arange(N_ROWS)
    store.update(rows, y)
    confusion = {"version": "v2", "confusion": 0.7 * np.eye(3) + 0.1}
    yield Door("Store", store, "register", confusion)
    yield Door("Store", store, "register", {"version": "v2", "y_true": y, "y_pred": y})
    seen_by_one = copy.deepcopy(store)
    seen_by_one.register("v2", y_true=y, y_pred=y)
    update = {"rows": rows, "predictions": y, "version": "v2"}
    yield Door("Store", seen_by_one, "update", update)
    yield Door("Store", store, "order", {"budget": 5, "strategy": "entropy"})
    for method in ("posterior", "entropy"):
        yield Door("Store", store, method, {"rows": rows})
    yield Door("Store", store, "add_rows", {"n_rows": 5})
    made = {"n_rows": 5, "classes": np.array([0, 1]), "cost_ratio": 2.0}
    made |= {"prior": np.array([0.5, 0.5]), "correlation": 0.1, "smoothing": 1.0}
    yield Door("Store", _Calls(PredictionStore), "__call__", made)


class _Calls:
    """A function or class as an object with a method."""

    def __init__(self, function):
        self.function = function

    def __call__(self, **arguments):
        if arguments.keys() == {"a", "b"}:  # by position
            return self.function(*arguments.values())
        return self.function(**arguments)


class _WithParameters:
    """``set_params`` of a copy and then ``fit``, which is where they are looked at."""

    def __init__(self, estimator, given):
        self.estimator, self.given = estimator, given

    def fit(self, **params):
        estimator = copy.copy(self.estimator)
        return estimator.set_params(**params).fit(**self.given)


def _parameters(name, estimator, given):
    params = estimator.get_params(deep=False)
    # As words, so that no array among them is taken for rows.
    free = {p: v for p, v in params.items() if not isinstance(v, np.ndarray)}
    return Door(f"{name} parameters", _WithParameters(estimator, given), "fit", free)


def malformed_calls(seed, n_calls):
    """Yield `n_calls` of all doors in turn: door, its arguments, and words for it."""
    rng = np.random.default_rng(seed)
    all_doors = list(doors(rng))
    for number in range(n_calls):
        door = all_doors[number % len(all_doors)]
        yield (door, *door.spoil(rng))


def fault_of(door, arguments):
    """Make the call; what is wrong with how it ended, None if nothing is."""
    made = copy.deepcopy(door.made) if door.method != "__call__" else door.made
    before = _state(made)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            where = "sklearn_graceful|numpy"  # a learner may do as it likes
            warnings.filterwarnings("error", "", RuntimeWarning, where)
            result = getattr(made, door.method)(**arguments)
    except Exception as error:
        if not _is_named(error):
            return "".join(traceback.format_exception(error)[-4:])
        return None if _same(before, _state(made)) else f"changed by: {error}"
    has_nan = isinstance(result, np.ndarray | float) and np.isnan(result).any()
    is_score = door.name in ("flip_scorer", "update_scorer")
    return "NaN in the result" if has_nan and not is_score else None


def _is_named(error):
    """Whether somebody raised it on purpose, and not a library from within."""
    if not isinstance(error, ValueError | TypeError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    *_, last = [f for f in frames if f.filename.startswith((OURS, THEIRS, __file__))]
    if not last.filename.startswith(OURS):
        return True
    line = linecache.getline(last.filename, last.lineno)
    # NumPy says well enough what no array can be made of.
    converts = re.search(r"np\.(as)?array\(|\.astype\(np\.float64\)", line)
    return line.strip().startswith("raise") or converts


def _state(made):
    if isinstance(made, _WithParameters):
        made = made.estimator
    if isinstance(made, PredictionStore):
        return {"store": pickle.dumps(made)}
    return dict(vars(made))


def _same(before, after):
    if "store" in before:
        return before == after
    return before.keys() == after.keys() and all(
        before[name] is after[name] for name in before
    )
