"""Training and prediction of PCClassifier against a hand-written torch loop.

    python benchmarks/training.py [--device cuda] [--repeats 9]

Same network, loss (focal logit matching), optimizer, batches and epochs on all sides,
interleaved in one process; the last columns are medians of the ratios run by run.
skorch's own loop on the same network, without the term that looks at the old model,
is shown beside it. Data are random: only time is measured.
"""

import argparse
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax
from skorch import NeuralNetClassifier
from torch import nn

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import FocalLM

N_CLASSES, LAM, LEARNING_RATE = 10, 0.1, 1e-3
WORK = {
    # name: shape of a row, rows, epochs, batch size
    "MLP d=20": ((20,), 20_000, 4, 128),
    "MLP d=784": ((784,), 20_000, 3, 128),
    "conv 28x28": ((1, 28, 28), 4_000, 2, 128),
}


class Perceptron(nn.Sequential):
    def __init__(self, n_features):
        super().__init__(
            nn.Linear(n_features, 128),
            nn.ReLU(),
            nn.Linear(128, 128),
            nn.ReLU(),
            nn.Linear(128, N_CLASSES),
        )


class Convolutional(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, N_CLASSES),
        )


def make_module(shape):
    return Convolutional() if len(shape) == 3 else Perceptron(*shape)


def raw_fit(X, y, log_proba, shape, epochs, batch_size, device):
    """Train by hand, everything on the device from the start."""
    module = make_module(shape).to(device)
    optimizer = torch.optim.AdamW(module.parameters(), LEARNING_RATE, fused=True)
    X, y, old = (torch.from_numpy(a).to(device) for a in (X, y, log_proba))
    old = old - old.mean(1, keepdim=True)
    weight = LAM * (1 + 5 * (old.argmax(1) == y).float())
    for _ in range(epochs):
        for batch in torch.randperm(len(X), device=device).split(batch_size):
            optimizer.zero_grad()
            logits = module(X[batch])
            loss = F.cross_entropy(logits, y[batch])
            distance = ((logits - old[batch]) ** 2).mean(1) / 2
            loss = loss + (weight[batch] * distance).mean()
            loss.backward()
            optimizer.step()
    synchronise(device)
    return module


def raw_predict(module, X, device):
    """Predict by hand in batches of 2,048."""
    X = torch.from_numpy(X).to(device)
    with torch.no_grad():
        batches = [torch.softmax(module(x), dim=1).cpu() for x in X.split(2048)]
    return torch.cat(batches).numpy()


def make_net(shape, epochs, batch_size, device):
    return NeuralNetClassifier(
        Convolutional if len(shape) == 3 else Perceptron,
        **({} if len(shape) == 3 else {"module__n_features": shape[0]}),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        lr=LEARNING_RATE,
        max_epochs=epochs,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        device=device,
        verbose=0,
    )


def synchronise(device):
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measure(shape, n_rows, epochs, batch_size, device, repeats):
    """Seconds of every side, run by run."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, *shape)).astype("float32")
    y = rng.integers(N_CLASSES, size=n_rows)
    # An old model that is right on most rows.
    scores = rng.normal(size=(n_rows, N_CLASSES)) + 3 * np.eye(N_CLASSES)[y]
    log_proba = log_softmax(scores, axis=1).astype("float32")
    proba = np.exp(log_proba)
    many = np.tile(X, (max(1, 100_000 // n_rows if len(shape) == 1 else 1), 1))
    net = make_net(shape, epochs, batch_size, device)
    seconds = {side: [] for side in ("fit", "predict")}
    for run in range(repeats + 1):
        raw, module = timed(
            lambda: raw_fit(X, y, log_proba, shape, epochs, batch_size, device)
        )
        ours = PCClassifier(net, method=FocalLM(strength=LAM))
        own, ours = timed(lambda ours=ours: ours.fit(X, y, old_proba=proba))
        theirs = make_net(shape, epochs, batch_size, device)
        skorch, theirs = timed(lambda theirs=theirs: theirs.fit(X, y))
        if run:  # the first run warms up
            seconds["fit"].append((raw, own, skorch))
        raw, _ = timed(lambda module=module: raw_predict(module, many, device))
        own, _ = timed(lambda ours=ours: ours.predict_proba(many))
        skorch, _ = timed(lambda theirs=theirs: theirs.predict_proba(many))
        if run:
            seconds["predict"].append((raw, own, skorch))
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    on_cuda = torch.device(arguments.device).type == "cuda"
    device = torch.cuda.get_device_name() if on_cuda else "CPU"
    print(f"torch {torch.__version__} on {device}, {arguments.threads} thread(s)")
    print(f"{'work':24}{'raw s':>9}{'ours s':>9}{'skorch/raw':>12}{'ours/raw':>10}")
    for name, (shape, n_rows, epochs, batch_size) in WORK.items():
        seconds = measure(
            shape, n_rows, epochs, batch_size, arguments.device, arguments.repeats
        )
        for phase, runs in seconds.items():
            raw, own, _ = (statistics.median(side) for side in zip(*runs, strict=True))
            ratio = statistics.median(own / raw for raw, own, _ in runs)
            other = statistics.median(skorch / raw for raw, _, skorch in runs)
            print(
                f"{name + ' ' + phase:24}{raw:9.3f}{own:9.3f}{other:12.2f}{ratio:10.2f}"
            )


if __name__ == "__main__":
    main()
