"""Normal laws: their parameters, and what is no law."""

import numpy as np
import pytest
from scipy import stats

from dnnsa.factors import KINDS, LogNormal, Normal, TruncNormal
from tests.factors.examples import U

LEFT = 2.0**-33


def test_a_truncnormal_is_a_normal_with_both_bounds():
    ours, normal = (kind(mean=1, sd=2, low=-1, high=9) for kind in (TruncNormal, Normal))
    np.testing.assert_array_equal(ours.ppf(U), normal.ppf(U))
    np.testing.assert_array_equal(ours.cdf(ours.ppf(U)), normal.cdf(ours.ppf(U)))


def test_the_tails_of_a_normal_end_at_634_sd():
    """-Phi^-1(2**-33) = 6.33796, from the quantile of SciPy's norm."""
    ends = Normal(mean=10, sd=2).ppf(np.array([LEFT, 1 - LEFT]))
    np.testing.assert_allclose(ends, [10 - 2 * 6.33796, 10 + 2 * 6.33796], atol=2e-5)


def test_mean_and_sd_of_a_lognormal_are_those_of_the_logarithm():
    factor = LogNormal(mean=2, sd=0.3)
    np.testing.assert_allclose(factor.ppf(stats.norm.cdf([-1, 0, 1])), np.exp([1.7, 2, 2.3]), rtol=1e-14)


def test_a_truncated_lognormal_is_the_exponential_of_a_truncated_normal():
    factor = LogNormal(mean=2, sd=0.3, low=np.exp(1.7), high=np.exp(2.9))
    np.testing.assert_allclose(factor.ppf(U), np.exp(stats.truncnorm(-1, 3, 2, 0.3).ppf(U)), rtol=1e-12)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("normal", {"mean": 0, "sd": 0}, "`sd` must be above 0, got sd: 0"),
        ("normal", {"mean": 0, "sd": 1, "low": 2, "high": 1}, "`low` must be below `high`, got low: 2 and high: 1"),
        (
            "normal",
            {"mean": 1e17, "sd": 1},
            "`mean`, `sd` must give different finite numbers, got mean: 1e+17, sd: 1: values from 1e+17 to 1e+17",
        ),
        (
            "normal",
            {"mean": 0, "sd": 1e308},
            "`mean`, `sd` must give different finite numbers, got mean: 0, sd: 1e+308: values from -inf to inf",
        ),
        ("normal", {"mean": float("nan"), "sd": 1}, "`mean` must be a finite number, got mean: nan"),
        ("normal", {"mean": 0, "sd": 1, "high": float("nan")}, "`high` must be a finite number, got high: nan"),
        ("truncnormal", {"mean": 0, "sd": -1, "low": 0, "high": 1}, "`sd` must be above 0, got sd: -1"),
        (
            "truncnormal",
            {"mean": 0, "sd": 1, "low": 1, "high": 1},
            "`low` must be below `high`, got low: 1 and high: 1",
        ),
        ("lognormal", {"mean": 0, "sd": 0}, "`sd` must be above 0, got sd: 0"),
        (
            "lognormal",
            {"mean": 0, "sd": 1, "low": -1},
            "`low` must be 0 or more, got low: -1: the law has no value below 0",
        ),
        (
            "lognormal",
            {"mean": 0, "sd": 1, "high": 0},
            "`high` must be above 0, got high: 0: the law has no value there",
        ),
        (
            "lognormal",
            {"mean": 700, "sd": 2},
            "`mean`, `sd` must give different finite numbers above 0, got mean: 700, sd: 2: values from "
            "3.16998e+298 to inf",
        ),
        (
            "lognormal",
            {"mean": -700, "sd": 20},
            "`mean`, `sd` must give different finite numbers above 0, got mean: -700, sd: 20: values from 0 to "
            "1.10832e-249",
        ),
    ],
)
def test_what_is_no_law_is_refused_in_words(kind, settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        KINDS[kind](**settings)
    assert str(error.value) == message
