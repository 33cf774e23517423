"""How an update behaves toward the model it replaces, in figures."""

from sklearn_graceful.metrics._backfill import TENTHS, BackfillCurve, backfill_curve
from sklearn_graceful.metrics._clustering_update import (
    ClusteringUpdate,
    assign_to_centroids,
    clustering_update,
)
from sklearn_graceful.metrics._clusters import (
    BCubed,
    b_cubed,
    unchanged_cluster_share,
    version_mutual_information,
)
from sklearn_graceful.metrics._compatibility_matrix import (
    CompatibilityMatrix,
    compatibility_matrix,
    compatibility_tax,
    update_gain,
)
from sklearn_graceful.metrics._figures import FLIP_FIGURES, FlipFigure
from sklearn_graceful.metrics._flip_counts import (
    FlipCounts,
    flip_counts,
    is_negative_flip,
)
from sklearn_graceful.metrics._flip_rates import (
    avoidable_negative_flip_rate,
    backward_error_compatibility,
    backward_trust_compatibility,
    churn_rate,
    negative_flip_impact,
    negative_flip_rate,
    positive_flip_rate,
    relative_negative_flip_rate,
    win_loss_ratio,
)
from sklearn_graceful.metrics._intervals import (
    ConfidenceInterval,
    flip_interval,
    interval_from_counts,
    rows_to_certify,
)
from sklearn_graceful.metrics._mcnemar import (
    McnemarResult,
    mcnemar_from_counts,
    mcnemar_test,
)
from sklearn_graceful.metrics._paired_bootstrap import paired_bootstrap
from sklearn_graceful.metrics._retrieval import (
    RetrievalOutcomes,
    retrieval_flips,
    retrieval_outcomes,
)
from sklearn_graceful.metrics._retrieval_figures import (
    cmc_curve,
    mean_average_precision,
    ndcg,
    recall_at_k,
)
from sklearn_graceful.metrics._verification import (
    TarAtFar,
    VerificationRates,
    tar_at_far,
    verification_rates,
)
from sklearn_graceful.metrics._versions import flip_matrix, history_labels
from sklearn_graceful.search import (
    check_labels,
    check_partitions,
    check_weight,
    nearest,
)

__all__ = [
    "FLIP_FIGURES",
    "TENTHS",
    "BCubed",
    "BackfillCurve",
    "ClusteringUpdate",
    "CompatibilityMatrix",
    "ConfidenceInterval",
    "FlipCounts",
    "FlipFigure",
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
    "check_labels",
    "check_partitions",
    "check_weight",
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
    "is_negative_flip",
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
