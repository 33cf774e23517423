"""What tests of real data need."""

import pytest


@pytest.fixture
def or_skip():
    """Return a function that calls another, and skips where its data are missing."""

    def call(load, *args):
        try:
            return load(*args)
        except (ImportError, FileNotFoundError) as error:
            pytest.skip(f"not installed: {error}")

    return call
