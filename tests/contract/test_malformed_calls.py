"""Malformed calls of figures and of search end in a result or in a named error."""

import inspect

import pytest
from malformed import SOUND, end_of, run

from sklearn_graceful import metrics, search

# Checks and masks that trust what they get, or take any names.
TRUSTING = {"check_labels", "check_partitions", "check_weight", "is_negative_flip"}
FUNCTIONS = [
    function
    for name in metrics.__all__
    if inspect.isfunction(function := getattr(metrics, name)) and name not in TRUSTING
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_malformed_calls_end_well(function):
    faults = run([function], 12, seed=1)
    assert not faults, "\n".join(map(str, faults))


def test_what_ends_badly_is_told():
    def stumbles(k):
        return [0, 1][k]

    assert end_of(stumbles, {"k": 0}) is None
    assert end_of(stumbles, {"k": 2}).startswith("IndexError")
    assert end_of(stumbles, {"k": None}).startswith("TypeError")
    assert end_of(lambda k: k * float("nan"), {"k": 1}).startswith("NaN without")
    assert search.nearest in FUNCTIONS
    assert set(SOUND) >= set(inspect.signature(search.nearest).parameters)
