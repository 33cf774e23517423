"""Pairs of items of different classes, and how similar a model finds them."""

import numpy as np

from sklearn_graceful.search import chunks


def draw_non_matching_pairs(labels, n_pairs, random_state):
    """Rows of `n_pairs` pairs of different classes, none twice; all, if fewer."""
    # In the order of classes the partners of an item are all before its class and all
    # after it: every pair has a number, and is found without trying any that match.
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
    """Cosines of pairs of unit vectors, a few pairs at a time."""
    parts = chunks(first, second, row_bytes=queries[0].nbytes)
    return np.concatenate(
        [np.vecdot(queries[first[rows]], gallery[second[rows]]) for rows in parts]
    )
