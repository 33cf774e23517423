"""Warnings that point at the user's own line."""

import contextlib
import functools
import sys
import warnings
from pathlib import Path

# Where frames between the user's line and a warning may lie.
_NOT_THE_USERS = (str(Path(__file__).parent), functools.__file__, contextlib.__file__)


def warn_user(message, category=UserWarning):
    """Warn, at the innermost line that does not belong to this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
