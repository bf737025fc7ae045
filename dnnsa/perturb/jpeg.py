"""What JPEG loses of an image: 8 x 8 cosine transforms, rounded to steps that the quality says.

Tables: ITU-T T.81, annex K. How quality scales them, where integers are rounded, and how colour gets fewer rows and
columns and is read again is as in the IJG's libjpeg.
"""

from typing import ClassVar, Literal

import numpy as np

from dnnsa.arrays import Array, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.perturb.base import (
    Apply,
    Data,
    FactorOrNumber,
    check_image,
    check_positive,
    named,
    nan_unless,
    strength,
)
from dnnsa.settings import settings

_LUMINANCE = (  # steps of the coefficients at quality 50, row by row
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99, 99, 99, 99, 99, 99, 99, 99),) * 4,
)
_TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))  # JFIF 1.02
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
_SIDE = 8


@settings
class Jpeg:
    """Images as they come back from a JPEG file of some quality.

    Values are rounded to 256 levels first, as they are in a file, so that no quality changes nothing. At the right and
    at the bottom edge, blocks are filled by the last pixels.
    """

    smooth: ClassVar[bool] = False

    kind: Literal["jpeg"] = "jpeg"
    quality: FactorOrNumber
    """From 1 to 100, as libjpeg and Pillow have it: a factor or a number; outside is NaN."""
    high: float = 1.0
    """White, in units of the input; black is 0. A value outside of the two makes its image NaN."""
    colour: Literal["full", "half"] = "full"
    """Rows and columns of colour in the file: as many as those of brightness, or half as many."""

    def __post_init__(self) -> None:
        check_positive("high", self.high)
        if not isinstance(self.quality, str) and not 1 <= self.quality <= 100:
            raise ValueError(f"`quality` must be from 1 to 100, got {self.quality:g}")

    @property
    def factors(self) -> tuple[str, ...]:
        return named(self.quality)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        if data.shape[2] not in (1, 3):
            raise ModelError(
                f"{self.kind} needs images of 1 channel, grey, or 3, red, green and blue, got {data.shape[2]}."
            )
        return self.apply

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        from keras import ops

        quality = strength(self.quality, values, inputs)  # (rows,)
        inside = ops.all(ops.logical_and(inputs >= 0, inputs <= self.high), axis=(1, 2, 3))
        sound = ops.logical_and(ops.logical_and(quality >= 1, quality <= 100), inside)
        levels = _rounded(ops.where(sound[:, None, None, None], inputs, ops.zeros_like(inputs)) * (255 / self.high))
        quality = ops.where(sound, quality, ops.full_like(quality, 50))
        levels = self._of_colours(levels, quality) if inputs.shape[3] == 3 else _brightness(levels, quality)
        return nan_unless(sound[:, None, None, None], levels * (self.high / 255))

    def _of_colours(self, levels: Tensor, quality: Tensor) -> Tensor:
        """Levels of red, green and blue as they come back."""
        from keras import ops

        levels = _rounded(_turned(levels, _TO_YCC))
        chroma, steps = levels[..., 1:], _steps(quality, _CHROMINANCE)
        chroma = _lossy(chroma, steps) if self.colour == "full" else _coarse(chroma, steps)
        levels = ops.concatenate([_brightness(levels[..., :1], quality), chroma], axis=3)
        return _in_range(_rounded(_turned(levels, _TO_RGB)), 0)


def _brightness(levels: Tensor, quality: Tensor) -> Tensor:
    """Levels of grey as they come back, (rows, height, width, 1)."""
    return _lossy(levels - 128, _steps(quality, _LUMINANCE)) + 128


