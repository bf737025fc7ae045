"""Truncated laws are right to the last digits, however far in a tail or narrow; what cannot be truncated is refused."""

from decimal import Decimal, localcontext

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given
from scipy import stats
from scipy.integrate import quad

from dnnsa.factors import Gumbel, LogNormal, Normal, Weibull, truncation
from dnnsa.factors.extreme import GUMBEL, LOG_EXPONENTIAL
from dnnsa.factors.normal import NORMAL
from dnnsa.factors.truncation import Interval
from tests.factors.examples import TRUNCATED, U, name

UNTRUNCATED = {
    "normal": lambda f: stats.norm(f.mean, f.sd),
    "lognormal": lambda f: stats.lognorm(f.sd, scale=np.exp(f.mean)),
    "weibull": lambda f: stats.weibull_min(f.shape, scale=f.scale),
    "gumbel": lambda f: stats.gumbel_r(f.loc, f.scale),
}


def upper_tail(x: Decimal) -> Decimal:
    """1 - Phi(x), but for a constant, by Laplace's continued fraction of Mills' ratio (for x >= 8: 40 digits)."""
    fraction = x
    for k in range(1500, 0, -1):
        fraction = x + k / fraction
    return (-x * x / 2).exp() / fraction


def quantile(low: float, high: float, u: float) -> float:
    """Of the standard normal conditioned on [low, high], by bisection in decimal arithmetic."""
    with localcontext(prec=45):
        left, right = Decimal(low), Decimal(high)
        wanted = (1 - Decimal(u)) * upper_tail(left) + Decimal(u) * upper_tail(right)
        for _ in range(60):
            middle = (left + right) / 2
            left, right = (middle, right) if upper_tail(middle) > wanted else (left, middle)
        return float(left)


@pytest.mark.parametrize(("low", "high"), [(8, 9), (39, 40), (8, 8.001)])
@pytest.mark.parametrize("u", [2.0**-33, 0.3, 1 - 2.0**-33])
def test_a_normal_is_right_in_both_far_tails(low, high, u):
    """To 4 units in the last place; 1 - Phi(39) is below the smallest number of float64."""
    right = Normal(mean=0, sd=1, low=low, high=high).ppf(np.array([u]))
    left = Normal(mean=0, sd=1, low=-high, high=-low).ppf(np.array([1 - u]))
    np.testing.assert_allclose([right[0], -left[0]], quantile(low, high, u), rtol=1e-15)


def test_a_long_tail_keeps_its_digits():
    """Where SciPy's truncnorm loses them: u near 1 of a normal without upper bound."""
    survival = (1 - U) * stats.norm.sf(-15 / 8)
    np.testing.assert_allclose(Normal(mean=30, sd=8, low=15).ppf(U), stats.norm.isf(survival, 30, 8), rtol=1e-14)


@pytest.mark.parametrize("low", [40.0, 63.0])
def test_the_farthest_tail_of_a_normal_is_exponential(low):
    """Beyond x, it falls as exp(-x t) to 1 - t**2 / 2, so the median is log(2) / x but for 2 / x**2 of itself."""
    excess = Normal(mean=0, sd=1, low=low).ppf(np.array([0.5]))[0] - low
    assert excess == pytest.approx(np.log(2) / low, rel=2 / low**2 + low * np.spacing(low))


