"""Which items are worth a new vector first."""

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils import gen_batches

from sklearn_graceful._arguments import check_choice
from sklearn_graceful.search import unit_rows

ORDERS = ("random", "margin", "class_mean", "access")
_MOST_FITTED = 20_000
_AT_ONCE = 2**14


def ordered(order, ids, read, labels=None, n_found=None, seed=0):
    """Sort items by how soon they shall be embedded anew.

    Parameters
    ----------
    order : {"random", "margin", "class_mean", "access"} or callable
        A function of ids that returns them in the order wanted.
    ids : ndarray of shape (n,)
    read : callable
        Old vectors by ids, of shape (n, dim).
    labels : callable, default=None
        Classes by ids. None: clusters of old vectors stand for them.
    n_found : dict, default=None
        How often an item was found, by id.
    seed : int, default=0

    Returns
    -------
    ids : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If the order is unknown, or a function leaves out ids or adds some.
    """
    if callable(order):
        chosen = np.asarray(order(ids)).astype(ids.dtype)
        if not np.array_equal(np.sort(chosen), np.sort(ids)):
            raise ValueError("order must return each of the ids that it gets once.")
        return chosen
    check_choice("order", order, ORDERS)
    shuffled = ids[np.random.default_rng(seed).permutation(len(ids))]
    if order == "random" or not len(ids):
        return shuffled
    if order == "access":
        first = -np.array([n_found.get(item, 0) for item in shuffled.tolist()])
    else:
        first = _urgency(order, shuffled, read, labels, seed)
    return shuffled[np.argsort(first, kind="stable")]


def _urgency(order, ids, read, labels, seed):
    """Lower is sooner: margin to the next class mean, or cosine to the own one."""
    classes, means = _class_means(ids, read, labels, seed)
    urgency = np.empty(len(ids))
    for part in gen_batches(len(ids), _AT_ONCE):
        scores = unit_rows(read(ids[part])) @ means.T
        own = scores.argmax(axis=1) if classes is None else classes[part]
        each = np.arange(len(scores))
        urgency[part] = scores[each, own]
        if order == "margin" and len(means) > 1:
            scores[each, own] = -np.inf
            urgency[part] -= scores.max(axis=1)
    return urgency


def _class_means(ids, read, labels, seed):
    """Classes as positions, or None, and mean directions."""
    if labels is None:
        sample = ids[: min(len(ids), _MOST_FITTED)]
        n_clusters = max(1, min(round(len(sample) ** 0.5), 256))
        clusters = MiniBatchKMeans(n_clusters, n_init=1, random_state=seed)
        return None, unit_rows(clusters.fit(unit_rows(read(sample))).cluster_centers_)
    found, classes = np.unique(labels(ids), return_inverse=True)
    if len(classes) != len(ids):
        raise ValueError(f"labels has {len(classes)} values for {len(ids)} ids.")
    sums = 0
    for part in gen_batches(len(ids), _AT_ONCE):
        member = np.zeros((len(found), len(ids[part])), np.float32)
        member[classes[part], np.arange(len(ids[part]))] = 1
        sums = sums + member @ unit_rows(read(ids[part]))
    return classes, unit_rows(sums)
