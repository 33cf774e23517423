"""Update trained models gracefully: no new mistakes, no broken downstream rules."""

from sklearn_graceful._version import __version__

__all__ = ["__version__"]
