"""Gaussian noise that is a function of its seed: the noise itself is then a factor like any other."""

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
    named,
    nan_below_zero,
    seeds,
    strength,
)
from dnnsa.settings import settings
from dnnsa.threefry import normals


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
