"""A gallery of characters through an upgrade, and what a gallery costs beside faiss.

    python -m benchmarks.gallery --quality [--seeds 5] [--classes 1000]
    python -m benchmarks.gallery --speed [--rows 1000000]

--quality: images of characters in many fonts (`datasets.render_characters`). The old
embedder, a small convolutional net, is trained on 100 characters in 15 fonts, the new
one, compatible and twice as wide, on 400 in 30. The gallery holds all images of
characters that neither was trained on, but for one image each, which is the query. Then
recall@1 and precision@10 of the right character: with the old model; with the new one,
nothing else touched; while the gallery is backfilled in steps of 10 %, in several
orders; the lowest that is ever measured while another thread changes items and a third
moves them; and, for comparison, of the same images in a gallery that a new model
without regard to the old one was given from the beginning. Means over seeds, which draw
characters and fonts.

--speed: exact search of unit vectors of width 128 in a gallery on disk against
`faiss.IndexFlatIP` in memory, 1,000 queries for 10 neighbours and one query at a time,
in turn, medians; peak memory of a process that opens the gallery and searches; and
adding in batches of 50,000 against writing the same bytes with a sync after each, in
turn, medians of the rounds' ratios with their quartiles: disks stall now and then. One
thread.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNet
from torch import nn

from benchmarks.flips.tables import mean_cell
from sklearn_graceful import CompatibleEmbedder, Gallery

DIM, K, BATCH = 128, 10, 50_000
OLD, NEW = (100, 15, 32), (400, 30, 64)  # characters, fonts, width
EPOCHS = 12
ORDERS = ("random", "margin", "class_mean")


# Quality


class ConvEmbedder(nn.Sequential):
    """Three convolutions with pooling and a linear layer for grey, square images."""

    def __init__(self, embedding_dim, channels=16, side=32):
        layers, before = [], 1
        for width in (channels, 2 * channels, 4 * channels):
            layers += [
                nn.Conv2d(before, width, 3, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            before, side = width, side // 2
        linear = nn.Linear(before * side**2, embedding_dim)
        super().__init__(*layers, nn.Flatten(), linear)
        # On a CPU this trains in 3/5 of the time.
        self.to(memory_format=torch.channels_last)


def conv_net(epochs=EPOCHS):
    """An untrained skorch net."""
    return NeuralNet(
        ConvEmbedder,
        criterion=nn.Identity,
        optimizer=torch.optim.AdamW,
        lr=3e-3,
        max_epochs=epochs,
        batch_size=128,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


def embedder(dim, seed, **params):
    """Return an unfitted one."""
    return CompatibleEmbedder(
        conv_net(), embedding_dim=dim, random_state=seed, **params
    )


def as_rows(images):
    return images[:, None].astype(np.float32) / 255


def draw(data, seed, n_classes):
    """Rows of the old and new model's training, of the gallery, and of the queries."""
    rng = np.random.default_rng(seed)
    characters = rng.permutation(np.unique(data.characters))
    fonts = rng.permutation(np.unique(data.fonts))

    def among(n_characters, n_fonts):
        chosen = np.isin(data.characters, characters[:n_characters])
        return np.flatnonzero(chosen & np.isin(data.fonts, fonts[:n_fonts]))

    unseen = characters[NEW[0] : NEW[0] + n_classes]
    rows = np.flatnonzero(np.isin(data.characters, unseen))
    rows = rows[np.argsort(data.characters[rows], kind="stable")]
    # One image of each character, in any font, is the query.
    _, first, sizes = np.unique(
        data.characters[rows], return_index=True, return_counts=True
    )
    queries = rows[first + rng.integers(sizes)]
    gallery = np.setdiff1d(rows, queries)
    return among(*OLD[:2]), among(*NEW[:2]), gallery, queries


def quality_of(gallery, X, characters, of_query):
    """Recall@1 and precision@10 in %."""
    ids, _ = gallery.search(X, k=10)
    right = characters[ids] == of_query[:, None]
    return np.array([right[:, 0].mean(), right.mean()]) * 100


def one_seed(data, seed, n_classes):
    """Quality by what the gallery holds, each an array of two."""
    for_old, for_new, gallery_rows, queries = draw(data, seed, n_classes)
    images, characters = as_rows(data.images), data.characters
    ask = images[queries], characters, characters[queries]
    old = embedder(OLD[2], seed).fit(images[for_old], characters[for_old])
    new = embedder(NEW[2], seed + 100, old_model=old)
    new.fit(images[for_new], characters[for_new])
    free = embedder(NEW[2], seed + 100).fit(images[for_new], characters[for_new])
    found = {}
    for order in ORDERS:
        gallery = Gallery(old)
        gallery.add(gallery_rows, images[gallery_rows])
        found["old model"] = quality_of(gallery, *ask)
        gallery.upgrade(new)
        found["upgraded, nothing moved"] = quality_of(gallery, *ask)
        for tenth in range(1, 11):
            gallery.backfill(lambda ids: images[ids], budget=0.1, order=order)
            found[f"{order}, {10 * tenth} %"] = quality_of(gallery, *ask)
    gallery = Gallery(old)
    gallery.add(gallery_rows, images[gallery_rows])
    found["lowest while moved and written to"], n = lowest(gallery, new, images, ask)
    alone = Gallery(free)
    alone.add(gallery_rows, images[gallery_rows])
    found["a new gallery, any model"] = quality_of(alone, *ask)
    return found, f"{len(gallery_rows)} items, {n} looks while they were moved"


