"""Values changed one by one: brightness, contrast, gamma and a clip. Nothing clips unless the study says so."""

from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import Apply, Data, FactorOrNumber, beside, check_positive, named, nan_unless, strength
from dnnsa.settings import settings


@settings
class Brightness:
    """A constant added to every value of the input."""

    smooth: ClassVar[bool] = True

    kind: Literal["brightness"] = "brightness"
    delta: FactorOrNumber
    """What is added, in units of the input: a factor or a number; 0 changes nothing."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.delta)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        return inputs + beside(strength(self.delta, values, inputs), inputs)


@settings
class Contrast:
    """Distance of every value from the mean of its own input, multiplied."""

    smooth: ClassVar[bool] = True

    kind: Literal["contrast"] = "contrast"
    factor: FactorOrNumber
    """The multiple: a factor or a number; 1 changes nothing, 0 leaves the mean alone, below 0 is a negative image."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.factor)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        mean = ops.mean(inputs, axis=tuple(range(1, len(inputs.shape))), keepdims=True)  # (rows, 1, ..., 1)
        factor = beside(strength(self.factor, values, inputs), inputs)
        return inputs + (factor - 1) * (inputs - mean)  # written so that 1 gives the inputs back exactly


@settings
class Gamma:
    """Every value raised to a power, for values from 0 to 1, which stay there; below 0 there is no power, but NaN."""

    smooth: ClassVar[bool] = True

    kind: Literal["gamma"] = "gamma"
    gamma: FactorOrNumber
    """The exponent, above 0: a factor or a number; 1 changes nothing, more is darker, 0 or less is NaN."""

    def __post_init__(self) -> None:
        check_positive("gamma", self.gamma)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.gamma)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        gamma = beside(strength(self.gamma, values, inputs), inputs)
        log = ops.log(ops.where(inputs > 0, inputs, ops.ones_like(inputs)))
        power = inputs * ops.exp((gamma - 1) * log)  # written so that 1 gives the inputs back exactly
        return nan_unless(ops.logical_and(gamma > 0, ops.logical_or(inputs >= 0, gamma == 1)), power)


@settings
class Clip:
    """Values below `low` become `low`, values above `high` become `high`."""

    smooth: ClassVar[bool] = True

    kind: Literal["clip"] = "clip"
    low: FactorOrNumber
    """Smallest value left, in units of the input: a factor or a number."""
    high: FactorOrNumber
    """Largest value left, in units of the input: a factor or a number."""

    def __post_init__(self) -> None:
        if not isinstance(self.low, str) and not isinstance(self.high, str) and not self.low < self.high:
            raise ValueError(f"`low` must be below `high`, got low: {self.low:g} and high: {self.high:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.low, self.high)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        low = beside(strength(self.low, values, inputs), inputs)
        high = beside(strength(self.high, values, inputs), inputs)
        clipped = ops.maximum(ops.minimum(inputs, high), low)
        return nan_unless(low <= high, ops.where(ops.isnan(inputs), inputs, clipped))  # which minimum may not keep
