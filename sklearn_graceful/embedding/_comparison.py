"""How well each kind of map does on pairs that it was not fitted on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MapFigures:
    """How well one map in one direction does on held-out pairs.

    Attributes
    ----------
    kind : {"identity", "procrustes", "ridge", "mlp"}
        Which map; "identity" is no map at all: zeros added or coordinates cut off.
    direction : {"transform", "inverse_transform"}
        Which way.
    cosine : float
        Mean cosine of a mapped vector with its true one.
    cosine_error : float
        Its standard error.
    recall : float
        Share of mapped vectors whose nearest neighbour, among the true vectors of all
        held-out pairs, is their own (recall at 1). Of several equally near ones, each
        counts its share.
    recall_error : float
        Its standard error.
    """

    kind: str
    direction: str
    cosine: float
    cosine_error: float
    recall: float
    recall_error: float


@dataclass(frozen=True)
class AdapterComparison:
    """All kinds of maps side by side; `print` shows a table.

    The same held-out pairs are behind all figures, so a difference of two maps is known
    better than its two standard errors suggest.

    Attributes
    ----------
    figures : tuple of MapFigures
        One entry a kind and direction, simplest kind first.
    n_pairs : int
        Held-out pairs behind each figure.
    cross_fitted : bool
        False: one share of the pairs was held out. True: these were too few, so that
        every pair was held out once, in folds.
    """

    figures: tuple
    n_pairs: int
    cross_fitted: bool

    def best(self, direction="transform", *, by="cosine"):
        """Kind with the highest figure; of equal ones the simplest.

        Parameters
        ----------
        direction : {"transform", "inverse_transform"}, default="transform"
            Which way.
        by : {"cosine", "recall"}, default="cosine"
            Which figure.

        Returns
        -------
        kind : str

        Raises
        ------
        ValueError
            If `direction` or `by` is none of the above.
        """
        if by not in ("cosine", "recall"):
            raise ValueError(f"by must be 'cosine' or 'recall', got {by!r}.")
        entries = [entry for entry in self.figures if entry.direction == direction]
        if not entries:
            raise ValueError(
                "direction must be 'transform' or 'inverse_transform', got "
                f"{direction!r}."
            )
        return max(entries, key=lambda entry: getattr(entry, by)).kind

    def __str__(self):
        how = "cross-fitted" if self.cross_fitted else "held-out"
        lines = [
            f"{self.n_pairs} {how} pairs, mean +- standard error",
            f"{'direction':18}{'kind':12}{'cosine':16}recall@1",
        ]
        for entry in self.figures:
            cosine = f"{entry.cosine:.3f} +- {entry.cosine_error:.3f}"
            recall = f"{entry.recall:.3f} +- {entry.recall_error:.3f}"
            lines.append(f"{entry.direction:18}{entry.kind:12}{cosine:16}{recall}")
        return "\n".join(lines)
