"""Images read between their pixels: bilinear, zero outside, with derivatives by the places that are read."""

from typing import Any, NamedTuple

from dnnsa.arrays import Tensor

_BORDER = 2  # pixels of 0: what is read beyond them lies between two of them, and has no derivative


class Corners(NamedTuple):
    """The four pixels around each place that is read."""

    where: Tensor  # (4, rows, height, width) int32, among all pixels of the batch with their borders
    right: Tensor  # (rows, height, width, 1) share of the two on the right
    down: Tensor  # (rows, height, width, 1) share of the two below
    values: Tensor  # (4, rows, height, width, channels): upper left, upper right, lower left, lower right


def sampled(inputs: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Images (rows, height, width, channels) read x pixels to the right and y down, each (rows, height, width)."""
    corners = _corners(inputs, x, y)
    upper, lower = _sides(corners)
    return upper + corners.down * (lower - upper)


def affine(inputs: Tensor, to_x: tuple[Tensor, ...], to_y: tuple[Tensor, ...]) -> Tensor:
    """Pixel (x, y) of the result is read where the coefficients (of x, of y, constant), each (rows,), send it.

    Keras' own operation has no derivatives by the coefficients on TensorFlow, where a study would take 0 for them:
    those here are of `sampled`, which is the same function and costs three times as much.
    """
    from keras import ops

    zero = ops.zeros_like(to_x[0])

    def read(inputs: Tensor, transform: Tensor) -> tuple[Tensor, Any]:
        def slopes(*arguments: Tensor, upstream: Tensor | None = None) -> tuple[Tensor, Tensor]:
            return _slopes(inputs, transform, arguments[0] if upstream is None else upstream)

        result = ops.image.affine_transform(
            inputs,
            transform,
            interpolation="bilinear",
            fill_mode="constant",
            fill_value=0.0,
            data_format="channels_last",
        )
        return result, slopes

    return ops.custom_gradient(read)(inputs, ops.stack([*to_x, *to_y, zero, zero], axis=1))  # (rows, 8)


def pixels(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Where the pixels of images are, to the right (1, 1, width) and down (1, height, 1)."""
    from keras import ops

    height, width = inputs.shape[1:3]
    return ops.arange(width, dtype=inputs.dtype)[None, None], ops.arange(height, dtype=inputs.dtype)[None, :, None]


def _corners(inputs: Tensor, x: Tensor, y: Tensor) -> Corners:
    from keras import ops

    rows, height, width, channels = inputs.shape
    bordered = ops.reshape(ops.pad(inputs, ((0, 0), (_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0))), (-1, channels))
    left, right = _before(x, width)
    top, down = _before(y, height)
    high, wide = height + 2 * _BORDER, width + 2 * _BORDER
    first = (ops.arange(rows, dtype="int32")[:, None, None] * high + top + _BORDER) * wide + left + _BORDER
    where = ops.stack([first, first + 1, first + wide, first + wide + 1])
    return Corners(where, right[..., None], down[..., None], ops.take(bordered, where, axis=0))


def _before(place: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The pixel before a place, int32, and the share of the one behind it; NaN where the place is."""
    from keras import ops

    low, high = ops.full_like(place, -_BORDER), ops.full_like(place, size + _BORDER - 1)
    near = ops.where(place < low, low, ops.where(place > high, high, place))
    before = ops.minimum(ops.floor(near), high - 1)
    before = ops.where(ops.isnan(near), ops.zeros_like(near), before)
    return ops.cast(before, "int32"), near - before


def _sides(corners: Corners) -> tuple[Tensor, Tensor]:
    """Upper and lower side of the square of pixels around each place, read at the place."""
    upper_left, upper_right, lower_left, lower_right = (corners.values[corner] for corner in range(4))
    return (
        upper_left + corners.right * (upper_right - upper_left),
        lower_left + corners.right * (lower_right - lower_left),
    )


def _slopes(inputs: Tensor, transform: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """What reaches the inputs and the transform of what reaches the result of `affine`."""
    from keras import ops

    rows, height, width, channels = inputs.shape
    high, wide = height + 2 * _BORDER, width + 2 * _BORDER
    to_x, to_y = ([transform[:, k][:, None, None] for k in range(start, start + 3)] for start in (0, 3))
    x, y = pixels(inputs)
    corners = _corners(inputs, *(of_x * x + of_y * y + constant for of_x, of_y, constant in (to_x, to_y)))
    upper, lower = _sides(corners)
    upper_left, upper_right, lower_left, lower_right = (corners.values[corner] for corner in range(4))
    top, bottom = upper_right - upper_left, lower_right - lower_left
    by_x = ops.sum(upstream * (top + corners.down * (bottom - top)), axis=3)  # (rows, height, width)
    by_y = ops.sum(upstream * (lower - upper), axis=3)
    by = [ops.sum(slope * place, axis=(1, 2)) for slope in (by_x, by_y) for place in (x, y, ops.ones_like(x))]
    zero = ops.zeros_like(by[0])
    right, down = corners.right, corners.down
    shares = ops.stack([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down])
    reached = ops.segment_sum(
        ops.reshape(shares * upstream, (-1, channels)),
        ops.reshape(corners.where, (-1,)),
        num_segments=rows * high * wide,
    )
    inside = slice(_BORDER, -_BORDER)
    reached = ops.reshape(reached, (rows, high, wide, channels))[:, inside, inside]
    return reached, ops.stack([*by, zero, zero], axis=1)
