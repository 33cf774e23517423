"""Is this the same thing? Acceptance rates at a score threshold."""

import math
from typing import NamedTuple

import numpy as np
from sklearn.utils import gen_batches

from sklearn_graceful._arguments import check_number, check_share
from sklearn_graceful.metrics._undefined import undefined
from sklearn_graceful.search import LabelledSearch

DIGIT_BITS = 16
# Scores that are counted at once, small enough for the processor's cache.
PART_SIZE = 2**18


class VerificationRates(NamedTuple):
    """Shares of pairs that a threshold accepts.

    Parameters
    ----------
    tar : float
        True acceptance rate, of pairs with one label.
    far : float
        False acceptance rate, of pairs with two labels.
    """

    tar: float
    far: float


class TarAtFar(NamedTuple):
    """A true acceptance rate and the threshold that it belongs to.

    Parameters
    ----------
    tar : float
        True acceptance rate.
    threshold : float
        Lowest accepted score.
    """

    tar: float
    threshold: float


def verification_rates(
    queries,
    gallery=None,
    *,
    query_labels,
    gallery_labels=None,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
    threshold,
):
    """True and false acceptance rate at a given threshold.

    Formula: ``TAR`` is the share of pairs of a query and a gallery item of one label
    whose score is at least `threshold`, ``FAR`` that of the pairs with two labels. A
    threshold that was set for the old model and stays in force is the one to give.

    Parameters
    ----------
    queries, gallery, query_labels, gallery_labels, query_ids, gallery_ids
        As in `retrieval_outcomes`.
    metric : {"cosine", "euclidean"}, default="cosine"
        The score: the cosine, or minus the Euclidean distance.
    old_view : bool, default=False
        As in `retrieval_outcomes`.
    threshold : float
        Lowest accepted score.

    Returns
    -------
    rates : VerificationRates
        Named tuple (tar, far). A rate of no pairs is nan, with an
        UndefinedMetricWarning.

    Raises
    ------
    ValueError
        As in `retrieval_outcomes`, and if the threshold is nan.

    Notes
    -----
    Exact, by counting block by block. The threshold is compared in the precision of
    the scores: single if both arrays are, under cosine. With ``gallery=None`` each pair
    counts in both directions, which leaves the rates as they are.

    References
    ----------
    Shen et al., "Towards Backward-Compatible Representation Learning", CVPR 2020.

    Examples
    --------
    >>> from sklearn_graceful.metrics import verification_rates
    >>> vectors = [[1, 0], [3, 1], [0, 1], [1, 2]]
    >>> verification_rates(vectors, query_labels=[0, 0, 1, 1], threshold=0.7)
    VerificationRates(tar=1.0, far=0.25)
    """
    check_number("threshold", threshold)
    search = LabelledSearch(
        queries,
        gallery,
        query_labels,
        gallery_labels,
        query_ids,
        gallery_ids,
        metric,
        old_view,
    )
    # Items that are left out have a score of minus infinity and are never accepted.
    threshold = max(float(threshold), float(np.finfo(search.dtype).min))
    n_matching, n_others = _count_pairs(search)
    accepted = matching = 0
    for scores, matching_scores in _parts(search):
        accepted += int(np.count_nonzero(scores >= threshold))
        matching += int(np.count_nonzero(matching_scores >= threshold))
    return VerificationRates(
        _rate("TAR", matching, n_matching),
        _rate("FAR", accepted - matching, n_others),
    )


