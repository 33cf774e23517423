"""Does a gallery survive SIGKILL at any moment? Many kills, everything compared.

    python -m benchmarks.gallery_faults [--kills 500] [--seed 0]

A child process adds, updates, deletes, upgrades, backfills, commits, rolls back and
compacts at random, and writes down what it begins and what has returned. It is killed
at a random moment, and the gallery is opened again. It must hold what all calls that
had returned left, and the call under way must have happened or not, a backfill any
number of whole batches. Each vector must be the one that its model makes of the item.
Then the next child goes on with the same gallery. POSIX only.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sklearn_graceful import Gallery

DIM = 6
OPERATIONS = {
    "add": 8,
    "update": 3,
    "delete": 3,
    "upgrade": 3,
    "backfill": 3,
    "commit": 1,
    "rollback": 1,
    "compact": 1,
}


class Version:
    """What a gallery asks of a compatible embedder; each is wider than the last."""

    def __init__(self, fingerprint, dim):
        self.fingerprint, self.dim = fingerprint, dim


class Embedder:
    """Vectors that any version makes of an item, equal in their first coordinates."""

    def __init__(self, number):
        self.number = number
        self.fingerprint_ = f"v{number}"
        self.versions_ = [Version(f"v{n}", DIM + n) for n in range(number)]

    def transform(self, X):
        """Vectors of rows of an item and its revision."""
        width = DIM + self.number
        return np.vstack([self._vector(*row, width) for row in np.asarray(X)])

    @staticmethod
    def _vector(item, revision, width):
        return np.random.default_rng((int(item), int(revision))).normal(size=width)


@dataclass
class Expected:
    """What a gallery should hold: revisions of items by id, and versions."""

    items: dict = field(default_factory=dict)
    version: int = 0
    n_versions: int = 1
    before: int | None = None  # version that an open upgrade came from

    def rows(self, ids):
        """Rows that an embedder takes: an item and its revision."""
        return np.array([(i, self.items[i]) for i in ids])


def operation(expected, rng):
    """Draw what can be done next: name and ids."""
    names = list(OPERATIONS)
    weights = np.array([OPERATIONS[name] for name in names], float)
    possible = {
        "update": bool(expected.items),
        "delete": bool(expected.items),
        "upgrade": expected.before is None,
        "commit": expected.before is not None,
        "rollback": expected.before is not None,
    }
    weights *= [possible.get(name, True) for name in names]
    name = rng.choice(names, p=weights / weights.sum())
    ids = []
    if name == "add":
        free = np.setdiff1d(np.arange(500), list(expected.items))
        ids = rng.choice(free, min(len(free), rng.integers(1, 60)), replace=False)
    elif name in ("update", "delete"):
        known = sorted(expected.items)
        ids = rng.choice(known, min(len(known), rng.integers(1, 30)), replace=False)
    return str(name), [int(i) for i in ids]


def after(expected, name, ids):
    """What a gallery should hold after an operation."""
    items = dict(expected.items)
    new = Expected(items, expected.version, expected.n_versions, expected.before)
    if name in ("add", "update"):
        items.update({i: items.get(i, -1) + 1 for i in ids})
    elif name == "delete":
        for i in ids:
            del items[i]
    elif name == "upgrade":
        new.before = expected.version if items else None
        new.version, new.n_versions = expected.n_versions, expected.n_versions + 1
    elif name == "commit":
        new.before = None
    elif name == "rollback":
        new.version, new.before = expected.before, None
    return new


def carry_out(gallery, expected, name, ids):
    """Do it to the gallery."""
    new = after(expected, name, ids)
    if name in ("add", "update"):
        getattr(gallery, name)(ids, new.rows(ids))
    elif name == "delete":
        gallery.delete(ids)
    elif name == "upgrade":
        gallery.upgrade(Embedder(new.version))
    elif name == "backfill":
        gallery.backfill(expected.rows, budget=0.3, order="random", batch_size=20)
    else:
        getattr(gallery, name)()


def child(folder, expected, rng, notes):
    """Work until killed, writing down what begins and what has returned."""
    gallery = open_gallery(folder, expected)
    while True:
        name, ids = operation(expected, rng)
        os.write(notes, f"{name} {' '.join(map(str, ids))}\n".encode())
        carry_out(gallery, expected, name, ids)
        expected = after(expected, name, ids)
        os.write(notes, b"done\n")


def open_gallery(folder, expected):
    """Open it with all embedders that there may be by now."""
    n_versions = expected.n_versions
    return Gallery.open(folder, [Embedder(number) for number in range(n_versions)])


def compare(gallery, candidates):
    """Return the candidate that the gallery holds; AssertionError if none."""
    found = gallery.ids().tolist()
    for expected in candidates:
        if sorted(found) == sorted(expected.items):
            newest = gallery.versions()[-1]
            upgraded = gallery.status().can_roll_back
            same = newest.fingerprint == f"v{expected.version}"
            same &= upgraded == (expected.before is not None)
            if same and (not found or _vectors_are_right(gallery, expected)):
                return expected
    raise AssertionError(f"{len(found)} items fit none of what was expected")


def _vectors_are_right(gallery, expected):
    ids = sorted(expected.items)
    vectors = gallery.vectors(ids)
    newest = Embedder(expected.version).transform(expected.rows(ids))
    for vector, full in zip(vectors, newest, strict=True):
        # An old vector, or the old view of a new one, is the beginning of it.
        kept = full[: np.isfinite(vector).sum()]
        if not np.allclose(vector[: len(kept)], kept / np.linalg.norm(kept), atol=1e-5):
            return False
    near, scores = gallery.search(expected.rows(ids[:20]), k=1)
    return bool(np.allclose(scores, 1, atol=1e-5)) and near[:, 0].tolist() == ids[:20]


def one_kill(folder, expected, seed):
    """Let a child work for a while, kill it; return what the gallery then holds."""
    rng = np.random.default_rng(seed)
    reading, notes = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reading)
            child(folder, expected, rng, notes)
        except BaseException as error:
            os.write(notes, f"error {error!r}\n".encode())
        finally:
            os._exit(1)
    os.close(notes)
    time.sleep(np.random.default_rng((seed, 1)).uniform(0.01, 0.15))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as stream:
        lines = stream.read().decode().splitlines()
    candidates, under_way = [expected], "nothing"
    for line in lines:
        name, *ids = line.split()
        if name == "error":
            raise AssertionError(f"the child failed: {line}")
        if name == "done":
            candidates, under_way = candidates[-1:], "nothing"
        else:
            candidates.append(after(candidates[-1], name, list(map(int, ids))))
            under_way = name
    with open_gallery(folder, candidates[-1]) as gallery:
        return compare(gallery, candidates), under_way, lines.count("done")


def run(folder, n_kills, seed=0):
    """Kill so often; return how often each operation was under way.

    Parameters
    ----------
    folder : path-like
        Where the gallery is made.
    n_kills : int
    seed : int, default=0

    Returns
    -------
    under_way : Counter
    n_done : int
        Calls that had returned.
    """
    Gallery(Embedder(0), folder).close()
    expected, under_way, n_done = Expected(), Counter(), 0
    for kill in range(n_kills):
        expected, name, done = one_kill(folder, expected, (seed, kill))
        under_way[name] += 1
        n_done += done
    with open_gallery(folder, expected) as gallery:
        if expected.items:
            gallery.backfill(expected.rows)
            assert gallery.status().n_left == 0
            compare(gallery, [expected])
    return under_way, n_done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery"
        under_way, n_done = run(path, arguments.kills, arguments.seed)
    print(f"{arguments.kills} kills, {n_done} calls had returned; under way:")
    for name, count in under_way.most_common():
        print(f"  {name:9}{count:5}")


if __name__ == "__main__":
    sys.exit(main())
