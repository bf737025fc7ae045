"""Sensors that drift: a line and a random walk, in units of each channel's own spread."""

import math
from typing import ClassVar, Literal

import numpy as np

from dnnsa.arrays import Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrInteger,
    FactorOrNumber,
    beside,
    check_not_negative,
    check_seed,
    check_series,
    named,
    nan_below_zero,
    seeds,
    strength,
)
from dnnsa.settings import settings
from dnnsa.threefry import normals


@settings
class Drift:
    """A line, and a random walk, added to each channel of a series; both begin with 0 at the first step.

    Units are the channel's own standard deviation over all steps of all inputs of the file. Each channel has its own
    walk. Walks depend on the seed and on the position of the case in its file, and on nothing else.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["drift"] = "drift"
    slope: FactorOrNumber = 0.0
    """What the line has come to at the last step, in standard deviations of the channel: a factor or a number; 0
    changes nothing."""
    walk: FactorOrNumber = 0.0
    """Standard deviation of the walk at the last step, in standard deviations of the channel, 0 or more: a factor or a
    number; 0 changes nothing, below 0 is NaN."""
    seed: FactorOrInteger = 0
    """Which walk: a factor of integers, or an integer; all 64-bit values are different walks."""

    def __post_init__(self) -> None:
        check_not_negative("walk", self.walk)
        check_seed(self.seed)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.slope, self.walk, self.seed)

    def bind(self, data: Data) -> Apply:
        check_series(self.kind, data.shape)
        if not np.isfinite(data.entries).all():
            raise ModelError(
                f"{self.kind} needs finite numbers in every input of the file, and there is NaN or infinity."
            )
        spread = data.entries.std(axis=(0, 1), dtype=np.float64)  # (channels,)
        steps, channels = data.shape
        last = max(steps - 1, 1)

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            from keras import ops

            slope = beside(strength(self.slope, values, inputs), inputs)
            walk = beside(nan_below_zero(strength(self.walk, values, inputs)), inputs)
            line = ops.convert_to_tensor(np.arange(steps)[:, None] / last, inputs.dtype)  # (steps, 1)
            moves = normals(seeds(self.seed, values, inputs), case, last * channels)
            moves = ops.cast(ops.reshape(moves, (-1, last, channels)), inputs.dtype) / math.sqrt(last)
            path = ops.concatenate([ops.zeros_like(moves[:, :1]), ops.cumsum(moves, axis=1)], axis=1)[:, :steps]
            return inputs + (slope * line + walk * path) * ops.convert_to_tensor(spread, inputs.dtype)

        return apply
