"""What the next release must achieve, in a file."""

import json
from dataclasses import dataclass

from sklearn_graceful.report._columns import columns_of
from sklearn_graceful.report._compare import compare_models
from sklearn_graceful.report._criteria import Check, share_text
from sklearn_graceful.report._rules import Condition, Rule

# Raised when a file of the old layout would be misread; an older one is still read.
_SCHEMA_VERSION = 1
_SETTINGS = (
    "max_nfr",
    "min_gain",
    "slice_tolerance",
    "min_slice_rows",
    "confidence",
)


@dataclass(frozen=True)
class UpdateChecks:
    """Criteria and slices of a report, to be checked again at every release.

    Parameters
    ----------
    settings : dict
        ``max_nfr``, ``min_gain``, ``slice_tolerance``, ``min_slice_rows`` and
        ``confidence`` as in :func:`compare_models`.
    slices : tuple of Rule
        Parts of the rows that are checked one by one.

    Notes
    -----
    :meth:`of` takes the slices that were given by column, and those that were lost.
    All classes are checked anyway. Masks are of one set of rows and cannot be saved.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_graceful import compare_models
    >>> from sklearn_graceful.report import UpdateChecks
    >>> X = pd.DataFrame({"region": ["north", "south"] * 200})
    >>> y = ["cat", "dog"] * 200
    >>> report = compare_models(y, y, X, y, max_nfr=0.01, slices=["region"])
    >>> checks = UpdateChecks.of(report)
    >>> for check in checks.run(y, ["cat", "cat"] * 200, X, y):
    ...     print(check.name, check.verdict)
    negative flips fail
    accuracy fail
    slices fail
    region = north pass
    region = south fail
    """

    settings: dict
    slices: tuple = ()

    @classmethod
    def of(cls, report):
        """Take them from an UpdateReport."""
        slices = tuple(
            part.rule
            for part in report.slices
            if part.rule is not None and (part.kind == "given" or part.has_lost)
        )
        return cls({name: report.settings[name] for name in _SETTINGS}, slices)

    def save(self, path):
        """Write them as JSON."""
        slices = [
            [[c.column, c.relation, c.value] for c in rule.conditions]
            for rule in self.slices
        ]
        content = {"schema_version": _SCHEMA_VERSION, **self.settings, "slices": slices}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")

    @classmethod
    def load(cls, path):
        """Read them from a file of :meth:`save`.

        Raises
        ------
        ValueError
            If it is no such file, or one of a later version of this package.
        """
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        version = content.get("schema_version") if isinstance(content, dict) else None
        if not isinstance(version, int) or "slices" not in content:
            raise ValueError(f"{path} holds no saved checks of an update.")
        if version > _SCHEMA_VERSION:
            raise ValueError(
                f"{path} was written by a later version of this package (layout "
                f"{version}, known up to {_SCHEMA_VERSION})."
            )
        slices = tuple(
            Rule(tuple(Condition(*condition) for condition in conditions))
            for conditions in content["slices"]
        )
        return cls({name: content[name] for name in _SETTINGS}, slices)

    def run(self, old, new, X=None, y=None, **more):
        """Check an update.

        Parameters
        ----------
        old, new, X, y
            As for :func:`compare_models`.
        **more
            Further arguments of it: ``critical``, ``groups``, ``sample_weight``.

        Returns
        -------
        checks : tuple of Check
            Those of all rows, then one for each slice; the verdict of a slice may
            also be ``"too few rows"``.

        Raises
        ------
        ValueError
            As for :func:`compare_models`, and if X lacks a column of a slice.
        """
        columns = columns_of(X) if self.slices else {}
        masks = {str(rule): rule.mask(columns) for rule in self.slices}
        report = compare_models(old, new, X, y, slices=masks, **self.settings, **more)
        found = {part.name: part for part in report.slices if part.kind == "given"}
        tolerance = self.settings["slice_tolerance"]
        least = self.settings["min_slice_rows"]
        return report.checks + tuple(
            _check_slice(name, found.get(name), tolerance, least) for name in masks
        )


def _check_slice(name, part, tolerance, min_rows):
    n_rows = 0 if part is None else part.n_rows
    if n_rows < min_rows:
        return Check(name, "too few rows", f"{n_rows} rows, needed are {min_rows}")
    change = f"its accuracy changes by {100 * part.gain.estimate:+.2f} points"
    allowed = f"a loss of {share_text(tolerance)} is tolerated"
    if part.has_lost:
        return Check(name, "fail", f"{change}; {allowed}")
    if part.gain.low >= -tolerance:
        return Check(name, "pass", f"{change}; {allowed}")
    reason = f"{change}, at worst by {100 * part.gain.low:+.2f}; {allowed}"
    return Check(name, "undecided", reason)
