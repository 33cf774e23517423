"""Numbers within bounds, for methods that are constructor objects."""

from inspect import signature
from numbers import Real

import numpy as np


class BoundedParameters:
    """Mixin before BaseEstimator: parameters are checked by a table of bounds."""

    # Lowest and highest value of a parameter, both included; infinity never is.
    _bounds = {}
    # Parameters that count something.
    _whole = ()

    def check_parameters(self):
        """Refuse parameters outside their bounds.

        Raises
        ------
        ValueError
            If a parameter is no number within its bounds, or not whole.
        """
        name_of_class = type(self).__name__
        defaults = {p: v.default for p, v in signature(type(self)).parameters.items()}
        for name, value in self.get_params(deep=False).items():
            if name not in self._bounds or (value is None and defaults[name] is None):
                continue
            low, high = self._bounds[name]
            if not (
                isinstance(value, Real) and low <= value <= high and np.isfinite(value)
            ):
                end = f"{high}]" if np.isfinite(high) else "inf)"
                raise ValueError(
                    f"{name_of_class}: {name} must be a number in [{low}, {end}, got "
                    f"{value!r}."
                )
            if name in self._whole and value != int(value):
                raise ValueError(
                    f"{name_of_class}: {name} must be whole, got {value!r}."
                )
