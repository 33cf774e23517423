"""A bar says what is trained and how much is done, to those who watch."""

import io
import sys

import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_graceful import PCClassifier
from sklearn_graceful.nn import mlp_net
from sklearn_graceful.training import Progress

X, y = load_digits(return_X_y=True)
X, y = X[:650], y[:650]

NET = make_pipeline(StandardScaler(), mlp_net((8,), max_epochs=10, lr=0.01))
TREES = HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=4)


class Stream(io.StringIO):
    """What is written, to a terminal or not."""

    def __init__(self, *, is_terminal):
        super().__init__()
        self.isatty = lambda: is_terminal


@pytest.fixture(scope="module")
def old():
    return GaussianNB(var_smoothing=1e-3).fit(X[:150], y[:150])


@pytest.fixture
def written(monkeypatch):
    """Return a function that calls another one, and all that this writes."""

    def written(call, *, is_terminal=True):
        stream = Stream(is_terminal=is_terminal)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stream)
            call()
        return stream.getvalue()

    return written


def states(text):
    """Every state of a bar: percentage, and what is trained."""
    found = []
    for line in text.split("\r")[1:]:
        percentage, _, rest = line.partition("%")
        found.append((int(percentage), rest.partition("<")[2]))
    return found


def model(estimator, old, **params):
    return PCClassifier(estimator, old_model=old, random_state=0, **params)


@pytest.mark.parametrize(
    ("estimator", "n_rows", "names"),
    [
        (NET, 650, ["plain model", "match, flip_cost=0.6", "match, flip_cost=0.9"]),
        (TREES, 650, ["plain model", "naive", "match, flip_cost=10"]),
        (NET, 200, ["plain model", "match, flip_cost=1"]),  # too few to choose on
    ],
    ids=["net", "trees", "no choice"],
)
def test_a_bar_names_what_is_trained_and_ends_at_100(
    old, written, estimator, n_rows, names
):
    watched = model(estimator, old, verbose=1)
    text = written(lambda: watched.fit(X[:n_rows], y[:n_rows]))
    shares = [percentage for percentage, _ in states(text)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 100
    assert all(any(name in what for _, what in states(text)) for name in names)
    assert text.endswith("\n")


def test_epochs_are_shares_of_a_network(old, written):
    watched = model(NET, old, method="none", verbose=1)
    found = states(written(lambda: watched.fit(X, y)))
    for epoch in range(1, 11):
        share = next(s for s, what in found if what.endswith(f"epoch {epoch}"))
        assert share == 10 * epoch


@pytest.mark.parametrize("estimator", [NET, TREES], ids=["net", "trees"])
@pytest.mark.parametrize(("verbose", "is_terminal"), [(0, True), (1, False)])
def test_nothing_is_written_to_those_who_do_not_watch(
    old, written, capsys, estimator, verbose, is_terminal
):
    watched = model(estimator, old, method="match", verbose=verbose)
    text = written(lambda: watched.fit(X[:200], y[:200]), is_terminal=is_terminal)
    assert text == capsys.readouterr().out == ""


def test_a_fit_that_fails_closes_its_bar_where_it_was(written):
    def fail():
        progress = Progress(shown=True)
        with progress.of_fit():
            progress.expect(4)
            with progress.of_model("first"):
                pass
            raise KeyboardInterrupt

    def call():
        with pytest.raises(KeyboardInterrupt):
            fail()

    text = written(call)
    assert states(text)[-1][0] == 25
    assert text.endswith("\n")
