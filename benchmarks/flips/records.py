"""Results as JSON lines, appended as they come."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path


class Records:
    """Results of earlier runs and of this one.

    A later line goes before an earlier one of the same trial and method.

    Parameters
    ----------
    file : path-like or None
        Read if it is there, and appended to; None keeps results in memory.
    """

    def __init__(self, file=None):
        self.file = None if file is None else Path(file)
        self._by_key = {}
        if self.file is not None and self.file.exists():
            self._keep(map(json.loads, self.file.read_text().splitlines()))

    def append(self, records):
        """Keep records, in the file too."""
        self._keep(records)
        if self.file is not None:
            with self.file.open("a") as stream:
                stream.writelines(json.dumps(record) + "\n" for record in records)

    def of_trial(self, trial):
        """Return all records of a trial."""
        return list(self._by_key.get(_key(asdict(trial)), {}).values())

    def all(self):
        """Return all records."""
        return [r for methods in self._by_key.values() for r in methods.values()]

    def _keep(self, records):
        for record in records:
            self._by_key.setdefault(_key(record), {})[record["method"]] = record


def _key(record):
    return tuple(record[k] for k in ("set", "update", "learner", "seed", "rows"))


def arguments_of(doc, *, seeds=5, **choices):
    """Arguments of a benchmark that goes on from its records.

    `choices`: names of further ones, and what may be chosen of each, by default all.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    for name, known in choices.items():
        parser.add_argument(f"--{name}", nargs="+", choices=known, default=[*known])
    parser.add_argument("--seeds", type=int, default=seeds, help="how many")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="JSON lines to append to")
    parser.add_argument("--summarise", metavar="FILE", help="run nothing, read this")
    return parser.parse_args()
