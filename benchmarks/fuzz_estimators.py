"""Call the estimators' public doors with malformed arguments, and count the faults.

    python -m benchmarks.fuzz_estimators [--calls 10000] [--seed 0]

A fault is an error that nobody raised on purpose, NaN in a result, or a change of a
fitted object by a call that failed. The calls are those of
``tests/contract/malformed_estimators.py``.
"""

import argparse
import time
import warnings
from collections import Counter

from tests.contract.malformed_estimators import fault_of, malformed_calls


def main():
    """Print how many calls had a fault, and one of each kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started, kinds, first = time.perf_counter(), Counter(), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for door, given, words in malformed_calls(arguments.seed, arguments.calls):
            fault = fault_of(door, given)
            if fault is not None:
                kind = (door.name, door.method, fault.splitlines()[-1][:60])
                kinds[kind] += 1
                first.setdefault(kind, f"{words}\n{fault}")
    seconds = time.perf_counter() - started
    print(f"{arguments.calls} calls in {seconds:.0f} s, {kinds.total()} faults")
    for kind, number in kinds.most_common():
        print(f"\n{number} times: {first[kind]}")
    return int(bool(kinds))


if __name__ == "__main__":
    raise SystemExit(main())