def _coarse(chroma: Tensor, steps: Tensor) -> Tensor:
    """Colour that comes back from half as many rows and columns: means of 2 x 2 pixels, interpolated."""
    height, width = chroma.shape[1:3]
    half = _lossy(_halved(chroma), steps)[:, :, : -(-width // 2)]
    return _doubled(half)[:, :height, :width]


def _halved(chroma: Tensor) -> Tensor:
    """Means of 2 x 2 pixels, rounded down and up in turns; the last pixels are repeated to the right up to a block."""
    from keras import ops

    for axis, unit in ((1, 2), (2, 2 * _SIDE)):
        size = chroma.shape[axis]
        chroma = ops.take(chroma, np.minimum(np.arange(-(-size // unit) * unit), size - 1), axis=axis)
    sums = sum(chroma[:, down::2, across::2] for down in (0, 1) for across in (0, 1))
    bias = ops.convert_to_tensor(1 + np.arange(sums.shape[2]) % 2, chroma.dtype)
    return ops.floor((sums + bias[:, None]) / 4)


def _doubled(half: Tensor) -> Tensor:
    """Twice as many rows and columns, between neighbours at weights of 3 to 1; of one or two columns, as they are."""
    from keras import ops

    if half.shape[2] <= 2:
        return ops.repeat(ops.repeat(half, 2, axis=1), 2, axis=2)
    sixteenths = _between(_between(half, 1), 2)
    bias = ops.convert_to_tensor(8 - np.arange(sixteenths.shape[2]) % 2, half.dtype)
    return ops.floor((sixteenths + bias[:, None]) / 16)


def _between(half: Tensor, axis: int) -> Tensor:
    """Three times the nearer of two neighbours and once the farther, which at the ends is the nearer too."""
    from keras import ops

    size, place = half.shape[axis], np.arange(2 * half.shape[axis])
    farther = np.clip(place // 2 + 2 * (place % 2) - 1, 0, size - 1)
    return 3 * ops.take(half, place // 2, axis=axis) + ops.take(half, farther, axis=axis)


def _steps(quality: Tensor, table: tuple[tuple[int, ...], ...]) -> Tensor:
    """Steps of the coefficients of a block at each quality, (rows, 64), whole numbers from 1 to 255."""
    from keras import ops

    percent = ops.floor(ops.where(quality < 50, 5000 / quality, 200 - 2 * quality))[:, None]
    base = ops.convert_to_tensor(np.ravel(table), quality.dtype)
    return ops.minimum(ops.maximum(ops.floor((base * percent + 50) / 100), 1), 255)


def _lossy(levels: Tensor, steps: Tensor) -> Tensor:
    """Levels about 0, (rows, height, width, channels), their coefficients rounded to steps (rows, 64)."""
    from keras import ops

    rows, height, width, channels = levels.shape
    down, across = (-(-size // _SIDE) for size in (height, width))  # blocks
    for axis, blocks in ((1, down), (2, across)):
        levels = ops.take(levels, np.minimum(np.arange(blocks * _SIDE), levels.shape[axis] - 1), axis=axis)
    blocks = ops.transpose(ops.reshape(levels, (rows, down, _SIDE, across, _SIDE, channels)), (0, 5, 1, 3, 2, 4))
    transform = ops.convert_to_tensor(_cosines(), levels.dtype)
    eighths = _rounded(_SIDE * ops.matmul(ops.reshape(blocks, (-1, _SIDE**2)), ops.transpose(transform)))
    eighths = ops.reshape(eighths, (rows, channels, down * across, _SIDE**2))
    steps = steps[:, None, None]
    counts = ops.sign(eighths) * ops.floor((ops.abs(eighths) + 4 * steps) / (8 * steps))
    blocks = _in_range(_rounded(ops.matmul(ops.reshape(counts * steps, (-1, _SIDE**2)), transform)), -128)
    blocks = ops.reshape(blocks, (rows, channels, down, across, _SIDE, _SIDE))
    return ops.reshape(ops.transpose(blocks, (0, 2, 4, 3, 5, 1)), (rows, down * _SIDE, across * _SIDE, channels))[
        :, :height, :width
    ]


def _cosines() -> Array:
    """The orthonormal cosine transform of a block, its 64 values in a row: (64, 64) float64."""
    place = np.arange(_SIDE)
    line = np.cos(np.pi * place[:, None] * (2 * place + 1) / (2 * _SIDE)) * np.sqrt(2 / _SIDE)
    line[0] /= np.sqrt(2)
    return np.kron(line, line)


def _turned(levels: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """Colours (..., 3) multiplied by a matrix, in one order of sums."""
    from keras import ops

    first, second, third = (levels[..., channel] for channel in range(3))
    return ops.stack([row[0] * first + row[1] * second + row[2] * third for row in matrix], axis=-1)


def _rounded(x: Tensor) -> Tensor:
    """The next whole number; what lies in the middle of two, or next to it by rounding, goes up."""
    from keras import ops

    return ops.floor(x + (0.5 + 2.0**-10))


def _in_range(levels: Tensor, low: int) -> Tensor:
    """Levels below the lowest of the 256 from ``low``, or above the highest, become those."""
    from keras import ops

    return ops.minimum(ops.maximum(levels, low), low + 255)
