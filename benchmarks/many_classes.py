"""Compatible embedders of 10,000 classes: what they cost beside a plain one.

    python -m benchmarks.many_classes [--classes 10000] [--epochs 3] [--threads 2]

Kanji in 20 fonts each (`datasets.render_characters`); a character turned by a quarter,
a half or three quarters is another class. The old embedder has learned a quarter of the
classes, the new ones all; all for a few epochs, as it is not quality that is measured
here. Each is trained in a process of its own: seconds of an epoch, of all else (what is
asked of the old embedder, its modes, the final look at the training rows), and the peak
of memory in GiB, rows included.
"""

import argparse
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import joblib
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.gallery import as_rows, conv_net
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.datasets import render_characters

N_VIEWS, TURNS = 20, 4
METHODS = ("independent", "focal", "bct", "l2", "contrastive")


def rows_of(n_classes):
    """Images as bytes, and their classes."""
    data = render_characters(-(-n_classes // TURNS))
    order = np.argsort(data.characters, kind="stable")
    _, first, sizes = np.unique(
        data.characters[order], return_index=True, return_counts=True
    )
    kept = [
        order[start : start + min(size, N_VIEWS)]
        for start, size in zip(first, sizes, strict=True)
    ]
    y = np.repeat(np.arange(len(kept)), [len(rows) for rows in kept])
    images = data.images[np.concatenate(kept)]
    turned = [np.rot90(images, turn, (1, 2)) for turn in range(TURNS)]
    labels = [y + turn * len(kept) for turn in range(TURNS)]
    images, labels = np.concatenate(turned), np.concatenate(labels)
    return images[labels < n_classes], labels[labels < n_classes]


def trained(folder, name, method, n_classes, epochs, threads):
    """Train one, keep it in the folder; what it took."""
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        images, y = joblib.load(folder / "rows")
        chosen = y < n_classes
        X, y = as_rows(images[chosen]), y[chosen]
        old = joblib.load(folder / "old") if method else None
        embedder = CompatibleEmbedder(
            conv_net(epochs),
            old_model=old,
            method=method or "independent",
            embedding_dim=64 if method else 32,
            random_state=0,
        )
        start = time.perf_counter()
        embedder.fit(X, y)
        seconds = time.perf_counter() - start
    joblib.dump(embedder, folder / name)
    by_epoch = [epoch["dur"] for epoch in embedder.history_]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return np.median(by_epoch), seconds - sum(by_epoch), peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    def alone(*what):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            how = args.epochs, args.threads
            return pool.submit(trained, folder, *what, *how).result()

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        rows = rows_of(args.classes)
        joblib.dump(rows, folder / "rows")
        print(f"{len(rows[1])} rows, {len(np.unique(rows[1]))} classes")
        del rows
        alone("old", None, args.classes // 4)
        print(f"{'':14}{'s an epoch':>12}{'s besides':>12}{'peak, GiB':>12}")
        for method in METHODS:
            cells = alone("new", method, args.classes)
            shown = "".join(f"{cell:12.1f}" for cell in cells)
            print(f"{method:14}{shown}", flush=True)


if __name__ == "__main__":
    main()
