"""
4. Search an old gallery with a new model
=========================================

A gallery of images was indexed with an embedder: every image is stored as a vector, and
a query finds the images whose vectors are nearest. Now there is a better embedder. Its
vectors lie in a space of their own and mean nothing among the old ones, so all images
would have to be embedded again before it could serve. Of a large gallery that takes
weeks, and sometimes the images are gone.

This example trains a new embedder whose vectors fit the old gallery, follows it through
four releases, and shows what re-embedding still adds and where to begin with it.
"""

# %%
# The gallery and its embedder
# ----------------------------
# The old embedder learnt from 90 digits and makes vectors of width 8. Since then ten
# times as many have been labelled. Digits that no model trains on make up the gallery
# and the queries.
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_graceful import CompatibleEmbedder

X, y = load_digits(return_X_y=True)
n_gallery = 600


def split(seed):
    """Rows to train on, the gallery, and the queries."""
    X_train, X_rest, y_train, y_rest = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=seed
    )
    gallery = X_rest[:n_gallery], y_rest[:n_gallery]
    queries = X_rest[n_gallery:], y_rest[n_gallery:]
    return (X_train, y_train), gallery, queries


(X_train, y_train), (X_gallery, y_gallery), (X_query, y_query) = split(seed=0)
old = CompatibleEmbedder(embedding_dim=8, random_state=0)
old.fit(X_train[:90], y_train[:90])
stored = old.transform(X_gallery)  # indexed once, and not touched from here on
print(f"stored vectors: {stored.shape}")

# %%
# A new embedder that fits
# ------------------------
# With an old model the same estimator trains a successor. Its vectors are twice as
# wide, and their first 8 coordinates, the *old view*, live in the old space. The view
# searches the stored vectors; the rest is room for what the old model did not see.
new = CompatibleEmbedder(old_model=old, embedding_dim=16, random_state=0)
new.fit(X_train, y_train)
vectors = new.transform(X_query)
view = new.old_view(vectors)
print(f"new vectors: {vectors.shape}, old view: {view.shape}")

# %%
# Three splits, four releases
# ---------------------------
# One split decides nothing, so everything is measured on three. On each there is also
# an independent embedder: the same network and rows, with no regard to the old space.
# It is the *paragon*, which tells what can be had where no gallery has to be kept. And
# releases go on: in a chain of four, each version learns from more rows, is wider, and
# is trained against the one before it.
import numpy as np

seeds = range(3)
releases = {"v1": (90, 8), "v2": (225, 12), "v3": (450, 16), "v4": (898, 24)}


def train_all(train, seed):
    """Fitted embedders by name."""
    (X_train, y_train), chain, before = train, {}, None
    for name, (n_rows, width) in releases.items():
        before = CompatibleEmbedder(
            old_model=before, embedding_dim=width, random_state=seed
        ).fit(X_train[:n_rows], y_train[:n_rows])
        chain[name] = before
    wider = CompatibleEmbedder(embedding_dim=16, random_state=seed)
    new = wider.fit(X_train, y_train, old_model=chain["v1"])
    independent = CompatibleEmbedder(
        method="independent", embedding_dim=16, random_state=seed
    ).fit(X_train, y_train)
    return {**chain, "new": new, "independent": independent}


models, galleries, queries, labels = [], [], [], []
for seed in seeds:
    train, (X_gallery, y_gallery), (X_query, y_query) = split(seed)
    models.append(train_all(train, seed))
    items = models[-1].items()
    galleries.append({name: model.transform(X_gallery) for name, model in items})
    queries.append({name: model.transform(X_query) for name, model in items})
    labels.append({"query_labels": y_query, "gallery_labels": y_gallery})

# %%
# New queries on the untouched gallery
# ------------------------------------
# Mean average precision (mAP) is high where all images of the query's digit come first;
# recall@1 looks at the first image only. Vectors drawn by lot show what chance gives.
from sklearn_graceful.metrics import (
    compatibility_tax,
    retrieval_outcomes,
    update_gain,
)

for given, found in zip(labels, queries, strict=True):
    rng = np.random.default_rng(0)
    found["by lot"] = rng.normal(size=(len(given["query_labels"]), 8))

rows = [
    ("old queries, old gallery", "v1", "v1"),
    ("new queries, old gallery", "new", "v1"),
    ("independent, old gallery", "independent", "v1"),
    ("vectors by lot, old gallery", "by lot", "v1"),
    ("new queries, new gallery", "new", "new"),
    ("independent, own gallery", "independent", "independent"),
]
measured = {}
print(f"{'':30}{'mAP':>6}  {'of each split':20}recall@1")
for title, searching, searched in rows:
    outcomes = [
        retrieval_outcomes(q[searching], g[searched], old_view=True, **given)
        for q, g, given in zip(queries, galleries, labels, strict=True)
    ]
    by_split = [each.mean_average_precision for each in outcomes]
    first = np.mean([each.recall_at(1) for each in outcomes])
    measured[searching, searched] = np.mean(by_split)
    said = "  ".join(f"{value:.3f}" for value in by_split)
    print(f"{title:30}{np.mean(by_split):6.3f}  {said:20} {first:.3f}")

