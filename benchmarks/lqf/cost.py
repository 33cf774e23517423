"""What fine-tuning the end of a pretrained network costs.

    python -m benchmarks.lqf.cost [--rows 1000] [--threads 2]

EfficientNet-Lite0, its last block, head convolution and last layer (1.03 million
weights), on images of Fashion-MNIST at 64 x 64 pixels, from the pixels: seconds of
LQFClassifier as it comes, beside those of ordinary fine-tuning for 20 epochs at one
rate, and by how much the process's peak of memory rises in each.
"""

import argparse
import resource
import time
import warnings

import torch
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from benchmarks.lqf.nets import TAIL
from benchmarks.lqf.rivals import fine_tune
from sklearn_graceful import LQFClassifier
from sklearn_graceful.datasets import (
    as_efficientnet_rows,
    load_efficientnet_lite,
    load_fashion_mnist,
)
from sklearn_graceful.nn import selected_names, with_outputs


def peak():
    """GiB that the process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(name, fit):
    """Run it, print what it took."""
    before, start = peak(), time.perf_counter()
    fit()
    seconds = time.perf_counter() - start
    print(f"{name:14}{seconds:8.0f} s{peak() - before:8.2f} GiB more")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    X, y = load_fashion_mnist("train")
    rows = check_random_state(0).permutation(len(y))[: args.rows]
    X = as_efficientnet_rows(X[rows].reshape(-1, 28, 28), image_size=64)
    y = y[rows]
    module = load_efficientnet_lite(image_size=64)
    with threadpool_limits(args.threads), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Conjugate gradients have not converged")
        names = set(selected_names(module, TAIL))
        fresh = with_outputs(module, 10, keep=False)
        pair = torch.as_tensor(X), torch.as_tensor(y)
        timed("fine-tuned", lambda: fine_tune(fresh, *pair, lr=1e-3, names=names))
        timed("LQF", lambda: LQFClassifier(module, params=TAIL).fit(X, y))


if __name__ == "__main__":
    main()
