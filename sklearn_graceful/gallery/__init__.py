"""Search that stays up while the model behind it changes."""

from sklearn_graceful._lazy import lazy_names
from sklearn_graceful.gallery._check_store import check_vector_store
from sklearn_graceful.gallery._gallery import Gallery
from sklearn_graceful.gallery._local_store import LocalStore
from sklearn_graceful.gallery._plan import BackfillPlan
from sklearn_graceful.gallery._shards import embed_shard
from sklearn_graceful.gallery._store import (
    Changes,
    StateChangedError,
    VectorStore,
    View,
)
from sklearn_graceful.gallery._versions import BackfillStatus, GalleryVersion

__all__ = [
    "BackfillPlan",
    "BackfillStatus",
    "Changes",
    "Gallery",
    "GalleryVersion",
    "LocalStore",
    "PgVectorStore",
    "StateChangedError",
    "VectorStore",
    "View",
    "check_vector_store",
    "embed_shard",
]

# Who has no PostgreSQL does without.
_HOMES = {"PgVectorStore": "_pg_store"}

__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
