"""What all tests of displays need."""

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture
def texts():
    """Return a function that reads a table of texts, some of them None."""
    return lambda table: [[cell and cell.get_text() for cell in row] for row in table]


@pytest.fixture
def tick_labels():
    """Return a function that reads the names along an axis."""
    return lambda axis: [tick.get_text() for tick in axis.get_ticklabels()]
