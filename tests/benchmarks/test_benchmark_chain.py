"""The benchmark of chains: its figures, and which releases know which old models."""

from itertools import pairwise

import numpy as np

from benchmarks import chain
from benchmarks.chain import CHAINS, Chain, figures, fit_release, print_last_release
from sklearn_graceful import ModelHistory, PCClassifier


def test_figures_by_hand():
    y = np.zeros(4, dtype=int)
    # The first row is lost for good by the second release, the last one by the third.
    wrong = [[0, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 1]]
    run = figures(y, np.array(wrong), seconds=1.0)
    np.testing.assert_array_equal(run.accuracy, [0.5, 0.75, 0.5])
    np.testing.assert_array_equal(run.nfr, [0.25, 0.25])
    np.testing.assert_array_equal(run.cumulative_nfr, [0.25, 0.5])


def test_chains_are_named_after_their_old_models():
    releases = [lambda X: X, lambda X: X, lambda X: X]
    old = {name: make(releases) for name, (_, make) in CHAINS.items()}
    assert old["plain"] is None
    assert old["focal_lm, last"] is old["match"] is releases[-1]
    assert isinstance(old["focal_lm, history"], ModelHistory)
    assert [v.model for v in old["focal_lm, history"].versions] == releases


def test_releases_learn_from_ever_more_rows(monkeypatch):
    seen = []
    monkeypatch.setattr(
        PCClassifier, "fit", lambda self, X, y, old_model: seen.append(X.tolist())
    )
    X = np.arange(13)
    for k in range(6):
        fit_release(k, X, X, seed=0, method="none", old=None)
    assert [len(rows) for rows in seen] == [2, 4, 6, 8, 10, 13]
    assert all(later[: len(rows)] == rows for rows, later in pairwise(seen))


def test_differences_from_plain_are_paired_by_seed(capsys):
    def run(accuracy, seconds=1.0):
        return Chain(np.array([0.0, accuracy]), np.zeros(1), np.zeros(1), seconds)

    by_chain = {
        "plain": [run(0.5), run(0.9)],
        "other": [run(0.6, seconds=3.0), run(1.0, seconds=3.0)],
    }
    print_last_release("a set", by_chain)
    other = capsys.readouterr().out.splitlines()[-1]
    # One point in ten of both seeds, although the seeds themselves differ by forty.
    assert "10.00 +- 0.00" in other
    assert other.endswith("3.00 +- 0.00")


def test_a_small_run(monkeypatch, capsys):
    few = {name: CHAINS[name] for name in ("plain", "focal_lm, history")}
    monkeypatch.setattr(chain, "CHAINS", few)
    chain.main(["--sets", "wine", "--seeds", "2", "--rows", "60"])
    printed = capsys.readouterr().out
    assert "wine, 2 seeds" in printed
    assert printed.count("focal_lm, history") == 6 + 1
