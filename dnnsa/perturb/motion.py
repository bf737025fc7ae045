"""Images of a camera that moves while its shutter is open."""

import math
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrNumber,
    beside,
    check_image,
    check_not_negative,
    named,
    nan_unless,
    strength,
)
from dnnsa.settings import settings


@settings
class MotionBlur:
    """Average of the pixels along a straight line about each, with weights that sum to 1 over those inside the image.

    Along rows or columns, a length of n is the mean of n + 1 pixels, those at the ends counted by the share of them
    that the line reaches. Between these directions the line is read bilinearly, at each column that it crosses, or at
    each row if it is steeper than 45 degrees.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["motion_blur"] = "motion_blur"
    length: FactorOrNumber
    """How far the image moves, pixels, 0 or more: a factor or a number; 0 changes nothing, below 0 is NaN."""
    angle: FactorOrNumber = 0.0
    """Direction, degrees counter-clockwise from the right: a factor or a number; 180 more is the same."""

    def __post_init__(self) -> None:
        check_not_negative("length", self.length)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.length, self.angle)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        length = strength(self.length, values, inputs)  # (rows,)
        theta = strength(self.angle, values, inputs) * (math.pi / 180)
        blurred = _convolved(inputs, _line(length, theta, *inputs.shape[1:3]))
        # exact at 0, where a Fourier transform and its inverse are not
        blurred = ops.where(beside(length == 0, inputs), inputs, blurred)
        return nan_unless(beside(ops.logical_and(length >= 0, ops.isfinite(theta)), inputs), blurred)


def _line(length: Tensor, theta: Tensor, height: int, width: int) -> Tensor:
    """Weight of the pixel at each distance, (rows, 2 height, 2 width), not normalised; those below 0 come last."""
    from keras import ops

    def distances(size: int) -> Tensor:
        index = ops.arange(2 * size, dtype=length.dtype)
        return ops.where(index < size, index, index - 2 * size)

    x, y = distances(width)[None, None, :], distances(height)[None, :, None]
    cos, sin = (function(theta)[:, None, None] for function in (ops.cos, ops.sin))
    flat = ops.abs(cos) >= ops.abs(sin)
    along, beside_it = ops.where(flat, x, y), ops.where(flat, y, x)
    slope = -ops.where(flat, sin, cos) / ops.where(flat, cos, sin)
    reach = length[:, None, None] * ops.maximum(ops.abs(cos), ops.abs(sin)) / 2  # to each side
    ends = ops.minimum(ops.relu(1 + reach - ops.abs(along)), 1)
    return ends * ops.relu(1 - ops.abs(beside_it - slope * along))


def _convolved(inputs: Tensor, kernel: Tensor) -> Tensor:
    """Images convolved with a kernel (rows, 2 height, 2 width) each, over the weights that lie inside the image.

    By Fourier transforms of complex images, whose real and imaginary parts are two of the channels, or a channel and
    what is 1 inside the image.
    """
    from keras import ops

    rows, height, width, channels = inputs.shape
    inside = ops.ones((rows, 2 - channels % 2, height, width), dtype=inputs.dtype)  # an even number with the channels
    planes = ops.concatenate([ops.transpose(inputs, (0, 3, 1, 2)), inside], axis=1)
    planes = ops.pad(planes, ((0, 0), (0, 0), (0, height), (0, width)))
    half = planes.shape[1] // 2
    real, imaginary = ops.fft2((planes[:, :half], planes[:, half:]))
    by_real, by_imaginary = (part[:, None] for part in ops.fft2((kernel, ops.zeros_like(kernel))))
    product = (real * by_real - imaginary * by_imaginary, real * by_imaginary + imaginary * by_real)
    result = ops.concatenate([part[:, :, :height, :width] for part in ops.ifft2(product)], axis=1)
    return ops.transpose(result[:, :channels] / result[:, channels : channels + 1], (0, 2, 3, 1))
