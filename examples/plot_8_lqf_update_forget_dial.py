"""
8. A linear update: dial, forget, explain
=========================================

A network that reads handwritten digits gets new rows. Fine-tuned as a problem of least
squares (:class:`~sklearn_graceful.LQFClassifier`), the update is one solution that can
be dialled, taken apart and reversed, row by row.
"""

# %%
# The network in production, and new rows
# ---------------------------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sklearn_graceful import LQFClassifier, PCClassifier
from sklearn_graceful.inspection import UpdatePathDisplay
from sklearn_graceful.metrics import negative_flip_rate
from sklearn_graceful.nn import mlp_net

X, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(y))
X, y = X[order] / 16, y[order]
X_old, y_old, X_new, y_new = X[:200], y[:200], X[200:700], y[200:700]
X_test, y_test = X[700:], y[700:]

old = PCClassifier(mlp_net((32,)), random_state=0).fit(X_old, y_old)
new = LQFClassifier(old_model=old).fit(X_new, y_new)
print(f"accuracy: old {old.score(X_test, y_test):.3f}, new ", end="")
print(f"{new.score(X_test, y_test):.3f}; ridge {new.ridge_:.3g}")

# %%
# The dial
# --------
# A share t of the change of the weights mixes the outputs of old and new model. A row
# that the old one has right is lost once or never on the way.
UpdatePathDisplay(new.update_path(X_test, y_test), new_share=new.step_).plot()

# %%
# With a budget of negative flips, a part of the rows is kept to see how far to go. One
# network predicts, not two.
careful = LQFClassifier(old_model=old, max_nfr=0.02, random_state=0).fit(X_new, y_new)
nfr = negative_flip_rate(y_test, careful.predict(X_test), y_old=old.predict(X_test))
print(f"step {careful.step_:.2f}: ", end="")
print(f"accuracy {careful.score(X_test, y_test):.3f}, NFR {nfr:.2%}")

# %%
# Why does it say that?
# ---------------------
# Which of the learned rows pushed a prediction most toward its class? The influence of
# a row is exactly what would be missing without it. It takes a matrix of all outputs of
# the learned rows, so here are 200 of these.
few = LQFClassifier(old_model=old, solver="dual").fit(X_new[:200], y_new[:200])
proba = few.predict_proba(X_test)
unsure = np.flatnonzero(few.predict(X_test) != old.predict(X_test))[:4]
influence = few.influence(X_test[unsure])
fig, axes = plt.subplots(4, 5, figsize=(6, 5), layout="constrained")
for row, pushes, line in zip(unsure, influence, axes, strict=True):
    label = few.predict(X_test[[row]])[0]
    strongest = pushes[:, label].argsort()[:-5:-1]
    line[0].set_title(f"{label}, was {old.predict(X_test[[row]])[0]}", fontsize=9)
    for ax, image in zip(line, [X_test[row], *X_new[strongest]], strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r")
        ax.set(xticks=[], yticks=[])
    for ax, learned in zip(line[1:], strongest, strict=True):
        ax.set_title(f"+{pushes[learned, label]:.2f} ({y_new[learned]})", fontsize=9)
fig.suptitle("A digit, and the learned rows that pushed it most", fontsize=10)

# %%
# Forget a row
# ------------
# A row that must go leaves nothing behind: the model is the one that never saw it.
gone = slice(0, 20)
few.forget(X_new[gone], y_new[gone])
same = {"ridge": few.ridge_, "target_scale": few.target_scale_}
never = LQFClassifier(old_model=old, solver="dual", **same)
never.fit(X_new[20:200], y_new[20:200])
difference = few.decision_function(X_test) - never.decision_function(X_test)
print(f"largest difference of a logit: {abs(difference).max():.0e}")

# %%
# An update without the old rows
# ------------------------------
# New rows of half of the classes: an update loses rows of the others. A first
# LQFClassifier remembers how its outputs on the rows that it has learned change with
# the weights, by two small matrices for each layer, and the next update keeps to that.
first = LQFClassifier(old_model=old).fit(X_old, y_old)
half = y_new < 5
for anchor in (None, "kfac"):
    update = LQFClassifier(old_model=first, anchor=anchor).fit(X_new[half], y_new[half])
    print(f"anchor {anchor}: accuracy {update.score(X_test, y_test):.3f}", end="")
    lost = negative_flip_rate(
        y_test, update.predict(X_test), y_old=first.predict(X_test)
    )
    print(f" (before {first.score(X_test, y_test):.3f}), NFR {lost:.1%}")
plt.show()
