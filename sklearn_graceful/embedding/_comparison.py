"""What was tried on vectors that a map was not fitted on."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold

from sklearn_graceful.embedding._kinds import KINDS, fit_both_ways
from sklearn_graceful.search import chunks, unit_rows

# With fewer held-out pairs than this, every pair is held out once instead.
MIN_HELD_OUT = 20
# More hardly narrow the errors, and retrieval among them costs their square.
MAX_HELD_OUT = 2000
N_FOLDS = 5


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


@dataclass(frozen=True, eq=False)
class FusionShare:
    """Shares of a fusion that were tried on labelled rows, and the best.

    Attributes
    ----------
    share : float
        The one with the highest recall; of equal ones the smallest.
    shares : ndarray of shape (n_shares,)
        All that were tried, in ascending order.
    recall : ndarray of shape (n_shares,)
        Recall at 1 of each, as by :func:`sklearn_graceful.metrics.recall_at_k`.
    """

    share: float
    shares: np.ndarray
    recall: np.ndarray


def compare_kinds(X, Y, adapter, seed):
    """Fit each kind on some of the pairs of X (n, d_source) and Y, try it on others."""
    splits = _held_out_rows(len(X), adapter.validation_fraction, seed)
    held_out = np.concatenate(splits)
    kinds = ["identity", *KINDS] if adapter.kind == "mlp" else ["identity", *KINDS[:2]]
    there, back = [], []
    for kind in kinds:
        mapped = [_map_held_out(kind, X, Y, adapter, seed, rows) for rows in splits]
        mapped_X, mapped_Y = map(np.concatenate, zip(*mapped, strict=True))
        there.append(_figures(kind, "transform", mapped_X, Y[held_out]))
        back.append(_figures(kind, "inverse_transform", mapped_Y, X[held_out]))
    return AdapterComparison((*there, *back), len(held_out), len(splits) > 1)


def _held_out_rows(n, validation_fraction, seed):
    """One set of held-out rows, or several that hold out every row once."""
    n_held_out = min(int(validation_fraction * n), MAX_HELD_OUT)
    if n_held_out < MIN_HELD_OUT:
        folds = KFold(min(N_FOLDS, n), shuffle=True, random_state=seed)
        return [held_out for _, held_out in folds.split(np.empty(n))]
    return [np.random.RandomState(seed).permutation(n)[:n_held_out]]


def _map_held_out(kind, X, Y, adapter, seed, rows):
    rest = np.delete(X, rows, axis=0), np.delete(Y, rows, axis=0)
    there, back = fit_both_ways(kind, *rest, adapter, seed)
    return there(X[rows]), back(Y[rows])


def _figures(kind, direction, mapped, true):
    mapped, true = unit_rows(mapped), unit_rows(true)
    cosine = (mapped * true).sum(axis=1)
    parts = chunks(mapped, row_bytes=len(true) * true.itemsize)
    hit = np.concatenate([_own_is_nearest(mapped[rows], true, rows) for rows in parts])
    figures = []
    for values in (cosine, hit):
        error = values.std(ddof=1) / np.sqrt(len(values))
        figures += [float(values.mean()), float(error)]
    return MapFigures(kind, direction, *figures)


def _own_is_nearest(mapped, true, rows):
    """1 where the own vector is the only nearest one, 1/k where it is one of k."""
    scores = mapped @ true.T
    own = scores[np.arange(len(scores)), np.arange(len(true))[rows], None]
    # Equal vectors may differ in the last digits of their scores.
    slack = 1e-12
    nearest = own[:, 0] >= scores.max(axis=1) - slack
    return nearest / (scores >= own - slack).sum(axis=1)
