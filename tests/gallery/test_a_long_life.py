"""Hundreds of random steps, after each of which the gallery is what it should be."""

import numpy as np
import pytest

from benchmarks.gallery_faults import (
    Embedder,
    Expected,
    after,
    carry_out,
    compare,
    open_gallery,
    operation,
)
from sklearn_graceful import Gallery
from sklearn_graceful.gallery import _blocks, _local_store, _snapshot, _space


@pytest.mark.parametrize(("block_rows", "seed"), [(2**17, 0), (2**17, 1), (16, 2)])
def test_nothing_is_lost_or_there_twice(block_rows, seed, tmp_path, monkeypatch):
    for module in (_blocks, _space, _snapshot, _local_store):
        monkeypatch.setattr(module, "BLOCK_ROWS", block_rows)
    rng, expected = np.random.default_rng(seed), Expected()
    gallery, steps = Gallery(Embedder(0), tmp_path / "gallery"), []
    for _ in range(150):
        name, ids = operation(expected, rng)
        carry_out(gallery, expected, name, ids)
        expected = after(expected, name, ids)
        steps.append(name)
        if rng.random() < 0.1:
            gallery.close()
            gallery = open_gallery(tmp_path / "gallery", expected)
            steps.append("reopened")
        assert compare(gallery, [expected]) is expected, steps
    gallery.close()
