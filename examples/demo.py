"""Update a digit classifier: every method beside the plain new model.

    make demo

An old model learnt a few of scikit-learn's digits; a new one learns more of them, and
a network replaces a linear model. How many digits does the new model get wrong that
the old one got right, on rows that neither has seen?
"""

import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import PCClassifier
from sklearn_graceful.inspection import FlipDisplay
from sklearn_graceful.metrics import flip_counts, flip_interval, negative_flip_rate

METHODS = ["none", "naive", "distill", "focal_kl", "focal_lm", "match", "focal"]
N_SPLITS = 5  # make demo SPLITS=1 is quicker
PICTURE = Path("demo_output") / "update_of_a_digit_classifier.png"


def make_old(X, y):
    """Fit the model in production; answer for its own rows out of fold."""
    old = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    out_of_fold = cross_val_predict(old, X, y, cv=5, method="predict_proba")
    return old.fit(X, y), out_of_fold


def run(seed):
    """Predictions on unseen rows, by method, for one split of the data."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.4, random_state=seed, stratify=y
    )
    n_old = len(X_train) // 5
    old, out_of_fold = make_old(X_train[:n_old], y_train[:n_old])
    # An old model's answers on its own training rows flatter it.
    old_proba = np.vstack([out_of_fold, old.predict_proba(X_train[n_old:])])

    models = {
        method: PCClassifier(method=method, random_state=seed).fit(
            X_train, y_train, old_model=old, old_proba=old_proba
        )
        for method in METHODS
    }
    predictions = {method: model.predict(X_test) for method, model in models.items()}
    both = models["none"].predict_proba(X_test) + old.predict_proba(X_test)
    predictions["mean of old and new"] = old.classes_[both.argmax(axis=1)]
    twin = PCClassifier(method="none", random_state=1000 + seed).fit(X_train, y_train)
    floor = negative_flip_rate(y_test, twin.predict(X_test), y_old=predictions["none"])
    return y_test, old.predict(X_test), predictions, floor


def table(runs):
    """Print one line per method: means over the splits, NFR with its interval."""
    y, y_old = (np.concatenate([run[part] for run in runs]) for part in (0, 1))
    print(
        f"digits, {len(runs)} random splits, {len(y)} unseen rows in all; "
        f"old model's error {np.mean(y_old != y):.2%}"
    )
    print(
        "seed floor (NFR between two plain models that differ in their seed): "
        f"{np.mean([run[3] for run in runs]):.2%}\n"
    )
    print(
        f"{'method':22}{'error':>8}{'NFR':>8}{'95 % interval':>18}"
        f"{'relative NFR':>14}{'PFR':>8}"
    )
    for method in runs[0][2]:
        y_new = np.concatenate([run[2][method] for run in runs])
        counts = flip_counts(y, y_new, y_old=y_old)
        interval = flip_interval(y, y_new, y_old=y_old)
        print(
            f"{method:22}{counts.err_new:8.2%}{counts.negative_flip_rate:8.2%}"
            f"{f'{interval.low:.2%} - {interval.high:.2%}':>18}"
            f"{counts.relative_negative_flip_rate:14.2f}"
            f"{counts.positive_flip_rate:8.2%}"
        )
    print(
        "\n'mean of old and new' keeps both models in production: two predictions a "
        "row.\nAll others replace the old model. The splits overlap, so the intervals "
        "are\nsomewhat too narrow."
    )


def picture(runs):
    """Draw what happened to the unseen rows of all splits, plain and congruent."""
    import matplotlib.pyplot as plt

    y, y_old = (np.concatenate([run[part] for run in runs]) for part in (0, 1))
    figure = plt.figure(figsize=(12, 5.5), layout="constrained")
    titles = {"none": "Plain new model", "focal": 'PCClassifier(method="focal")'}
    for part, method in zip(figure.subfigures(1, 2), titles, strict=True):
        part.suptitle(titles[method], fontweight="bold")
        y_new = np.concatenate([run[2][method] for run in runs])
        FlipDisplay.from_predictions(y, y_new, y_old=y_old, ax=part.subplots())
    longest = max(part.axes[1].get_xlim()[1] for part in figure.subfigs)
    for part in figure.subfigs:
        part.axes[1].set_xlim(0, longest)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)
    print(f"\nPicture: {PICTURE}")


if __name__ == "__main__":
    n_splits = int(sys.argv[1]) if len(sys.argv) > 1 else N_SPLITS
    runs = Parallel(n_jobs=-1)(delayed(run)(seed) for seed in range(n_splits))
    table(runs)
    picture(runs)
