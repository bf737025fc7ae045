"""Laws of extremes: their conventions, their tails, and what is no law."""

import numpy as np
import pytest

from dnnsa.factors import KINDS, Gumbel, Weibull
from dnnsa.factors.extreme import GUMBEL, LOG_EXPONENTIAL
from tests.factors.examples import U

LEFT, RIGHT = 2.0**-33, 1 - 2.0**-33


def test_a_gumbel_is_a_law_of_maxima():
    """Its long tail is the right one, its mode the quantile 1/e and its mean Euler's constant above."""
    factor = Gumbel(loc=5, scale=2)
    np.testing.assert_allclose(factor.ppf(np.array([np.exp(-1), LEFT, RIGHT])), [5, -1.25999, 50.7477], rtol=1e-5)
    u = (np.arange(2**16) + 0.5) / 2**16
    assert factor.ppf(u).mean() == pytest.approx(5 + 2 * np.euler_gamma, abs=1e-4)


def test_a_weibull_of_shape_one_is_exponential():
    np.testing.assert_allclose(Weibull(shape=1, scale=3).ppf(U), -3 * np.log1p(-U), rtol=1e-14)


def test_a_weibull_ends_where_its_docstring_says():
    ends = Weibull(shape=2, scale=10).ppf(np.array([LEFT, RIGHT]))
    np.testing.assert_allclose(ends, [10 * 2 ** (-33 / 2), 10 * 22.87386**0.5], rtol=1e-6)


def test_an_exponential_law_has_no_memory():
    """Above `low` it is the same law, shifted: E(X | X > t) - t = E(X), and so for every quantile."""
    whole, tail = Weibull(shape=1, scale=3), Weibull(shape=1, scale=3, low=600)
    np.testing.assert_allclose(tail.ppf(U) - 600, whole.ppf(U), rtol=0, atol=1e-11)  # 600 has an ulp of 1.1e-13


@pytest.mark.parametrize("law", [GUMBEL, LOG_EXPONENTIAL])
@pytest.mark.parametrize("z", [-700.0, -40.0, -3.0, -1e-9, 0.0, 1e-9, 3.0, 6.4, 40.0, 700.0])
def test_the_logarithms_of_both_sides_are_those_of_one_probability(law, z):
    """exp(log F) + exp(log S) = 1, and each is found again from the smaller of the two, to the last digits."""
    log_cdf, log_sf = law.log_cdf(np.array(z)), law.log_sf(np.array(z))
    assert np.exp(log_cdf) + np.exp(log_sf) == pytest.approx(1, abs=1e-15)
    back = law.of_log_cdf(log_cdf) if log_cdf < log_sf else law.of_log_sf(log_sf)
    assert back == pytest.approx(z, rel=4e-16, abs=1e-15)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("gumbel", {"loc": 0, "scale": 0}, "`scale` must be above 0, got scale: 0"),
        ("gumbel", {"loc": 0, "scale": 1, "low": 2, "high": 1}, "`low` must be below `high`, got low: 2 and high: 1"),
        (
            "gumbel",
            {"loc": 1e17, "scale": 1e-2},
            "`loc`, `scale` must give different finite numbers, got loc: 1e+17, scale: 0.01: values from 1e+17 to "
            "1e+17",
        ),
        ("gumbel", {"loc": 0, "scale": float("inf")}, "`scale` must be a finite number, got scale: inf"),
        ("weibull", {"shape": 0, "scale": 1}, "`shape` must be above 0, got shape: 0"),
        ("weibull", {"shape": 1, "scale": -1}, "`scale` must be above 0, got scale: -1"),
        (
            "weibull",
            {"shape": 1, "scale": 1, "low": -0.5},
            "`low` must be 0 or more, got low: -0.5: the law has no value below 0",
        ),
        (
            "weibull",
            {"shape": 1, "scale": 1, "high": 0},
            "`high` must be above 0, got high: 0: the law has no value there",
        ),
        (
            "weibull",
            {"shape": 0.01, "scale": 1},
            "`shape`, `scale` must give different finite numbers above 0, got shape: 0.01, scale: 1: values from 0 "
            "to 8.58895e+135",
        ),
    ],
)
def test_what_is_no_law_is_refused_in_words(kind, settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        KINDS[kind](**settings)
    assert str(error.value) == message
