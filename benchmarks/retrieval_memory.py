"""Peak memory and time of exact retrieval metrics, beside NumPy's and scikit-learn's.

Run: python benchmarks/retrieval_memory.py [--queries 20000] [--gallery 20000]
    [--width 128] [--classes 1000] [--only recall_at_k ...]

Random float32 embeddings around class centres. Each contender runs in a process of its
own; its memory is how much the process's largest resident size grew while it ran, and
so leaves out the embeddings themselves. The others are

* NumPy, whole: the full matrix of cosines, sorted row by row;
* scikit-learn, R@1: `NearestNeighbors(n_neighbors=1, algorithm="brute")` on unit rows;
* scikit-learn, whole: `ndcg_score` and `label_ranking_average_precision_score` of the
  full matrix.

Those of the full matrix are left out where it would not fit in `--limit` GiB. Times are
CPU times, summed over threads; set OMP_NUM_THREADS=1 to compare on one.
"""

import argparse
import multiprocessing
import resource
import time

import numpy as np
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score
from sklearn.neighbors import NearestNeighbors

from sklearn_graceful.metrics import (
    nearest,
    recall_at_k,
    retrieval_outcomes,
    tar_at_far,
    verification_rates,
)


def make_data(n_queries, n_gallery, width, n_classes):
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((n_classes, width), dtype=np.float32)
    data = []
    for rows in (n_queries, n_gallery):
        labels = rng.integers(0, n_classes, rows)
        vectors = rng.standard_normal((rows, width), dtype=np.float32)
        vectors *= 2
        for start in range(0, rows, 1000):
            vectors[start : start + 1000] += centres[labels[start : start + 1000]]
        data.append((vectors, labels))
    return data


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def labelled(metric, **options):
    def run(queries, gallery):
        return metric(
            queries[0],
            gallery[0],
            query_labels=queries[1],
            gallery_labels=gallery[1],
            **options,
        )

    return run


def summary_of_outcomes(queries, gallery):
    outcomes = labelled(retrieval_outcomes)(queries, gallery)
    return (
        outcomes.recall_at(1),
        outcomes.mean_average_precision,
        outcomes.mean_ndcg,
    )


def ten_nearest(queries, gallery):
    indices, _ = nearest(queries[0], gallery[0], 10)
    return float((gallery[1][indices[:, 0]] == queries[1]).mean())


def numpy_whole(queries, gallery):
    order = np.argsort(-(unit(queries[0]) @ unit(gallery[0]).T), axis=1, kind="stable")
    matches = gallery[1][order] == queries[1][:, None]
    return float(matches[:, 0].mean())


def sklearn_nearest(queries, gallery):
    index = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(unit(gallery[0]))
    nearest_rows = index.kneighbors(unit(queries[0]), return_distance=False)[:, 0]
    return float((gallery[1][nearest_rows] == queries[1]).mean())


def sklearn_whole(queries, gallery):
    scores = unit(queries[0]) @ unit(gallery[0]).T
    matches = gallery[1] == queries[1][:, None]
    return (
        label_ranking_average_precision_score(matches, scores),
        ndcg_score(matches, scores),
    )


CONTENDERS = {
    "recall_at_k": labelled(recall_at_k),
    "nearest, k=10": ten_nearest,
    "retrieval_outcomes": summary_of_outcomes,
    "verification_rates": labelled(verification_rates, threshold=0.5),
    "tar_at_far": labelled(tar_at_far, far=1e-3),
    "NumPy, whole": numpy_whole,
    "scikit-learn, R@1": sklearn_nearest,
    "scikit-learn, whole": sklearn_whole,
}
# Bytes that a contender needs for each pair of a query and an item.
BYTES_A_PAIR = {"NumPy, whole": 25, "scikit-learn, whole": 40}


def measure(name, sizes, pipe):
    queries, gallery = make_data(*sizes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    result = CONTENDERS[name](queries, gallery)
    seconds = time.process_time() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pipe.send((seconds, (after - before) / 1024, np.round(result, 4).tolist()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--gallery", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--limit", type=float, default=12, help="GiB")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    settings = parser.parse_args()
    sizes = settings.queries, settings.gallery, settings.width, settings.classes
    print(f"{settings.queries:,} x {settings.gallery:,}, width {settings.width}")
    print(f"{'':22}{'CPU s':>9}{'MiB':>9}  result")
    context = multiprocessing.get_context("spawn")
    for name in settings.only:
        needed = BYTES_A_PAIR.get(name, 0) * settings.queries * settings.gallery
        if needed > settings.limit * 2**30:
            print(f"{name:22} needs about {needed / 2**30:.0f} GiB, left out")
            continue
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=measure, args=(name, sizes, sender))
        process.start()
        seconds, mebibytes, result = receiver.recv()
        process.join()
        print(f"{name:22}{seconds:9.1f}{mebibytes:9.0f}  {result}", flush=True)


if __name__ == "__main__":
    main()
