"""Pairs of items of different classes, and how similar a model finds them."""

import numpy as np

PAIRS_AT_A_TIME = 2**14


def draw_non_matching_pairs(labels, n_pairs, random_state):
    """Draw pairs of items of different classes, none twice.

    With the items in the order of their classes, the partners of an item are all that
    come before its class and all after it, so every pair has a number, from which it
    is found without trying any that match.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Class of each item.
    n_pairs : int
        How many pairs; all there are, if there are fewer.
    random_state : int, RandomState, Generator or None
        Seed.

    Returns
    -------
    first, second : ndarray of int, shape (n_drawn,)
        Rows. A pair and its reverse are two pairs.
    """
    order = np.argsort(labels, kind="stable")
    _, sizes = np.unique(labels, return_counts=True)
    n_partners = len(labels) - sizes
    last_pair = np.cumsum(sizes * n_partners)
    total = int(last_pair[-1])
    rng = np.random.default_rng(random_state)
    pairs = rng.choice(total, min(n_pairs, total), replace=False, shuffle=False)
    group = np.searchsorted(last_pair, pairs, side="right")
    start = (np.cumsum(sizes) - sizes)[group]
    before = (last_pair - sizes * n_partners)[group]
    item, partner = np.divmod(pairs - before, n_partners[group])
    partner += np.where(partner >= start, sizes[group], 0)
    return order[start + item], order[partner]


def pair_scores(queries, gallery, first, second):
    """Cosines of pairs of unit vectors, a few pairs at a time.

    Parameters
    ----------
    queries, gallery : ndarray of shape (n, d)
        Unit vectors.
    first, second : ndarray of int, shape (n_pairs,)
        Rows of `queries` and of `gallery`.

    Returns
    -------
    scores : ndarray of float64, shape (n_pairs,)
    """
    scores = np.empty(len(first))
    for start in range(0, len(first), PAIRS_AT_A_TIME):
        part = slice(start, start + PAIRS_AT_A_TIME)
        scores[part] = np.vecdot(queries[first[part]], gallery[second[part]])
    return scores
