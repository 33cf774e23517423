"""Several models that were deployed as one."""

import numpy as np
from scipy.special import softmax

from sklearn_graceful._labels import align_columns, check_same_label_kind
from sklearn_graceful.reference._adapters._base import Adapter
from sklearn_graceful.reference._scores import LOG_FLOOR, log_softmax


class EnsembleAdapter(Adapter):
    """The softmax of the members' averaged logits.

    Members remember their own answers. Classes are the sorted union of theirs; where
    a member does not know one, its log-probability there is the floor.

    Parameters
    ----------
    model : list or tuple
        What the user passed.
    members : list of ReferenceModel
    """

    def __init__(self, model, members):
        self.members = members
        super().__init__(model, None)

    @property
    def name(self):
        return f"ensemble of {len(self.members)}"

    @property
    def own_classes(self):
        found = [member.classes_ for member in self.members]
        if any(classes is None for classes in found):
            return None
        check_same_label_kind(**{f"member {i}": c for i, c in enumerate(found)})
        return np.unique(np.concatenate(found))

    def probabilities(self, ask, X):
        return softmax(self.logits(ask, X), axis=1)

    def logits(self, ask, X):
        classes = self.need_classes()
        return np.mean([_aligned(member, X, classes) for member in self.members], 0)

    def check_fitted(self):
        for member in self.members:
            member.check_fitted()

    def check_input(self, X):
        for member in self.members:
            member.check_input(X)


def _aligned(member, X, classes):
    logits = member.logits(X)
    if len(member.classes_) < len(classes):
        # Margins have no zero point, so a floor only means something next to
        # log-probabilities.
        logits = log_softmax(logits)
    return align_columns(logits, member.classes_, classes, fill=LOG_FLOOR)[0]
