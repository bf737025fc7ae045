"""Gaussian noise on weights, in units of the spread of each tensor, a function of its seed."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from dnnsa.arrays import Tensor, Values
from dnnsa.files import Digests
from dnnsa.settings import settings
from dnnsa.threefry import normals
from dnnsa.weights.base import Change, Part, chosen


@settings
class RelativeNoise:
    """Independent normal numbers added to every weight, whose standard deviation is a multiple of the tensor's own.

    They depend on the seed and on the weight, and on nothing else: runs with the same seed see the same noise, at
    whatever amplitude. A tensor of equal values, such as biases of zero, has no spread and stays as it is.
    """

    kind: Literal["relative_noise"] = "relative_noise"
    layers: tuple[str, ...] | None = None
    """Names of the layers whose weights change; all unless given."""
    sd: str | float
    """Standard deviation in units of that of each tensor's values, 0 or more: a factor or a number; 0 is neutral."""
    seed: str | int
    """Which noise: a factor of integers, or an integer."""

    def __post_init__(self) -> None:
        if not isinstance(self.sd, str) and self.sd < 0:
            raise ValueError(f"`sd` must be 0 or more, got {self.sd:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in (self.sd, self.seed) if isinstance(name, str)))

    def bind(self, parts: Sequence[Part], directory: Path, digests: Digests) -> Change:
        from keras import ops

        changed = chosen(parts, self.layers)
        spread = [float(np.std(part.value.astype(np.float64))) for part in parts]

        def change(tensors: Sequence[Tensor], values: Values) -> list[Tensor]:
            sd = values[self.sd] if isinstance(self.sd, str) else self.sd
            seed = values[self.seed] if isinstance(self.seed, str) else ops.cast(self.seed, "int64")
            sd = ops.where(ops.cast(sd, "float32") < 0, float("nan"), ops.cast(sd, "float32"))
            moved = []
            for number, (tensor, scale) in enumerate(zip(tensors, spread, strict=True)):
                if not changed[number]:
                    moved.append(tensor)
                    continue
                stream = ops.full((1,), number, dtype="int32")
                noise = normals(ops.reshape(seed, (1,)), stream, math.prod(tensor.shape))
                moved.append(
                    tensor
                    + ops.cast(sd * scale, tensor.dtype) * ops.cast(ops.reshape(noise, tensor.shape), tensor.dtype)
                )
            return moved

        return change
