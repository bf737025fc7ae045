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
from dnnsa.perturb.lines import mixed, read_at
from dnnsa.perturb.sampling import affine
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
        return affine(inputs, (cos, -sin, x - cos * x + sin * y), (sin, cos, y - sin * x - cos * y))


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

        x, y = (strength(parameter, values, inputs)[:, None] for parameter in (self.x, self.y))  # (rows, 1)
        height, width = inputs.shape[1:3]
        from_x = ops.arange(width, dtype=inputs.dtype)[None] - x  # (rows, width)
        from_y = ops.arange(height, dtype=inputs.dtype)[None] - y
        return mixed(inputs, read_at(from_y, height), read_at(from_x, width))


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

        def line(factor: Tensor, size: int) -> Tensor:
            centre = (size - 1) / 2  # pixels
            from_centre = ops.arange(size, dtype=inputs.dtype)[None] - centre
            return read_at(from_centre / ops.where(sound, factor, ops.ones_like(factor))[:, None] + centre, size)

        result = mixed(inputs, line(y, inputs.shape[1]), line(x, inputs.shape[2]))
        return nan_unless(beside(sound, inputs), result)


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
        return nan_unless(beside(sound, inputs), affine(inputs, to_x, to_y))
