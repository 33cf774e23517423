"""What methods of both families share: names, bounds of parameters, refusals."""

from inspect import signature
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, clone


class Method(BaseEstimator):
    """Base of :class:`congruence.Congruence` and :class:`compatibility.Compatibility`.

    A method is a constructor object: its parameters are searched as ``method__...``,
    and it trains by itself on what a ``Training`` holds.
    """

    # By which users ask for it; None: as an object only.
    name = None

    # Lowest and highest value of a parameter, both included; infinity never is.
    _bounds = {}
    # Parameters that count something.
    _whole = ()
    # What a learner can use that has no form of a method, in one sentence.
    _instead = ""

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

    def _refuse_learner(self, why):
        """Raise: the method has no form for the learner."""
        raise ValueError(f"{why} {self._instead}")


def find_methods(namespace, family):
    """Methods of a family in a folder's namespace, by the names that users give."""
    found = (kind for kind in namespace.values() if isinstance(kind, type))
    return {k.name: k for k in found if issubclass(k, family) and k.name is not None}


def as_method(method, family, known):
    """Turn the name of a method, or a method, into one of one's own, checked.

    `family` is the class that it must be of, `known` the family's methods by name.
    """
    if isinstance(method, str):
        if method not in known:
            raise ValueError(
                f"Unknown method {method!r}; known are {', '.join(sorted(known))}."
            )
        return known[method]()
    if not isinstance(method, family):
        raise TypeError(
            f"method must be a name or a {family.__name__}, got "
            f"{type(method).__name__}."
        )
    method.check_parameters()
    return clone(method)
