"""Malformed calls, drawn at random, and what a call may end in.

``run(functions, n_calls, seed)`` calls functions with sound arguments of which a few
are spoilt, and returns those calls that end badly: in an error from the inside, in a
warning that is not documented, or in NaN without the warning that says so. What is
sound for a parameter goes by its name, ``SOUND``; another kind of function or of
estimator joins with its names there.
"""

import inspect
import linecache
import random
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import sklearn
import torch
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.exceptions import (
    ConvergenceWarning,
    NotFittedError,
    UndefinedMetricWarning,
)

import sklearn_graceful
from sklearn_graceful.metrics import FLIP_FIGURES, FlipCounts, retrieval_outcomes

OURS = str(Path(sklearn_graceful.__file__).parent)
NAMED_BY = (OURS, str(Path(sklearn.__file__).parent))
NAMED = (ValueError, TypeError, NotFittedError)
# The second is by a clusterer of scikit-learn, on equal vectors.
DOCUMENTED = {UndefinedMetricWarning, ConvergenceWarning}

N, DIM = 12, 3
RNG = np.random.default_rng(0)
VECTORS = RNG.integers(1, 9, (N, DIM)).astype(float)
LABELS = np.arange(N) % 3
VALUES = RNG.random(N)
OUTCOMES = retrieval_outcomes(VECTORS, query_labels=LABELS)

