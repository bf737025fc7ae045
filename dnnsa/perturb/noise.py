"""Noise that is a function of its seed: the noise itself is then a factor like any other."""

import math
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrInteger,
    FactorOrNumber,
    beside,
    check_not_negative,
    check_seed,
    check_share,
    named,
    nan_below_zero,
    nan_unless,
    seeds,
    strength,
)
from dnnsa.settings import settings
from dnnsa.threefry import normals, uniforms


@settings
class GaussianNoise:
    """Independent normal numbers added to every value of the input.

    They depend on the seed, on the position of the case in its file and on the position in the input, and on nothing
    else: runs with the same seed see the same noise, at whatever amplitude, and so do two perturbations that share one.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["gaussian_noise"] = "gaussian_noise"
    sd: FactorOrNumber
    """Standard deviation, in units of the input, 0 or more: a factor or a number; 0 changes nothing, below 0 is NaN."""
    seed: FactorOrInteger
    """Which noise: a factor of integers, or an integer; all 64-bit values are different noise."""

    def __post_init__(self) -> None:
        check_not_negative("sd", self.sd)
        check_seed(self.seed)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.sd, self.seed)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        sd = beside(nan_below_zero(strength(self.sd, values, inputs)), inputs)
        noise = normals(seeds(self.seed, values, inputs), case, math.prod(inputs.shape[1:]))  # (rows, pixels)
        return inputs + sd * ops.cast(ops.reshape(noise, inputs.shape), inputs.dtype)


@settings
class ShotNoise:
    """Normal numbers times the square root of each value, added to it: the noise of counted photons.

    This is the normal approximation: a count of mean and variance m is m + sqrt(m) z with z standard normal. It is
    close where many photons are counted; in the dark, photons come in whole numbers and this noise does not, and may
    be below 0. If one photon adds a to a value, the amplitude is sqrt(a). The numbers z are those of `gaussian_noise`
    of the same seed.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["shot_noise"] = "shot_noise"
    amplitude: FactorOrNumber
    """Standard deviation where the input is 1, 0 or more: a factor or a number; 0 changes nothing, below 0 is NaN.
    Other than 0, it makes an input below 0 NaN."""
    seed: FactorOrInteger
    """Which noise: a factor of integers, or an integer; all 64-bit values are different noise."""

    def __post_init__(self) -> None:
        check_not_negative("amplitude", self.amplitude)
        check_seed(self.seed)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.amplitude, self.seed)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        amplitude = beside(nan_below_zero(strength(self.amplitude, values, inputs)), inputs)
        noise = normals(seeds(self.seed, values, inputs), case, math.prod(inputs.shape[1:]))  # (rows, pixels)
        noise = ops.cast(ops.reshape(noise, inputs.shape), inputs.dtype)
        lit = inputs > 0  # the square root has no derivative at 0
        root = ops.where(lit, ops.sqrt(ops.where(lit, inputs, ops.ones_like(inputs))), ops.zeros_like(inputs))
        return nan_unless(ops.logical_or(inputs >= 0, amplitude == 0), inputs + amplitude * root * noise)


@settings
class ImpulseNoise:
    """Salt and pepper: a share of the values, each by itself, replaced by `low` or `high`, one as likely as the other.

    Which ones depends on the seed, on the position of the case in its file and on the position in the input, and on
    nothing else. With a larger share and the same seed, more values are replaced, and those before them alike.
    """

    smooth: ClassVar[bool] = False

    kind: Literal["impulse_noise"] = "impulse_noise"
    share: FactorOrNumber
    """Expected share of the values replaced, from 0 to 1: a factor or a number; 0 changes nothing, outside is NaN."""
    seed: FactorOrInteger
    """Which values: a factor of integers, or an integer; all 64-bit values are different noise."""
    low: FactorOrNumber = 0.0
    """Pepper, in units of the input: a factor or a number."""
    high: FactorOrNumber = 1.0
    """Salt, in units of the input: a factor or a number."""

    def __post_init__(self) -> None:
        check_share("share", self.share)
        check_seed(self.seed)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.share, self.seed, self.low, self.high)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        share, low, high = (
            beside(strength(parameter, values, inputs), inputs) for parameter in (self.share, self.low, self.high)
        )
        count = math.prod(inputs.shape[1:])
        drawn = ops.cast(uniforms(seeds(self.seed, values, inputs), case, 2 * count), inputs.dtype)
        where, which = (ops.reshape(half, inputs.shape) for half in (drawn[:, :count], drawn[:, count:]))
        hit = ops.logical_or(where < share, share == 1)  # a uniform number near 1 may be rounded to it
        result = ops.where(hit, ops.where(which < 0.5, low, high), inputs)
        return nan_unless(ops.logical_and(share >= 0, share <= 1), result)
