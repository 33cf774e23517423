"""How an update behaves toward the model it replaces, in figures."""

from sklearn_graceful.metrics.b_cubed import BCubed, b_cubed
from sklearn_graceful.metrics.backfill import BackfillCurve, backfill_curve
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
from sklearn_graceful.metrics.compatibility import compatibility_tax, update_gain
from sklearn_graceful.metrics.counts import FlipCounts, flip_counts
from sklearn_graceful.metrics.cross_tests import (
    CompatibilityMatrix,
    compatibility_matrix,
)
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
from sklearn_graceful.metrics.neighbors import nearest
from sklearn_graceful.metrics.query_bootstrap import BootstrapInterval, paired_bootstrap
from sklearn_graceful.metrics.query_flips import retrieval_flips
from sklearn_graceful.metrics.retrieval import RetrievalOutcomes, retrieval_outcomes
from sklearn_graceful.metrics.retrieval_figures import (
    cmc_curve,
    mean_average_precision,
    ndcg,
    recall_at_k,
)
from sklearn_graceful.metrics.verification import (
    TarAtFar,
    VerificationRates,
    tar_at_far,
    verification_rates,
)
from sklearn_graceful.metrics.version_split import version_mutual_information
from sklearn_graceful.metrics.versions import flip_matrix, history_labels

__all__ = [
    "BCubed",
    "BackfillCurve",
    "BootstrapInterval",
    "ClusteringUpdate",
    "CompatibilityMatrix",
    "FlipCounts",
    "FlipInterval",
    "McnemarResult",
    "RetrievalOutcomes",
    "TarAtFar",
    "VerificationRates",
    "assign_to_centroids",
    "avoidable_negative_flip_rate",
    "b_cubed",
    "backfill_curve",
    "backward_error_compatibility",
    "backward_trust_compatibility",
    "churn_rate",
    "clustering_update",
    "cmc_curve",
    "compatibility_matrix",
    "compatibility_tax",
    "flip_counts",
    "flip_interval",
    "flip_matrix",
    "history_labels",
    "interval_from_counts",
    "mcnemar_from_counts",
    "mcnemar_test",
    "mean_average_precision",
    "ndcg",
    "nearest",
    "negative_flip_impact",
    "negative_flip_rate",
    "paired_bootstrap",
    "positive_flip_rate",
    "recall_at_k",
    "relative_negative_flip_rate",
    "retrieval_flips",
    "retrieval_outcomes",
    "rows_to_certify",
    "tar_at_far",
    "unchanged_cluster_share",
    "update_gain",
    "verification_rates",
    "version_mutual_information",
    "win_loss_ratio",
]
