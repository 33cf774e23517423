"""One update of one set with one learner and seed, by every method."""

import time
import warnings
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.flips.grids import strengths
from benchmarks.flips.learners import LEARNERS, train_plain
from benchmarks.flips.methods import (
    METHODS,
    RULE_PARAMETERS,
    RULES,
    TRAINED,
    OldOutputs,
    parts,
)
from benchmarks.flips.sets import IMAGES, load_set, split_set
from benchmarks.flips.updates import UPDATES, train_old
from sklearn_graceful import OldModelMismatchWarning, PCClassifier
from sklearn_graceful.metrics import flip_counts

OLD_SEED, FLOOR_SEED = 10_000, 20_000


@dataclass(frozen=True)
class Trial:
    """What is run; every choice that its results depend on."""

    set: str
    update: str
    learner: str
    seed: int
    rows: int


def reason_to_skip(set_name, update, learner):
    """Why a combination makes no sense, or None."""
    if learner == "conv" and set_name not in IMAGES:
        return "no images"
    kind = LEARNERS[learner].kind
    if not LEARNERS[learner].is_installed:
        return f"{LEARNERS[learner].package} is not installed"
    X, y = load_set(set_name)
    if kind == "boosting" and X.shape[1] > 200:
        return "trees on hundreds of pixels are slow, and not what one would use"
    if update == "same-data" and not LEARNERS[learner].seeded:
        return "the learner gives the same model with every seed"
    if update == "new-classes" and len(np.unique(y)) < 3:
        return "two classes only"
    return None


def run_trial(trial, known_records, methods=METHODS):
    """Run the methods and strengths that `known_records` lack.

    Parameters
    ----------
    trial : Trial
        What to run.
    known_records : list of dict
        Records of this trial.
    methods : list of str, default=METHODS
        What to run; plain training and the mean always are.

    Returns
    -------
    records : list of dict
        One for each method that was run.
    """
    kind = LEARNERS[trial.learner].kind
    methods = dict.fromkeys(["none", "mean", *methods])
    wanted = {name: strengths(name, kind) for name in methods}
    missing = {
        name: grid
        for name, grid in wanted.items()
        if not any(_holds(record, name, grid) for record in known_records)
    }
    if not missing:
        return []
    torch.set_num_threads(1)
    with threadpool_limits(1):
        contest = _Contest(trial)
        return [contest.record(name, grid) for name, grid in missing.items()]


def _holds(record, method, grid):
    if record["method"] != method:
        return False
    return "skipped" in record or [c["params"] for c in record["candidates"]] == grid


class _NewModel:
    """A fitted model, the CPU seconds of its fit, and what it says on held-out rows."""

    def __init__(self, fit, held_out):
        start = time.process_time()
        self.model = fit()
        self.seconds = time.process_time() - start
        self.held_out = held_out

    @cached_property
    def labels(self):
        return {part: self.model.predict(X) for part, (X, _) in self.held_out.items()}

    @cached_property
    def proba(self):
        predict = self.model.predict_proba
        return {part: predict(X) for part, (X, _) in self.held_out.items()}


class _Contest:
    """Data and old model that all methods of a trial share."""

    def __init__(self, trial):
        self.trial = trial
        self.learner = LEARNERS[trial.learner]
        split = split_set(trial.set, trial.seed, trial.rows)
        self.train = self._shaped(*split.train)
        self.held_out = {
            "validation": self._shaped(*split.validation),
            "test": self._shaped(*split.test),
        }
        self.old = train_old(
            UPDATES[trial.update], self.learner, *self.train, OLD_SEED + trial.seed
        )
        old = self.old.model
        self.old_outputs = {
            part: OldOutputs(old.predict_proba(X), old.classes_, old.predict(X))
            for part, (X, _) in self.held_out.items()
        }
        self.models = {}

    def _shaped(self, X, y):
        return X if self.learner.shape is None else self.learner.shape(X), y

    def record(self, method, grid):
        """Flip counts and CPU seconds of one method at every strength.

        A method costs the fits of all new models that it chooses from; keeping the old
        one beside them costs none.
        """
        record = {**asdict(self.trial), "method": method}
        try:
            models = [self._model(*_new_model(method, params)) for params in grid]
        except (TypeError, ValueError) as error:  # not for this learner or update
            return {**record, "skipped": str(error)}
        record["candidates"] = [
            {"params": p, "seconds": m.seconds, **self._counts(method, p, m)}
            for p, m in zip(grid, models, strict=True)
        ]
        record["seconds"] = sum(model.seconds for model in dict.fromkeys(models))
        if method == "none":
            record["floor"] = self._floor()
        return record

    def _model(self, name, params):
        """A new model, trained once whatever rules it serves."""
        key = name, *sorted(params.items())
        if key not in self.models:
            self.models[key] = _NewModel(
                lambda: self._train(name, params), self.held_out
            )
        return self.models[key]

    def _train(self, name, params):
        X, y = self.train
        make, method = self.learner.make, name
        if name.startswith("ensemble"):
            if self.learner.ensemble is None:
                raise ValueError("there is no ensemble of this learner in one model")
            make, method = self.learner.ensemble, name.partition(" by ")[2] or "none"
        if method == "none":
            return train_plain(make, X, y, self.trial.seed)
        model = PCClassifier(
            make(),
            method=TRAINED[method](**params),
            random_state=self.trial.seed,
        )
        with warnings.catch_warnings():
            # On the smallest sets a quarter of the rows teaches trees nothing.
            warnings.simplefilter("ignore", OldModelMismatchWarning)
            return model.fit(X, y, old_model=self.old.model, old_proba=self.old.proba)

    def _counts(self, method, params, model):
        _, rule = parts(method)
        own = {k: params[k] for k in RULE_PARAMETERS if k in params}
        counts = {}
        for part, (_, y) in self.held_out.items():
            old = self.old_outputs[part]
            labels = (
                model.labels[part]
                if rule is None
                else RULES[rule](model.proba[part], old, **own)
            )
            counts[part] = flip_counts(y, labels, y_old=old.labels).cells
        return counts

    def _floor(self):
        """Counts of flips between two plain models that differ in their seed."""
        plain, (X, y) = self._model("none", {}), self.held_out["test"]
        other = plain.labels["test"]
        if self.learner.seeded:
            seed = FLOOR_SEED + self.trial.seed
            other = train_plain(self.learner.make, *self.train, seed).predict(X)
        return flip_counts(y, plain.labels["test"], y_old=other).cells


def _new_model(method, params):
    """Name and parameters of the new model that a method trains."""
    name, _ = parts(method)
    return name, {k: v for k, v in params.items() if k not in RULE_PARAMETERS}
