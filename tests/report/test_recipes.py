"""The recipes of the guide run, where the library that they are about is there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from sklearn_graceful import PCClassifier
from sklearn_graceful.metrics import flip_counts

PAGE = Path(__file__).parents[2] / "doc" / "recipes.rst"
START = "Recipes"


def blocks():
    """Code of the page by the title of its section."""
    sections = re.split(r"^(.+)\n[=-]{4,}\n", PAGE.read_text("utf-8"), flags=re.M)
    code = re.compile(r"^\.\. code-block:: \w+\n\n((?: {4}.*\n|\n)+)", re.M)
    return {
        title: dedent("".join(code.findall(text)))
        for title, text in zip(sections[1::2], sections[2::2], strict=True)
    }


def run(title, names=None):
    """Names that the code of a section leaves, beside those that it is given."""
    names = {} if names is None else dict(names)
    exec(compile(blocks()[title], f"{PAGE} ({title})", "exec"), names)
    return names


@pytest.fixture(scope="module")
def start():
    return run(START)


def test_every_section_has_code():
    assert all(blocks().values())
    assert len(blocks()) == 8


@pytest.mark.parametrize(
    ("title", "library"), [("LightGBM", "lightgbm"), ("XGBoost", "xgboost")]
)
def test_boosters_flip_no_more_rows_than_plain_ones(title, library, start):
    pytest.importorskip(library)
    found = run(title, start)
    X, y, old = (found[name] for name in ("X_test", "y_test", "old"))
    plain = PCClassifier(found["booster"], method="none")
    plain.fit(found["X_train"], found["y_train"])
    nfr, plain_nfr = (
        flip_counts(y, model.predict(X), y_old=old.predict(X)).negative_flip_rate
        for model in (found["new"], plain)
    )
    assert nfr <= plain_nfr
    assert found["new"].score(X, y) > plain.score(X, y) - 0.02
    deployed = found["deployed"]
    assert deployed.old_model is None
    np.testing.assert_array_equal(deployed.predict(X), found["new"].predict(X))


def test_a_skrub_pipeline_is_trained_toward_one_on_raw_tables(capsys):
    pytest.importorskip("skrub")
    found = run("Tables with dates, texts and gaps: skrub")
    said = capsys.readouterr().out
    assert said.startswith("PASS")
    assert "city" in found["new"].feature_names_in_
    X, y = found["X_test"], found["y_test"]
    assert found["new"].score(X, y) > found["old"].score(X, y)


def test_the_assertion_is_a_test_of_pytest(start):
    found = run("A test of the update: pytest", start)
    test = found["test_the_new_model_may_go_out"]
    test()
    found["new"], found["old"] = lambda X: np.zeros(len(X), int), found["new"]
    with pytest.raises(AssertionError, match=r"^FAIL"):
        test()


def test_a_run_of_mlflow_has_figures_and_page(start, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    # The folder of files needs no database, and has to be asked for.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    found = run("A log of experiments: MLflow", start)
    stored = mlflow.get_run(found["run"].info.run_id)
    report = found["report"]
    assert stored.data.tags["update_verdict"] == report.verdict == "pass"
    metrics = stored.data.metrics
    assert metrics["negative_flip_rate"] == report.counts.negative_flip_rate
    assert metrics["acc_new"] == report.counts.acc_new
    (page,) = tmp_path.rglob("update_report.html")
    assert page.read_text("utf-8") == report.to_html()
    assert [*tmp_path.rglob("update_report.json")]


def test_pictures_are_written(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run("Pictures of a comparison", start)
    assert {path.name for path in tmp_path.iterdir()} == {"slices.png", "tradeoff.png"}
    assert found["tradeoff"].max_nfr == 0.02


# The step of a build


@pytest.fixture(scope="module")
def workflow():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(blocks()["A step of a build: GitHub Actions"])


def command_of(workflow):
    steps = workflow["jobs"]["compare"]["steps"]
    (step,) = [s for s in steps if "sklearn-graceful compare" in s.get("run", "")]
    return step["run"]


def run_step(command, folder, n_lost, n_rows=400):
    """Run a step of the workflow where a new model loses so many rows."""
    y = np.resize(["cat", "dog"], n_rows)
    order = np.arange(n_rows)
    new = np.where(order < n_lost, "owl", y)
    rest = np.random.default_rng(0).permutation(n_rows)
    (folder / "predictions").mkdir()
    for name, column, labels, rows in (
        ("old", "prediction", y, order),
        ("new", "prediction", new, rest),
        ("truth", "y_true", y, order),
    ):
        table = pd.DataFrame({"order": order[rows], column: labels[rows]})
        table.to_csv(folder / "predictions" / f"{name}.csv", index=False)
    # The command as it is installed, wherever that is.
    program = folder / "sklearn-graceful"
    main = "import sys; from sklearn_graceful._cli import main; sys.exit(main())"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{main}' \"$@\"\n")
    program.chmod(0o755)
    command = f'PATH="{folder}:$PATH"\n{command}'
    # As such steps are run.
    return subprocess.run(
        ["bash", "-e", "-c", command], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("n_lost", "n_rows", "code"), [(0, 400, 0), (100, 400, 1), (0, 30, 2)]
)
def test_the_step_fails_with_the_update_and_writes_its_files(
    workflow, tmp_path, n_lost, n_rows, code
):
    command = command_of(workflow)
    done = run_step(command, tmp_path, n_lost, n_rows)
    assert done.returncode == code, done.stderr
    upload = workflow["jobs"]["compare"]["steps"][-1]
    written = [tmp_path / name for name in upload["with"]["path"].split()]
    assert all(path.stat().st_size for path in written)
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert (int(suite.get("failures")) > 0) == (code == 1)
    assert upload["if"] == "always()"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("n_lost", "code"), [(0, 0), (30, 1)])
def test_the_step_may_pass_what_is_undecided(workflow, tmp_path, n_lost, code):
    command = command_of(workflow).rstrip() + " || test $? -eq 2\n"
    assert "|| test $? -eq 2" in PAGE.read_text("utf-8")
    assert run_step(command, tmp_path, n_lost, n_rows=30).returncode == code
