"""Laws of extremes: Gumbel's of maxima, and Weibull's."""

from typing import ClassVar, Literal

import numpy as np
from scipy.special import exprel

from dnnsa.factors import truncation
from dnnsa.factors.base import Array, Shared, Unit, Values, check_resolved, check_shared
from dnnsa.factors.bounds import check_bounds, check_finite, check_positive, ends, inside, log, supported
from dnnsa.factors.truncation import Interval, Standard
from dnnsa.settings import settings


def _log_cdf(z: Array) -> Array:
    with np.errstate(over="ignore"):  # F is 0 there
        return np.asarray(-np.exp(-z))


def _log_sf(z: Array) -> Array:
    """log(1 - exp(-y)) with y = exp(-z): for small y log(y) + log((1 - exp(-y)) / y), which does not underflow."""
    left, right = np.minimum(z, 0.0), np.maximum(z, 0.0)
    return np.asarray(np.where(z < 0, np.log1p(-np.exp(_log_cdf(left))), -right + np.log(exprel(_log_cdf(right)))))


def _of_log_sf(log_sf: Array) -> Array:
    """-log(-log(1 - q)) with q = exp(log_sf), written as -(log q + log(-log(1 - q) / q)) for a q that underflows."""
    q = np.maximum(np.exp(log_sf), np.finfo(np.float64).tiny)  # the quotient is 1 from far above it
    return np.asarray(-(log_sf + np.log(-np.log1p(-q) / q)))


GUMBEL = Standard(  # F(z) = exp(-exp(-z))
    ppf=lambda u: np.asarray(-np.log(-np.log(u))),
    log_cdf=_log_cdf,
    log_sf=_log_sf,
    of_log_cdf=lambda log_cdf: np.asarray(-np.log(-log_cdf)),
    of_log_sf=_of_log_sf,
)
LOG_EXPONENTIAL = Standard(  # F(z) = 1 - exp(-exp(z)): Gumbel's law of -z
    ppf=lambda u: np.asarray(np.log(-np.log1p(-u))),
    log_cdf=lambda z: GUMBEL.log_sf(-z),
    log_sf=lambda z: GUMBEL.log_cdf(-z),
    of_log_cdf=lambda log_cdf: np.asarray(-GUMBEL.of_log_sf(log_cdf)),
    of_log_sf=lambda log_sf: np.asarray(-GUMBEL.of_log_cdf(log_sf)),
)


@settings
class Gumbel(Shared):
    """Gumbel's law of maxima, F(x) = exp(-exp(-(x - loc) / scale)); with `low` or `high`, conditioned on [low, high].

    `gumbel_r` in SciPy, `Gumbel(beta=scale, gamma=loc)` in OpenTURNS: the mode is loc, the mean
    loc + .5772 scale, the standard deviation 1.2825 scale, before it is truncated. Coordinates have 32 bits: the values
    of an untruncated one end at loc - 3.13 scale and loc + 22.9 scale.
    """

    kind: Literal["gumbel"] = "gumbel"
    loc: float
    """Mode."""
    scale: float
    """Scale, above 0."""
    low: float | None = None
    """Smallest value, none unless given."""
    high: float | None = None
    """Largest value, above `low`, none unless given."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        check_finite(loc=self.loc)
        check_positive(scale=self.scale)
        check_bounds(self.low, self.high)
        truncation.check(GUMBEL, self._within(), self.low, self.high)
        check_resolved(self, loc=self.loc, scale=self.scale)

    def ppf(self, u: Unit) -> Values:
        return inside(self.loc + self.scale * truncation.ppf(GUMBEL, self._within(), u), self.low, self.high)

    def cdf(self, values: Values) -> Array:
        x = supported(values, *ends(self.low, self.high))
        return truncation.cdf(GUMBEL, self._within(), (x - self.loc) / self.scale)

    def _within(self) -> Interval:
        low, high = ends(self.low, self.high)
        return Interval((low - self.loc) / self.scale, (high - self.loc) / self.scale)


@settings
class Weibull(Shared):
    """Weibull's law of minima, F(x) = 1 - exp(-(x / scale)**shape), x > 0; with `low` or `high`, on [low, high].

    `weibull_min` in SciPy, SALib's `weibull` without a location. Coordinates have 32 bits: the values of an
    untruncated one end at scale 2**(-33 / shape) and scale 22.9**(1 / shape).

    Computed as the logarithm shape log(x / scale), which follows Gumbel's law of minima.
    """

    kind: Literal["weibull"] = "weibull"
    shape: float
    """Shape, above 0; 1 is the exponential law."""
    scale: float
    """Scale, above 0, in the unit of the values."""
    low: float | None = None
    """Smallest value, 0 or more."""
    high: float | None = None
    """Largest value, above `low`, none unless given."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        check_positive(shape=self.shape, scale=self.scale)
        check_bounds(self.low, self.high, 0)
        truncation.check(LOG_EXPONENTIAL, self._within(), self.low, self.high)
        check_resolved(self, 0, shape=self.shape, scale=self.scale)

    def ppf(self, u: Unit) -> Values:
        z = truncation.ppf(LOG_EXPONENTIAL, self._within(), u)
        return inside(self.scale * np.exp(z / self.shape), self.low, self.high)

    def cdf(self, values: Values) -> Array:
        x = supported(values, *ends(self.low, self.high, 0))
        return truncation.cdf(LOG_EXPONENTIAL, self._within(), self.shape * log(x / self.scale))

    def _within(self) -> Interval:
        low, high = self.shape * log(np.array(ends(self.low, self.high, 0)) / self.scale)
        return Interval(low, high)
