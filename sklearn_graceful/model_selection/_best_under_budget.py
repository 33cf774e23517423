"""Choose the candidate of a search that is best within a flip budget."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful._arguments import check_flag, check_share
from sklearn_graceful._warn import warn_user


@dataclass(frozen=True)
class BestUnderBudget:
    """``refit=`` of a search: the best score among candidates within a flip budget.

    The mean over the folds' validation rows is held against the budget. It is a
    choice, not a guarantee; for one see ``FlipControlledClassifier``.

    Parameters
    ----------
    max_nfr : float, default=0.01
        Largest accepted negative flip rate, in [0, 1).
    score : str, default="accuracy"
        Name, in the search's ``scoring``, of what to maximise.
    nfr : str, default="neg_nfr"
        Name, in the search's ``scoring``, of the negated negative flip rate.
    strict : bool, default=False
        What to do if no candidate is within the budget. False: warn, and take the one
        with the fewest flips. True: raise ValueError, for where nobody reads warnings.

    Raises
    ------
    ValueError
        If `max_nfr` is outside [0, 1), or, at refit, if the search's scoring lacks
        one of the names or every candidate has a nan among its scores, or none is
        within the budget and `strict`.

    Notes
    -----
    scikit-learn's halving searches, ``HalvingGridSearchCV`` and
    ``HalvingRandomSearchCV``, cannot use it: they know one score only and never ask
    ``refit`` which candidate to take. Use ``GridSearchCV`` or ``RandomizedSearchCV``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_graceful.model_selection import BestUnderBudget, flip_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> old = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    >>> search = GridSearchCV(
    ...     LogisticRegression(max_iter=1000), {"C": [0.01, 1.0]},
    ...     scoring={"accuracy": "accuracy", "neg_nfr": flip_scorer(old)},
    ...     refit=BestUnderBudget(max_nfr=0.02),
    ... )
    >>> search.fit(X, y).best_params_
    {'C': 1.0}
    """

    max_nfr: float = 0.01
    score: str = "accuracy"
    nfr: str = "neg_nfr"
    strict: bool = False

    def __post_init__(self):
        check_share("max_nfr", self.max_nfr)
        check_flag("strict", self.strict)

    def __call__(self, cv_results):
        """Return the index of the candidate.

        Parameters
        ----------
        cv_results : dict of ndarray
            ``cv_results_`` of the search.

        Returns
        -------
        best_index : int
        """
        score = _mean(cv_results, self.score)
        nfr = -_mean(cv_results, self.nfr)
        # Candidates whose fit failed have nan scores.
        scored = np.isfinite(score) & np.isfinite(nfr)
        if not scored.any():
            raise ValueError(
                f"No candidate has both scores, {self.score!r} and {self.nfr!r}: one "
                "or the other is nan for each."
            )
        within = scored & (nfr <= self.max_nfr + 1e-12)
        if not within.any():
            fewest = nfr[scored].min()
            none = f"No candidate keeps the negative flip rate within {self.max_nfr}"
            if self.strict:
                raise ValueError(f"{none}; the lowest is {fewest:.4f}.")
            warn_user(f"{none}; the one with the fewest flips, {fewest:.4f}, is taken.")
            within = scored & (nfr == fewest)
        # Equal scores: the fewest flips, then the candidate that was listed first.
        order = np.lexsort((nfr, -np.where(within, score, -np.inf)))
        return int(order[0])


def _mean(cv_results, name):
    key = f"mean_test_{name}"
    if key not in cv_results:
        known = [k[10:] for k in cv_results if k.startswith("mean_test_")]
        raise ValueError(
            f"The search has no score {name!r}, only {known}. Use "
            "scoring=update_scorer(old_model), or a dict with this name."
        )
    return np.asarray(cv_results[key], dtype=np.float64)
