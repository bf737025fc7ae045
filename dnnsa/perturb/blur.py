"""Gaussian blur with a width of its own for each row, without a kernel radius."""

from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrNumber,
    check_image,
    check_not_negative,
    named,
    nan_below_zero,
    strength,
)
from dnnsa.settings import settings


@settings
class GaussianBlur:
    """Average of the pixels around, with Gaussian weights that sum to 1 over the pixels inside the image.

    The weights reach over the whole image, whatever the width: one matrix for the rows of pixels, one for the columns.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["gaussian_blur"] = "gaussian_blur"
    sd: FactorOrNumber
    """Standard deviation of the weights, pixels, 0 or more: a factor or a number; 0 changes nothing, below 0 is NaN."""

    def __post_init__(self) -> None:
        check_not_negative("sd", self.sd)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.sd)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        rows, height, width, channels = inputs.shape
        sd = nan_below_zero(strength(self.sd, values, inputs))  # (rows,)
        down = ops.matmul(_weights(sd, height), ops.reshape(inputs, (rows, height, width * channels)))
        across = ops.reshape(ops.transpose(ops.reshape(down, inputs.shape), (0, 2, 1, 3)), (rows, width, -1))
        across = ops.matmul(_weights(sd, width), across)  # (rows, width, height * channels)
        return ops.transpose(ops.reshape(across, (rows, width, height, channels)), (0, 2, 1, 3))


def _weights(sd: Tensor, size: int) -> Tensor:
    """Weight of each pixel of a line for each pixel of the result, (rows, size, size), summing to 1 over the last."""
    from keras import ops

    position = ops.arange(size, dtype=sd.dtype)
    distance = position[:, None] - position[None, :]  # (size, size), pixels
    width = ops.where(sd == 0, ops.ones_like(sd), sd)[:, None, None]
    gauss = ops.exp(-0.5 * ops.square(distance / width))  # (rows, size, size)
    weights = ops.where(sd[:, None, None] == 0, ops.eye(size, dtype=sd.dtype), gauss)
    return weights / ops.sum(weights, axis=2, keepdims=True)
