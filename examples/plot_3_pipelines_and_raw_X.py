"""
3. Pipelines and the old model's raw X
======================================

An old model must get the X that it was fitted on. Inside a Pipeline the last step gets
something else: scaled, encoded, selected columns. An old model that is asked there
still answers - with nonsense, from which the new model then learns. This example shows
how far off it is, what catches it, and the two ways that are right.
"""

# %%
# What an old forest says about scaled rows
# -----------------------------------------
# Four forests, each asked about the same unseen rows twice: raw, as it was fitted, and
# scaled, as the last step of ``make_pipeline(StandardScaler(), ...)`` sees them.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

loaders = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}
accuracies = {}
for name, load in loaders.items():
    X, y = load(return_X_y=True)
    X_old, X_new, y_old, y_new = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    forest = RandomForestClassifier(random_state=0).fit(X_old, y_old)
    scaled = StandardScaler().fit(X_new).transform(X_new)
    guess = np.bincount(y_new).max() / len(y_new)
    accuracies[name] = forest.score(X_new, y_new), forest.score(scaled, y_new), guess

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
place = np.arange(len(accuracies))
raw, transformed, guesses = np.transpose(list(accuracies.values()))
for shift, values, colour, label in [
    (-0.2, raw, "#9ecae1", "raw X"),
    (0.2, transformed, "#a63603", "transformed X"),
]:
    bars = ax.bar(place + shift, values, 0.38, color=colour, label=label)
    ax.bar_label(bars, fmt="%.2f", padding=2)
ax.hlines(
    guesses,
    place - 0.45,
    place + 0.45,
    color="black",
    ls="--",
    label="always the most frequent class",
)
ax.set(
    xticks=place,
    xticklabels=accuracies,
    ylim=(0, 1.25),
    ylabel="accuracy of the old model",
    title="The same old model on the same rows",
)
ax.legend(ncols=3, loc="upper center", fontsize="small")

# %%
# A table with text in it
# -----------------------
# Real tables have columns of text. The tumours of the breast cancer data get one, by
# their radius. The model in production is a Pipeline that encodes this column; it was
# fitted on 100 rows.
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

cancer = load_breast_cancer(as_frame=True)
X = cancer.data.loc[:, "mean radius":"mean fractal dimension"]
X["size"] = pd.cut(
    X.pop("mean radius"), [0, 11, 17, 99], labels=["small", "medium", "large"]
).astype(str)
y = cancer.target_names[cancer.target]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.4, stratify=y, random_state=0
)
X_known, y_known = X_train[:100], y_train[:100]  # what the old model learnt from
X_fresh, y_fresh = X_train[100:], y_train[100:]  # what was labelled since


def preprocessing():
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["size"]),
        remainder=StandardScaler(),
    )


old = make_pipeline(preprocessing(), RandomForestClassifier(random_state=0))
old.fit(X_known, y_known)
print(X_train[["mean texture", "mean area", "size"]].head(3).to_string(index=False))

# %%
# Right: the wrapper outside
# --------------------------
# ``PCClassifier(pipeline)`` keeps the preprocessing inside. The old Pipeline gets the
# raw table, the new one transforms its own copy. Only fresh rows are used here; the
# last section is about those that the old model knows.
from sklearn.linear_model import LogisticRegression

from sklearn_graceful import PCClassifier
from sklearn_graceful.metrics import flip_counts


def describe(name, new):
    counts = flip_counts(y_test, new.predict(X_test), y_old=old.predict(X_test))
    print(
        f"{name}: accuracy {counts.acc_old:.3f} -> {counts.acc_new:.3f}, "
        f"{counts.negative_flips} negative and {counts.positive_flips} positive flips "
        f"on {counts.total} unseen rows"
    )


learner = LogisticRegression(max_iter=1000)
outside = PCClassifier(make_pipeline(preprocessing(), learner), old_model=old)
describe("outside", outside.fit(X_fresh, y_fresh))

# %%
# Wrong: the wrapper inside
# -------------------------
# As the last step, ``PCClassifier`` hands the old model what it gets itself. Here the
# number of columns gives it away, and ``fit`` raises.
inside = make_pipeline(preprocessing(), PCClassifier(learner, old_model=old))
try:
    inside.fit(X_fresh, y_fresh)
except ValueError as error:
    print(f"ValueError: {error}")

# %%
# Scaling keeps the number of columns. Then only the old model's answers show that
# something is off: ``fit`` warns when the old model is right no more often than a
# constant guess. On iris it does:
import warnings


def fit_inside(load):
    X, y = load(return_X_y=True)
    X_old, X_new, y_old, y_new = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    forest = RandomForestClassifier(random_state=0).fit(X_old, y_old)
    inside = make_pipeline(StandardScaler(), PCClassifier(learner, old_model=forest))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inside.fit(X_new, y_new)
    return [f"{w.category.__name__}: {w.message}" for w in caught]


for name, load in loaders.items():
    print(f"{name}: {fit_inside(load) or 'no warning'}")

# %%
# The warning is a net with wide holes: an old model that is badly hurt, but still a
# little better than guessing, passes. Do not rely on it; use one of the two right ways.
#
# Right: stored answers
# ---------------------
# Where the wrapper must be inside, ask the old model first and pass what it said.
inside = make_pipeline(preprocessing(), PCClassifier(learner))
inside.fit(X_fresh, y_fresh, pcclassifier__old_proba=old.predict_proba(X_fresh))
describe("old_proba inside", inside)

# %%
# Rows that the old model knows by heart
# --------------------------------------
# A forest has nearly every row right that it was trained on. On such rows its answers
# say nothing about new ones. ``cross_val_predict`` gives answers by forests that have
# not seen the row; for rows that are new to the old model, it is asked itself.
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict

out_of_fold = cross_val_predict(
    clone(old), X_known, y_known, cv=5, method="predict_proba"
)
right = old.classes_[out_of_fold.argmax(axis=1)] == y_known
print(f"right on its training rows:  {old.score(X_known, y_known):.3f}")
print(f"the same rows, out of fold:  {right.mean():.3f}")
print(f"right on rows it never saw:  {old.score(X_test, y_test):.3f}")

# %%
# Columns are in the order of the sorted classes, which is that of the old model's
# ``classes_``. A DataFrame may name them.
old_proba = np.vstack([out_of_fold, old.predict_proba(X_fresh)])
new = PCClassifier(make_pipeline(preprocessing(), learner))
describe("all rows", new.fit(X_train, y_train, old_proba=old_proba))

# %%
# When not to use this
# --------------------
# * Old and new model take the same raw X, with no preprocessing: there is no trap, pass
#   ``old_model=``.
# * Out-of-fold answers cost as many fits as there are folds, and come from models on
#   fewer rows than the deployed one had. Where there are enough rows that it never saw,
#   train on those.
