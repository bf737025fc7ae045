"""Continuous laws of a bounded interval."""

from typing import ClassVar, Literal

import numpy as np
from scipy.special import betainc, betaincinv

from dnnsa.factors.base import Array, Shared, Unit, Values, check_resolved, check_shared
from dnnsa.factors.bounds import check_below, check_positive, check_span, inside, supported
from dnnsa.settings import settings


@settings
class Uniform(Shared):
    """Uniform on [low, high]."""

    kind: Literal["uniform"] = "uniform"
    low: float
    """Smallest value."""
    high: float
    """Largest value, above `low`."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        check_span(self.low, self.high)

    def ppf(self, u: Unit) -> Values:
        return self.low + (self.high - self.low) * u

    def cdf(self, values: Values) -> Array:
        return (supported(values, self.low, self.high) - self.low) / (self.high - self.low)


@settings
class LogUniform(Shared):
    """Uniform in the logarithm, on [low, high] with 0 < low."""

    kind: Literal["loguniform"] = "loguniform"
    low: float
    """Smallest value, above 0."""
    high: float
    """Largest value, above `low`."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        if not self.low > 0:
            raise ValueError(f"`low` must be above 0 for a loguniform factor, got low: {self.low:g}")
        check_below(self.low, self.high)
        check_resolved(self, 0, low=self.low, high=self.high)

    def ppf(self, u: Unit) -> Values:
        x = np.exp(np.log(self.low) + (np.log(self.high) - np.log(self.low)) * u)
        return inside(x, self.low, self.high)

    def cdf(self, values: Values) -> Array:
        x = supported(values, self.low, self.high)
        return np.asarray(np.log(x / self.low) / (np.log(self.high) - np.log(self.low)))


@settings
class Triangular(Shared):
    """Density that rises in a line from 0 at low to its largest at mode, and falls in a line to 0 at high.

    `mode` is a value, not a share of the interval as in SALib's `triang` and SciPy's; it may be `low` or `high`.
    """

    kind: Literal["triangular"] = "triangular"
    low: float
    """Smallest value."""
    mode: float
    """Most likely value, from `low` to `high`."""
    high: float
    """Largest value, above `low`."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        check_span(self.low, self.high)
        if not self.low <= self.mode <= self.high:
            raise ValueError(
                f"`mode` must be from `low` to `high`, got low: {self.low:g}, mode: {self.mode:g} and "
                f"high: {self.high:g}"
            )

    def ppf(self, u: Unit) -> Values:
        span = self.high - self.low
        left, right = self._shares()
        x = np.where(u < left, self.low + span * np.sqrt(left * u), self.high - span * np.sqrt(right * (1 - u)))
        return inside(x, self.low, self.high)

    def cdf(self, values: Values) -> Array:
        x = supported(values, self.low, self.high)
        left, right = self._shares()
        risen, left_over = (x - self.low) / (self.high - self.low), (self.high - x) / (self.high - self.low)
        # Where a share is 0, the one value on its side is an end, from which 0 is risen or left over.
        return np.asarray(np.where(x < self.mode, risen**2 / (left or 1.0), 1 - left_over**2 / (right or 1.0)))

    def _shares(self) -> tuple[float, float]:
        """Probabilities on the left and on the right of the mode."""
        span = self.high - self.low
        return (self.mode - self.low) / span, (self.high - self.mode) / span


@settings
class Beta(Shared):
    """Beta on [low, high]: density proportional to (x - low)**(a - 1) (high - x)**(b - 1).

    `a` and `b` are the two shapes, as SciPy's; OpenTURNS' `Beta(alpha, beta, low, high)`.
    """

    kind: Literal["beta"] = "beta"
    a: float
    """Shape at `low`, above 0."""
    b: float
    """Shape at `high`, above 0."""
    low: float = 0.0
    """Smallest value."""
    high: float = 1.0
    """Largest value, above `low`."""

    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_shared(self)
        check_positive(a=self.a, b=self.b)
        check_span(self.low, self.high)
        check_resolved(self, a=self.a, b=self.b, low=self.low, high=self.high)

    def ppf(self, u: Unit) -> Values:
        return inside(self.low + (self.high - self.low) * betaincinv(self.a, self.b, u), self.low, self.high)

    def cdf(self, values: Values) -> Array:
        x = supported(values, self.low, self.high)
        return np.asarray(betainc(self.a, self.b, (x - self.low) / (self.high - self.low)))
