"""What holds for tests, docstrings and pages of the guide alike."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    """Matplotlib keeps what pyplot has made, and warns of the twentieth."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
