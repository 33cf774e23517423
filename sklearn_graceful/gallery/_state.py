"""What a gallery remembers beside its vectors."""

import json
from dataclasses import asdict, dataclass, replace

from sklearn_graceful.gallery._models import Model

HOWS = ("compatible", "side_by_side", "two_stage")


@dataclass(frozen=True)
class Upgrade:
    """An upgrade that was neither committed nor rolled back.

    Parameters
    ----------
    to : str
        Space of the new model.
    how : {"compatible", "side_by_side", "two_stage"}
    before : tuple of str
        Spaces that were searched before.
    n_candidates : int or None
        Of the first stage, of two.
    """

    to: str
    how: str
    before: tuple
    n_candidates: int | None = None


@dataclass(frozen=True)
class Clusters:
    """Centroids that a gallery keeps.

    Parameters
    ----------
    space : str
        Where the store has them.
    of : str
        Space of the model that they were made by; it may be gone.
    fingerprint : str
        Of that model.
    dim : int
        Width of its vectors.
    """

    space: str
    of: str
    fingerprint: str
    dim: int


@dataclass(frozen=True)
class State:
    """Models, which of their spaces are searched, and what is under way.

    Parameters
    ----------
    metric : {"cosine", "inner_product", "euclidean"}
    models : tuple of Model
        From the oldest to the newest.
    serving : tuple of str
        Spaces that are searched; the model of the last one makes the queries.
    n_spaces : int
        Spaces that there ever were.
    ids : {"int", "str"} or None
        What ids are; None before there is one.
    upgrade : Upgrade or None
    clusters : Clusters or None
    """

    metric: str
    models: tuple = ()
    serving: tuple = ()
    n_spaces: int = 0
    ids: str | None = None
    upgrade: Upgrade | None = None
    clusters: Clusters | None = None

    def model(self, space):
        """Return the model of a space."""
        return next(model for model in self.models if model.space == space)

    @property
    def newest(self):
        """The model that makes the queries."""
        return self.model(self.serving[-1])

    @property
    def coming(self):
        """The model that is being upgraded to; None without an upgrade."""
        return None if self.upgrade is None else self.model(self.upgrade.to)

    @property
    def is_building(self):
        """Whether an upgrade goes on beside the spaces that are searched."""
        return self.upgrade is not None and self.upgrade.to not in self.serving

    def with_model(self, model):
        """Return the same with another model in the place of that of its space."""
        others = [m if m.space != model.space else model for m in self.models]
        known = any(m.space == model.space for m in self.models)
        return replace(self, models=(*others, *(() if known else (model,))))

    def as_json(self):
        """Return what JSON can say, as it comes back from there."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_json(cls, said):
        """Undo :meth:`as_json`."""
        upgrade, clusters = said["upgrade"], said["clusters"]
        if upgrade is not None:
            upgrade = Upgrade(**{**upgrade, "before": tuple(upgrade["before"])})
        return cls(
            metric=said["metric"],
            models=tuple(map(Model.from_json, said["models"])),
            serving=tuple(said["serving"]),
            n_spaces=said["n_spaces"],
            ids=said["ids"],
            upgrade=upgrade,
            clusters=None if clusters is None else Clusters(**clusters),
        )
