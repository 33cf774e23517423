"""Vectors of two widths are of two models: compared only where that is asked for."""

from functools import partial

import numpy as np
import pytest
from sklearn.preprocessing import normalize

from sklearn_graceful import metrics
from sklearn_graceful.embedding import ScoreCalibrator
from sklearn_graceful.inspection import BackfillCurveDisplay, CompatibilityMatrixDisplay

RNG = np.random.default_rng(0)
LABELS = np.arange(40) % 4
OLD = normalize(np.eye(4)[LABELS] + RNG.normal(size=(40, 4)) / 4)
WIDER = normalize(np.eye(4, 6)[LABELS] + RNG.normal(size=(40, 6)) / 4)
NARROWER = normalize(np.eye(4, 3)[LABELS] + RNG.normal(size=(40, 3)) / 4 + 0.1)

BOTH = {"query_labels": LABELS, "gallery_labels": LABELS}
# Functions of new vectors that meet old ones, and return a figure.
MEETINGS = {
    "nearest": lambda new, **how: metrics.nearest(new, OLD, 3, **how)[1],
    "recall": lambda new, **how: metrics.recall_at_k(new, OLD, **BOTH, **how),
    "mAP": lambda new, **how: metrics.mean_average_precision(new, OLD, **BOTH, **how),
    "nDCG": lambda new, **how: metrics.ndcg(new, OLD, **BOTH, **how),
    "CMC": lambda new, **how: metrics.cmc_curve(new, OLD, k_max=5, **BOTH, **how),
    "outcomes": lambda new, **how: (
        metrics.retrieval_outcomes(new, OLD, **BOTH, **how).average_precision
    ),
    "TAR": lambda new, **how: metrics.tar_at_far(new, OLD, **BOTH, far=0.1, **how),
    "rates": lambda new, **how: metrics.verification_rates(
        new, OLD, **BOTH, threshold=0.5, **how
    ),
    "centroids": lambda new, **how: metrics.assign_to_centroids(new, OLD[:4], **how),
}
TOGETHER = {
    "matrix": lambda new, **how: metrics.compatibility_matrix(
        [OLD, new], labels=LABELS, **how
    ).values[1, 0],
    "backfill": lambda new, **how: metrics.backfill_curve(
        new, OLD, new, **BOTH, random_state=0, **how
    ).quality[0],
    "clusters": lambda new, **how: (
        metrics.clustering_update(OLD, new, LABELS, centroids=OLD[:4], **how).ari_new
    ),
    "calibrator": lambda new, **how: (
        ScoreCalibrator().fit_embeddings(OLD, new, LABELS, **how).new_knots_
    ),
    "matrix display": lambda new, **how: CompatibilityMatrixDisplay.from_embeddings(
        [OLD, new], labels=LABELS, **how
    ).values[1, 0],
    "backfill display": lambda new, **how: (
        BackfillCurveDisplay.from_embeddings(new, OLD, new, **BOTH, **how)
        .lines_["random order"]
        .get_ydata()[0]
    ),
}
MEETINGS |= {
    f"{name}, by distance": partial(meeting, metric="euclidean")
    for name, meeting in MEETINGS.items()
}


def view_of(new):
    """The old view, as an embedder makes it."""
    padded = np.hstack([new, np.zeros((len(new), 4))])
    return normalize(padded[:, :4])


@pytest.mark.parametrize("new", [WIDER, NARROWER], ids=["wider", "narrower"])
@pytest.mark.parametrize("name", MEETINGS)
def test_refused_or_as_by_the_old_views(name, new):
    meeting = MEETINGS[name]
    with pytest.raises(ValueError, match=r"has width \d, but .* old_view=True"):
        meeting(new)
    found = meeting(new, old_view=True)
    np.testing.assert_allclose(found, meeting(view_of(new)), atol=1e-12)


@pytest.mark.parametrize("new", [WIDER, NARROWER], ids=["wider", "narrower"])
@pytest.mark.parametrize("name", TOGETHER)
def test_whole_updates_are_refused_as_well(name, new):
    meeting = TOGETHER[name]
    with pytest.raises(ValueError, match=r"has width \d, but .* old_view=True"):
        meeting(new)
    found = meeting(new, old_view=True)
    np.testing.assert_allclose(found, meeting(view_of(new)), atol=1e-12)


def test_only_the_old_gallery_is_seen_by_an_old_view():
    narrow = WIDER[:, :5]
    with pytest.raises(ValueError, match="queries has width 6, but new_gallery has"):
        metrics.backfill_curve(WIDER, OLD, narrow, **BOTH, old_view=True)
    galleries = {"gallery_by_version": [OLD, narrow], "gallery_labels": LABELS}
    with pytest.raises(ValueError, match=r"\[1\] has width 6, but gallery_by_version"):
        metrics.compatibility_matrix(
            [OLD, WIDER], labels=LABELS, **galleries, old_view=True
        )


def test_what_is_not_of_unit_length_is_not_made_so():
    new = 3 * WIDER
    found = metrics.nearest(new, OLD, 3, metric="euclidean", old_view=True)
    expected = metrics.nearest(new[:, :4], OLD, 3, metric="euclidean")
    np.testing.assert_array_equal(found, expected)


def test_a_text_is_no_permission():
    with pytest.raises(TypeError, match="old_view must be an instance of"):
        metrics.nearest(WIDER, OLD, old_view="no")