def tar_at_far(
    queries,
    gallery=None,
    *,
    query_labels,
    gallery_labels=None,
    query_ids=None,
    gallery_ids=None,
    metric="cosine",
    old_view=False,
    far=1e-3,
):
    """Highest true acceptance rate whose false acceptance rate is within `far`.

    Formula: the threshold is the lowest number that at most a share `far` of the
    non-matching pairs reach; ``TAR`` is the share of matching pairs that reach it.

    Parameters
    ----------
    queries, gallery, query_labels, gallery_labels, query_ids, gallery_ids
        As in `retrieval_outcomes`.
    metric : {"cosine", "euclidean"}, default="cosine"
        The score: the cosine, or minus the Euclidean distance.
    old_view : bool, default=False
        As in `retrieval_outcomes`.
    far : float, default=1e-3
        Largest false acceptance rate, from 0 to 1.

    Returns
    -------
    result : TarAtFar
        Named tuple (tar, threshold). `verification_rates` at the threshold gives the
        same TAR and a FAR of at most `far`. The threshold is minus infinity if all
        pairs may be accepted. Both are nan, with an UndefinedMetricWarning, if there
        are no non-matching pairs; TAR alone if there are no matching ones.

    Raises
    ------
    ValueError
        As in `retrieval_outcomes`, and if `far` is not between 0 and 1.

    Notes
    -----
    Exact: no score is rounded into a bin. The threshold is found digit by digit, by
    counting the scores by 16 bits of their number, so memory does not grow with the
    pairs. That reads all scores twice in single precision and four times in double.

    Examples
    --------
    >>> from sklearn_graceful.metrics import tar_at_far
    >>> vectors = [[1.0, 0.0], [3.0, 1.0], [0.0, 1.0], [1.0, 2.0]]
    >>> tar, threshold = tar_at_far(vectors, query_labels=[0, 0, 1, 1], far=0.25)
    >>> tar, round(threshold, 3)
    (1.0, 0.447)
    """
    check_share("far", far, "both")
    search = LabelledSearch(
        queries,
        gallery,
        query_labels,
        gallery_labels,
        query_ids,
        gallery_ids,
        metric,
        old_view,
    )
    n_matching, n_others = _count_pairs(search)
    if not n_others:
        return TarAtFar(_rate("TAR at a FAR", 0, 0), math.nan)
    allowed = math.floor(far * n_others)
    if allowed == n_others:
        return TarAtFar(_rate("TAR", n_matching, n_matching), -math.inf)
    score, n_above = _highest_refused(search, allowed)
    threshold = np.nextafter(score, score.dtype.type(np.inf))
    return TarAtFar(_rate("TAR", n_above, n_matching), float(threshold))


def _parts(search):
    """Scores of some queries after another, and those of their matching pairs."""
    n_rows = max(PART_SIZE // search.n_gallery, 1)
    for rows, block in search.blocks():
        for part in gen_batches(len(block), n_rows):
            queries = slice(rows.start + part.start, rows.start + part.stop)
            scores = block[part]
            yield scores, scores[search.same_label.pairs(queries)]


def _count_pairs(search):
    """Numbers of matching and of other pairs that the search compares."""
    label = search.same_label
    n_matching = int(label.size_of_query.sum())
    if search.same_id is not None:
        for rows in gen_batches(search.n_queries, search.block_rows):
            query, item = search.same_id.pairs(rows)
            same = label.code_of_query[rows][query] == label.code_of_item[item]
            n_matching -= int(np.count_nonzero(same))
    return n_matching, int(search.n_searched.sum()) - n_matching


def _rate(name, part, total):
    if total:
        return part / total
    return undefined(
        f"{name} is 0/0, because there are no such pairs, so it is undefined and "
        "returned as nan."
    )


def _highest_refused(search, rank):
    """Find the non-matching score at `rank`, from 0, and how many matches are above."""
    prefix = n_above = 0
    bits = 8 * search.dtype.itemsize
    for shift in range(bits - DIGIT_BITS, -1, -DIGIT_BITS):
        matching, others = _count_digits(search, prefix, shift)
        from_top = np.cumsum(others[::-1])
        place = int(np.searchsorted(from_top, rank, side="right"))
        digit = len(others) - 1 - place
        rank -= int(from_top[place] - others[digit])
        n_above += int(matching[digit + 1 :].sum())
        prefix = prefix << DIGIT_BITS | digit
    return _score_of(prefix, search.dtype), n_above


def _count_digits(search, prefix, shift):
    """Counts of the next digit among the scores whose key begins with `prefix`."""
    matching, everything = np.zeros((2, 2**DIGIT_BITS), dtype=np.int64)
    for scores, matching_scores in _parts(search):
        for counts, part in ((everything, scores), (matching, matching_scores)):
            keys = _keys(part).ravel() >> shift
            # The shift by a whole word is undefined; the first digit has no prefix.
            if shift < 8 * search.dtype.itemsize - DIGIT_BITS:
                keys = keys[keys >> DIGIT_BITS == prefix] & (2**DIGIT_BITS - 1)
            counts += np.bincount(keys.astype(np.intp), minlength=len(counts))
    return matching, everything - matching


def _keys(scores):
    """Unsigned integers in the order of the scores, without a rounding."""
    # Adding 0 makes the two zeros one.
    keys = (scores + scores.dtype.type(0)).view(f"u{scores.dtype.itemsize}")
    last = 8 * scores.dtype.itemsize - 1
    # Of a negative number all bits are turned over, of another one only the sign.
    return keys ^ (-(keys >> last) | keys.dtype.type(1 << last))


def _score_of(key, dtype):
    """Score of which `_keys` makes `key`."""
    bits = 8 * dtype.itemsize
    sign = 1 << (bits - 1)
    key ^= sign if key & sign else (1 << bits) - 1
    return np.array(key, dtype=f"u{dtype.itemsize}").view(dtype)[()]
