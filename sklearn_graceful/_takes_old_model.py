"""The doors through which an old model reaches an estimator."""

import copy

from sklearn_graceful.reference import as_reference


class TakesOldModelMixin:
    """For estimators whose constructor and ``fit`` take an ``old_model``.

    scikit-learn's ``clone`` resets every estimator that it finds among the
    parameters. Clones of these estimators keep their fitted old model, all of them
    through one handle, so that a search asks it for each row once.
    """

    def __sklearn_clone__(self):
        without = copy.copy(self)
        without.old_model = None
        # BaseEstimator's own clone.
        fresh = super(TakesOldModelMixin, without).__sklearn_clone__()
        fresh.old_model = self._shared_reference()
        return fresh

    def _shared_reference(self):
        """The constructor's old model behind one handle that is kept."""
        kept = getattr(self, "_reference", None)
        # A handle with classes is not what a bare model is wrapped in, nor a history.
        is_handle_of_bare = (
            kept is not None
            and kept.model is self.old_model
            and kept.classes is None
            and kept.versions == (kept,)
        )
        if not is_handle_of_bare:
            self._reference = as_reference(self.old_model)
        return self._reference
