"""Poincare constants against closed forms."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from dnnsa.estimators.poincare import poincare
from dnnsa.factors import LogNormal, Uniform


@dataclass(frozen=True)
class Law:
    ppf: Any
    kind: str = "of a test"
    discrete: bool = False


def truncated_exponential(h):
    return lambda u: -np.log1p(u * np.expm1(-h))


def reciprocal(ratio):
    """The root k of J0(k) Y0(k ratio) = Y0(k) J0(k ratio), by bisection within its half period of pi / (ratio - 1)."""
    low, high = 0.5 * np.pi / (ratio - 1), 1.5 * np.pi / (ratio - 1)

    def f(k):
        return special.j0(k) * special.y0(ratio * k) - special.y0(k) * special.j0(ratio * k)

    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if f(low) * f(middle) > 0 else (low, middle)
    return low


HE4 = np.sqrt(3 - np.sqrt(6))  # the smallest zero of the Hermite polynomial He_4 = x^4 - 6 x^2 + 3

CLOSED_FORMS = {
    "exponential on [0, 3]": (truncated_exponential(3), 1 / (1 / 4 + (np.pi / 3) ** 2)),
    "exponential on [0, 12]": (truncated_exponential(12), 1 / (1 / 4 + (np.pi / 12) ** 2)),
    "normal on [-1, 1], zeros of He_2": (stats.truncnorm(-1, 1).ppf, 1 / 3),
    "normal between zeros of He_4": (stats.truncnorm(-HE4, HE4).ppf, 1 / 5),
    "half a normal": (stats.halfnorm.ppf, 1 / 2),
    "triangular": (stats.triang(0.5, -1, 2).ppf, special.jn_zeros(0, 1)[0] ** -2),
    "beta(1, 2), radius of a disc": (stats.beta(1, 2).ppf, special.jn_zeros(1, 1)[0] ** -2),
    "beta(1, 4), radius of a ball in 4 dimensions": (stats.beta(1, 4).ppf, special.jn_zeros(2, 1)[0] ** -2),
    "reciprocal on [1, 10]": (lambda u: 10**u, reciprocal(10) ** -2),
    "Rayleigh, radius of a normal point in 2 dimensions": (stats.weibull_min(2).ppf, 1 / 4),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_a_closed_form_is_met(name):
    ppf, exact = CLOSED_FORMS[name]
    # Second-order meshes, extrapolated: 2e-5 on the finer one leaves 4e-10 times the curvature of the error
    assert poincare(Law(ppf)) == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("slope", [1.0, -1.0])
def test_a_constant_has_the_units_of_the_factor_squared(slope):
    ppf = stats.beta(1, 2).ppf
    moved = Law(lambda u: 1e3 + 50 * slope * (ppf(u) if slope > 0 else ppf(1 - u)))
    assert poincare(moved) == pytest.approx(2500 * poincare(Law(ppf)), rel=1e-6)  # digits lost beside 1e3


@pytest.mark.parametrize(
    ("ppf", "exact"),
    [
        (Uniform(low=-np.pi, high=np.pi).ppf, 4.0),
        (stats.norm(1e3, 2).ppf, 4.0),
        (stats.expon(0, 3).ppf, 36.0),
        (stats.gumbel_r(5, 2).ppf, 16.0),
        (stats.weibull_min(1, 0, 3).ppf, 36.0),
    ],
)
def test_a_standard_law_is_recognised_by_its_quantiles(ppf, exact):
    assert poincare(Law(ppf)) == pytest.approx(exact, rel=1e-9)


def test_the_mesh_meets_the_normal_law_when_it_is_not_recognised():
    mixture = Law(lambda u: special.ndtri(u) * (1 + 1e-7 * np.sin(7 * u)))
    assert poincare(mixture) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("ppf", "exact", "rel"),
    [
        (special.logit, 4, 1e-3),  # logistic: both tails exponential
        (stats.laplace.ppf, 4, 1e-3),
        (lambda u: stats.gumbel_r.ppf(0.3 + 0.7 * u), 4, 1e-3),  # cut off below
        (stats.weibull_min(1.1).ppf, 2.0837687641, 1e-3),  # by the same elements down to a probability of 2^-1000
    ],
)
def test_nearly_exponential_tails_are_met_to_a_thousandth(ppf, exact, rel):
    assert poincare(Law(ppf)) == pytest.approx(exact, rel=rel)


@pytest.mark.parametrize(
    "ppf",
    [
        stats.weibull_min(0.999).ppf,
        stats.weibull_min(0.5).ppf,
        stats.lognorm(1, scale=1e5).ppf,
        stats.t(3).ppf,
        lambda u: -(u ** (-1 / 4)),  # the same below: Pareto, mirrored
        lambda u: np.where(u < 0.3, u, u + 1),  # a gap: g constant on either side has variance and no derivative
    ],
)
def test_no_finite_constant_is_made_up(ppf):
    assert poincare(Law(ppf)) == np.inf


@pytest.mark.parametrize("low", [None, 1.0])
@pytest.mark.parametrize("sd", [1e-3, 0.1, 1.0])
def test_no_lognormal_law_has_a_finite_constant(sd, low):
    assert poincare(LogNormal(mean=0, sd=sd, low=low)) == np.inf


def test_a_lognormal_law_that_is_cut_off_has_one():
    cut = stats.norm.cdf(1)
    constant = poincare(LogNormal(mean=0, sd=1, high=np.e))
    values = np.exp(special.ndtri(cut * (np.arange(10**5) + 0.5) / 10**5))
    assert values.var() < constant < (values.max() - values.min()) ** 2 / 4  # g(x) = x; Popoviciu's and more


def test_the_same_law_gives_the_same_bits():
    law = Law(stats.beta(2, 5).ppf)
    assert poincare(law) == poincare(law)
