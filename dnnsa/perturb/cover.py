"""What stands between the scene and the camera: a patch over a part of the image, or a haze over all of it."""

from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrNumber,
    beside,
    check_image,
    check_not_negative,
    check_share,
    named,
    nan_unless,
    strength,
)
from dnnsa.settings import settings


@settings
class Occlusion:
    """A square patch of one value over the image.

    A pixel on the edge of the patch is mixed by the share of its area under the patch, so that nothing jumps as the
    patch moves or grows. What of the patch is outside of the image covers nothing.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["occlusion"] = "occlusion"
    size: FactorOrNumber
    """Side of the patch, as a share of the shorter side of the image, 0 or more: a factor or a number; 0 changes
    nothing, below 0 is NaN."""
    x: FactorOrNumber = 0.5
    """Centre of the patch, from 0, the left edge of the image, to 1, the right edge: a factor or a number."""
    y: FactorOrNumber = 0.5
    """Centre of the patch, from 0, the upper edge of the image, to 1, the lower edge: a factor or a number."""
    value: FactorOrNumber = 0.0
    """What the patch shows in every channel, in units of the input: a factor or a number."""

    def __post_init__(self) -> None:
        check_not_negative("size", self.size)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.size, self.x, self.y, self.value)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        size, x, y = (strength(parameter, values, inputs) for parameter in (self.size, self.x, self.y))  # (rows,)
        height, width = inputs.shape[1:3]
        side = size * min(height, width)  # pixels
        across = _covered(x * width, side, width)[:, None, :, None]
        down = _covered(y * height, side, height)[:, :, None, None]
        value = beside(strength(self.value, values, inputs), inputs)
        return nan_unless(beside(size >= 0, inputs), inputs + across * down * (value - inputs))


@settings
class Haze:
    """Every value mixed with a constant, the light of the haze: (1 - amount) input + amount airlight.

    Koschmieder's law for a scene that is equally far away everywhere; 1 - amount is the transmission.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["haze"] = "haze"
    amount: FactorOrNumber
    """Share of the haze, from 0 to 1: a factor or a number; 0 changes nothing, outside of 0 to 1 is NaN."""
    airlight: FactorOrNumber = 1.0
    """Value of the haze itself, in units of the input: a factor or a number."""

    def __post_init__(self) -> None:
        check_share("amount", self.amount)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.amount, self.airlight)

    def bind(self, data: Data) -> Apply:
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        amount = beside(strength(self.amount, values, inputs), inputs)
        airlight = beside(strength(self.airlight, values, inputs), inputs)
        mixed = inputs + amount * (airlight - inputs)  # written so that 0 gives the inputs back exactly
        return nan_unless(ops.logical_and(amount >= 0, amount <= 1), mixed)


def _covered(centre: Tensor, side: Tensor, size: int) -> Tensor:
    """Share of each pixel of a line of them that an interval covers, (rows, size); pixel i reaches from i to i + 1."""
    from keras import ops

    left = ops.arange(size, dtype=side.dtype)[None, :]
    low, high = (centre - side / 2)[:, None], (centre + side / 2)[:, None]
    overlap = ops.minimum(high, left + 1) - ops.maximum(low, left)
    return ops.where(overlap > 0, overlap, ops.zeros_like(overlap))