# Sound arguments, and the names of the parameters that they are for.
_SOUND = [
    (
        "queries gallery old_gallery new_gallery embeddings old_embeddings "
        "new_embeddings centroids",
        [VECTORS, VECTORS[:, ::-1]],
    ),
    (
        "query_labels gallery_labels labels y_true y_pred y_old by labels_true "
        "labels_pred old_clusters new_clusters clusters versions groups",
        [LABELS, LABELS[::-1]],
    ),
    ("query_ids gallery_ids", [np.arange(N), np.arange(N) // 2]),
    (
        "embeddings_by_version gallery_by_version",
        [[VECTORS, VECTORS], {"v1": VECTORS, "v2": VECTORS[::-1]}],
    ),
    ("old new", [OUTCOMES]),
    ("old_values new_values more_values", [VALUES, VALUES[::-1]]),
    ("old_self cross paragon new_self", [0.3, VALUES]),
    ("k k_max depth", [1, 3]),
    ("old_view normalize adjusted", [True, False]),
    ("metric", ["cosine", "euclidean"]),
    ("figure", list(FLIP_FIGURES)),
    ("measure", ["recall@1", "map", "ndcg"]),
    ("threshold", [0.5]),
    ("far", [0.1, 1]),
    ("fractions", [[0, 0.5, 1]]),
    ("order", [np.arange(N)[::-1]]),
    ("random_state", [0]),
    ("sample_weight", [VALUES]),
    ("predictions_by_version", [[LABELS, LABELS[::-1]]]),
    ("clusterer", [KMeans(2, n_init=1)]),
    ("updated", [LABELS == 0]),
    ("noise", [-1, None]),
    ("confidence", [0.9]),
    ("method", ["auto"]),
    ("n_bootstrap n_resamples", [20]),
    ("statistic", [np.subtract]),
    ("max_nfr", [0.1]),
    ("counts", [FlipCounts(5, 2, 3, 1, 1)]),
]
SOUND = {name: values for names, values in _SOUND for name in names.split()}

# What stands in the place of a sound argument, whatever that is.
ANYTHING = [
    *(None, "", "cosine", b"bytes", 0, -1, 1.5, 10**400, True, np.nan, np.inf, 1j),
    *(object(), len, KMeans, range(3), iter([1, 2]), [], (), {}, set(), [None], [[]]),
    *([[1, 2], [3]], ["a", 1], np.array(1.0), np.zeros((N, 2, 2)), np.zeros((0, DIM))),
    *(np.zeros(N), np.ones((N, 1)), np.array([None] * N), np.array(["x"] * N)),
    *(
        np.zeros(N, "M8[s]"),
        np.full((N, DIM), 1e308),
        np.full((N, DIM), 1e-320),
    ),
    *(
        np.zeros((N, DIM), complex),
        np.zeros(N, "i4,i4"),
        sparse.csr_array(VECTORS),
    ),
    *(pd.DataFrame(VECTORS).astype(str), pd.Series([None] * N), pd.DataFrame()),
    *(pl.Series([None] * N), pa.array([None] * N), torch.zeros(N)),
    torch.zeros((N, DIM), dtype=torch.bfloat16),
]


def _at(place, value):
    def spoil(argument):
        spoilt = np.array(argument, dtype=object)
        spoilt.flat[place % spoilt.size] = value
        return spoilt

    return spoil


# What a sound argument is turned into.
SPOIL = [
    *(_at(5, value) for value in (np.nan, None, np.inf, -1e300, "text", [1], pd.NA)),
    *(partial(np.repeat, repeats=repeats, axis=0) for repeats in (0, 2)),
    lambda argument: argument[:-1],
    lambda argument: np.asarray(argument)[..., None],
    lambda argument: np.asarray(argument)[None],
    lambda argument: np.asarray(argument)[:, :1],
    lambda argument: np.hstack([argument, argument]),
    lambda argument: np.asarray(argument).astype(str),
    lambda argument: np.asarray(argument, float) * 1e200,
    lambda argument: np.asarray(argument, np.float16),
    lambda argument: -np.asarray(argument),
    lambda argument: np.zeros_like(argument),
    lambda argument: np.ma.masked_equal(argument, np.asarray(argument).flat[0]),
    lambda argument: [list(np.atleast_1d(argument)), 1],
    lambda argument: {0: argument},
    lambda argument: str(argument),
    list,
    pd.Series,
    pl.Series,
    torch.tensor,
]  # fmt: skip


@dataclass
class Fault:
    """A call that ended badly, and how."""

    function: str
    arguments: dict
    how: str

    def __str__(self):
        given = ", ".join(f"{k}={_brief(v)}" for k, v in self.arguments.items())
        return f"{self.function}({given}): {self.how}"


def run(functions, n_calls, seed=0):
    """Faults of so many calls.

    Parameters
    ----------
    functions : list of callable
        Their parameters' names must be in SOUND.
    n_calls : int
    seed : int, default=0

    Returns
    -------
    faults : list of Fault
    """
    draw, faults = random.Random(seed), []
    for number in range(n_calls):
        function = functions[number % len(functions)]
        arguments = _drawn(function, draw)
        how = end_of(function, arguments)
        if how is not None:
            faults.append(Fault(function.__name__, arguments, how))
    return faults


def end_of(function, arguments):
    """None if a call ends in a result or a named error; else what it ended in."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = _called(function, arguments)
        except Exception as error:
            if _is_named(error):
                return None
            return f"{type(error).__name__}: {str(error)[:200]} {_innermost(error)}"
    kinds = {warning.category for warning in caught}
    undocumented = kinds - DOCUMENTED
    if undocumented:
        return f"{caught[0].category.__name__}: {caught[0].message}"
    if not kinds and _holds_nan(result):
        return f"NaN without a warning: {result!r}"
    return None


def _called(function, arguments):
    arguments = dict(arguments)
    positional = []
    if "more_values" in arguments:
        names = ("old_values", "new_values", "more_values")
        positional = [arguments.pop(name) for name in names]
    return function(*positional, **arguments)


def _drawn(function, draw):
    """Sound arguments, those with a default now and then; up to 3 of them spoilt."""
    parameters = inspect.signature(function).parameters.values()
    arguments = {}
    for parameter in parameters:
        needed = parameter.default is parameter.empty
        if (
            parameter.kind is not parameter.VAR_POSITIONAL and needed
        ) or draw.random() < 0.4:
            arguments[parameter.name] = draw.choice(_sound(function, parameter.name))
    for name in draw.choices(list(arguments), k=draw.randint(0, 3)):
        arguments[name] = _spoilt(arguments[name], draw)
    return arguments


def _sound(function, name):
    if name == "metric" and "confidence" in inspect.signature(function).parameters:
        name = "figure"
    return SOUND[name]


def _spoilt(argument, draw):
    if draw.random() < 0.5:
        return draw.choice(ANYTHING)
    try:
        with warnings.catch_warnings(action="ignore"):
            return draw.choice(SPOIL)(argument)
    except Exception:  # it cannot be spoilt in this way
        return draw.choice(ANYTHING)


def _is_named(error):
    """Whether it was raised on purpose, by this package or by scikit-learn."""
    if not isinstance(error, NAMED):
        return False
    frame, line = _innermost(error)
    if not frame.startswith(NAMED_BY):
        return False
    return not frame.startswith(OURS) or line.startswith("raise ")


def _innermost(error):
    """File and line of the statement that raised it."""
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename
    return file, linecache.getline(file, trace.tb_lineno).strip()


def _holds_nan(result):
    if isinstance(result, float):
        return result != result
    if isinstance(result, np.ndarray):
        return result.dtype.kind == "f" and bool(np.isnan(result).any())
    if isinstance(result, tuple | list):
        return any(map(_holds_nan, result))
    if isinstance(result, dict):
        return any(map(_holds_nan, result.values()))
    return hasattr(result, "__dict__") and _holds_nan(vars(result))


def _brief(value):
    said = " ".join(repr(value).split())
    return said if len(said) < 70 else f"{said[:70]}... ({type(value).__name__})"
