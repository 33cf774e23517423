"""Two models' answers to the same rows, and everything that a report says of them."""

import math
from dataclasses import KW_ONLY, dataclass
from functools import cached_property

import numpy as np

from sklearn_graceful.metrics import FLIP_FIGURES, mcnemar_from_counts
from sklearn_graceful.report._answers import Answers
from sklearn_graceful.report._calibration import calibration_of
from sklearn_graceful.report._columns import columns_of
from sklearn_graceful.report._criteria import (
    check_accuracy,
    check_critical,
    check_negative_flips,
    check_slices,
    smallest_detectable_loss,
    worst_verdict,
)
from sklearn_graceful.report._flips import worst_flips
from sklearn_graceful.report._outcomes import Outcomes
from sklearn_graceful.report._slice_search import SliceSearch
from sklearn_graceful.report._slices import class_parts, given_parts, judge
from sklearn_graceful.report._spread import Spread
from sklearn_graceful.report._update_report import Power, UpdateReport

# An old model that is so often right has probably seen the rows.
_TOO_RIGHT = 0.995


@dataclass(eq=False)
class Comparison:
    """Checked rows and answers.

    Parameters
    ----------
    old, new, reference : Answers
        The last one of another run of the new model's recipe, or None.
    X, y, ids, critical, weight, groups, slices, settings
        As in :func:`compare_models`, checked; `critical` is a mask.
    """

    old: Answers
    new: Answers
    reference: Answers | None = None
    _: KW_ONLY
    X: object
    y: np.ndarray
    ids: np.ndarray
    critical: np.ndarray | None
    weight: np.ndarray | None
    groups: np.ndarray | None
    slices: object | None
    settings: dict

    def report(self):
        """Everything in one place."""
        confidence, checks = self.settings["confidence"], self._checks()
        counts = self.outcomes.counts()
        independent = self.weight is None and self.groups is None
        return UpdateReport(
            verdict=worst_verdict(checks),
            checks=checks,
            counts=counts,
            figures={n: self.outcomes.interval(n, confidence) for n in FLIP_FIGURES},
            mcnemar_pvalue=mcnemar_from_counts(counts).pvalue if independent else None,
            seed_floor=self.between_runs
            and self.between_runs.interval("negative_flip_rate", confidence),
            calibration={
                "old": calibration_of(self.old, self.outcomes.old == 0, self.weight),
                "new": calibration_of(self.new, self.outcomes.new == 0, self.weight),
            },
            slices=tuple(self.judged),
            flips=self._flips(),
            power=self._power(),
            not_checked=tuple(self._not_checked(counts)),
            n_rows=len(self.y),
            settings=self.settings,
        )

    @cached_property
    def outcomes(self):
        """What the update does to the rows."""
        return self._outcomes(self.old)

    @cached_property
    def between_runs(self):
        """What another seed alone does to them; None if nobody knows."""
        return None if self.reference is None else self._outcomes(self.reference)

    def _outcomes(self, before):
        labels = before.labels, self.new.labels
        return Outcomes.of(self.y, *labels, self.weight, self.groups)

    @cached_property
    def columns(self):
        """Where slices may be found."""
        return columns_of(self.X) if self.slices is None else {}

    @cached_property
    def parts(self):
        """Classes and slices."""
        if self.slices is None:
            return self._classes + self._search.parts()
        return self._classes + given_parts(self.slices, self.X, len(self.y))

    @cached_property
    def judged(self):
        """The same, the surest losses first."""
        tolerance, least, confidence = self._of_slices
        regions = [*self._search.regions(), *(part.rows for part in self._classes)]
        known = self.between_runs is not None
        changes = self.between_runs if known else self.outcomes
        spread = Spread.of(changes, regions, least, of_seeds=known)
        return judge(self.parts, self.outcomes, spread, tolerance, least, confidence)

    @cached_property
    def _classes(self):
        return class_parts(self.y)

    @cached_property
    def _search(self):
        return SliceSearch(self.columns, self.outcomes, *self._of_slices[:2])

    @property
    def _of_slices(self):
        names = ("slice_tolerance", "min_slice_rows", "confidence")
        return [self.settings[name] for name in names]

    def _checks(self):
        """Every criterion that was asked for, and slices."""
        max_nfr, min_gain = self.settings["max_nfr"], self.settings["min_gain"]
        tolerance, _, confidence = self._of_slices
        checks = []
        if max_nfr is not None:
            checks.append(check_negative_flips(self.outcomes, max_nfr, confidence))
        elif min_gain is None:
            min_gain = 0.0
        checks.append(check_accuracy(self.outcomes, min_gain, confidence))
        if self.critical is not None:
            lost = self.outcomes.is_negative_flip
            checks.append(check_critical(self.critical, lost))
        checks.append(check_slices(self.judged, tolerance))
        return tuple(checks)

    def _flips(self):
        lost = {part.name for part in self.judged if part.has_lost}
        return worst_flips(
            self.y,
            self.ids,
            self.old,
            self.new,
            self.outcomes,
            self.critical,
            [part for part in self.parts if part.name in lost],
            self.settings["n_flips"],
        )

    def _power(self):
        confidence = self.settings["confidence"]
        return Power(
            # Without any flip the upper bound at n rows is the least there is.
            1 - (1 - confidence) ** (1 / self.outcomes.n_effective),
            self.outcomes.nfr_bounds(confidence)[1],
            smallest_detectable_loss(self.outcomes, confidence),
        )

    def _not_checked(self, counts):
        """What these rows cannot say, in sentences."""
        yield "Whether rows to come will be like these."
        if counts.acc_old >= _TOO_RIGHT:
            yield (
                f"The old model has {100 * counts.acc_old:.1f} % of the rows right. If "
                "it was trained on them, the negative flips say nothing."
            )
        else:
            yield "Whether one of the models was trained on these rows."
        if self.reference is None:
            yield (
                "How many of the flips come from the new model's seed: no other run "
                "was given (reference)."
            )
        for name, side in (("old", self.old), ("new", self.new)):
            if side.confidence is None:
                yield f"How well calibrated the {name} model is: no probabilities."
            if missing := _unknown(side.classes, self.y):
                yield f"The {name} model does not know the classes {missing}."
        if self.slices is None and not self.columns:
            yield "Slices beside the classes: X has no columns that make any."
        if few := sum(math.isnan(part.pvalue) for part in self.judged):
            least = self.settings["min_slice_rows"]
            yield f"{few} classes or slices with fewer than {least} rows."


def _unknown(classes, y):
    """True classes that a model does not know, as far as it says which it knows."""
    if classes is None:
        return []
    return sorted(set(np.unique(y).tolist()) - set(np.asarray(classes).tolist()))
