"""Images moved: sampled bilinearly at displaced positions, with zeros outside of the image."""

import math
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrNumber,
    beside,
    check_image,
    check_positive,
    named,
    nan_unless,
    strength,
)
from dnnsa.settings import settings


@settings
class Rotation:
    """Rotation about the centre of the image, counter-clockwise as the image is seen; what comes from outside is 0."""

    smooth: ClassVar[bool] = True

    kind: Literal["rotation"] = "rotation"
    angle: FactorOrNumber
    """Degrees, counter-clockwise: a factor or a number; 0 changes nothing."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.angle)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        theta = strength(self.angle, values, inputs) * (math.pi / 180)  # (rows,)
        cos, sin = ops.cos(theta), ops.sin(theta)
        x, y = (inputs.shape[2] - 1) / 2, (inputs.shape[1] - 1) / 2  # the centre, in pixels to the right and down
        return _affine(inputs, (cos, -sin, x - cos * x + sin * y), (sin, cos, y - sin * x - cos * y))


@settings
class Translation:
    """Shift of the image; what comes from outside is 0."""

    smooth: ClassVar[bool] = True

    kind: Literal["translation"] = "translation"
    x: FactorOrNumber = 0.0
    """Pixels to the right: a factor or a number; 0 changes nothing."""
    y: FactorOrNumber = 0.0
    """Pixels down: a factor or a number; 0 changes nothing."""

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.x, self.y)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        x, y = strength(self.x, values, inputs), strength(self.y, values, inputs)  # (rows,)
        zero, one = ops.zeros_like(x), ops.ones_like(x)
        return _affine(inputs, (one, zero, -x), (zero, one, -y))


@settings
class Scale:
    """Enlargement about the centre of the image; what comes from outside is 0.

    An image made smaller is sampled, not averaged: a blur before it keeps what is fine from turning into patterns.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["scale"] = "scale"
    x: FactorOrNumber = 1.0
    """How many times as wide, above 0: a factor or a number; 1 changes nothing, 0 or less is NaN."""
    y: FactorOrNumber = 1.0
    """How many times as high, above 0: a factor or a number; 1 changes nothing, 0 or less is NaN."""

    def __post_init__(self) -> None:
        check_positive("x", self.x)
        check_positive("y", self.y)

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.x, self.y)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        x, y = strength(self.x, values, inputs), strength(self.y, values, inputs)  # (rows,)
        sound = ops.logical_and(x > 0, y > 0)
        right, down = (1 / ops.where(sound, factor, ops.ones_like(factor)) for factor in (x, y))
        centre_x, centre_y = (inputs.shape[2] - 1) / 2, (inputs.shape[1] - 1) / 2  # pixels to the right and down
        zero = ops.zeros_like(x)
        to_x = (right, zero, centre_x - right * centre_x)
        to_y = (zero, down, centre_y - down * centre_y)
        return nan_unless(beside(sound, inputs), _affine(inputs, to_x, to_y))


@settings
class Shear:
    """Shear about the centre of the image; what comes from outside is 0.

    What is (u, v) pixels to the right of the centre and below it moves to (u + x v, v + y u). From x y = 1 on, where
    the image is a line or turned over, it is NaN.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["shear"] = "shear"
    x: FactorOrNumber = 0.0
    """Pixels to the right for each pixel further down: a factor or a number; 0 changes nothing."""
    y: FactorOrNumber = 0.0
    """Pixels down for each pixel further right: a factor or a number; 0 changes nothing."""

    def __post_init__(self) -> None:
        if not isinstance(self.x, str) and not isinstance(self.y, str) and not self.x * self.y < 1:
            raise ValueError(f"`x` times `y` must be below 1, got x: {self.x:g} and y: {self.y:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.x, self.y)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        x, y = strength(self.x, values, inputs), strength(self.y, values, inputs)  # (rows,)
        area = 1 - x * y  # the determinant
        sound = area > 0
        unit = 1 / ops.where(sound, area, ops.ones_like(area))
        centre_x, centre_y = (inputs.shape[2] - 1) / 2, (inputs.shape[1] - 1) / 2  # pixels to the right and down
        right, down = -x * unit, -y * unit  # of the inverse
        to_x = (unit, right, centre_x - unit * centre_x - right * centre_y)
        to_y = (down, unit, centre_y - down * centre_x - unit * centre_y)
        return nan_unless(beside(sound, inputs), _affine(inputs, to_x, to_y))


def _affine(inputs: Tensor, to_x: tuple[Tensor, ...], to_y: tuple[Tensor, ...]) -> Tensor:
    """Take pixel (x, y) of the result from where the coefficients (of x, of y, constant), each (rows,), send it."""
    from keras import ops

    zero = ops.zeros_like(to_x[0])
    transform = ops.stack([*to_x, *to_y, zero, zero], axis=1)  # (rows, 8)
    return ops.image.affine_transform(
        inputs, transform, interpolation="bilinear", fill_mode="constant", fill_value=0.0, data_format="channels_last"
    )
