"""Search in everything that serves at one moment."""

import numpy as np

from sklearn_graceful.gallery._contents import SCORES
from sklearn_graceful.gallery._sources import batches
from sklearn_graceful.gallery._store import View


def find(contents, X, vectors, k, among):
    """Find the items nearest to some queries.

    Parameters
    ----------
    contents : Contents
    X, vectors : array-like of n_queries rows, or None
        One of them.
    k : int
    among : ndarray of ids or None

    Returns
    -------
    ids : ndarray of shape (n_queries, k or fewer)
    scores : ndarray of float32, of the same shape
    """
    while True:
        state = contents.refresh()
        two_stages = state.is_building and state.upgrade.how == "two_stage"
        if two_stages and vectors is None:
            found = _in_two_stages(contents, state, X, k, among)
        else:
            found = _at_once(contents, state, X, vectors, k, among)
        # An upgrade may have ended meanwhile, and taken a space away.
        if contents.refresh().serving == state.serving:
            return found


def _at_once(contents, state, X, vectors, k, among):
    newest = state.newest
    if vectors is None:
        vectors = contents.embed(newest, X)
    else:
        vectors = contents.checked(newest, vectors)
    views = contents.views(state, vectors)
    found = contents.store.search(views, k, among)
    to = state.serving[-1] if state.upgrade is None else state.upgrade.to
    pairs = zip(views, found, strict=True)
    contents.count([ids for view, (ids, _) in pairs if view.space != to])
    alike = [
        (ids, _alike(state.metric, view, scores))
        for view, (ids, scores) in zip(views, found, strict=True)
    ]
    return merged(alike, k)


def _alike(metric, view, scores):
    """Scores on the scale of the gallery's metric."""
    if metric == "euclidean" and view.score == "cosine":  # distance of unit vectors
        return -np.sqrt(np.maximum(2 - 2 * scores, 0))
    return scores


def merged(found, k):
    """The k highest of results by space, equal ones in the order of these."""
    found = [(ids, scores) for ids, scores in found if scores.shape[1]] or found[:1]
    ids = np.concatenate([ids for ids, _ in found], axis=1)
    scores = np.concatenate([scores for _, scores in found], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return (
        np.take_along_axis(ids, order, axis=1),
        np.take_along_axis(scores, order, axis=1),
    )


def _in_two_stages(contents, state, X, k, among):
    """Candidates by the old model, ranked by the new one."""
    coming, n_candidates = state.coming, max(k, state.upgrade.n_candidates)
    ids, _ = _at_once(contents, state, X, None, n_candidates, among)
    wanted = np.unique(ids)
    missing = wanted[~contents.are_in(coming.space, wanted)]
    if len(missing):
        for some, rows in batches(contents.source, missing, len(missing)):
            contents.move(coming, some, contents.embed(coming, rows))
    found = []
    for query, candidates in zip(contents.embed(coming, X), ids, strict=True):
        view = View(coming.space, query[None], SCORES[state.metric])
        found.append(contents.store.search([view], k, candidates)[0])
    # An item that was deleted meanwhile is not found again.
    width = min(ids.shape[1] for ids, _ in found)
    return tuple(
        np.concatenate([part[:, :width] for part in parts])
        for parts in zip(*found, strict=True)
    )
