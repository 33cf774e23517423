"""What a backfill will cost and bring, from a sample."""

import time
from dataclasses import dataclass

import numpy as np

from sklearn_graceful.gallery._backfill import OldVectors, left, target
from sklearn_graceful.gallery._orders import ordered
from sklearn_graceful.gallery._sources import batches
from sklearn_graceful.metrics import BackfillCurve, backfill_curve, nearest


@dataclass(frozen=True, eq=False)
class BackfillPlan:
    """What a backfill will cost and bring.

    Attributes
    ----------
    n_left : int
        Items to move.
    seconds : float
        Time that making their vectors will take, at the pace of the sample.
    bytes : int
        Room that the new vectors will take.
    curve : BackfillCurve
        Quality among the sample while it is moved.
    """

    n_left: int
    seconds: float
    bytes: int
    curve: BackfillCurve


def plan(contents, source, *, labels, order, n_sample, seed):
    """See :meth:`Gallery.plan_backfill`."""
    state = contents.refresh()
    to, waiting = target(state), left(contents, state)
    ids = np.concatenate([np.empty(0, np.int64), *waiting.values()])
    if len(ids) < 2:
        raise ValueError(f"{len(ids)} items are left: there is nothing to plan.")
    rng = np.random.default_rng(seed)
    sample = rng.choice(ids, min(n_sample, len(ids)), replace=False)
    start, made = time.perf_counter(), []
    for some, X in batches(source, sample, len(sample)):
        made.append((some, contents.embed(to, X)))
    seconds = time.perf_counter() - start
    sample = np.concatenate([some for some, _ in made])
    new = np.concatenate([vectors for _, vectors in made])
    read = OldVectors(contents, list(waiting))
    chosen = ordered(order, sample, read, labels, contents.n_found, seed)
    curve = _curve(sample, read(sample), new, labels, chosen)
    return BackfillPlan(
        n_left=len(ids),
        seconds=seconds * len(ids) / len(sample),
        bytes=new[0].nbytes * len(ids),
        curve=curve,
    )


def _curve(ids, old, new, labels, chosen):
    """Recall of the own class; without labels, of the neighbour found at the end."""
    places = {item: place for place, item in enumerate(ids.tolist())}
    order = [places[item] for item in chosen.tolist()]
    rows = np.arange(len(ids))
    if labels is None:
        of_query, of_item = nearest(new, k=1)[0][:, 0], rows
    else:
        of_query = of_item = np.asarray(labels(ids))
    return backfill_curve(
        new,
        old,
        new,
        query_labels=of_query,
        gallery_labels=of_item,
        query_ids=rows,
        gallery_ids=rows,
        order=order,
        old_view=True,
    )
