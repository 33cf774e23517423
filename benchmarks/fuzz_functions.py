"""Many malformed calls of the public functions: none may end in an error from inside.

Run: python benchmarks/fuzz_functions.py [--calls 10000] [--seed 0]

The calls are those of `tests/contract/malformed.py`; the test suite makes a few
hundred. Prints the calls that end badly, one of each kind, and their number.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "contract"))

from malformed import run
from test_malformed_calls import FUNCTIONS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    faults = run(FUNCTIONS, given.calls, given.seed)
    kinds = {(fault.function, fault.how[:60]): fault for fault in faults}
    for fault in kinds.values():
        print(fault)
    print(f"{len(faults)} of {given.calls} calls ended badly, {len(kinds)} kinds")
    by_function = Counter(fault.function for fault in faults)
    print(", ".join(f"{name} {number}" for name, number in by_function.most_common()))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
