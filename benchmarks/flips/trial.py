"""One update of one set with one learner and seed, by every method."""

import time
import warnings
from dataclasses import asdict, dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.flips.grids import strengths
from benchmarks.flips.learners import LEARNERS, train_plain
from benchmarks.flips.methods import METHODS, RULE_PARAMETERS, RULES, TRAINED, parts
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
    X, y = load_set(set_name)
    if learner == "boosting" and X.shape[1] > 200:
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


class _Contest:
    """Data and old model that all methods of a trial share."""

    def __init__(self, trial):
        self.trial = trial
        self.learner = LEARNERS[trial.learner]
        self.split = split_set(trial.set, trial.seed, trial.rows)
        X, y = self.split.train
        update = UPDATES[trial.update]
        self.old = train_old(update, self.learner, X, y, OLD_SEED + trial.seed)
        self.held_out = {
            "validation": self.split.validation,
            "test": self.split.test,
        }
        self.y_old = {
            part: self.old.model.predict(X) for part, (X, _) in self.held_out.items()
        }
        self.models = {}

    def record(self, method, grid):
        """Flip counts of one method at every strength."""
        start = time.process_time()
        record = {**asdict(self.trial), "method": method}
        try:
            record["candidates"] = [
                {"params": params, **self._counts(self._predictor(method, params))}
                for params in grid
            ]
        except (TypeError, ValueError) as error:  # not for this learner or update
            record["skipped"] = str(error)
        if method == "none":
            record["floor"] = self._floor()
        return {**record, "seconds": round(time.process_time() - start, 2)}

    def _predictor(self, method, params):
        name, rule = parts(method)
        if rule is None:
            return self._model(name, params).predict
        own = {k: params[k] for k in RULE_PARAMETERS if k in params}
        model = self._model(name, {k: v for k, v in params.items() if k not in own})
        return lambda X: RULES[rule](model, self.old.model, X, **own)

    def _model(self, name, params):
        """A new model, trained once whatever rules it serves."""
        key = name, *sorted(params.items())
        if key not in self.models:
            self.models[key] = self._train(name, params)
        return self.models[key]

    def _train(self, name, params):
        X, y = self.split.train
        make, method = self.learner.make, name
        if name == "longer":
            if self.learner.longer is None:
                raise ValueError("there are no epochs in this learner")
            make, method = self.learner.longer, "none"
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

    def _counts(self, predict):
        return {
            part: flip_counts(y, predict(X), y_old=self.y_old[part]).cells
            for part, (X, y) in self.held_out.items()
        }

    def _floor(self):
        """Counts of flips between two plain models that differ in their seed."""
        if not self.learner.seeded:
            other = self._model("none", {})
        else:
            seed = FLOOR_SEED + self.trial.seed
            other = train_plain(self.learner.make, *self.split.train, seed)
        X, y = self.split.test
        return flip_counts(
            y, self._model("none", {}).predict(X), y_old=other.predict(X)
        ).cells
