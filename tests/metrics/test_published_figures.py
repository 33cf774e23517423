"""Figures that were printed follow from the error rates printed beside them."""

import numpy as np
import pytest

from sklearn_graceful.metrics import (
    FlipCounts,
    backward_error_compatibility,
    flip_counts,
    negative_flip_impact,
)

N_ROWS = 50_000  # ImageNet's validation rows
OLD_ERROR = 30.24  # ResNet-18
# Yan et al. 2021, ImageNet: error, NFR and relative NFR of the new model, in %.
PUBLISHED = {
    "R18 none": (30.29, 6.44, 30.5),
    "R18 naive": (29.34, 5.72, 28.0),
    "R18 distill": (31.12, 3.90, 18.0),
    "R18 focal_kl": (30.63, 2.50, 11.7),
    "R18 focal_lm": (30.47, 2.35, 11.1),
    "R50 none": (25.85, 4.89, 27.1),
    "R50 naive": (24.41, 3.78, 22.2),
    "R50 focal_kl": (26.32, 2.90, 15.8),
    "R50 focal_lm": (26.53, 2.92, 15.8),
}
# Of ensembles of 16 models, old and new.
ENSEMBLES = {"R18": (25.98, 1.70, 8.9), "R50": (22.20, 1.64, 10.0)}


def counts_of(old_error, new_error, nfr):
    """Rows with these rates in %, rounded to whole rows."""
    lost, wrong_old, wrong_new = (
        round(N_ROWS * rate / 100) for rate in (nfr, old_error, new_error)
    )
    both_wrong = wrong_new - lost
    won = wrong_old - both_wrong
    return FlipCounts(N_ROWS - lost - won - both_wrong, lost, won, both_wrong, 0)


def relative_nfr_range(old_error, new_error, nfr):
    """Least and largest value in % of what is printed like that: two decimals."""
    # More errors of the old model make it larger, of the new one smaller.
    low = counts_of(old_error - 0.005, new_error + 0.005, nfr - 0.005)
    high = counts_of(old_error + 0.005, new_error - 0.005, nfr + 0.005)
    ends = low.relative_negative_flip_rate, high.relative_negative_flip_rate
    return 100 * ends[0], 100 * ends[1]


@pytest.mark.parametrize("name", PUBLISHED)
def test_printed_relative_nfr_follows_from_printed_errors_and_nfr(name):
    error, nfr, printed = PUBLISHED[name]
    counts = counts_of(OLD_ERROR, error, nfr)
    assert 100 * counts.err_old == pytest.approx(OLD_ERROR)
    assert 100 * counts.err_new == pytest.approx(error)
    assert 100 * counts.negative_flip_rate == pytest.approx(nfr)
    low, high = relative_nfr_range(OLD_ERROR, error, nfr)
    assert low - 0.05 <= printed <= high + 0.05
    assert 100 * counts.relative_negative_flip_rate == pytest.approx(printed, abs=0.06)


def test_printed_relative_nfr_of_ensembles_is_against_one_old_ensemble():
    """Its error is not printed, but both rows ask for the same one."""
    errors = np.arange(20, 35, 0.01)
    fitting = [
        {
            round(old, 2)
            for old in errors
            if (span := relative_nfr_range(old, error, nfr))[0] - 0.05
            <= printed
            <= span[1] + 0.05
        }
        for error, nfr, printed in ENSEMBLES.values()
    ]
    both = set.intersection(*fitting)
    assert both
    # An ensemble errs less than the single model, and as often as the one of R18.
    assert max(both) < OLD_ERROR
    assert min(both) - 0.1 <= ENSEMBLES["R18"][0] <= max(both) + 0.1


def test_bec_divides_by_the_errors_of_the_new_model():
    """A published implementation divides by those of the old one, which differs.

    Of 10 rows the old model has 6 wrong and the new one 4, both of them 3: of the new
    model's errors three quarters are not new (Srivastava et al. 2020), while half of
    the old model's errors are left.
    """
    y_true = np.zeros(10, dtype=int)
    y_old = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    y_new = np.array([1, 0, 0, 0, 1, 1, 1, 0, 0, 0])
    counts = flip_counts(y_true, y_new, y_old=y_old)
    bec = backward_error_compatibility(y_true, y_new, y_old=y_old)
    assert bec == 3 / 4
    assert bec == 1 - negative_flip_impact(y_true, y_new, y_old=y_old)
    by_old_errors = counts.both_wrong / (counts.both_wrong + counts.positive_flips)
    assert by_old_errors == 3 / 6


def test_bec_of_a_new_model_that_adds_no_error_is_1_however_many_it_mends():
    """Division by the old model's errors would blame it for what it mends."""
    y_true, y_old = np.zeros(10, dtype=int), np.repeat([0, 1], 5)
    y_new = np.repeat([0, 1], [9, 1])
    assert backward_error_compatibility(y_true, y_new, y_old=y_old) == 1
