"""
7. Upgrade a photo collection that never stops serving
======================================================

A shop lets its customers search 6,000 photos by a photo of their own. The vectors of
all photos were made by the first model, which knew clothes; since then shoes and bags
have come in. Now there is a better model, and the search shall not stop for a minute.

This example keeps the photos in a :class:`~sklearn_graceful.Gallery`, gives it the new
model without touching a single vector, moves the photos in steps of 10 % while they are
searched, and goes through what happens when something breaks on the way.
"""

# %%
# The collection
# --------------
# Fashion-MNIST, from Debian's package, or handwritten digits where it is not installed.
# The first model learned from 300 photos of six kinds, the second one from 4,000 of all
# ten, and neither from those in the collection.
import numpy as np

from sklearn_graceful import CompatibleEmbedder, Gallery
from sklearn_graceful.datasets import load_fashion_mnist, load_mnist_5k

try:
    X, y = load_fashion_mnist()
    name, n_items, n_train = "Fashion-MNIST", 6000, 4000
except FileNotFoundError:
    X, y = load_mnist_5k()
    name, n_items, n_train = "MNIST", 2000, 2500
order = np.random.default_rng(0).permutation(len(y))[: n_items + n_train + 500]
X, y = X[order] / 255, y[order]
photos = np.arange(n_items)  # their ids; the last 500 rows are what customers bring
X_train, y_train = X[n_items : n_items + n_train], y[n_items : n_items + n_train]
X_query, y_query = X[-500:], y[-500:]

clothes = np.flatnonzero(np.isin(y_train, [0, 1, 2, 3, 4, 6]))[:300]
old = CompatibleEmbedder(embedding_dim=16, random_state=0)
old.fit(X_train[clothes], y_train[clothes])
gallery = Gallery(old)
gallery.add(photos, X[photos])
print(f"{name}: {len(gallery)} photos, {gallery.versions()[0].dim} numbers each")


def precision(k=10):
    """Share of photos of the right kind among the first 10."""
    ids, _ = gallery.search(X_query, k=k)
    return (y[ids] == y_query[:, None]).mean()


before = precision()
print(f"right among the first 10: {before:.3f}")

# %%
# The new model serves at once
# ----------------------------
# It was trained to fit the old vectors: ``upgrade`` sees that, and queries use it from
# now on. A model that was trained without regard to the old one is refused.
new = CompatibleEmbedder(old_model=old, embedding_dim=32, random_state=0)
new.fit(X_train, y_train)
stranger = CompatibleEmbedder(embedding_dim=32, random_state=1)
stranger.fit(X_train, y_train)
try:
    gallery.upgrade(stranger)
except ValueError as refusal:
    print(f"refused: {str(refusal)[:64]} ...")

status = gallery.upgrade(new)
print(f"the new model serves: {status.serves}, photos to move: {status.n_left}")
at_once = precision()
print(f"right among the first 10: {at_once:.3f}, and no photo was touched")

# %%
# What moving the photos will cost and bring
# ------------------------------------------
# A sample of 500 tells, before anything is moved.
plan = gallery.plan_backfill((photos, X[photos]), n_sample=500)
print(f"{plan.n_left} photos to move, {plan.bytes / 2**20:.1f} MiB of new vectors")

# %%
# Ten nights
# ----------
# A tenth of the photos every night. Old and new vectors are searched together. During
# the fourth night the disk with the photos fails: what was moved stays, and the next
# call goes on with what is left.
failed = False


def read(ids):
    """Photos by their ids, from a disk that fails once."""
    global failed
    if not failed and gallery.status().n_moved > 0.35 * n_items:
        failed = True
        raise OSError("the disk is gone")
    return X[ids]


shares, curve = [0.0], [at_once]
while gallery.status().n_left:
    try:
        gallery.backfill(read, budget=0.1, batch_size=100)
    except OSError as error:
        print(f"{error}, with {gallery.status().n_moved} photos moved: go on")
        tonight = round(0.1 * n_items) - gallery.status().n_moved % (n_items // 10)
        gallery.backfill(read, budget=tonight, batch_size=100)
    shares.append(gallery.status().share)
    curve.append(precision())

# %%
# Until ``commit`` there is a way back, by ``rollback``. After it the old vectors go.
gallery.commit()
for version in gallery.versions():
    print(f"{version.n_items} photos, {version.dim} numbers each")

# %%
# The same for the model that was refused
# ---------------------------------------
# What fits nothing can still be built beside what serves, and takes over when all is
# there.
second = Gallery(old)
second.add(photos, X[photos])
second.upgrade(stranger, how="side_by_side")
print(f"the new model serves: {second.status().serves}")
second.backfill((photos, X[photos]))
print(f"the new model serves: {second.status().serves}")
ids, _ = second.search(X_query, k=10)
rebuilt = (y[ids] == y_query[:, None]).mean()

# %%
# The upgrade in one figure
# -------------------------
import matplotlib.pyplot as plt

from sklearn_graceful.inspection import BackfillCurveDisplay
from sklearn_graceful.metrics import BackfillCurve

display = BackfillCurveDisplay(
    BackfillCurve(np.array(shares), np.array(curve), "precision@10"), old_self=before
).plot()
display.ax_.axhline(rebuilt, color="0.4", ls=":", lw=1)
display.ax_.annotate(
    "built anew, without regard to the old model",
    (0.98, rebuilt),
    xytext=(0, 4),
    textcoords="offset points",
    ha="right",
    color="0.3",
)
plt.show()
print(f"before {before:.3f}, at once {at_once:.3f}, at the end {curve[-1]:.3f}, ")
print(f"built anew without regard to the old model {rebuilt:.3f}")

# %%
# When not to use this
# --------------------
# * The collection can be embedded again before anybody notices: do that, with any
#   model.
# * Nothing can be trained, both models are given: fit an
#   :class:`~sklearn_graceful.EmbeddingAdapter` on a sample of photos that both embed,
#   and pass ``adapter=``.
