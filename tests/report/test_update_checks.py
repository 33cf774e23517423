"""Criteria and slices that are saved, and checked at the next release."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_graceful import compare_models
from sklearn_graceful.report import UpdateChecks


def update(broken):
    """Rows, and an update that loses the old people of the south."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"age": np.arange(4000) % 100, "region": rng.choice(["north", "south"], 4000)}
    )
    y = rng.choice(["a", "b"], 4000)
    old = np.where(rng.random(4000) < 0.1, "c", y)
    lost = (X["age"] >= 90) & (X["region"] == "south") & broken
    return X, y, old, np.where(lost, "c", np.where(rng.random(4000) < 0.3, y, old))


@pytest.fixture
def path(tmp_path):
    X, y, old, new = update(broken=True)
    compare_models(old, new, X, y, max_nfr=0.2).save_checks(tmp_path / "checks.json")
    return tmp_path / "checks.json"


def test_a_lost_slice_is_checked_again_at_the_next_release(path):
    checks = UpdateChecks.load(path)
    for broken, expected in ((True, "fail"), (False, "pass")):
        X, y, old, new = update(broken)
        found = {check.name: check for check in checks.run(old, new, X, y)}
        (name,) = (n for n in found if "region = south" in n and "age > 89.5" in n)
        assert found[name].verdict == expected
        assert found["negative flips"].verdict == "pass"


def test_too_few_rows_are_said_to_be_that(path):
    X, y, old, new = update(broken=True)
    young = (X["age"] < 60).to_numpy()
    found = UpdateChecks.load(path).run(old[young], new[young], X[young], y[young])
    check = next(check for check in found if "age > 89.5" in check.name)
    assert check.verdict == "too few rows"
    assert check.reason == "0 rows, needed are 30"


def test_a_change_that_is_open_is_undecided():
    y = np.array(["a", "b"] * 100)
    new = np.where(np.arange(200) < 2, "c", y)
    X = pd.DataFrame({"half": np.repeat(["first", "second"], 100)})
    report = compare_models(y, new, X, y, slices=["half"])
    first, second = UpdateChecks.of(report).run(y, new, X, y)[-2:]
    assert (first.name, first.verdict) == ("half = first", "undecided")
    assert "at worst" in first.reason
    assert (second.name, second.verdict) == ("half = second", "undecided")


def test_what_was_saved_is_what_is_loaded(path):
    X, y, old, new = update(broken=True)
    report = compare_models(old, new, X, y, max_nfr=0.2)
    assert UpdateChecks.load(path) == UpdateChecks.of(report)


def test_given_columns_are_saved_and_masks_are_not(tmp_path):
    X, y, old, new = update(broken=False)
    slices = {"region": X["region"], "mask": X["age"].to_numpy() > 50}
    checks = UpdateChecks.of(compare_models(old, new, X, y, slices=slices))
    assert {str(rule) for rule in checks.slices} == {"region = north", "region = south"}


def test_a_column_that_is_gone_is_named(path):
    X, y, old, new = update(broken=True)
    with pytest.raises(ValueError, match="X has no column 'region'"):
        UpdateChecks.load(path).run(old, new, X[["age"]], y)


@pytest.mark.parametrize("content", [[], {"slices": []}, {"schema_version": "1"}])
def test_other_files_are_refused(content, tmp_path):
    (tmp_path / "other.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="holds no saved checks"):
        UpdateChecks.load(tmp_path / "other.json")


def test_files_of_later_versions_are_refused(path):
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"schema_version": 2}))
    with pytest.raises(ValueError, match="written by a later version"):
        UpdateChecks.load(path)