old_self = measured["v1", "v1"]
paragon = measured["independent", "independent"]
print(f"\nupdate gain: {update_gain(old_self, measured['new', 'v1'], paragon):.2f}")
print(f"tax: {compatibility_tax(paragon, measured['new', 'new']):.3f}")

# %%
# The gain is the share of the possible improvement that arrives at once, with no image
# embedded again. The tax is what the new embedder gives up in its own space. In the old
# gallery the independent one is no better than vectors drawn by lot.

# %%
# Four releases
# -------------
# ``old_view`` reaches every earlier version: the fourth release searches what the first
# one stored.
view = models[0]["v4"].old_view(queries[0]["v4"], version=0)
outcomes = retrieval_outcomes(view, galleries[0]["v1"], **labels[0])
print(
    f"v4 on the gallery of v1, first split: mAP {outcomes.mean_average_precision:.3f}"
)

# %%
# The matrix has all pairs. A release is compatible with an earlier one if it searches
# that one's gallery *better* than that one's own queries did.
from sklearn_graceful.metrics import compatibility_matrix

matrices = [
    compatibility_matrix(
        {name: q[name] for name in releases},
        labels=given["query_labels"],
        gallery_by_version={name: g[name] for name in releases},
        gallery_labels=given["gallery_labels"],
        old_view=True,
    )
    for q, g, given in zip(queries, galleries, labels, strict=True)
]
mean_by_measure = {
    measure: np.mean([m.with_measure(measure).values for m in matrices], axis=0)
    for measure in ("map", "recall@1")
}
for measure, values in mean_by_measure.items():
    met = np.tril(values > np.diag(values), k=-1).sum()
    print(f"{measure}: {met} of 6 cross-tests meet the criterion")

# %%
# Where to begin a backfill
# -------------------------
# Re-embedding can go on behind the search, image by image: a query is compared with old
# vectors by its old view and with new ones in full width. The order matters. Old
# vectors far from the mean of their class are those that the old model understood
# least.
from sklearn.preprocessing import normalize

from sklearn_graceful.metrics import BackfillCurve, backfill_curve


def farthest_first(vectors, labels):
    """Rows by their cosine to the mean vector of their class, the lowest first."""
    classes, code = np.unique(labels, return_inverse=True)
    means = normalize([vectors[code == k].mean(axis=0) for k in range(len(classes))])
    return np.argsort((vectors * means[code]).sum(axis=1))


orders = {"random order": [], "farthest from its class mean first": []}
for seed, q, g, given in zip(seeds, queries, galleries, labels, strict=True):
    rng = np.random.default_rng(seed)
    for name, order in zip(
        orders,
        [rng.permutation(n_gallery), farthest_first(g["v1"], given["gallery_labels"])],
        strict=True,
    ):
        curve = backfill_curve(
            q["new"],
            g["v1"],
            g["new"],
            **given,
            old_view=True,
            order=order,
            measure="map",
        )
        orders[name].append(curve)

curves = {
    name: BackfillCurve(
        each[0].fraction, np.mean([curve.quality for curve in each], axis=0), "map"
    )
    for name, each in orders.items()
}
for name, curve in curves.items():
    print(
        f"{name:36} mAP {curve.quality[0]:.3f} at once, {curve.quality[3]:.3f} at 30 %,"
        f" {curve.quality[-1]:.3f} at the end"
    )

# %%
# Left: all releases on all galleries. Right: one update, from the first release to the
# new embedder, while the gallery is re-embedded.
import matplotlib.pyplot as plt

from sklearn_graceful.inspection import (
    BackfillCurveDisplay,
    CompatibilityMatrixDisplay,
)

fig, (left, right) = plt.subplots(
    1, 2, figsize=(12, 5), width_ratios=(1, 1.25), layout="constrained"
)
CompatibilityMatrixDisplay(
    mean_by_measure["map"], measure="map", display_labels=list(releases)
).plot(ax=left)
BackfillCurveDisplay(curves, old_self=old_self).plot(ax=right)
fig.suptitle("Search a gallery of digits without re-indexing it, mean of three splits")

# %%
# When not to use this
# --------------------
# * The gallery is small, or can be embedded again in an afternoon: train an
#   independent embedder and pay no tax.
# * The old embedder is hardly better than chance. The old view would copy noise; begin
#   anew.
# * Both embedders are given and cannot be trained: learn a map between their vectors
#   instead.
# * Only the first hit counts, and the releases learn from few rows. Stored vectors stay
#   as they are, and the criterion is harder to meet there than by mAP: measure what
#   your users see.
