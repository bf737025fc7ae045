"""The laws of the uncertain factors: each one an inverse distribution function of a coordinate of the unit cube.

Inverting a monotone function keeps order and spacing, so a low-discrepancy point stays low-discrepancy.
"""

import math
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dnnsa.settings import settings

Unit = NDArray[np.float64]  # coordinates of the open unit interval, any shape
Values = NDArray[Any]  # as many values of the factor, same shape


class Factor(Protocol):
    """One uncertain thing with a distribution.

    Laws: ``ppf`` is elementwise, non-decreasing in the law's own order, finite on the open interval (0, 1), and gives
    the same bits however its argument is cut.
    """

    @property
    def kind(self) -> str: ...

    @property
    def unit(self) -> str | None: ...

    def ppf(self, u: Unit) -> Values: ...


def _below(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"`low` must be below `high`, got low: {low:g} and high: {high:g}")


@settings
class Uniform:
    """Uniform on [low, high]."""

    kind: Literal["uniform"] = "uniform"
    low: float
    """Smallest value."""
    high: float
    """Largest value, above `low`."""
    unit: str | None = None
    """Unit of the values, written beside the factor in tables, figures and the store."""

    def __post_init__(self) -> None:
        _below(self.low, self.high)
        if not math.isfinite(self.high - self.low):
            raise ValueError(f"`high` - `low` must be a finite number, got low: {self.low:g} and high: {self.high:g}")

    def ppf(self, u: Unit) -> Values:
        return self.low + (self.high - self.low) * u


@settings
class LogUniform:
    """Uniform in the logarithm, on [low, high] with 0 < low."""

    kind: Literal["loguniform"] = "loguniform"
    low: float
    """Smallest value, above 0."""
    high: float
    """Largest value, above `low`."""
    unit: str | None = None
    """Unit of the values."""

    def __post_init__(self) -> None:
        if not self.low > 0:
            raise ValueError(f"`low` must be above 0 for a loguniform factor, got low: {self.low:g}")
        _below(self.low, self.high)

    def ppf(self, u: Unit) -> Values:
        return np.asarray(np.exp(np.log(self.low) + (np.log(self.high) - np.log(self.low)) * u))


@settings
class Normal:
    """Normal with the given mean and standard deviation."""

    kind: Literal["normal"] = "normal"
    mean: float
    """Mean."""
    sd: float
    """Standard deviation, above 0."""
    unit: str | None = None
    """Unit of the values."""

    def __post_init__(self) -> None:
        if not self.sd > 0:
            raise ValueError(f"`sd` must be above 0, got sd: {self.sd:g}")

    def ppf(self, u: Unit) -> Values:
        return np.asarray(self.mean + self.sd * ndtri(u))


@settings
class Integers:
    """Every integer from low to high, both included, equally likely."""

    kind: Literal["integers"] = "integers"
    low: int
    """Smallest value."""
    high: int
    """Largest value, included, above `low`."""
    unit: str | None = None
    """Unit of the values."""

    def __post_init__(self) -> None:
        _below(self.low, self.high)
        if self.high - self.low >= 2**52 or max(abs(self.low), abs(self.high)) >= 2**62:
            raise ValueError(
                f"`low` to `high` must span fewer than 2**52 integers of magnitude below 2**62, got low: {self.low} "
                f"and high: {self.high}"
            )

    def ppf(self, u: Unit) -> Values:
        count = self.high - self.low + 1
        return np.asarray(self.low + np.minimum(np.floor(u * count), count - 1).astype(np.int64))


Scalar = str | int | float | bool | None


@settings
class Choice:
    """One of a list of values, in the order given, each with its probability (equal unless given)."""

    kind: Literal["choice"] = "choice"
    values: tuple[Scalar, ...]
    """The values: text, numbers, true and false, or null; at least two, all different."""
    probabilities: tuple[float, ...] | None = None
    """One for each value, above 0, summing to 1."""
    unit: str | None = None
    """Unit of the values."""

    def __post_init__(self) -> None:
        if len(self.values) < 2:
            raise ValueError(f"`values` must hold at least two values, got {list(self.values)}")
        if len({(isinstance(value, bool), value) for value in self.values}) < len(self.values):
            raise ValueError(f"`values` must all be different, got {list(self.values)}")
        if self.probabilities is not None:
            self._check(self.probabilities)

    def _check(self, probabilities: tuple[float, ...]) -> None:
        if len(probabilities) != len(self.values):
            raise ValueError(
                f"`probabilities` must be one for each of the {len(self.values)} values, got {len(probabilities)}"
            )
        if not min(probabilities) > 0:
            raise ValueError(f"`probabilities` must be above 0, got {list(probabilities)}")
        if not math.isclose(math.fsum(probabilities), 1.0, abs_tol=1e-9):
            raise ValueError(f"`probabilities` must sum to 1, got a sum of {math.fsum(probabilities):.12g}")

    def ppf(self, u: Unit) -> Values:
        weights = self.probabilities or (1 / len(self.values),) * len(self.values)
        edges = np.cumsum(weights)[:-1]  # (values - 1,): the last value takes all that is left
        return self.array()[np.searchsorted(edges, u, side="right")]

    def array(self) -> Values:
        """The values as an array of one dtype: numbers and booleans as such, anything else as objects."""
        kinds = {type(value) for value in self.values}
        if kinds in ({bool}, {int}, {float}, {int, float}):
            return np.array(self.values)
        array = np.empty(len(self.values), dtype=object)
        array[:] = self.values
        return array


KINDS: dict[str, type[Factor]] = {
    "uniform": Uniform,
    "loguniform": LogUniform,
    "normal": Normal,
    "integers": Integers,
    "choice": Choice,
}