def lowest(gallery, new, images, ask):
    """The lowest quality at any moment of an upgrade beside a writer; how many."""
    ids, rng, looks = gallery.ids(), np.random.default_rng(0), []
    gallery.upgrade(new)
    with ThreadPoolExecutor(2) as pool:
        moved = pool.submit(gallery.backfill, lambda ids: images[ids])

        def write():
            while not moved.done():
                some = rng.choice(ids, 100, replace=False)
                gallery.delete(some[:10])
                gallery.update(some[10:], images[some[10:]])
                gallery.add(some[:10], images[some[:10]])

        written = pool.submit(write)
        while not moved.done():
            looks.append(quality_of(gallery, *ask))
        written.result(), moved.result()
    return np.min(looks, axis=0), len(looks)


def quality(n_seeds, n_classes):
    from sklearn_graceful.datasets import render_characters

    data, runs = render_characters(), []
    for seed in range(n_seeds):
        found, size = one_seed(data, seed, n_classes)
        runs.append(found)
        print(f"seed {seed}: {size}", flush=True)
    print(f"\n{'':36}{'recall@1':>14}{'precision@10':>14}")
    for name in runs[0]:
        cells = "".join(
            f"{mean_cell([run[name][which] for run in runs]):>14}" for which in (0, 1)
        )
        print(f"{name:36}{cells}")


# Speed


def unit_vectors(n_rows):
    vectors = np.random.default_rng(0).normal(size=(n_rows, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def batches(vectors):
    for first in range(0, len(vectors), BATCH):
        yield first, vectors[first : first + BATCH]


def write_plainly(vectors, names, folder):
    with open(folder / "raw", "wb", buffering=0) as file:
        for _, part in batches(vectors):
            file.write(part)
            os.fsync(file.fileno())


def add(vectors, names, folder):
    with Gallery(path=folder / "gallery", fingerprint="v1") as gallery:
        for first, part in batches(vectors):
            gallery.add(names[first : first + BATCH], vectors=part)


def adding(vectors, rounds):
    """Seconds of writing vectors and of adding them, under names of three kinds."""
    rng = np.random.default_rng(1)
    numbers = np.arange(len(vectors))
    kinds = {"rising numbers": numbers, "shuffled numbers": rng.permutation(numbers)}
    kinds["strings"] = np.array([f"item-{n}" for n in kinds["shuffled numbers"]], "O")
    for kind, names in kinds.items():
        seconds = {write_plainly: [], add: []}
        for number in range(rounds):
            # Whoever is second finds less memory free for the pages of its file.
            for side in sorted(seconds, key=lambda s: s is add, reverse=number % 2):
                with tempfile.TemporaryDirectory() as name:
                    start = time.perf_counter()
                    side(vectors, names, Path(name))
                    seconds[side].append(time.perf_counter() - start)
                os.sync()
        yield kind, np.array(seconds[write_plainly]), np.array(seconds[add])


def searches(vectors, folder, repeats=5):
    """Median seconds of faiss and of the gallery: many queries, and one at a time."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(DIM)
    index.add(vectors)
    queries = unit_vectors(2000)[1000:]
    with Gallery.open(folder / "gallery") as gallery:
        ways = {
            "many": (
                lambda: index.search(queries, K),
                lambda: gallery.search(vectors=queries, k=K),
            ),
            "one": (
                lambda: [index.search(queries[[i]], K) for i in range(20)],
                lambda: [gallery.search(vectors=queries[[i]], k=K) for i in range(20)],
            ),
        }
        medians = {}
        for name, sides in ways.items():
            runs = [[], []]
            for _ in range(repeats):
                for side, search in zip(runs, sides, strict=True):
                    start = time.perf_counter()
                    search()
                    side.append(time.perf_counter() - start)
            medians[name] = [statistics.median(side) for side in runs]
        same = (index.search(queries, K)[1] == ways["many"][1]()[0]).mean()
    return medians, same


def peak(folder, is_read):
    """Peak MiB of a process that imports everything, and one that also searches."""
    queries = unit_vectors(1000)
    gallery = Gallery(fingerprint="v1")
    gallery.add(range(1000), vectors=queries)
    gallery.search(vectors=queries, k=K)
    if is_read:
        with Gallery.open(folder / "gallery") as gallery:
            gallery.search(vectors=queries, k=K)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(function, *arguments):
    """Call it in a process of its own, whose memory has held nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def add_rows(n_rows, folder):
    add(unit_vectors(n_rows), np.arange(n_rows), folder)


def speed(n_rows, rounds):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # First: a process counts in its peak what its parent had when it was started.
        in_a_process(add_rows, n_rows, folder)
        peaks = [in_a_process(peak, folder, is_read) for is_read in (False, True)]
        vectors = unit_vectors(n_rows)
        medians, same = searches(vectors, folder)
    mib = n_rows * DIM * 4 / 2**20
    print(f"{n_rows} x {DIM}; the same neighbours: {same:.4f}")
    for name, (faiss, gallery) in medians.items():
        print(
            f"search, {name:5} faiss {faiss:7.3f} s  gallery {gallery:7.3f} s  "
            f"ratio {gallery / faiss:.3f}"
        )
    above = peaks[1] - peaks[0]
    print(
        f"peak memory  {above:.0f} MiB above the base, vectors {mib:.0f} MiB, "
        f"ratio {above / mib:.3f}"
    )
    for kind, raw, own in adding(vectors, rounds):
        low, middle, high = np.quantile(own / raw, [0.25, 0.5, 0.75])
        print(
            f"add, {kind:16} write {np.median(raw):7.3f} s  "
            f"gallery {np.median(own):7.3f} s  ratio {middle:.2f} [{low:.2f}, "
            f"{high:.2f}]"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.quality:
        quality(arguments.seeds, arguments.classes)
    if arguments.speed:
        speed(arguments.rows, arguments.rounds)


if __name__ == "__main__":
    main()
