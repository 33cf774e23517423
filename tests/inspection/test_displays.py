"""Laws of every display."""

import builtins
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

from sklearn_graceful import compare_models
from sklearn_graceful.congruence import StrengthPath
from sklearn_graceful.flip_control import UpdatePath
from sklearn_graceful.inspection import (
    BackfillCurveDisplay,
    CompatibilityMatrixDisplay,
    FlipDisplay,
    FlipMatrixDisplay,
    NFRTradeoffDisplay,
    ParetoDisplay,
    StrengthPathDisplay,
    UpdatePathDisplay,
)
from sklearn_graceful.metrics import BackfillCurve, FlipCounts
from sklearn_graceful.model_selection import Candidate
from sklearn_graceful.nn import ModelCost

COUNTS_BY_CLASS = FlipCounts(*np.arange(10).reshape(5, 2))
REPORT = compare_models([0, 1], [0, 0], y=[0, 1])
DISPLAYS = [
    BackfillCurveDisplay(BackfillCurve([0.0, 1.0], [0.6, 0.8], "recall@1")),
    CompatibilityMatrixDisplay(np.eye(3)),
    FlipDisplay(FlipCounts(1, 5, 9, 13, 17), by_class=COUNTS_BY_CLASS),
    FlipDisplay(REPORT.counts, slices=REPORT.slices),
    FlipMatrixDisplay(np.eye(3)),
    NFRTradeoffDisplay([0.1, 0.2], [0.4, 0.3], chosen=0, plain=1, max_nfr=0.2),
    ParetoDisplay([Candidate({}, ModelCost(5, 5, 5), 0.5)]),
    StrengthPathDisplay(StrengthPath(np.arange(3), *np.eye(4, 3), chosen=1)),
    UpdatePathDisplay(UpdatePath(*np.eye(3))),
]
each_display = pytest.mark.parametrize(
    "display", DISPLAYS, ids=lambda display: type(display).__name__
)


@each_display
def test_it_draws_into_a_given_ax(display):
    figure, (left, right) = plt.subplots(1, 2)
    assert display.plot(ax=right) is display
    assert display.ax_ is right
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert not left.has_data()


@each_display
def test_without_matplotlib_the_error_names_the_extra(display, monkeypatch):
    real_import = builtins.__import__

    def no_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    message = rf"{type(display).__name__} .*pip install sklearn-graceful\[plot\]"
    with pytest.raises(ImportError, match=message):
        display.plot()


def test_importing_the_module_imports_neither_matplotlib_nor_torch():
    code = "import sys, sklearn_graceful.inspection; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not {b"matplotlib", b"torch"} & set(done.stdout.split())
