"""The benchmark of old thresholds and clusters: its parts, rates and embedders."""

import numpy as np
import pytest

from benchmarks import old_rules
from benchmarks.flips.sets import load_set
from benchmarks.old_rules import EMBEDDERS, SCENARIOS, UPDATES, rates, split_items


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_item_has_two_uses_and_classes_are_held_out(scenario):
    y = np.repeat(np.arange(12), 20)
    parts = split_items(np.arange(len(y)), y, scenario, seed=0)
    uses = [parts.train, parts.calibration, parts.test]
    rows = np.concatenate([X for X, _ in uses])
    assert len(rows) == len(set(rows.tolist()))
    train, calibration, test = (set(labels.tolist()) for _, labels in uses)
    assert (train == calibration) == (scenario in ("shared", "trained on"))
    assert bool(test & train) == (scenario in ("shared", "unseen by map"))
    assert bool(test & calibration) == (scenario == "shared")


def test_rates_by_hand(monkeypatch):
    monkeypatch.setattr(old_rules, "QUERIES_AT_A_TIME", 2)
    embeddings = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    # Cosines: 0.6 of a matching pair; 0 and 0.8 of others. Itself is no pair.
    result = rates(embeddings, embeddings, np.array([0, 0, 1]), [0.5, 0.7, 0.9])
    np.testing.assert_array_equal(result, [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])


@pytest.mark.parametrize("name", EMBEDDERS)
def test_embedders_give_unit_vectors(name):
    X, y = load_set("wine")
    old = EMBEDDERS["pca-8"](X, y, 0, None)
    embeddings = EMBEDDERS[name](X, y, 0, old)(X)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1)


def test_a_small_run(capsys):
    updates = list(UPDATES)[-1:]
    options = ["--seeds", "2", "--rows", "1000", "--scenarios", "shared", "--updates"]
    old_rules.main(["--sets", "digits", *options, *updates])
    lines = capsys.readouterr().out.splitlines()
    assert sum("shared" in line for line in lines) == 2 * len(UPDATES[updates[0]][2])
    assert "ARI old" in lines[-2]
    assert updates[0] in lines[-1]
