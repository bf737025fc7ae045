"""Laws of single values: integers, and choices of anything."""

import math
from typing import ClassVar, Literal

import numpy as np

from dnnsa.factors.base import Array, Shared, Unit, Values, check_shared
from dnnsa.factors.bounds import check_below
from dnnsa.factors.scalars import Scalar, identity, numbers
from dnnsa.settings import settings


@settings
class Integers(Shared):
    """Every integer from low to high, both included, equally likely."""

    kind: Literal["integers"] = "integers"
    low: int
    """Smallest value."""
    high: int
    """Largest value, included, above `low`."""

    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_shared(self)
        check_below(self.low, self.high)
        if self.high - self.low >= 2**52 or max(abs(self.low), abs(self.high)) >= 2**62:
            raise ValueError(
                f"`low` to `high` must span fewer than 2**52 integers of magnitude below 2**62, got low: {self.low} "
                f"and high: {self.high}"
            )

    def ppf(self, u: Unit) -> Values:
        count = self.high - self.low + 1
        return np.asarray(self.low + np.minimum(np.floor(u * count), count - 1).astype(np.int64))

    def cdf(self, values: Values) -> Array:
        x = numbers(values)
        whole = (x > -(2**62)) & (x < 2**62) & (x == np.floor(x))
        step = np.where(whole, x, 0).astype(np.int64) - self.low  # in integers: floats lack the digits
        count = self.high - self.low + 1
        return np.asarray(np.where(whole & (step >= 0) & (step < count), (step + 0.5) / count, np.nan))


@settings
class Choice(Shared):
    """One of a list of values, in the order given, each with its probability (equal unless given)."""

    kind: Literal["choice"] = "choice"
    values: tuple[Scalar, ...]
    """The values: text, numbers, true and false, or null; at least two, all different."""
    probabilities: tuple[float, ...] | None = None
    """One for each value, above 0, summing to 1."""

    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_shared(self)
        if len(self.values) < 2:
            raise ValueError(f"`values` must hold at least two values, got {list(self.values)}")
        if len({identity(value) for value in self.values}) < len(self.values):
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
        return self.array()[np.searchsorted(self._edges()[1:-1], u, side="right")]

    def cdf(self, values: Values) -> Array:
        edges = self._edges()
        middles = dict(zip(map(identity, self.values), ((edges[:-1] + edges[1:]) / 2).tolist(), strict=True))
        flat = [middles.get(identity(value), np.nan) for value in values.ravel().tolist()]
        return np.array(flat, dtype=np.float64).reshape(values.shape)

    def array(self) -> Values:
        """The values as an array of one dtype: numbers and booleans as such, anything else as objects."""
        kinds = {type(value) for value in self.values}
        if kinds in ({bool}, {int}, {float}, {int, float}):
            array = np.array(self.values)
            if array.tolist() == list(self.values):  # not so for integers that float64 has no digits for
                return array
        array = np.empty(len(self.values), dtype=object)
        array[:] = self.values
        return array

    def _edges(self) -> Array:
        """Distribution function before the first value, between values and after the last, (values + 1,)."""
        weights = self.probabilities or (1 / len(self.values),) * len(self.values)
        inner = np.cumsum(weights)[:-1] / math.fsum(weights)  # a sum of 1 but for the last of its decimals
        return np.concatenate([[0.0], inner, [1.0]])
