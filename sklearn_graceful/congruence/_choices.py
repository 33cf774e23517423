"""Methods among which held-out rows decide."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choices:
    """One method, or several of which the best on held-out rows is taken.

    Attributes
    ----------
    methods : list of Congruence
        With their choices made for the learner. Where there are two or more, no
        congruence at all is tried as well.
    default : Congruence
        One of them. It is taken where there are too few rows to choose on, and kept
        unless another one, or no method at all, costs less by more than the standard
        error of the difference.
    flip_cost : float
        What a negative flip costs, on top of the error that it is; ``1 + critical``
        times as much on critical rows.
    validation_fraction : float
        Share of the rows of each class to choose on.
    """

    methods: list
    default: object
    flip_cost: float = 1.0
    validation_fraction: float = 0.2

    @classmethod
    def only(cls, method):
        """No choice."""
        return cls([method], method)
