"""Gaussian noise that is a function of its seed: the noise itself is then a factor like any other."""

import math
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrInteger,
    FactorOrNumber,
    beside,
    check_not_negative,
    named,
    nan_below_zero,
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
        if not isinstance(self.seed, str) and not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"`seed` must be a 64-bit integer, from -2**63 to 2**63 - 1, got {self.seed}")

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.sd, self.seed)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        sd = beside(nan_below_zero(strength(self.sd, values, inputs)), inputs)
        noise = normals(self._seeds(inputs, values), case, math.prod(inputs.shape[1:]))  # (rows, pixels)
        return inputs + sd * ops.cast(ops.reshape(noise, inputs.shape), inputs.dtype)

    def _seeds(self, inputs: Tensor, values: Values) -> Tensor:
        """The seed of each row, (rows,) int32 or int64."""
        from keras import ops

        if not isinstance(self.seed, str):
            return ops.full((inputs.shape[0],), self.seed, dtype="int64")
        seeds = values[self.seed]
        if ops.dtype(seeds) not in ("int32", "int64"):
            raise ModelError(
                f"seed: factor `{self.seed}` must give integers, got {ops.dtype(seeds)}: make it `kind: integers`."
            )
        return seeds
