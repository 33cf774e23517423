"""
1. Update a classifier
======================

A classifier of digits is in production. More rows have been labelled since, and a
network shall replace the linear model. The new model makes fewer mistakes. But some of
them are *new*: digits that the old model had right. Users notice these first.

This example counts such negative flips, trains a new model that makes fewer of them,
and sets it beside the simplest remedy, which is to keep both models and to average
them.
"""

# %%
# The old model and the rows that are new
# ---------------------------------------
# The old model learnt from 250 rows. Now there are 898, and as many again that neither
# model will see: flips are counted on those.
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_digits(return_X_y=True)


def split(seed, n_old=250):
    """Rows to train on, rows that no model sees, and an old model."""
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=seed
    )
    old = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    old.fit(X_train[:n_old], y_train[:n_old])
    return X_train, X_test, y_train, y_test, old


X_train, X_test, y_train, y_test, old = split(seed=0)

# %%
# Two new models
# --------------
# ``method="none"`` trains the default network as if there were no old model. The
# default method also asks the old model about rows between the training rows, and holds
# the network to what it answers there; how strongly, it chooses on held-out rows.
from sklearn_graceful import PCClassifier

plain = PCClassifier(method="none", random_state=0).fit(X_train, y_train)
congruent = PCClassifier(old_model=old, random_state=0).fit(X_train, y_train)

# %%
# Count flips on rows that no model saw
# -------------------------------------
# The negative flip rate (NFR) is the share of *all* rows that the old model has right
# and the new one wrong. The relative NFR divides it by what two models with unrelated
# mistakes would have. The positive flip rate (PFR) is the other direction; the gain in
# accuracy is PFR - NFR.
from sklearn_graceful.metrics import flip_counts, flip_interval

y_old = old.predict(X_test)


def describe(name, y_new):
    counts = flip_counts(y_test, y_new, y_old=y_old)
    nfr, low, high = flip_interval(y_test, y_new, y_old=y_old)
    print(
        f"{name:20} error {counts.err_new:.3f}  NFR {nfr:.4f} [{low:.4f}, {high:.4f}]  "
        f"relative {counts.relative_negative_flip_rate:.2f}  "
        f"PFR {counts.positive_flip_rate:.4f}"
    )


print(f"old model: error {1 - old.score(X_test, y_test):.3f}")
describe("plain new model", plain.predict(X_test))
describe("PCClassifier", congruent.predict(X_test))

# %%
# The same update, drawn. Classes with many negative flips are where complaints will
# come from.
from sklearn_graceful.inspection import FlipDisplay

display = FlipDisplay.from_estimator(congruent, X_test, y_test, old_model=old)

# %%
# Flips on training rows mislead
# ------------------------------
# On its own training rows the old model knows (nearly) every answer, and so does the
# new one. Flips counted there say nothing about what users will see.
from sklearn_graceful.metrics import negative_flip_rate

for name, X_rows, y_rows in [
    ("rows that both trained on", X_train[:250], y_train[:250]),
    ("rows that none saw", X_test, y_test),
]:
    nfr = negative_flip_rate(y_rows, plain.predict(X_rows), y_old=old.predict(X_rows))
    print(f"NFR of the plain new model on {name}: {nfr:.4f}")

# %%
# The honest baseline: keep both models
# -------------------------------------
# Averaging the probabilities of the old and the plain new model needs no training at
# all. It often has the fewest negative flips. What it costs: both models must be kept,
# run for every row and maintained; and the old model's mistakes come along, so that
# fewer positive flips are left.


def average(old, new, X):
    proba = old.predict_proba(X) + new.predict_proba(X)
    return old.classes_[proba.argmax(axis=1)]


describe("mean of old and new", average(old, plain, X_test))

# %%
# One split decides nothing
# -------------------------
# The intervals above overlap: a handful of flips differ. Five splits show more. Lower
# and further left is better; each small point is one split, each large one the mean.
import matplotlib.pyplot as plt
import numpy as np

results = {"plain new model": [], "PCClassifier": [], "mean of old and new": []}
for seed in range(5):
    X_train, X_test, y_train, y_test, old = split(seed)
    plain = PCClassifier(method="none", random_state=seed).fit(X_train, y_train)
    congruent = PCClassifier(old_model=old, random_state=seed).fit(X_train, y_train)
    predictions = {
        "plain new model": plain.predict(X_test),
        "PCClassifier": congruent.predict(X_test),
        "mean of old and new": average(old, plain, X_test),
    }
    for name, y_new in predictions.items():
        counts = flip_counts(y_test, y_new, y_old=old.predict(X_test))
        results[name].append((counts.err_new, counts.negative_flip_rate))

fig, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
styles = {
    "plain new model": ("o", "#7f7f7f"),
    "PCClassifier": ("s", "#a63603"),
    "mean of old and new": ("^", "#2171b5"),
}
for name, (marker, colour) in styles.items():
    error, nfr = 100 * np.transpose(results[name])
    ax.scatter(error, nfr, 18, marker=marker, color=colour, alpha=0.35)
    ax.scatter(
        error.mean(),
        nfr.mean(),
        150,
        marker=marker,
        color=colour,
        edgecolor="black",
        label=f"{name}: {error.mean():.2f} / {nfr.mean():.2f}",
        zorder=3,
    )
ax.set(
    xlabel="error of the new model (%)",
    ylabel="negative flip rate (%)",
    title="Five updates of a digit classifier",
)
ax.legend(title="mean error / mean NFR (%)")

# sphinx_gallery_thumbnail_number = 2

# %%
# When not to use this
# --------------------
# * The old model was bad, or wrong in a way that must end: holding on to it costs
#   positive flips. Train a plain new model.
# * Both models can be kept and there is time to run both: average them first and see
#   whether that is enough.
# * Nobody and nothing depends on single predictions: then only accuracy counts.
# * No rows are at hand that neither model has seen: without them there is no telling
#   whether anything was gained.
