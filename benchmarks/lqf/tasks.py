"""What is compared: an update on all rows, few rows, half of the classes, a chain."""

import time
from itertools import pairwise

import numpy as np
import torch

from benchmarks.lqf.data import Images, characters, images, probe
from benchmarks.lqf.nets import conv_net, predicted
from benchmarks.lqf.rivals import Anchored, Distilled, Elastic, Tuned
from sklearn_graceful import LQFClassifier, PCClassifier, ReferenceModel
from sklearn_graceful.nn import (
    LinearizedModule,
    kronecker_curvature,
    last_linear,
    with_outputs,
)

N_CLASSES, N_RELEASES = 10, 5


def old_net(data, seed):
    """A conv net on the old rows."""
    torch.manual_seed(seed)
    return conv_net(N_CLASSES).fit(*data.old).module_.eval()


def figures(method, y, before, after, seconds, **more):
    """A record, in %."""
    right, was_right = after == y, before == y
    return {
        "method": method,
        "accuracy": 100 * float(right.mean()),
        "nfr": 100 * float((was_right & ~right).mean()),
        "seconds": seconds,
        **more,
    }


class Clock:
    """Processor seconds since it was made or last read."""

    def __init__(self):
        self.start = time.process_time()

    def read(self):
        """Seconds."""
        now = time.process_time()
        seconds, self.start = now - self.start, now
        return seconds


def flat_curvature(module, X):
    """K-FAC of a module's logits."""
    return kronecker_curvature(LinearizedModule(module), X.split(256))


def keepers(module, X, y):
    """Ways to keep old answers in fine-tuning, by name; `X` and `y` are old rows."""
    return {
        "fine-tuned": None,
        "with K-FAC anchor": Anchored(module, flat_curvature(module, X)),
        "EWC": Elastic(module, X, y),
        "LwF": Distilled(module),
    }


def congruent(old, train, seed):
    """PCClassifier's plain way: a new net of the same kind, from nothing."""
    net = conv_net(N_CLASSES)
    X, y = (part.numpy() for part in train)
    return PCClassifier(net, random_state=seed).fit(X, y, old_model=old)


