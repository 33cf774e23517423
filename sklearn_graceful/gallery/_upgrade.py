"""A new model for a gallery: whether it may come, how it comes, and the way back."""

from dataclasses import replace

import numpy as np

from sklearn_graceful._arguments import check_choice
from sklearn_graceful.gallery._ids import are_among
from sklearn_graceful.gallery._models import Model, Sight, older_spaces, seen_in
from sklearn_graceful.gallery._state import HOWS, Upgrade
from sklearn_graceful.gallery._store import View
from sklearn_graceful.reference import fingerprint_of

# Of a sample, found among so many of their own.
_FOUND, _AMONG = 0.5, 10
# With fewer items half of a sample may be found by chance.
_FEWEST_ITEMS = 100


def begin(
    contents, embedder, fingerprint, *, how, adapter, sample, source, n_candidates
):
    """Give a gallery a coming model; ValueError where it may not come.

    Parameters
    ----------
    contents : Contents
    embedder : ReferenceModel or None
    fingerprint : str
    how : {"compatible", "side_by_side", "two_stage"}
    adapter : object with transform, or None
    sample : (ids, X) or None
    source : callable or None
    n_candidates : int
    """
    state = contents.state
    check_choice("how", how, HOWS)
    if state.upgrade is not None:
        raise RuntimeError(
            f"The upgrade to {state.coming.fingerprint} is neither committed nor "
            "rolled back: commit() or rollback() first."
        )
    if any(model.fingerprint == fingerprint for model in state.models):
        raise ValueError(f"Version {fingerprint} is in the gallery already.")
    if how == "two_stage" and not callable(source):
        raise ValueError("how='two_stage' needs source=, a function of ids.")
    if how != "compatible" and embedder is None:
        raise ValueError(f"how={how!r} needs the embedder, which makes vectors.")
    space = str(state.n_spaces)
    model, serving = Model(fingerprint, space), state.serving
    olds = [old for old in state.serving if state.model(old).dim is not None]
    if how == "compatible":
        sights = _sights(contents, embedder, adapter, olds, sample)
        model = replace(model, sights=sights)
        _check_sample(contents, model, embedder, adapter, sample)
        serving = (*(old for old in olds if old in sights), space)
    n_candidates = n_candidates if how == "two_stage" else None
    started = replace(
        state,
        models=(*state.models, model),
        n_spaces=state.n_spaces + 1,
        serving=serving,
        upgrade=Upgrade(space, how, state.serving, n_candidates),
    )
    if not len(contents.ids()):  # there is nothing to go on from, or back to
        started = replace(_without(started, state.serving), serving=(space,))
    contents.source = source
    contents.write(started)


def commit(contents):
    """Make an upgrade final: the vectors that it made unnecessary go."""
    state = contents.state
    if state.upgrade is None:
        raise RuntimeError("There is no upgrade to commit.")
    if state.is_building:
        raise RuntimeError(
            "The new model does not serve yet: backfill the rest first, or rollback()."
        )
    to, delete, emptied = state.upgrade.to, {}, []
    for space in state.upgrade.before:
        ids, stay = contents.store.ids(space), contents.store.ids(space, [to])
        if not len(stay):
            emptied.append(space)
        elif len(stay) < len(ids):
            delete[space] = ids[~are_among(ids, stay)]
    contents.write(_without(state, emptied), drop=emptied, delete=delete)


def roll_back(contents):
    """Undo an upgrade: the models before it serve again, items since then too."""
    state = contents.state
    if state.upgrade is None:
        raise RuntimeError("There is no upgrade to roll back.")
    to, before = state.upgrade.to, state.upgrade.before
    insert = {}
    if state.upgrade.how == "compatible":
        insert = _seen_by_the_old(contents, state)
    back = replace(_without(state, [to]), serving=before)
    contents.write(back, drop=[to], insert=insert)


def _seen_by_the_old(contents, state):
    """Old vectors of items that only have new ones, as these are seen there."""
    to, before = state.upgrade.to, state.upgrade.before
    ids = contents.store.ids(to, before)
    if not len(ids):
        return {}
    vectors, _ = contents.store.vectors(to, ids)
    new = state.model(to)
    old = [space for space in before if space in new.sights][-1]
    return {old: (ids, contents.seen_in(old, new, vectors))}


def _without(state, spaces):
    return replace(
        state,
        models=tuple(m for m in state.models if m.space not in spaces),
        serving=tuple(s for s in state.serving if s not in spaces),
        upgrade=None,
    )


def _sights(contents, embedder, adapter, olds, sample):
    """How every older space is seen, or ValueError."""
    state, sights = contents.state, {}
    names = {old: state.model(old).fingerprint for old in olds}
    if state.clusters is not None:  # which may be older than all that serve
        names.setdefault(state.clusters.of, state.clusters.fingerprint)
    if adapter is not None:
        own = Sight(state.newest.dim, fingerprint_of(adapter))
        sights[state.newest.space] = own
        for space, sight in state.newest.sights.items():
            if sight.adapter is None and space in names:
                sights[space] = replace(own, dim=sight.dim)
    elif embedder is not None:
        dims = older_spaces(embedder)
        sights = {s: Sight(dims[name]) for s, name in names.items() if name in dims}
    if sample is not None:  # which will say whether it is right
        for old in olds:
            sights.setdefault(old, Sight(state.model(old).dim))
    missing = [s for s in olds if s not in sights and len(contents.store.ids(s))]
    if missing:
        raise ValueError(_not_compatible(state.model(missing[0])))
    return sights


def _check_sample(contents, model, embedder, adapter, sample):
    """Refuse a model that does not find items of the gallery."""
    if sample is None or not model.sights:
        return
    ids, X = contents.as_ids(sample[0]), sample[1]
    vectors = contents.checked(model, embedder.transform(X, remember=False))
    if len(vectors) != len(ids):
        raise ValueError(f"sample has {len(ids)} ids, but {len(vectors)} rows.")
    n_items = len(contents.ids())
    if n_items < _FEWEST_ITEMS:
        raise ValueError(
            f"{n_items} items are too few for a sample to tell whether models are "
            f"compatible: {_FEWEST_ITEMS} are needed."
        )
    found = _share_found(contents, model, vectors, adapter, ids)
    if found < _FOUND:
        raise ValueError(
            f"The new model finds {found:.0%} of the sample among the {_AMONG} nearest "
            "of their own old vectors. " + _not_compatible(contents.state.newest)
        )


def _share_found(contents, model, vectors, adapter, ids):
    views = [
        View(space, seen_in(vectors, sight, adapter), "cosine")
        for space, sight in model.sights.items()
        if space in contents.spaces
    ]
    found = np.zeros(len(ids), bool)
    for near, _ in contents.store.search(views, _AMONG):
        found |= (near == ids[:, None]).any(axis=1)
    return found.mean()


def _not_compatible(old):
    return (
        "Nothing says that the new model's vectors can be compared with those of "
        f"version {old.fingerprint}. Train it to be compatible, "
        "CompatibleEmbedder(old_model=...); or fit an EmbeddingAdapter on vectors of "
        "both and pass adapter=; or, if you know better, pass sample=, items with "
        "their rows. Any model at all can be built up beside the old one, "
        "how='side_by_side', or rank what that one finds, how='two_stage'."
    )
