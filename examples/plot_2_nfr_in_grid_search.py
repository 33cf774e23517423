"""
2. Negative flips in a grid search
==================================

How strongly should a new model be held to the old one? Too little leaves the negative
flips, too much gives up the gain in accuracy. No strength suits all data, so it is
searched for, like any other hyperparameter: with the negative flip rate (NFR) as a
second score.
"""

# %%
# An old model that counts its rows
# ---------------------------------
# Any function of X is an old model too. This one notes how many rows it was asked for.
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import ReferenceModel

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.4, stratify=y, random_state=0
)
deployed = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
deployed.fit(X_train[:250], y_train[:250])

rows_asked = []


def ask(X):
    rows_asked.append(len(X))
    return deployed.predict_proba(X)


old = ReferenceModel(ask, classes=deployed.classes_)

# %%
# Best accuracy within a budget of flips
# --------------------------------------
# The learner's parameters stay on the learner, those of the method are reached by
# ``method__``. A :func:`~sklearn_graceful.model_selection.flip_scorer` is a scorer like
# any other; :func:`~sklearn_graceful.model_selection.update_scorer` would give all flip
# figures at once. :class:`~sklearn_graceful.model_selection.BestUnderBudget` takes the
# most accurate candidate whose mean NFR is at most 1 %.
from sklearn.model_selection import GridSearchCV

from sklearn_graceful import PCClassifier
from sklearn_graceful.congruence import FocalLM
from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer
from sklearn_graceful.nn import mlp_net

network = make_pipeline(StandardScaler(), mlp_net(max_epochs=30))
update = PCClassifier(network, old_model=old, method=FocalLM(), random_state=0)
strengths = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 1]
hidden_sizes = "estimator__inmemoryclassifier__module__hidden_sizes"
search = GridSearchCV(
    update,
    {"method__strength": strengths, hidden_sizes: [(128,), (128, 128)]},
    cv=4,
    scoring={"accuracy": "accuracy", "neg_nfr": flip_scorer(old, "neg_nfr")},
    refit=BestUnderBudget(max_nfr=0.01),
)
search.fit(X_train, y_train)
for name, value in search.best_params_.items():
    print(f"chosen {name.split('__')[-1]}: {value}")
print(f"{len(X_train)} training rows, {sum(rows_asked)} asked of the old model")

# %%
# The old model was asked for every row once, however many candidates and folds there
# are: the handle remembers its answers. It does so within a process. With ``n_jobs=2``
# the worker processes ask again.
#
# Each dot is a candidate; ``strength = 0`` is the plain new model. The budget comes
# from the search. A line joins the candidates that no other one beats in both, flips
# and errors, unless one beats all.
from sklearn_graceful.inspection import NFRTradeoffDisplay

display = NFRTradeoffDisplay.from_estimator(search, plain={"method__strength": 0})

# %%
# The chosen one is the winner of a contest, so its figures flatter it. Report it on
# rows that the search did not see:
import numpy as np

from sklearn_graceful.metrics import flip_interval

y_new = search.predict(X_test)
nfr, low, high = flip_interval(y_test, y_new, y_old=deployed.predict(X_test))
print(f"on unseen rows: accuracy {np.mean(y_new == y_test):.4f}, ", end="")
print(f"NFR {nfr:.4f} [{low:.4f}, {high:.4f}]")

# %%
# An old model with a length
# --------------------------
# scikit-learn's searches slice every argument of ``fit`` that has a length, and a bare
# forest or Pipeline has one: the number of its trees or steps. So this fails, inside
# scikit-learn:
from sklearn.ensemble import RandomForestClassifier

forest = RandomForestClassifier(random_state=0).fit(X_train[:250], y_train[:250])
X_new, y_new = X_train[250:], y_train[250:]  # rows that the forest has not seen
linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
by_method = {"method": ["none", "naive"]}

search = GridSearchCV(PCClassifier(linear), by_method, cv=3)
try:
    search.fit(X_new, y_new, old_model=forest)
except TypeError as error:
    print(f"TypeError: {error}")

# %%
# A handle has no length. Neither has the constructor this problem, which takes a bare
# model and keeps it fitted when the search clones the estimator.
search.fit(X_new, y_new, old_model=ReferenceModel(forest))
print(f"handle:      {search.best_params_}")

search = GridSearchCV(PCClassifier(linear, old_model=forest), by_method, cv=3)
search.fit(X_new, y_new)
print(f"constructor: {search.best_params_}")

# %%
# Stored outputs
# --------------
# Where the old model is expensive or out of reach, its stored probabilities do.
# ``old_proba`` has one row for every row of X, and cross-validation slices both alike.
stored = deployed.predict_proba(X_train)
search = GridSearchCV(PCClassifier(linear), by_method, cv=3)
search.fit(X_train, y_train, old_proba=stored)
print(f"old_proba:   {search.best_params_}")

# %%
# Successive halving
# ------------------
# ``HalvingGridSearchCV`` ranks candidates by a single score after every round. So it
# takes a :func:`~sklearn_graceful.model_selection.flip_scorer`, but no dict of scores,
# and hence neither ``update_scorer`` nor ``BestUnderBudget``. Minimising flips alone
# ignores accuracy: use it among candidates that are all accurate enough.
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV

halving = HalvingGridSearchCV(
    update,
    {"method__strength": [0.003, 0.01, 0.03, 0.1]},
    scoring=flip_scorer(old, "neg_nfr"),
    cv=3,
    min_resources=300,
    random_state=0,
)
halving.fit(X_train, y_train)
print(f"fewest flips: {halving.best_params_}")

# %%
# When not to use this
# --------------------
# * The validation rows are few: a budget of 1 % on folds of 100 rows is about a single
#   row. :func:`~sklearn_graceful.metrics.rows_to_certify` says how many rows a claim
#   needs.
# * A guarantee is wanted: a mean over folds within the budget is a choice, no promise
#   for new rows.
# * The old model was trained on the rows of the search, and knows them by heart: see
#   the next example.
