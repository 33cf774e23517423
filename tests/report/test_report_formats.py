"""A report as a page, JSON, JUnit and text."""

import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from sklearn_graceful import compare_models


@pytest.fixture(scope="module")
def report():
    rng = np.random.default_rng(0)
    y = rng.choice(["cat", "<b>dog</b>"], 400)
    sure = rng.random(400)
    X = pd.DataFrame(
        {"age": rng.integers(0, 90, 400), "</table>": rng.normal(size=400)}
    )
    right = np.where(y == "cat", sure, 1 - sure)
    new = pd.DataFrame({"cat": right, "<b>dog</b>": 1 - right})
    return compare_models(np.roll(y, 1), new, X, y, max_nfr=0.1, reference=y)


class Page(HTMLParser):
    """Collects tags and attributes; fails where tags do not match."""

    VOID = {"meta", "line", "circle", "rect", "polyline", "link", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.addresses = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [v for k, v in attributes if k in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_network(report, tmp_path):
    report.to_html(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.addresses == []
    assert "@import" not in text
    assert "url(" not in text
    assert {"main", "h1", "table", "svg", "script"} <= set(page.tags)


def test_names_from_the_data_are_no_markup(report):
    text = report.to_html()
    assert "<b>dog" not in text
    assert "&lt;b&gt;dog&lt;/b&gt;" in text


def test_the_page_draws_both_flip_rates_of_every_slice():
    y = np.repeat(["cat", "dog"], 200)
    old, new = np.repeat(["cat", "dog", "cat"], [200, 150, 50]), y.copy()
    new[:20] = "dog"
    text = compare_models(old, new, y=y).to_html()
    assert 'aria-label="negative flips 10.00 %, positive 0.00 %"' in text
    assert 'aria-label="negative flips 0.00 %, positive 25.00 %"' in text
    # The longest bar reaches the edge, the others are of the same scale.
    assert 'width="60.0" height="10" class="won"' in text
    assert 'x="36.0" y="1" width="24.0" height="10" class="lost"' in text


def test_a_notebook_gets_a_part_of_a_page(report):
    page = Page(report._repr_html_())
    assert not {"html", "head", "body", "script"} & set(page.tags)


def test_json_has_a_version_and_knows_no_nan(report, tmp_path):
    report.to_json(tmp_path / "report.json")

    def refuse(constant):
        raise AssertionError(constant)

    text = (tmp_path / "report.json").read_text()
    content = json.loads(text, parse_constant=refuse)
    assert content["schema_version"] == 1
    assert content["verdict"] == report.verdict
    assert content["figures"]["acc_old"]["estimate"] == report.counts.acc_old
    assert len(content["slices"]) == len(report.slices)
    assert content["settings"]["max_nfr"] == 0.1


def test_undefined_figures_are_null():
    content = json.loads(compare_models(["a"] * 9, ["a"] * 9, y=["a"] * 9).to_json())
    assert content["figures"]["win_loss_ratio"]["estimate"] is None


def test_junit_has_a_test_for_each_criterion(report):
    root = ElementTree.fromstring(report.to_junit().encode())
    (suite,) = root
    assert [case.get("name") for case in suite] == [c.name for c in report.checks]
    verdicts = [check.verdict for check in report.checks]
    assert int(suite.get("failures")) == verdicts.count("fail")
    assert int(suite.get("tests")) == len(verdicts)
    for case, check in zip(suite, report.checks, strict=True):
        expected = {"fail": "failure", "undecided": "skipped", "pass": "system-out"}
        assert case[0].tag == expected[check.verdict]


def test_the_text_fits_a_terminal_and_begins_with_the_verdict(report):
    text = str(report)
    assert text.startswith(report.verdict.upper())
    assert max(map(len, text.splitlines())) <= 88
    for check in report.checks:
        assert check.name in text


def test_a_report_of_models_without_flips_has_no_table_of_them():
    report = compare_models(["a", "b"] * 20, ["a", "b"] * 20, y=["a", "b"] * 20)
    assert "Negative flips</h2>" not in report.to_html()
    assert "Worst negative flips" not in str(report)
