"""No malformed call crashes from the inside, answers NaN or spoils what was fitted.

``python -m benchmarks.fuzz_estimators`` makes 10,000 of these calls.
"""

import copy

import numpy as np
import pytest
from malformed_estimators import doors, fault_of, malformed_calls


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
def test_malformed_calls(seed):
    for door, arguments, words in malformed_calls(seed, 150):
        fault = fault_of(door, arguments)
        assert fault is None, f"{words}: {fault}"


@pytest.mark.filterwarnings("ignore")
def test_what_is_spoiled_works_before():
    """Or else a call would be refused for what was wrong with it already."""
    for door in doors(np.random.default_rng(0)):
        made = door.made if door.method == "__call__" else copy.deepcopy(door.made)
        getattr(made, door.method)(**door.arguments)
