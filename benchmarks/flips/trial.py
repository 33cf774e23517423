"""One update of one set with one learner and seed, by every method."""

import time
import warnings
from dataclasses import asdict, dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.flips.grids import strengths
from benchmarks.flips.learners import LEARNERS, train_plain
from benchmarks.flips.mean_of_models import mixed_prediction
from benchmarks.flips.sets import IMAGES, load_set, split_set
from benchmarks.flips.updates import UPDATES, train_old
from sklearn_graceful import OldModelMismatchWarning, PCClassifier
from sklearn_graceful.congruence import METHODS
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


def run_trial(trial, known_records):
    """Run the methods and strengths that `known_records` lack.

    Parameters
    ----------
    trial : Trial
        What to run.
    known_records : list of dict
        Records of this trial.

    Returns
    -------
    records : list of dict
        One for each method that was run.
    """
    kind = LEARNERS[trial.learner].kind
    wanted = {name: strengths(name, kind) for name in [*METHODS, "mean"]}
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
        self.plain_ = None

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
        if method == "none":
            return self._plain().predict
        if method == "mean":
            return lambda X: mixed_prediction(
                self._plain().predict_proba(X),
                self.old.model.predict_proba(X),
                self.old.model.classes_,
                **params,
            )
        model = PCClassifier(
            self.learner.make(),
            method=METHODS[method](**params),
            random_state=self.trial.seed,
        )
        X, y = self.split.train
        with warnings.catch_warnings():
            # On the smallest sets a quarter of the rows teaches trees nothing.
            warnings.simplefilter("ignore", OldModelMismatchWarning)
            model.fit(X, y, old_model=self.old.model, old_proba=self.old.proba)
        return model.predict

    def _plain(self):
        if self.plain_ is None:
            self.plain_ = train_plain(
                self.learner.make, *self.split.train, self.trial.seed
            )
        return self.plain_

    def _counts(self, predict):
        return {
            part: flip_counts(y, predict(X), y_old=self.y_old[part]).cells
            for part, (X, y) in self.held_out.items()
        }

    def _floor(self):
        """Counts of flips between two plain models that differ in their seed."""
        if not self.learner.seeded:
            other = self._plain()
        else:
            seed = FLOOR_SEED + self.trial.seed
            other = train_plain(self.learner.make, *self.split.train, seed)
        X, y = self.split.test
        return flip_counts(y, self._plain().predict(X), y_old=other.predict(X)).cells
