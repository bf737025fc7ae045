"""Normal laws: of the value, or of its logarithm."""

from typing import ClassVar, Literal

import numpy as np
from scipy.special import log_ndtr, ndtri, ndtri_exp

from dnnsa.factors import truncation
from dnnsa.factors.base import Array, Shared, Unit, Values, check_resolved, check_shared
from dnnsa.factors.bounds import check_bounds, check_finite, check_positive, ends, inside, log, supported
from dnnsa.factors.truncation import Interval, Standard
from dnnsa.settings import settings

NORMAL = Standard(
    ppf=ndtri,
    log_cdf=log_ndtr,
    log_sf=lambda z: np.asarray(log_ndtr(-z)),
    of_log_cdf=ndtri_exp,
    of_log_sf=lambda log_sf: np.asarray(-ndtri_exp(log_sf)),
)


@settings
class Normal(Shared):
    """Normal with the given mean and standard deviation; with `low` or `high`, conditioned on [low, high].

    `mean` and `sd` are those of the law before it is truncated. Coordinates have 32 bits: the values of an untruncated
    one end at mean - 6.34 sd and mean + 6.34 sd.
    """

    kind: Literal["normal"] = "normal"
    mean: float
    """Mean."""
    sd: float
    """Standard deviation, above 0."""
    low: float | None = None
    """Smallest value, none unless given."""
    high: float | None = None
    """Largest value, above `low`, none unless given."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        check_finite(mean=self.mean)
        check_positive(sd=self.sd)
        check_bounds(self.low, self.high)
        truncation.check(NORMAL, self._within(), self.low, self.high)
        check_resolved(self, mean=self.mean, sd=self.sd)

    def ppf(self, u: Unit) -> Values:
        return inside(self.mean + self.sd * truncation.ppf(NORMAL, self._within(), u), self.low, self.high)

    def cdf(self, values: Values) -> Array:
        x = supported(values, *ends(self.low, self.high))
        return truncation.cdf(NORMAL, self._within(), (x - self.mean) / self.sd)

    def _within(self) -> Interval:
        low, high = ends(self.low, self.high)
        return Interval((low - self.mean) / self.sd, (high - self.mean) / self.sd)


@settings
class TruncNormal(Shared):
    """Normal conditioned on [low, high].

    `mean` and `sd` are those of the normal before it is truncated, as in SALib's `truncnorm`: a `normal` with both
    bounds.
    """

    kind: Literal["truncnormal"] = "truncnormal"
    mean: float
    """Mean of the normal."""
    sd: float
    """Standard deviation of the normal, above 0."""
    low: float
    """Smallest value."""
    high: float
    """Largest value, above `low`."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        self._normal()

    def ppf(self, u: Unit) -> Values:
        return self._normal().ppf(u)

    def cdf(self, values: Values) -> Array:
        return self._normal().cdf(values)

    def _normal(self) -> Normal:
        return Normal(mean=self.mean, sd=self.sd, low=self.low, high=self.high)


@settings
class LogNormal(Shared):
    """A value whose natural logarithm is normal; with `low` or `high`, conditioned on [low, high].

    `mean` and `sd` are those of the logarithm, before it is truncated, as SALib's `lognorm` has it: the median is
    exp(mean), the mean exp(mean + sd**2 / 2). Coordinates have 32 bits: the values of an untruncated one end at
    exp(mean - 6.34 sd) and exp(mean + 6.34 sd).
    """

    kind: Literal["lognormal"] = "lognormal"
    mean: float
    """Mean of the logarithm."""
    sd: float
    """Standard deviation of the logarithm, above 0."""
    low: float | None = None
    """Smallest value, 0 or more."""
    high: float | None = None
    """Largest value, above `low`, none unless given."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        check_finite(mean=self.mean)
        check_positive(sd=self.sd)
        check_bounds(self.low, self.high, 0)
        truncation.check(NORMAL, self._within(), self.low, self.high)
        check_resolved(self, 0, mean=self.mean, sd=self.sd)

    def ppf(self, u: Unit) -> Values:
        z = truncation.ppf(NORMAL, self._within(), u)
        return inside(np.exp(self.mean + self.sd * z), self.low, self.high)

    def cdf(self, values: Values) -> Array:
        x = supported(values, *ends(self.low, self.high, 0))
        return truncation.cdf(NORMAL, self._within(), (log(x) - self.mean) / self.sd)

    def _within(self) -> Interval:
        low, high = log(np.array(ends(self.low, self.high, 0)))
        return Interval((low - self.mean) / self.sd, (high - self.mean) / self.sd)
