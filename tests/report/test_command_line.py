"""The command sklearn-graceful compare."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_graceful import compare_models
from sklearn_graceful._cli import main


@pytest.fixture
def files(tmp_path):
    """Truth with columns; old labels; new probabilities in another order."""
    rng = np.random.default_rng(0)
    truth = pd.DataFrame(
        {
            "order": np.arange(1000) + 10,
            "y_true": rng.choice(["cat", "dog"], 1000),
            "region": rng.choice(["n", "s"], 1000),
            "vip": rng.choice(["0", "1"], 1000, p=[0.98, 0.02]),
        }
    )
    old = truth[["order"]].assign(prediction=truth["y_true"].to_numpy())
    old.loc[:199, "prediction"] = "cat"
    is_cat = (truth["y_true"] == "cat").to_numpy(float)
    is_cat[:50] = 0.7
    new = pd.DataFrame({"order": truth["order"], "cat": is_cat, "dog": 1 - is_cat})
    for name, table in {"truth": truth, "old": old, "new": new[::-1]}.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def run(files, *more, old="old.csv", new="new.csv", truth="truth.csv"):
    paths = [str(files / old), str(files / new), "--truth", str(files / truth)]
    return main(["compare", *paths, *more])


def test_it_says_what_compare_models_says(files, capsys):
    code = run(files, "--id", "order", "--max-nfr", "0.01", "--slices", "region")
    truth, old, new = (pd.read_csv(files / f"{n}.csv") for n in ("truth", "old", "new"))
    report = compare_models(
        old["prediction"],
        new.sort_values("order")[["cat", "dog"]],
        truth[["region"]],
        truth["y_true"],
        ids=truth["order"],
        max_nfr=0.01,
        slices=["region"],
    )
    assert capsys.readouterr().out == f"{report}\n"
    assert (code, report.verdict) == (0, "pass")


def test_its_exit_code_is_the_verdict(files):
    assert run(files, "--id", "order", "--max-nfr", "0.0001") == 2
    assert run(files, "--id", "order", "--min-gain", "0.5") == 1
    assert run(files, "--id", "order", old="new.csv", new="old.csv") == 1


def test_it_writes_what_is_asked_for(files):
    outputs = {name: files / f"out.{name}" for name in ("html", "json", "junit")}
    options = [f"--{name}={path}" for name, path in outputs.items()]
    code = run(
        files, "--id", "order", *options, f"--save-checks={files / 'checks.json'}"
    )
    assert json.loads(outputs["json"].read_text())["verdict"] == "pass"
    assert outputs["html"].read_text().startswith("<!doctype html>")
    assert outputs["junit"].read_text().startswith("<?xml")
    assert code == 0
    assert run(files, "--id", "order", "--checks", str(files / "checks.json")) == 0


def test_columns_of_the_truth_mark_weigh_and_group_rows(files, capsys):
    code = run(files, "--id", "order", "--critical", "vip", "--groups", "region")
    said = capsys.readouterr().out
    assert "critical rows" in said
    assert code in (0, 2)
    assert "McNemar" not in said


def test_parquet_is_read(files):
    for name in ("truth", "old", "new"):
        pd.read_csv(files / f"{name}.csv").to_parquet(files / f"{name}.parquet")
    paths = {name: f"{name}.parquet" for name in ("truth", "old", "new")}
    assert run(files, "--id", "order", **paths) == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--id", "number"], "has no column 'number', it has"),
        (["--target", "label"], "has no column 'label'"),
        (["--id", "order", "--prediction", "cat"], "has no column 'cat'"),
        ([], "sum to 1"),
        (["--id", "order", "--max-nfr", "2"], "max_nfr must be a number in"),
        (["--id", "order", "--slices", "age"], "slices names 'age'"),
        (["--id", "order", "--weight", "region"], "column 'region' holds no numbers"),
        (["--id", "order", "--checks", "none.json"], "none.json"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_3(files, capsys, more, message):
    assert run(files, *more) == 3
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("order,prediction\n", "a header and no rows"),
        ("order,prediction\n1,cat,dog\n", "line 2: 3 values for 2 columns"),
        ("order,prediction\n10,cat\n10,cat\n", "more than once"),
        ("order,prediction\n10,cat\n", "lacks 999 of the 1000 ids"),
        ("order,order\n10,cat\n", "names a column twice"),
    ],
)
def test_wrong_files_are_named(files, capsys, content, message):
    (files / "old.csv").write_text(content)
    assert run(files, "--id", "order") == 3
    said = capsys.readouterr().err
    assert message in said
    assert "old.csv" in said


def test_rows_without_ids_must_be_as_many(files, capsys):
    (files / "old.csv").write_text("prediction\ncat\n")
    assert run(files) == 3
    assert "old.csv has 1 rows" in capsys.readouterr().err


def test_a_wrong_call_is_no_verdict(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "old.csv"])
    assert stopped.value.code == 3
    assert "required" in capsys.readouterr().err


def test_it_is_installed_and_needs_no_torch():
    code = (
        "import sys; from sklearn_graceful._cli import main\n"
        "import sklearn_graceful.report\n"
        "assert 'torch' not in sys.modules\n"
        "main(['-h'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "compare" in done.stdout
