"""What to do about an update, and the figures that say so. NumPy and SciPy only."""

from sklearn_graceful.report._embedder_advice import (
    EmbedderAdvice,
    advise_embedder_update,
)

__all__ = ["EmbedderAdvice", "advise_embedder_update"]
