"""Images bent at random, as if drawn on rubber."""

import math
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrInteger,
    FactorOrNumber,
    check_image,
    check_not_negative,
    check_seed,
    named,
    nan_below_zero,
    seeds,
    strength,
)
from dnnsa.perturb.lines import gaussian, keeping_variance, mixed
from dnnsa.perturb.sampling import pixels, sampled
from dnnsa.settings import settings
from dnnsa.threefry import normals


@settings
class Elastic:
    """Every pixel read, bilinearly, at a random displacement that changes smoothly over the image; outside is 0.

    The displacements to the right and down are normal numbers, smoothed by a Gaussian and scaled so that each keeps
    the standard deviation `amplitude`, up to the edges (after Simard, Steinkraus and Platt 2003, who leave its scale
    open). They depend on the seed and on the position of the case in its file, and on nothing else.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["elastic"] = "elastic"
    amplitude: FactorOrNumber
    """Standard deviation of the displacement in each direction, pixels, 0 or more: a factor or a number; 0 changes
    nothing, below 0 is NaN."""
    sd: FactorOrNumber
    """Standard deviation of the Gaussian that smooths the displacements, pixels, 0 or more: a factor or a number; a
    great one moves the image as a whole, below 0 is NaN."""
    seed: FactorOrInteger
    """Which displacements: a factor of integers, or an integer; all 64-bit values are different ones."""

    def __post_init__(self) -> None:
        check_not_negative("amplitude", self.amplitude)
        check_not_negative("sd", self.sd)
        check_seed(self.seed)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.amplitude, self.sd, self.seed)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        amplitude, sd = (nan_below_zero(strength(one, values, inputs)) for one in (self.amplitude, self.sd))  # (rows,)
        rows, height, width = inputs.shape[:3]
        noise = normals(seeds(self.seed, values, inputs), case, 2 * math.prod((height, width)))
        noise = ops.cast(ops.reshape(noise, (rows, height, width, 2)), inputs.dtype)
        by = amplitude[:, None, None, None] * mixed(
            noise, *(keeping_variance(gaussian(sd, n)) for n in (height, width))
        )
        x, y = pixels(inputs)
        return sampled(inputs, x + by[..., 0], y + by[..., 1])
