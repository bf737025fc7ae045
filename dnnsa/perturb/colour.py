"""Colours of images of red, green and blue changed: saturation and hue, at the same luma.

Luma is Y of YIQ, the colour space of NTSC: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601). I and Q are the two
coordinates of colour in it (matrix: FCC, 47 CFR 73.682, to 4 digits); a grey has none.
"""

import math
from typing import ClassVar, Literal

from dnnsa.arrays import Shape, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.perturb.base import Apply, Data, FactorOrNumber, beside, check_image, named, strength
from dnnsa.settings import settings

_LUMA = (0.299, 0.587, 0.114)
_I = (0.5959, -0.2746, -0.3213)
_Q = (0.2115, -0.5227, 0.3112)


@settings
class Saturation:
    """Distance of every pixel of an RGB image from the grey of its own luma, multiplied."""

    smooth: ClassVar[bool] = True

    kind: Literal["saturation"] = "saturation"
    factor: FactorOrNumber
    """The multiple: a factor or a number; 1 changes nothing, 0 leaves grey, below 0 are the complementary colours."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.factor)

    def bind(self, data: Data) -> Apply:
        _check_rgb(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        factor = beside(strength(self.factor, values, inputs), inputs)
        return inputs + (factor - 1) * (inputs - _mix(inputs, _LUMA))  # written so that 1 gives the inputs back exactly


@settings
class Hue:
    """Rotation of the colours of an RGB image in the plane of I and Q, from red towards yellow, green and blue.

    The hue circle of YIQ is that of HSV in its order but not in its steps: 120 degrees do not make pure red pure green.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["hue"] = "hue"
    angle: FactorOrNumber
    """Degrees, from red towards yellow: a factor or a number; 0 changes nothing."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.angle)

    def bind(self, data: Data) -> Apply:
        _check_rgb(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        theta = beside(strength(self.angle, values, inputs) * (math.pi / 180), inputs)  # (rows, 1, 1, 1)
        colour = inputs - _mix(inputs, _LUMA)
        quarter = ops.concatenate([_mix(inputs, row) for row in _QUARTER], axis=3)  # the colour, turned by 90 degrees
        return inputs + (ops.cos(theta) - 1) * colour + ops.sin(theta) * quarter  # 0 gives the inputs back exactly


def _mix(inputs: Tensor, weights: tuple[float, ...]) -> Tensor:
    """Weighted sum of red, green and blue, (rows, height, width, 1)."""
    red, green, blue = (inputs[..., channel : channel + 1] for channel in range(3))
    return weights[0] * red + weights[1] * green + weights[2] * blue


def _quarter() -> tuple[tuple[float, ...], ...]:
    """What takes RGB to the RGB of no luma whose I is Q and whose Q is -I: three rows of three.

    Without luma, blue is -(0.299 red + 0.587 green) / 0.114, so that I and Q are two equations for red and green.
    """
    (a, b), (c, d) = ([row[j] - row[2] * _LUMA[j] / _LUMA[2] for j in range(2)] for row in (_I, _Q))
    area = a * d - b * c
    red = tuple((d * q + b * i) / area for i, q in zip(_I, _Q, strict=True))
    green = tuple((-c * q - a * i) / area for i, q in zip(_I, _Q, strict=True))
    blue = tuple(-(_LUMA[0] * r + _LUMA[1] * g) / _LUMA[2] for r, g in zip(red, green, strict=True))
    return red, green, blue


_QUARTER = _quarter()


def _check_rgb(kind: str, shape: Shape) -> None:
    """Refuse anything but images of three channels."""
    check_image(kind, shape)
    if shape[2] != 3:
        raise ModelError(f"{kind} needs images of 3 channels, red, green and blue, got {shape[2]}.")
