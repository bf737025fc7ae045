"""Images moved: sampled bilinearly at displaced positions, with zeros outside of the image."""

import math
from typing import ClassVar, Literal

from dnnsa.arrays import Tensor, Values
from dnnsa.perturb.base import Apply, Data, FactorOrNumber, check_image, named, strength
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


def _affine(inputs: Tensor, to_x: tuple[Tensor, ...], to_y: tuple[Tensor, ...]) -> Tensor:
    """Take pixel (x, y) of the result from where the coefficients (of x, of y, constant), each (rows,), send it."""
    from keras import ops

    zero = ops.zeros_like(to_x[0])
    transform = ops.stack([*to_x, *to_y, zero, zero], axis=1)  # (rows, 8)
    return ops.image.affine_transform(
        inputs, transform, interpolation="bilinear", fill_mode="constant", fill_value=0.0, data_format="channels_last"
    )
