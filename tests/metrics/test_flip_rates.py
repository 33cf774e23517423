"""Flip figures: values by hand, laws, undefined cases, use as scorers."""

import math
import warnings
from itertools import product

import numpy as np
import pytest
import sklearn
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import KFold, cross_validate

from sklearn_graceful import metrics
from sklearn_graceful.metrics import FLIP_FIGURES

Y_TRUE = np.array(list("aaaabbbbcc"))
Y_OLD = np.array(list("aaabbbbacc"))
Y_NEW = np.array(list("aabbbbaacb"))
# Both right: rows 0 1 4 5 8. Old only: 2 6 9. New only: none. Both wrong: 3 7, same.
BY_HAND = {
    "negative_flip_rate": 3 / 10,
    "positive_flip_rate": 0.0,
    "relative_negative_flip_rate": 0.3 / (0.8 * 0.5),
    "avoidable_negative_flip_rate": 0.0,
    "negative_flip_impact": 3 / 5,
    "backward_trust_compatibility": 5 / 8,
    "backward_error_compatibility": 2 / 5,
    "churn_rate": 3 / 10,
    "win_loss_ratio": 0.0,
}
FIGURES = sorted(BY_HAND)


@st.composite
def rows(draw):
    n = draw(st.integers(1, 30))
    column = st.lists(st.integers(0, 3), min_size=n, max_size=n).map(np.array)
    return draw(column), draw(column), draw(column)


def figures(y_true, y_new, y_old, sample_weight=None):
    """Every figure of the rows, nan included, from the functions."""
    given = {"y_old": y_old, "sample_weight": sample_weight}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return {
            name: getattr(metrics, name)(y_true, y_new, **given) for name in FIGURES
        }


# The table


def test_every_function_of_the_table_is_one_that_is_computed_by_hand():
    assert {name for name in FLIP_FIGURES if hasattr(metrics, name)} == set(FIGURES)


@given(rows())
def test_functions_and_counts_read_the_table(rows):
    y_true, y_new, y_old = rows
    counts = metrics.flip_counts(y_true, y_new, y_old=y_old)
    by_function = figures(*rows)
    for name, figure in FLIP_FIGURES.items():
        value = figure(counts)
        np.testing.assert_equal(getattr(counts, name), value)
        np.testing.assert_equal(by_function.get(name, value), value)
        least, largest = map(float, figure.range.split(" to "))
        assert math.isnan(value) or least <= value <= largest + 1e-12
        if name != "churn_rate" and not math.isnan(value) and value < math.inf:
            terms = {"n11": counts.both_right, "n00": counts.both_wrong}
            terms |= {"b": counts.negative_flips, "c": counts.positive_flips}
            terms |= {"n": counts.total, "NFR": counts.negative_flip_rate}
            for word in ("acc_old", "err_old", "err_new"):
                terms[word] = getattr(counts, word)
            assert value == pytest.approx(eval(figure.formula.split("=")[-1], terms))


# Values and laws


@pytest.mark.parametrize("name", FIGURES)
def test_value_by_hand(name):
    value = getattr(metrics, name)(Y_TRUE, Y_NEW, y_old=Y_OLD)
    assert type(value) is float
    assert value == pytest.approx(BY_HAND[name], abs=1e-15)


@given(rows())
def test_flip_rates_bound_and_explain_the_accuracies(rows):
    y_true, y_new, y_old = rows
    found = figures(*rows)
    nfr, pfr = found["negative_flip_rate"], found["positive_flip_rate"]
    churn, avoidable = found["churn_rate"], found["avoidable_negative_flip_rate"]
    old, new = accuracy_score(y_true, y_old), accuracy_score(y_true, y_new)
    assert pfr - nfr == pytest.approx(new - old, abs=1e-12)
    assert max(0, old - new) - 1e-12 <= nfr <= min(old, 1 - new) + 1e-12
    assert avoidable == pytest.approx(nfr - max(0, old - new), abs=1e-12)
    assert nfr + pfr - 1e-12 <= churn <= 1
    assert churn <= nfr + pfr + min(1 - old, 1 - new) + 1e-12


@given(rows())
def test_shares_follow_from_the_rates(rows):
    y_true, y_new, y_old = rows
    old, new = accuracy_score(y_true, y_old), accuracy_score(y_true, y_new)
    assume(old > 0)
    assume(new < 1)
    found = figures(*rows)
    nfr, nfi = found["negative_flip_rate"], found["negative_flip_impact"]
    relative = found["relative_negative_flip_rate"]
    assert relative == pytest.approx(nfr / (old * (1 - new)))
    assert found["backward_trust_compatibility"] == pytest.approx(1 - nfr / old)
    assert nfi == pytest.approx(nfr / (1 - new))
    assert found["backward_error_compatibility"] + nfi == pytest.approx(1)


