"""Averages of pixels, with a width of its own for each row: Gaussian blur, without a kernel radius, and pixelation."""

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
    nan_below_zero,
    nan_unless,
    strength,
)
from dnnsa.perturb.lines import gaussian, mixed
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

        sd = nan_below_zero(strength(self.sd, values, inputs))  # (rows,)
        height, width = inputs.shape[1:3]
        by_size = {}
        for size in {height, width}:
            weights = gaussian(sd, size)
            by_size[size] = weights / ops.sum(weights, axis=2, keepdims=True)
        return mixed(inputs, by_size[height], by_size[width])


@settings
class Pixelation:
    """Every pixel replaced by the mean of its block: a coarser grid of squares, from the upper left corner.

    With a size that is not whole, pixel i belongs to block floor(i / size) in each direction. Blocks at the right and
    at the bottom edge may be smaller.
    """

    smooth: ClassVar[bool] = False

    kind: Literal["pixelation"] = "pixelation"
    size: FactorOrNumber
    """Side of a block, pixels, 1 or more: a factor or a number; 1 changes nothing, below 1 is NaN."""

    def __post_init__(self) -> None:
        if not isinstance(self.size, str) and not self.size >= 1:
            raise ValueError(f"`size` must be 1 or more, got {self.size:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.size)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        size = strength(self.size, values, inputs)  # (rows,)
        mean = mixed(inputs, _blocks(size, inputs.shape[1]), _blocks(size, inputs.shape[2]))
        return nan_unless(beside(size >= 1, inputs), mean)


def _blocks(size: Tensor, pixels: int) -> Tensor:
    """Weight of each pixel of a line for each pixel of the result, (rows, pixels, pixels): alike within a block."""
    from keras import ops

    size = ops.where(size >= 1, size, ops.ones_like(size))[:, None]
    block = ops.floor(ops.arange(pixels, dtype=size.dtype)[None, :] / size)  # (rows, pixels)
    weights = ops.cast(block[:, :, None] == block[:, None, :], size.dtype)
    return weights / ops.sum(weights, axis=2, keepdims=True)