@given(low=st.floats(-45, 44), width=st.floats(1e-3, 30))
def test_a_truncated_normal_is_scipys(low, width):
    """To 1e-9 for u up to 1 - 2**-10: nearer to 1, SciPy's loses digits of the upper tail."""
    u = U[U < 1 - 2.0**-10]
    ours = Normal(mean=0, sd=1, low=low, high=low + width).ppf(u)
    np.testing.assert_allclose(ours, stats.truncnorm(low, low + width).ppf(u), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("factor", TRUNCATED, ids=name)
def test_a_truncated_law_is_the_law_given_that_it_is_in_the_interval(factor):
    """(F(x) - F(low)) / (F(high) - F(low)), with SciPy's F and, in the upper tail, SciPy's 1 - F."""
    law = UNTRUNCATED[factor.kind](factor)
    low = -np.inf if factor.low is None else factor.low
    high = np.inf if factor.high is None else factor.high
    x = factor.ppf(U)
    if law.cdf(low) < 0.5:
        conditioned = (law.cdf(x) - law.cdf(low)) / (law.cdf(high) - law.cdf(low))
    else:
        conditioned = (law.sf(low) - law.sf(x)) / (law.sf(low) - law.sf(high))
    np.testing.assert_allclose(conditioned, U, rtol=0, atol=1e-12)
    np.testing.assert_allclose(factor.cdf(x), conditioned, rtol=0, atol=1e-12)
    assert ((x >= low) & (x <= high)).all()


@pytest.mark.parametrize(
    ("factor", "density", "high"),
    [
        (Gumbel(loc=1013, scale=558, low=500, high=3000), stats.gumbel_r(1013, 558).pdf, 3000),
        (Normal(mean=30, sd=8, low=15), stats.norm(30, 8).pdf, 120),
        (Weibull(shape=2, scale=3, low=1, high=4), stats.weibull_min(2, scale=3).pdf, 4),
        (LogNormal(mean=0, sd=1, low=0.5, high=2), stats.lognorm(1).pdf, 2),
    ],
    ids=name,
)
def test_moments_are_those_of_the_density_on_the_interval(factor, density, high):
    """By quadrature, of the flood model of Iooss and Lemaitre (2015) first; 120 is 11 sd above the mean.

    The midpoint rule with 2**16 points of a law with a long tail is good to a few 1e-5.
    """
    mass = quad(density, factor.low, high)[0]
    x = factor.ppf((np.arange(2**16) + 0.5) / 2**16)
    for power in (1, 2):
        moment = quad(lambda v: v**power * density(v), factor.low, high)[0] / mass  # noqa: B023
        assert (x**power).mean() == pytest.approx(moment, rel=1e-5)


@pytest.mark.parametrize("law", [NORMAL, GUMBEL, LOG_EXPONENTIAL], ids=["normal", "gumbel", "log exponential"])
@given(low=st.floats(-65, 64), width=st.floats(-6, 1.5).map(lambda exponent: 10**exponent))
def test_what_is_put_back_into_the_interval_is_rounding(law, low, width):
    """Four units in the last place of the standard variable; and before it is put back, it rises."""
    within = Interval(low, low + width)
    try:
        truncation.check(law, within, *within)
    except ValueError:
        assume(False)
    z = truncation.ppf(law, within, U)
    unit = np.spacing(max(abs(within.low), abs(within.high), 1.0))
    assert np.maximum(within.low - z, z - within.high).max() <= 4 * unit
    assert (np.diff(z) >= 0).all()
    back = truncation.cdf(law, within, np.clip(z, *within))
    steepest = (np.diff(U) / np.diff(z))[2:-2].max()  # of the distribution function: what a unit of z comes to
    np.testing.assert_allclose(back, U, rtol=0, atol=1e-12 + 8 * unit * steepest)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            Normal,
            {"mean": 0, "sd": 1, "low": 1e200},
            "`low` must leave the law some probability, got low: 1e+200: there is less than exp(-2048)",
        ),
        (
            Normal,
            {"mean": 0, "sd": 1, "high": -65},
            "`high` must leave the law some probability, got high: -65: there is less than exp(-2048)",
        ),
        (
            Gumbel,
            {"loc": 0, "scale": 1, "low": -2000, "high": -1000},
            "`low` and `high` must leave the law some probability, got low: -2000 and high: -1000: there is "
            "less than exp(-2048)",
        ),
        (
            Weibull,
            {"shape": 3, "scale": 1, "low": 1e200},
            "`low` must leave the law some probability, got low: 1e+200: there is less than exp(-2048)",
        ),
        (
            LogNormal,
            {"mean": 0, "sd": 1, "low": 1, "high": 1.0000001},
            "`low` and `high` must be further apart for this law, got low: 1 and high: 1.0000001: use a uniform factor "
            "there",
        ),
        (
            Normal,
            {"mean": 5, "sd": 1, "low": 1.5e-9, "high": 2e-9},
            "`low` and `high` must be further apart for this law, got low: 1.5e-09 and high: 2e-09: use a uniform "
            "factor there",
        ),
        (
            Normal,
            {"mean": 0, "sd": 1, "low": -1e-8, "high": 1e-8},
            "`low` and `high` must be further apart for this law, got low: -1e-08 and high: 1e-08: use a uniform "
            "factor there",
        ),
    ],
)
def test_an_interval_without_probability_is_refused_in_words(kind, settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        kind(**settings)
    assert str(error.value) == message
