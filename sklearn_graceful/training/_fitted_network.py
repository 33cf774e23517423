"""A fitted network that another one of its kind starts from."""

import copy
from dataclasses import dataclass

from skorch import NeuralNet
from torch import nn

from sklearn_graceful._frames import is_frame
from sklearn_graceful._wrappers import innermost, transformers
from sklearn_graceful.nn import copy_weights


@dataclass(frozen=True)
class FittedNetwork:
    """What a new network takes over from a fitted one.

    Attributes
    ----------
    transformers : list of transformer
        Fitted, in the order in which rows pass them.
    module : torch.nn.Module
        The network itself.
    """

    transformers: list
    module: nn.Module

    @classmethod
    def inside(cls, model):
        """Find it in a fitted Pipeline, wrapper, net or module; None if none is there.

        Parameters
        ----------
        model : object
            Fitted.

        Returns
        -------
        network : FittedNetwork or None
        """
        learner = innermost(model)
        module = learner.module_ if isinstance(learner, NeuralNet) else learner
        if not isinstance(module, nn.Module):
            return None
        return cls(transformers(model), module)

    @property
    def weights(self):
        """Parameters and buffers by name, copied."""
        return copy_weights(self.module)

    def transformers_for(self, X):
        """Copies of the transformers, for rows like `X`."""
        copies = copy.deepcopy(self.transformers)
        if is_frame(X) or not any(hasattr(t, "feature_names_in_") for t in copies[:1]):
            return copies
        # The default learner gets arrays; a step that was fitted on names would warn
        # of them at every prediction, and one that yields names would invent them.
        for transformer in copies:
            vars(transformer).pop("feature_names_in_", None)
            if hasattr(transformer, "set_output"):
                transformer.set_output(transform="default")
        return copies
