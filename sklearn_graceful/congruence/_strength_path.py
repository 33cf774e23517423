"""What each strength of the default costs and brings, and a network for each."""

from dataclasses import dataclass, field, replace

import numpy as np

from sklearn_graceful.metrics import is_negative_flip
from sklearn_graceful.nn import copy_weights, interpolate_weights
from sklearn_graceful.training import paired_difference


@dataclass(frozen=True)
class StrengthPath:
    """The plain new model and networks that are held to the old one ever more.

    The figures are those of networks that were trained without the held-out rows, or of
    the labels that these would be taught, see :class:`Focal`; the weights are those of
    networks that were trained on all rows, or lie between two of these.

    Attributes
    ----------
    flip_cost : ndarray of shape (n_points,)
        What a negative flip cost in training; 0 is the plain model.
    error : ndarray of shape (n_points,)
        Share of held-out rows, by weight, that the new model has wrong.
    nfr : ndarray of shape (n_points,)
        Share of held-out rows, by weight, that the old model has right and the new one
        wrong.
    error_increase, standard_error : ndarray of shape (n_points,)
        Error above that of the plain model, and the standard error of this difference.
    chosen : int
        Which point was taken.
    n_rows : int
        How many held-out rows counted.

    See Also
    --------
    sklearn_graceful.PCClassifier.at_flip_cost : Move along the path.
    sklearn_graceful.inspection.StrengthPathDisplay : Draw it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.congruence import StrengthPath
    >>> path = StrengthPath(
    ...     flip_cost=np.array([0.0, 1.0, 3.0]),
    ...     error=np.array([0.10, 0.09, 0.11]),
    ...     nfr=np.array([0.03, 0.02, 0.01]),
    ...     error_increase=np.array([0.0, -0.01, 0.01]),
    ...     standard_error=np.array([0.0, 0.01, 0.005]),
    ...     chosen=1,
    ...     n_rows=200,
    ... )
    >>> path.nfr[path.chosen] / path.nfr[0]
    np.float64(0.6666666666666667)
    """

    flip_cost: np.ndarray
    error: np.ndarray
    nfr: np.ndarray
    error_increase: np.ndarray
    standard_error: np.ndarray
    chosen: int
    n_rows: int = 0
    _weights: dict = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, figures, chosen, modules):
        """Put together held-out figures and modules trained on all rows.

        Parameters
        ----------
        figures : list of HeldOutFigures
            The plain model first, then of methods with a growing ``flip_cost``.
        chosen : int
            Position in `figures`.
        modules : list of torch.nn.Module or None
            One for each, of the same architecture; None: to be found between others.

        Returns
        -------
        path : StrengthPath
        """
        names = ("error", "nfr", "error_increase", "standard_error")
        columns = [np.array([getattr(f, name) for f in figures]) for name in names]
        costs = [0.0, *(f.method.flip_cost for f in figures[1:])]
        # On the CPU, so that they can be unpickled where there is no GPU.
        weights = {
            cost: {name: part.cpu() for name, part in copy_weights(module).items()}
            for cost, module in zip(costs, modules, strict=True)
            if module is not None
        }
        return cls(np.array(costs), *columns, chosen, figures[0].n_rows, weights)

    def on_rows(self, wrong, old_right):
        """The same networks on other rows.

        Parameters
        ----------
        wrong : ndarray of bool, shape (n_points, n)
            Rows that each network has wrong.
        old_right : ndarray of bool, shape (n,)
            Rows that the old model has right.

        Returns
        -------
        path : StrengthPath
        """
        differences = np.array([paired_difference(rows, wrong[0]) for rows in wrong])
        return replace(
            self,
            error=wrong.mean(axis=1),
            nfr=is_negative_flip(old_right, ~wrong).mean(axis=1),
            error_increase=differences[:, 0],
            standard_error=differences[:, 1],
            n_rows=wrong.shape[1],
        )

    def weights_at(self, flip_cost):
        """Weights of a network of the path, or between two of them.

        Parameters
        ----------
        flip_cost : float
            From 0 to the highest one of the path.

        Returns
        -------
        weights : dict of str to tensor

        Raises
        ------
        ValueError
            If it is not on the path; or between two points of networks with statistics
            of batches, which would have to be found again on training rows.
        """
        known = self.flip_cost
        if not known[0] <= flip_cost <= known[-1]:
            raise ValueError(
                f"flip_cost must be in [{known[0]:g}, {known[-1]:g}], the ends of the "
                f"path, got {flip_cost!r}."
            )
        if flip_cost in self._weights:
            return self._weights[flip_cost]
        if has_batch_statistics(self._weights[0]):
            raise ValueError(
                "A network with batch normalisation can be had at the points of the "
                f"path only, flip_cost in {known.tolist()}, got {flip_cost!r}."
            )
        below = max(cost for cost in self._weights if cost < flip_cost)
        above = min(cost for cost in self._weights if cost > flip_cost)
        low, high = np.log1p([below, above])
        share = float((high - np.log1p(flip_cost)) / (high - low))
        return interpolate_weights(self._weights[below], self._weights[above], share)


def has_batch_statistics(weights):
    """Whether a module, or its weights by name, has statistics of batches."""
    names = weights if isinstance(weights, dict) else weights.state_dict()
    return any(name.endswith("running_mean") for name in names)
