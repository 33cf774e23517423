"""How an update behaves toward the model it replaces, in figures."""

from sklearn_graceful.metrics.b_cubed import BCubed, b_cubed
from sklearn_graceful.metrics.backward_compatibility import (
    backward_error_compatibility,
    backward_trust_compatibility,
    negative_flip_impact,
)
from sklearn_graceful.metrics.centroids import assign_to_centroids
from sklearn_graceful.metrics.certification import rows_to_certify
from sklearn_graceful.metrics.churn import churn_rate
from sklearn_graceful.metrics.cluster_matching import unchanged_cluster_share
from sklearn_graceful.metrics.clustering_update import (
    ClusteringUpdate,
    clustering_update,
)
from sklearn_graceful.metrics.counts import FlipCounts, flip_counts
from sklearn_graceful.metrics.flips import (
    avoidable_negative_flip_rate,
    negative_flip_rate,
    positive_flip_rate,
    relative_negative_flip_rate,
    win_loss_ratio,
)
from sklearn_graceful.metrics.intervals import (
    FlipInterval,
    flip_interval,
    interval_from_counts,
)
from sklearn_graceful.metrics.mcnemar import (
    McnemarResult,
    mcnemar_from_counts,
    mcnemar_test,
)
from sklearn_graceful.metrics.version_split import version_mutual_information
from sklearn_graceful.metrics.versions import flip_matrix, history_labels

__all__ = [
    "BCubed",
    "ClusteringUpdate",
    "FlipCounts",
    "FlipInterval",
    "McnemarResult",
    "assign_to_centroids",
    "avoidable_negative_flip_rate",
    "b_cubed",
    "backward_error_compatibility",
    "backward_trust_compatibility",
    "churn_rate",
    "clustering_update",
    "flip_counts",
    "flip_interval",
    "flip_matrix",
    "history_labels",
    "interval_from_counts",
    "mcnemar_from_counts",
    "mcnemar_test",
    "negative_flip_impact",
    "negative_flip_rate",
    "positive_flip_rate",
    "relative_negative_flip_rate",
    "rows_to_certify",
    "unchanged_cluster_share",
    "version_mutual_information",
    "win_loss_ratio",
]
