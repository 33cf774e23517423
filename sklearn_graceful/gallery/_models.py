"""Models that make vectors, and which older spaces they can search."""

from dataclasses import dataclass, field, replace

import numpy as np

from sklearn_graceful._wrappers import innermost
from sklearn_graceful.reference import ReferenceModel, fingerprint_of
from sklearn_graceful.search import first_coordinates, unit_rows


@dataclass(frozen=True)
class Sight:
    """How vectors of a model are seen in an older space.

    Parameters
    ----------
    dim : int
        Width of the older space.
    adapter : str or None
        Fingerprint of the adapter that maps into it. None: first coordinates.
    """

    dim: int
    adapter: str | None = None


@dataclass(frozen=True)
class Model:
    """A model whose vectors a gallery holds.

    Parameters
    ----------
    fingerprint : str
        Other vectors, another fingerprint.
    space : str
        Where the store has its vectors.
    dim : int or None
        Width of its vectors; None before there is one.
    unit : bool
        Whether they are all of unit length.
    sights : dict of str to Sight
        Older spaces that its vectors can search.
    """

    fingerprint: str
    space: str
    dim: int | None = None
    unit: bool = True
    sights: dict = field(default_factory=dict)

    @classmethod
    def from_json(cls, said):
        """Return the model that JSON tells of."""
        sights = {space: Sight(**how) for space, how in said["sights"].items()}
        return replace(cls(**said), sights=sights)


def older_spaces(model):
    """Spaces that a model was trained to be compatible with.

    Parameters
    ----------
    model : object
        An embedder; one of this package says.

    Returns
    -------
    dims : dict of str to int
        Width by fingerprint.
    """
    if isinstance(model, ReferenceModel):
        model = model.model
    learner = innermost(model)
    versions = getattr(learner, "versions_", ())
    dims = {v.fingerprint: v.dim for v in versions if v.fingerprint is not None}
    reference = getattr(learner, "reference_", None)
    if versions and reference is not None:
        # Of the model before it, which may be of any kind, there is the model itself.
        dims[fingerprint_of(reference)] = versions[-1].dim
    return dims


def seen_in(vectors, sight, adapter=None, *, unit=True):
    """Turn vectors into what an older space can be searched with.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dim)
    sight : Sight
    adapter : object with transform, default=None
        The one that `sight` names.
    unit : bool, default=True
        Whether the result has unit length.

    Returns
    -------
    views : ndarray of float32, shape (n, sight.dim)
    """
    if sight.adapter is not None:
        vectors = np.asarray(adapter.transform(vectors), np.float32)
    views = first_coordinates(vectors, sight.dim)
    return unit_rows(views) if unit else np.ascontiguousarray(views)