@given(rows())
def test_an_update_that_changes_nothing_flips_nothing(rows):
    y_true, y_new, _ = rows
    found = figures(y_true, y_new, y_new)
    for name in ("negative_flip_rate", "positive_flip_rate", "churn_rate"):
        assert found[name] == 0


@given(rows(), st.randoms(use_true_random=False))
def test_row_order_and_label_names_change_nothing(rows, random):
    order = list(range(len(rows[0])))
    random.shuffle(order)
    names = np.array(["d", "a", "c", "b"])
    renamed = figures(*(names[column[order]] for column in rows))
    np.testing.assert_equal(renamed, figures(*rows))


@given(rows(), st.data())
def test_weight_k_is_a_row_repeated_k_times(rows, data):
    n = len(rows[0])
    weight = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    assume(sum(weight) > 0)
    repeated = [np.repeat(column, weight) for column in rows]
    np.testing.assert_equal(figures(*rows, sample_weight=weight), figures(*repeated))
    np.testing.assert_array_equal(
        metrics.flip_matrix(rows[0], rows[1:], sample_weight=weight),
        metrics.flip_matrix(repeated[0], repeated[1:]),
    )


@pytest.mark.parametrize(
    ("name", "y_true", "y_new", "y_old"),
    [
        ("relative_negative_flip_rate", [0, 0], [0, 0], [0, 1]),
        ("relative_negative_flip_rate", [0, 0], [0, 1], [1, 1]),
        ("negative_flip_impact", [0, 0], [0, 0], [0, 1]),
        ("backward_error_compatibility", [0, 0], [0, 0], [0, 1]),
        ("backward_trust_compatibility", [0, 0], [0, 1], [1, 1]),
        ("win_loss_ratio", [0, 0], [0, 1], [0, 1]),
    ],
)
def test_undefined_is_nan_with_a_warning(name, y_true, y_new, y_old):
    with pytest.warns(UndefinedMetricWarning, match=name) as caught:
        assert math.isnan(getattr(metrics, name)(y_true, y_new, y_old=y_old))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", FIGURES)
def test_rows_that_no_figure_can_be_read_off(name):
    figure = getattr(metrics, name)
    with pytest.warns(UndefinedMetricWarning, match=name):
        value = figure([0, 1], [0, 0], y_old=[0, 1], sample_weight=[0, 0])
    assert math.isnan(value)
    with pytest.raises(ValueError, match="never match"):
        figure([0, 1], [0, 1], y_old=["0", "1"])


def test_a_scorer_gets_the_old_labels_of_its_fold():
    X, y = make_classification(200, flip_y=0.2, random_state=0)
    old = LogisticRegression().fit(X[:30, :5], y[:30]).predict(X[:, :5])
    params = {"y_old": old, "sample_weight": np.arange(200) % 3}
    settings = {"cv": KFold(4), "params": params, "return_estimator": True}
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(metrics.negative_flip_rate, greater_is_better=False)
        scorer.set_score_request(y_old=True, sample_weight=True)
        model = LogisticRegression().set_fit_request(sample_weight=False)
        scores = cross_validate(model, X, y, scoring=scorer, **settings)
    for fold, (_, test) in enumerate(KFold(4).split(X)):
        new = scores["estimator"][fold].predict(X[test])
        broken = (old[test] == y[test]) & (new != y[test])
        nfr = np.average(broken, weights=params["sample_weight"][test])
        assert scores["test_score"][fold] == pytest.approx(-nfr)


@pytest.mark.parametrize("weight", [None, np.random.default_rng(2).random(400)])
def test_entries_of_the_matrix_are_those_of_the_pairs(weight):
    y_true, *versions = np.random.default_rng(0).integers(0, 3, (6, 400))
    names = ("e", "d", "c", "b", "a")
    named = dict(zip(names, versions, strict=True))
    rates = metrics.flip_matrix(y_true, named, sample_weight=weight)
    numbers = metrics.flip_matrix(
        y_true, versions, normalize=False, sample_weight=weight
    )
    for (i, old), (j, new) in product(enumerate(versions), repeat=2):
        counts = metrics.flip_counts(y_true, new, y_old=old, sample_weight=weight)
        assert rates[i, j] == pytest.approx(counts.negative_flip_rate, abs=1e-14)
        assert numbers[i, j] == pytest.approx(counts.negative_flips, abs=1e-11)


def test_a_matrix_of_no_weight_is_undefined():
    with pytest.warns(UndefinedMetricWarning, match="total weight is 0"):
        matrix = metrics.flip_matrix([0, 1], [[0, 1], [1, 1]], sample_weight=[0, 0])
    assert np.isnan(matrix).all()
