"""Search for a small network whose vectors search a large one's gallery."""

import warnings
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, check_cv
from sklearn.utils import _safe_indexing, check_scalar
from sklearn.utils.validation import check_is_fitted

from sklearn_graceful._containers import as_rows
from sklearn_graceful._front_door import ReplacesModelMixin
from sklearn_graceful.embedding import CompatibleEmbedder
from sklearn_graceful.metrics import retrieval_outcomes
from sklearn_graceful.model_selection._architectures import (
    Budget,
    draw_candidates,
    pareto_front,
)


def _product(cross, self_test):
    return cross * self_test


def _cross(cross, self_test):
    return cross


def _self(cross, self_test):
    return self_test


_OBJECTIVES = {"product": _product, "cross": _cross, "self": _self}


class CompatibleSearchCV(
    ReplacesModelMixin, MetaEstimatorMixin, TransformerMixin, BaseEstimator
):
    """Search architectures of a small query model for a large model's gallery.

    A gallery is embedded once by a large model; small devices embed the queries. Which
    small network is best at that is another question than which is best by itself, so
    candidates are rewarded for both: ``M(query, gallery) * M(query, query)``, the
    quality of their vectors on the large model's gallery times that on their own.

    Architectures are drawn from `param_distributions`. What they cost is counted first,
    and those over the budget are never trained. The others go through scikit-learn's
    successive halving: all of them with few resources, a third of them with three times
    as much, and so on.

    Parameters
    ----------
    estimator : CompatibleEmbedder
        Around the network whose architecture is searched, or a Pipeline that ends in
        it.
    param_distributions : dict or list of dict
        Values, or distributions with ``rvs``, by the names of the estimator's
        parameters, such as ``estimator__module__channels``.
    old_model : object
        The fitted large model that made the gallery, anything with ``transform`` that
        :class:`~sklearn_graceful.ReferenceModel` takes. Stays as it is.
    objective : {"product", "cross", "self"} or callable, default="product"
        What is to be high: both qualities' product, one of them, or a function of
        ``(cross, self_test)`` that returns a number.
    measure : str, default="recall@1"
        Of quality: ``"recall@1"`` (any k), ``"map"`` or ``"ndcg"``. Held-out rows are
        looked up among all others of their fold.
    max_macs, max_params : int, default=None
        Most multiply-adds of a row, and parameters, see
        :func:`~sklearn_graceful.nn.model_cost`. None: no limit.
    max_latency : float, default=None
        Most seconds of a row, as measured on this machine. None: no limit.
    n_candidates : int, default=27
        Architectures within the budget to begin with. Fewer where the lists hold fewer,
        or 20 draws for each do not find more.
    factor, resource, max_resources, min_resources
        As in scikit-learn's ``HalvingGridSearchCV``. With ``resource="n_samples"``, the
        default, candidates get more rows; with ``"estimator__max_epochs"`` and
        `max_resources` a number, they are trained longer.
    cv : int, splitter or iterable, default=3
        Folds, stratified by class where it is a number.
    n_jobs : int, default=None
        Fits at a time, by joblib and its backends.
    refit : bool, default=True
        Whether to train the best one on all rows at the end.
    error_score : "raise" or float, default=nan
        Score of a candidate that fails.
    random_state : int, RandomState or None, default=None
        Of the draws and of rows; the training has that of `estimator`.
    verbose : int, default=0

    Attributes
    ----------
    best_estimator_ : CompatibleEmbedder
        Trained on all rows. Only with `refit`.
    best_params_ : dict
        Its architecture.
    best_score_ : float
        Its objective, mean over the folds.
    best_index_ : int
        Its row in ``cv_results_``.
    cv_results_ : dict of ndarray
        As of any search: ``mean_test_score`` is the objective, ``mean_test_cross`` and
        ``mean_test_self`` the two qualities, ``mean_test_old_self`` that of the large
        model on its own gallery of the same rows; also ``macs`` and ``n_params``.
    candidates_ : list of Candidate
        All that were trained, each by its figures at the most resources that it got.
        Those that were dropped early had fewer rows, also to be looked up among.
    best_candidate_ : Candidate
        The chosen one.
    old_self_ : float
        Quality of the large model on its own gallery, of the rows by which the best was
        chosen.
    over_budget_ : list of Candidate
        Those that were not trained.
    pareto_front_ : list of Candidate
        Those of ``candidates_`` that no other one beats, from the cheapest to the best.
    cost_ : {"macs", "params", "latency"}
        What of the cost that is by: the first of the limits.
    n_features_in_ : int
        Number of columns of X.

    References
    ----------
    Duggal et al., "Compatibility-aware Heterogeneous Visual Search", CVPR 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import CompatibleEmbedder
    >>> from sklearn_graceful.model_selection import CompatibleSearchCV
    >>> from sklearn_graceful.nn import embedding_net
    >>> X, y = load_digits(return_X_y=True)
    >>> large = CompatibleEmbedder(embedding_dim=16, random_state=0).fit(X, y)
    >>> small = CompatibleEmbedder(embedding_net(max_epochs=5), random_state=0)
    >>> sizes = [(2,), (8,), (8, 8), (500, 500)]
    >>> search = CompatibleSearchCV(
    ...     small, {"estimator__module__hidden_sizes": sizes}, old_model=large,
    ...     max_macs=2000, cv=2, random_state=0,
    ... ).fit(X[:600], y[:600])
    >>> [candidate.params for candidate in search.over_budget_]
    [{'estimator__module__hidden_sizes': (500, 500)}]
    >>> search.transform(X).shape
    (1797, 16)
    """

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        old_model,
        objective="product",
        measure="recall@1",
        max_macs=None,
        max_params=None,
        max_latency=None,
        n_candidates=27,
        factor=3,
        resource="n_samples",
        max_resources="auto",
        min_resources="exhaust",
        cv=3,
        n_jobs=None,
        refit=True,
        error_score=np.nan,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.old_model = old_model
        self.objective = objective
        self.measure = measure
        self.max_macs = max_macs
        self.max_params = max_params
        self.max_latency = max_latency
        self.n_candidates = n_candidates
        self.factor = factor
        self.resource = resource
        self.max_resources = max_resources
        self.min_resources = min_resources
        self.cv = cv
        self.n_jobs = n_jobs
        self.refit = refit
        self.error_score = error_score
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y, **params):
        """Search, and train the best architecture on all rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features), or (n, ...) for a net
            Training rows, as `estimator` and the old model take them.
        y : array-like of shape (n,)
            Labels.
        **params
            Passed to the estimator's ``fit``, such as ``sample_weight``; ``groups`` to
            the splitter `cv`. With metadata routing, each goes where it is requested.

        Returns
        -------
        self : CompatibleSearchCV

        Raises
        ------
        TypeError
            If `estimator` is no ``CompatibleEmbedder`` around a network.
        ValueError
            If there is no old model, a parameter is out of bounds, or no architecture
            is within the budget.
        """
        self._check_parameters()
        X = as_rows(X)
        with self._refit():
            self._check_X(X, reset=True)
            reference = self._shared_reference()
            reference.check_fitted()
            estimator = self._with_old_model(reference, X)
            within, self.over_budget_ = draw_candidates(
                estimator,
                self.param_distributions,
                X,
                y,
                budget=self._budget(),
                n_candidates=self.n_candidates,
                seed=self.random_state,
            )
            search = self._halving(estimator, within, y).fit(X, y, **params)
            self._take_over(search, within)
        return self

    def get_metadata_routing(self):
        """What the estimator and the splitter ask for, with metadata routing.

        Returns
        -------
        routing : MetadataRouter
        """
        router = self._halving(self.estimator, [], None).get_metadata_routing()
        router.owner = self
        return router

    def transform(self, X):
        """Embed rows by the best architecture; see ``CompatibleEmbedder.transform``."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.transform(X)

    def score(self, X, y):
        """Objective of the best architecture.

        Parameters
        ----------
        X : array-like of n rows
            Each is looked up among all others.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        score : float
        """
        check_is_fitted(self, "best_estimator_")
        return self._scorer()(self.best_estimator_, X, y)["score"]

    @property
    def _n_features_out(self):
        return self.best_estimator_._n_features_out

    def get_feature_names_out(self, input_features=None):
        """Names of the embedding's coordinates; `input_features` is not used."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.get_feature_names_out(input_features)

    def _check_parameters(self):
        if not isinstance(self.estimator, CompatibleEmbedder):
            raise TypeError(
                "estimator must be a CompatibleEmbedder around a network, got "
                f"{type(self.estimator).__name__}."
            )
        if self.old_model is None:
            raise ValueError("A search needs old_model, the model of the gallery.")
        if not callable(self.objective) and self.objective not in _OBJECTIVES:
            raise ValueError(
                f"objective must be one of {', '.join(_OBJECTIVES)} or a function, got "
                f"{self.objective!r}."
            )
        check_scalar(self.n_candidates, "n_candidates", Integral, min_val=1)
        for name in ("max_macs", "max_params", "max_latency"):
            if (limit := getattr(self, name)) is not None:
                check_scalar(limit, name, Real, min_val=0)

    def _budget(self):
        return Budget(self.max_macs, self.max_params, self.max_latency)

    def _with_old_model(self, reference, X):
        """The estimator to clone: compatible, and as wide as the gallery if unsaid."""
        estimator = clone(self.estimator).set_params(old_model=reference)
        if estimator.embedding_dim is None:
            dim = reference.transform(_safe_indexing(X, slice(0, 1))).shape[1]
            estimator.set_params(embedding_dim=dim)
        return estimator

    def _scorer(self):
        objective = _OBJECTIVES.get(self.objective, self.objective)
        return _CompatibilityScorer(self._shared_reference(), self.measure, objective)

    def _halving(self, estimator, candidates, y):
        grid = [{n: [v] for n, v in c.params.items()} for c in candidates]
        return _Halving(
            estimator,
            grid,
            factor=self.factor,
            resource=self.resource,
            max_resources=self.max_resources,
            min_resources=self.min_resources,
            cv=check_cv(self.cv, y, classifier=True),
            scoring=self._scorer(),
            refit="score" if self.refit else False,
            error_score=self.error_score,
            return_train_score=False,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def _take_over(self, search, candidates):
        """All that a search has found, and what each candidate costs."""
        found = {k: v for k, v in vars(search).items() if k.endswith("_")}
        vars(self).update((k, v) for k, v in found.items() if not k.startswith("_"))
        results, self.cost_ = self.cv_results_, self._budget().first
        if not self.refit:
            last = np.flatnonzero(results["iter"] == results["iter"].max())
            scores = results["mean_test_score"][last]
            best = 0 if np.isnan(scores).all() else np.nanargmax(scores)
            self.best_index_ = int(last[best])
            self.best_score_ = scores[best]
            self.best_params_ = results["params"][self.best_index_]
        place = {_key(c.params): number for number, c in enumerate(candidates)}
        keys = (_key(params, self.resource) for params in results["params"])
        rows = np.array([place[key] for key in keys])
        # "params" are those of the estimator.
        for column, name in {"macs": "macs", "n_params": "params"}.items():
            results[column] = np.array(
                [getattr(candidates[r].cost, name) for r in rows]
            )
        self.candidates_ = [
            replace(candidate, **_last_figures(results, np.flatnonzero(rows == number)))
            for number, candidate in enumerate(candidates)
        ]
        self.best_candidate_ = self.candidates_[rows[self.best_index_]]
        self.old_self_ = float(results["mean_test_old_self"][self.best_index_])
        self.pareto_front_ = pareto_front(self.candidates_, self.cost_)


class _Halving(HalvingGridSearchCV):
    # With several figures and without a refit, scikit-learn asks for it unset.
    best_index_ = 0


class _CompatibilityScorer:
    """Scores cross-test, self-test and objective, each row looked up among the rest."""

    def __init__(self, reference, measure, objective):
        self.reference, self.measure, self.objective = reference, measure, objective

    def __call__(self, estimator, X, y, sample_weight=None):
        old, new = self.reference.transform(X), estimator.transform(X)
        pairs = {"cross": (new, old), "self": (new, new), "old_self": (old, old)}
        figures = {
            name: self._quality(*pair, y, sample_weight) for name, pair in pairs.items()
        }
        score = self.objective(figures["cross"], figures["self"])
        return {"score": float(score), **figures}

    def _quality(self, queries, gallery, y, weight):
        rows = np.arange(len(y))
        labels = {"query_labels": y, "gallery_labels": y}
        with warnings.catch_warnings():
            # A row that is the only one of its class in a fold does not count.
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            outcomes = retrieval_outcomes(
                queries,
                gallery,
                **labels,
                query_ids=rows,
                gallery_ids=rows,
                old_view=True,
            )
        found = outcomes.has_match
        if not found.any():
            return np.nan
        weight = None if weight is None else np.asarray(weight)[found]
        return np.average(outcomes.values(self.measure)[found], weights=weight)


def _key(params, without=None):
    """A candidate's parameters, to look it up by; values may be anything."""
    return frozenset((k, id(value)) for k, value in params.items() if k != without)


def _last_figures(results, rows):
    """Figures of a candidate in the last of its rows."""
    last = rows[results["iter"][rows].argmax()]
    return {
        "score": float(results["mean_test_score"][last]),
        "cross": float(results["mean_test_cross"][last]),
        "self_test": float(results["mean_test_self"][last]),
        "n_resources": int(results["n_resources"][last]),
    }