def update(seed, *, half):
    """Yield records of an update on all rows, or on new rows of half of the classes."""
    data = Images.draw(seed)
    old = old_net(data, seed)
    train = data.new
    if half:
        train = tuple(part[train[1] < N_CLASSES // 2] for part in train)
    else:
        train = tuple(torch.cat(pair) for pair in zip(data.old, data.new, strict=True))
    X, y = data.test[0], data.test[1].numpy()
    before, clock = predicted(old, X), Clock()
    yield figures("old", y, before, before, 0.0)
    tuned = Tuned(old, train, data.valid, seed)
    for name, keeper in keepers(old, *data.old).items():
        clock.read()
        new = tuned.plain() if keeper is None else tuned.with_penalty(keeper)
        yield figures(name, y, before, predicted(new, X), clock.read())
    handle = ReferenceModel(old, classes=np.arange(N_CLASSES))
    clock.read()
    # An old net knows its own rows too well to judge an update by them.
    learned = train if half else data.new
    anchor = flat_curvature(old, data.old[0])
    new = LQFClassifier(old_model=handle, anchor=anchor).fit(*_arrays(learned))
    found = new.predict(X.numpy())
    yield figures("LQF", y, before, found, clock.read(), **_told(new))
    if half:
        return
    for step in (0.25, 0.5, 0.75):
        labels = new.set_step(step).predict(X.numpy())
        yield figures(f"LQF, step {step}", y, before, labels, 0.0)
    clock.read()
    model = congruent(handle, train, seed)
    yield figures("PCClassifier", y, before, model.predict(X.numpy()), clock.read())
    yield from forgetting(seed, handle, data.new, data.test)


def forgetting(seed, old, train, test):
    """Rows that must go: one of ten."""
    model = LQFClassifier(old_model=old).fit(*_arrays(train))
    rows = np.random.default_rng(seed).permutation(len(train[1]))
    gone, left = np.split(rows, [len(rows) // 10])
    clock = Clock()
    model.forget(*_arrays(tuple(p[gone] for p in train)))
    seconds = clock.read()
    again = LQFClassifier(
        old_model=old, ridge=model.ridge_, target_scale=model.target_scale_
    ).fit(*_arrays(tuple(p[left] for p in train)))
    refit_seconds, X = clock.read(), test[0].numpy()
    forgot, never = (one.decision_function(X) for one in (model, again))
    yield {
        "method": "LQF, forgetting",
        "seconds": seconds,
        "refit_seconds": refit_seconds,
        "difference": float(np.abs(forgot - never).mean()),
        "logits": float(never.std()),
    }


def chain(seed):
    """Yield records of five updates, each on new rows only."""
    data = Images.draw(seed, n_new=N_RELEASES * 400)
    parts = list(zip(*(part.split(400) for part in data.new), strict=True))
    old, X, y = old_net(data, seed), data.test[0], data.test[1].numpy()
    before = predicted(old, X)
    for name in ("fine-tuned", "with K-FAC anchor", "EWC", "LwF"):
        clock, nets, keeper = Clock(), [old], None
        rows = data.old
        for part in parts:
            tuned = Tuned(nets[-1], part, data.valid, seed)
            new = tuned.plain()
            if name != "fine-tuned":
                keeper = _next_keeper(name, nets[-1], rows, keeper)
                new = tuned.with_penalty(keeper)
            nets.append(new)
            rows = part
        yield _of_chain(name, y, [predicted(net, X) for net in nets], clock)
    handle = ReferenceModel(old, classes=np.arange(N_CLASSES))
    clock, model, labels = Clock(), handle, [before]
    anchor = flat_curvature(old, data.old[0])
    for part in parts:
        model = LQFClassifier(old_model=model, anchor=anchor).fit(*_arrays(part))
        labels.append(model.predict(X.numpy()))
        model, anchor = model.standalone(), "kfac"
    yield _of_chain("LQF", y, labels, clock)
    clock, model, labels = Clock(), handle, [before]
    for part in parts:
        model = congruent(model, part, seed)
        labels.append(model.predict(X.numpy()))
    yield _of_chain("PCClassifier", y, labels, clock)


def _next_keeper(name, net, rows, earlier):
    if name == "EWC":
        return Elastic(net, *rows, earlier)
    if name == "LwF":
        return Distilled(net)
    keeper = Anchored(net, flat_curvature(net, rows[0]))
    if earlier is not None:
        keeper.curvature = keeper.curvature.merged(earlier.curvature)
    return keeper


def _of_chain(name, y, labels, clock):
    seconds, right = clock.read(), [found == y for found in labels]
    ever = np.logical_or.reduce(right[:-1])
    steps = [np.mean(a & ~b) for a, b in pairwise(right)]
    return {
        "method": name,
        "accuracy": 100 * float(right[-1].mean()),
        "nfr": 100 * float(np.mean(steps)),
        "lost": 100 * float(np.mean(ever & ~right[-1])),
        "seconds": seconds,
    }


def low_shot(seed, draw):
    """Yield records of classes that a pretrained network learns by few rows."""
    task = draw(seed)
    X, y = task.test[0], task.test[1].numpy()
    for shots, train in task.train.items():
        clock = Clock()
        head, mean = probe(task.module, train, task.valid)
        module = _with_head(task.module, head, mean)
        labels = predicted(module, X)
        yield _low(f"probe, {shots}", y, labels, clock)
        names = set(LinearizedModule(module, task.params).names)
        new = Tuned(module, train, task.valid, seed, names).plain()
        yield _low(f"fine-tuned, {shots}", y, predicted(new, X), clock)
        model = LQFClassifier(task.module, params=task.params).fit(*_arrays(train))
        yield _low(f"LQF, {shots}", y, model.predict(X.numpy()), clock, **_told(model))


def _low(method, y, labels, clock, **more):
    accuracy = 100 * float((labels == y).mean())
    return {"method": method, "accuracy": accuracy, "seconds": clock.read(), **more}


def _with_head(module, head, mean):
    """A copy of a module whose last layer is a fitted logistic regression."""
    module = with_outputs(module, len(head.coef_), keep=False)
    last = module.get_submodule(last_linear(module))
    with torch.no_grad():
        last.weight.copy_(torch.as_tensor(head.coef_))
        last.bias.copy_(torch.as_tensor(head.intercept_ - head.coef_ @ mean))
    return module


def _arrays(rows):
    return tuple(part.numpy() for part in rows)


def _told(model):
    names = ("ridge_", "anchor_strength_", "n_iter_")
    return {name: float(getattr(model, name)) for name in names}


TASKS = {
    "all rows": lambda seed: update(seed, half=False),
    "half of the classes": lambda seed: update(seed, half=True),
    "chain": chain,
    "few characters": lambda seed: low_shot(seed, characters),
    "few images": lambda seed: low_shot(seed, images),
}
