"""Methods among which held-out rows decide."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choices:
    """One method, or several of which the best on held-out rows is taken.

    Attributes
    ----------
    methods : list of Congruence
        With their choices made for the learner.
    default : Congruence
        Which one to take where there are too few rows to choose on.
    flip_cost : float
        What a negative flip costs, on top of the error that it is.
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
