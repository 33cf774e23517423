"""What users are told of a gallery."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GalleryVersion:
    """A model whose vectors a gallery holds.

    Attributes
    ----------
    fingerprint : str
        Of the model.
    dim : int or None
        Width of its vectors; None before there is one.
    n_items : int
        Items that are searched by its vectors.
    n_vectors : int
        Vectors of it that are kept.
    makes_queries : bool
        Whether it is the one that queries are embedded by.
    """

    fingerprint: str
    dim: int | None
    n_items: int
    n_vectors: int
    makes_queries: bool


@dataclass(frozen=True)
class BackfillStatus:
    """How far a gallery has moved to its newest model.

    Attributes
    ----------
    fingerprint : str
        Of that model.
    n_items : int
        Items of the gallery.
    n_moved : int
        Items with a vector of it.
    serves : bool
        Whether it makes the queries already.
    can_roll_back : bool
        Whether its upgrade is not committed yet.
    """

    fingerprint: str
    n_items: int
    n_moved: int
    serves: bool
    can_roll_back: bool

    @property
    def n_left(self):
        """Items that still lack a vector of it."""
        return self.n_items - self.n_moved

    @property
    def share(self):
        """Share of items that have one; 1 of an empty gallery."""
        return self.n_moved / self.n_items if self.n_items else 1.0
