"""Laws conditioned on an interval, right in the far tails: probabilities are kept as logarithms, from the near side."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function = Callable[[Array], Array]  # elementwise

NARROWEST = 2.0**-20  # of the interval's log-probability: below, float64 no longer resolves 32 bits of it
FARTHEST = -(2.0**11)  # log-probability, that of 64 sd: below, SciPy's inverse of the normal loses digits


class Standard(NamedTuple):
    """A continuous law of a variable z without settings, by functions that keep their relative precision."""

    ppf: Function  # z of probability
    log_cdf: Function  # log F(z)
    log_sf: Function  # log(1 - F(z))
    of_log_cdf: Function  # z of log F(z), asked for up to one half only
    of_log_sf: Function  # z of log(1 - F(z)), asked for up to one half only


class Interval(NamedTuple):
    """Where a standard variable may lie."""

    low: float = -np.inf
    high: float = np.inf


def ppf(law: Standard, within: Interval, u: Array) -> Array:
    """Inverse distribution function of the law conditioned on an interval.

    F(z) = F(low) + u (F(high) - F(low)) and, with S = 1 - F, S(z) = S(high) + (1 - u) (S(low) - S(high)). Whichever is
    the smaller has lost no digits and is inverted.
    """
    if within == Interval():
        return law.ppf(u)
    log_mass = _log_mass(law, within)
    below = np.logaddexp(_at(law.log_cdf, within.low), np.log(u) + log_mass)
    above = np.logaddexp(_at(law.log_sf, within.high), np.log1p(-u) + log_mass)
    nearer = np.minimum(below, above)
    return np.asarray(np.where(below <= above, law.of_log_cdf(nearer), law.of_log_sf(nearer)))


def cdf(law: Standard, within: Interval, z: Array) -> Array:
    """Distribution function of the law conditioned on an interval; z is in it, or NaN."""
    log_mass = _log_mass(law, within)
    log_cdf, log_sf = law.log_cdf(z), law.log_sf(z)
    below = np.exp(_log_difference(log_cdf, _at(law.log_cdf, within.low)) - log_mass)
    above = np.exp(_log_difference(log_sf, _at(law.log_sf, within.high)) - log_mass)
    return np.clip(np.where(log_cdf <= log_sf, below, 1 - above), 0, 1)  # rounding only: z is in the interval


def check(law: Standard, within: Interval, low: float | None, high: float | None) -> None:
    """Refuse an interval that leaves the law no probability, or too little of it to be resolved."""
    if within == Interval():
        return
    given = {name: value for name, value in (("low", low), ("high", high)) if value is not None}
    names = " and ".join(f"`{name}`" for name in given)
    shown = " and ".join(f"{name}: {value:.12g}" for name, value in given.items())
    near = max(_at(side, z) for side, z in _nearer(law, within))
    if near < FARTHEST:
        raise ValueError(
            f"{names} must leave the law some probability, got {shown}: there is less than exp({FARTHEST:g})"
        )
    if _log_mass(law, within) - near < np.log(NARROWEST * max(1.0, -near)):  # `near` is rounded by -near eps
        raise ValueError(f"{names} must be further apart for this law, got {shown}: use a uniform factor there")


def _nearer(law: Standard, within: Interval) -> list[tuple[Function, float]]:
    """The tails that the interval is counted in: the lower, the upper, or both for one that holds the median."""
    if _at(law.log_cdf, within.high) <= np.log(0.5):
        return [(law.log_cdf, within.high)]
    if _at(law.log_sf, within.low) <= np.log(0.5):
        return [(law.log_sf, within.low)]
    return [(law.log_cdf, within.high), (law.log_sf, within.low)]


def _log_mass(law: Standard, within: Interval) -> float:
    """log(F(high) - F(low)), counted from the side on which it is a difference of small numbers."""
    tails = _nearer(law, within)
    if len(tails) == 2:
        outside = np.exp(_at(law.log_cdf, within.low)) + np.exp(_at(law.log_sf, within.high))
        with np.errstate(divide="ignore"):  # no probability, which `check` refuses
            return float(np.log1p(-outside))
    side, near = tails[0]
    far = within.low if near == within.high else within.high
    return float(_log_difference(np.array(_at(side, near)), _at(side, far)))


def _log_difference(larger: Array, smaller: float) -> Array:
    """log(exp(larger) - exp(smaller)), minus infinity where they are equal."""
    if smaller == -np.inf:
        return larger
    with np.errstate(divide="ignore"):
        return np.asarray(larger + np.log(-np.expm1(np.minimum(smaller - larger, 0.0))))  # 0: but for rounding


def _at(function: Function, z: float) -> float:
    return float(function(np.array(z)))
