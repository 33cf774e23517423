"""What a comparison of two models found."""

from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Power:
    """What so many rows can show.

    Attributes
    ----------
    least_nfr : float
        Negative flip rate that could be ruled out, had no row flipped.
    ruled_out_nfr : float
        Rates above this are ruled out.
    detectable_loss : float
        A loss of accuracy of this size would be shown by four samples of five.
    """

    least_nfr: float
    ruled_out_nfr: float
    detectable_loss: float


@dataclass(frozen=True)
class UpdateReport:
    """May the new model go out? What labelled rows say of it, from `compare_models`.

    A notebook shows it as a page, ``print`` as text.

    Attributes
    ----------
    verdict : {"pass", "fail", "undecided"}
        Of all criteria together.
    checks : tuple of Check
        Each criterion: name, verdict, reason, further rows that would decide it.
    counts : FlipCounts
        Rows by outcome.
    figures : dict of ConfidenceInterval
        Every figure of :data:`~sklearn_graceful.metrics.FLIP_FIGURES`.
    mcnemar_pvalue : float or None
        That both models are equally accurate; None for weights and groups.
    seed_floor : ConfidenceInterval or None
        Negative flip rate between two runs of the new model's recipe.
    calibration : dict
        ``"old"`` and ``"new"``: Calibration, or None without probabilities.
    slices : tuple of Slice
        Classes and other slices, lost ones first.
    flips : tuple of Flip
        Negative flips, the worst first.
    power : Power
        What so many rows can show.
    not_checked : tuple of str
        What they cannot.
    n_rows : int
        Rows that were compared.
    settings : dict
        As given to `compare_models`.

    Examples
    --------
    >>> from sklearn_graceful import compare_models
    >>> y = ["cat", "dog"] * 200
    >>> old = ["cat", "cat"] * 50 + y[100:]
    >>> report = compare_models(old, y, y=y, max_nfr=0.01)
    >>> print(report)
    PASS: the new model may replace the old one
    <BLANKLINE>
      pass       negative flips  0.00 % of the rows are negative flips, ...
      pass       accuracy        ...
      pass       slices          ...
    ...
    """

    verdict: str
    checks: tuple
    counts: object
    figures: dict
    mcnemar_pvalue: float | None
    seed_floor: object | None
    calibration: dict
    slices: tuple
    flips: tuple
    power: Power
    not_checked: tuple
    n_rows: int
    settings: dict = field(default_factory=dict)

    def __str__(self):
        from sklearn_graceful.report._formats import as_text

        return as_text(self)

    def _repr_html_(self):
        from sklearn_graceful.report._formats import as_html

        return as_html(self, whole_page=False)

    def to_html(self, path=None):
        """Write one page that needs no network; return its text if `path` is None."""
        from sklearn_graceful.report._formats import as_html

        return _written(as_html(self), path)

    def to_json(self, path=None):
        """Write all figures with the version of their layout, ``schema_version``."""
        from sklearn_graceful.report._formats import as_json

        return _written(as_json(self), path)

    def to_junit(self, path=None):
        """Write every criterion as a test, which build servers show."""
        from sklearn_graceful.report._formats import as_junit

        return _written(as_junit(self), path)

    def save_checks(self, path):
        """Write what the next release must achieve, see :class:`UpdateChecks`."""
        from sklearn_graceful.report._saved_checks import UpdateChecks

        UpdateChecks.of(self).save(path)

    @cached_property
    def lost_slices(self):
        """Slices that have surely lost more than is tolerated, the surest first."""
        return tuple(part for part in self.slices if part.has_lost)


def _written(text, path):
    if path is None:
        return text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return None
