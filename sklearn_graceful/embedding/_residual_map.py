"""A linear map with a small network on top."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful.embedding._linear_maps import LinearMap


@dataclass(frozen=True, eq=False)
class ResidualMap:
    """``x -> start(x) + network(x)``, computed without torch.

    Attributes
    ----------
    start : LinearMap
        Where training started; all there is if there are no layers.
    start_kind : {"procrustes", "ridge"}
        Which linear map that is.
    layers : tuple of (ndarray, ndarray)
        Weight of shape (width_in, width_out) and bias of each layer of the network,
        with ReLU between them. Empty if training did not help on held-out pairs.
    n_epochs : int
        Passes over the pairs.
    """

    start: LinearMap
    start_kind: str
    layers: tuple = ()
    n_epochs: int = 0

    def __call__(self, X):
        """Map rows, in their own precision."""
        mapped, hidden = self.start(X), X
        for i, (weight, bias) in enumerate(self.layers):
            hidden = hidden if i == 0 else np.maximum(hidden, 0)
            hidden = hidden @ weight.astype(X.dtype) + bias.astype(X.dtype)
        return mapped + hidden if self.layers else mapped
