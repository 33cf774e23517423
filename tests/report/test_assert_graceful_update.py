"""assert_graceful_update: which verdicts pass, and what a failure says."""

import re
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

from sklearn_graceful import assert_graceful_update, compare_models

Y = np.repeat("right", 400)


def labels(n_wrong):
    return np.where(np.arange(400) < n_wrong, "wrong", "right")


def test_an_update_that_passes_returns_its_report():
    report = assert_graceful_update(labels(40), Y, y=Y, max_nfr=0.01)
    assert report.verdict == "pass"
    expected = compare_models(labels(40), Y, y=Y, max_nfr=0.01)
    assert report.to_json() == expected.to_json()


def test_a_failure_says_what_the_report_says():
    with pytest.raises(AssertionError) as caught:
        assert_graceful_update(Y, labels(40), y=Y, max_nfr=0.01)
    assert str(caught.value) == str(compare_models(Y, labels(40), y=Y, max_nfr=0.01))
    assert str(caught.value).startswith("FAIL")


def test_undecided_passes_only_where_it_is_allowed():
    few = {"y": Y, "max_nfr": 0.005}
    with pytest.raises(AssertionError, match=r"^UNDECIDED(.|\n)*further labelled rows"):
        assert_graceful_update(Y, Y, **few)
    report = assert_graceful_update(Y, Y, **few, allow_undecided=True)
    assert report.verdict == "undecided"
    with pytest.raises(AssertionError, match=r"^FAIL"):
        assert_graceful_update(Y, labels(40), **few, allow_undecided=True)


@pytest.mark.parametrize("flag", ["no", None, 2])
def test_what_is_allowed_is_a_flag(flag):
    with pytest.raises((TypeError, ValueError), match="allow_undecided"):
        assert_graceful_update(Y, Y, y=Y, max_nfr=0.01, allow_undecided=flag)


def test_further_settings_are_those_of_the_comparison():
    critical = labels(40) == "wrong"
    with pytest.raises(AssertionError, match="40 of 40 critical rows"):
        assert_graceful_update(Y, labels(40), y=Y, max_nfr=0.5, critical=critical)
    X = pd.DataFrame({"region": np.where(np.arange(400) < 200, "north", "south")})
    report = assert_graceful_update(
        labels(40), Y, X, Y, min_gain=0.05, slices=["region"], confidence=0.9
    )
    assert "region = north" in {part.name for part in report.slices}
    with pytest.raises(TypeError, match="max_nrf"):
        assert_graceful_update(Y, Y, y=Y, max_nrf=0.5)


def test_pytest_shows_the_line_that_asked_and_the_report(tmp_path):
    (tmp_path / "test_release.py").write_text(
        dedent("""
        from sklearn_graceful import assert_graceful_update

        def test_the_update():
            y = ["cat", "dog"] * 200
            assert_graceful_update(y, ["cat"] * 400, y=y, max_nfr=0.02)
        """)
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r">\s+assert_graceful_update\(y, ", done.stdout)
    assert "50.00 % of the rows are negative flips" in done.stdout
    assert "_assert.py" not in done.stdout
