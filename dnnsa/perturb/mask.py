"""Parts of an image kept or replaced, each by a factor of its own: what the network looks at."""

import math
from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from dnnsa.arrays import Array, Shape, Tensor, Values, picked
from dnnsa.errors import ModelError
from dnnsa.perturb.base import Apply, Data, FactorOrInteger, check_image, check_seed, named, seeds
from dnnsa.perturb.blur import GaussianBlur
from dnnsa.settings import settings
from dnnsa.threefry import normals

SPREAD = ("blur", "noise")  # fills with a width


@settings
class Mask:
    """Each pixel is ``m x + (1 - m) fill``, where m is the value of its cell: 1 keeps the pixel, 0 replaces it.

    Values between mix the two; values outside of [0, 1] give NaN.
    """

    smooth: ClassVar[bool] = True

    kind: Literal["mask"] = "mask"
    cells: str
    """The factor with a `count`: one for each cell, in the order of the cells' numbers."""
    grid: tuple[int, int] | None = None
    """Rows and columns of equal cells, numbered row by row."""
    segments: str | None = None
    """Name of an array of integers in the file of the cases, the cell of each pixel, from 0: (height, width) for all
    cases alike, or (entries, height, width) for each by itself."""
    fill: float | Literal["mean", "blur", "noise"] = 0.0
    """What replaces a pixel: a number, in units of the input; the `mean` of its channel in the image; the image behind
    a Gaussian `blur`; or normal `noise` around that mean."""
    sd: float | None = None
    """Of a `blur` in pixels, of `noise` in units of the input; above 0."""
    seed: FactorOrInteger = 0
    """Which `noise`: a factor of integers, or an integer."""
    baseline: str | None = None
    """Instead of `fill`: name of an array in the file of the cases, the image that replaces: (height, width, channels)
    for all cases alike, or (entries, height, width, channels) for each by itself."""

    def __post_init__(self) -> None:
        if (self.grid is None) == (self.segments is None):
            raise ValueError("give either `grid` or `segments`: they say which cell a pixel is in")
        if self.grid is not None and min(self.grid) < 1:
            raise ValueError(f"`grid` must be [rows, columns], each 1 or more, got {list(self.grid)}")
        if self.baseline is not None and self.fill != 0:
            raise ValueError(f"give either `baseline` or `fill`, got `{self.baseline}` and {self.fill!r}")
        if (self.fill in SPREAD) != (self.sd is not None):
            raise ValueError(f"`sd` is for fill: blur and fill: noise, which need it, got sd: {self.sd}")
        if self.sd is not None and not self.sd > 0:
            raise ValueError(f"`sd` must be above 0, got {self.sd:g}")
        check_seed(self.seed)
        if self.fill != "noise" and self.seed != 0:
            raise ValueError(f"`seed` is for fill: noise, got seed: {self.seed}")

    @property
    def factors(self) -> tuple[str, ...]:
        return (self.cells, *named(self.seed))

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        cell = self.cell_of(data.shape, data.array, len(data.entries))
        count, image = int(cell.max()) + 1, self._image(data)

        def apply(inputs: Tensor, values: Values, case: Tensor) -> Tensor:
            from keras import ops

            kept = ops.cast(values[self.cells], inputs.dtype)
            kept = kept[:, None] if len(kept.shape) == 1 else kept  # (rows, cells)
            if kept.shape[1] != count:
                raise ModelError(
                    f"cells: the image has {count} cells, and `{self.cells}` is {kept.shape[1]} factors: "
                    f"give it `count: {count}`."
                )
            kept = ops.where((kept < 0) | (kept > 1), ops.full_like(kept, float("nan")), kept)
            if image is None and self.fill == 0:
                return self._scaled(inputs, kept, cell, case)
            kept = _of_pixels(kept, cell, case)
            fill = self._fill(inputs, values, case) if image is None else _of_rows(image, case)
            return inputs * kept + fill * (1 - kept)

        return apply

    def _scaled(self, inputs: Tensor, kept: Tensor, cell: Array, case: Tensor) -> Tensor:
        """Pixels times the values of their cells, (rows, cells)."""
        from keras import ops

        height, width = cell.shape[-2:]
        if self.grid is None or height % self.grid[0]:
            return inputs * _of_pixels(kept, cell, case)
        # Values are spread to pixels within a row; that all rows of a cell are alike costs no memory, nor its time.
        across = ops.take(ops.reshape(kept, (-1, *self.grid)), _cells_along(width, self.grid[1]), axis=2)
        bands = ops.reshape(inputs, (-1, self.grid[0], height // self.grid[0], width, inputs.shape[-1]))
        return ops.reshape(bands * across[:, :, None, :, None], (-1, *inputs.shape[1:]))

    def cell_of(self, shape: Shape, array: Callable[[str, str], Array], entries: int) -> Array:
        """The cell of each pixel, int32: (height, width) for all cases alike, or (entries, height, width).

        Parameters
        ----------
        shape
            Of one image, beginning with height and width.
        array
            Another array of the file of the cases, by setting and name.
        entries
            Inputs in that file.

        Raises
        ------
        ModelError
            The cells do not fit into the image, or are not numbered from 0.
        """
        height, width = shape[:2]
        if self.grid is not None:
            rows, columns = self.grid
            if rows > height or columns > width:
                raise ModelError(
                    f"grid: {rows} x {columns} cells do not fit into an image of {height} x {width} pixels: "
                    "give no more cells than pixels."
                )
            down, right = _cells_along(height, rows), _cells_along(width, columns)
            return down[:, None] * np.int32(columns) + right[None, :]
        assert self.segments is not None  # by __post_init__
        cell = array("segments", self.segments)
        if cell.dtype.kind not in "iu" or cell.shape not in ((height, width), (entries, height, width)):
            raise ModelError(
                f"segments: `{self.segments}` must hold integers of shape {(height, width)} or "
                f"{(entries, height, width)}, the cell of each pixel, got {cell.dtype} of shape {cell.shape}."
            )
        found = np.unique(cell)
        if not np.array_equal(found, np.arange(len(found))):
            raise ModelError(
                f"segments: `{self.segments}` must number {len(found)} cells from 0 to {len(found) - 1}, each with a "
                f"pixel, got numbers from {found[0]} to {found[-1]}."
            )
        return cell.astype(np.int32)

    def _fill(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        """What stands where nothing is kept, in a shape that broadcasts with the inputs'."""
        from keras import ops

        if self.fill == "blur":
            assert self.sd is not None  # by __post_init__
            return GaussianBlur(sd=self.sd).apply(inputs, values, case)
        if not isinstance(self.fill, str):
            return ops.cast(self.fill, inputs.dtype)
        mean = ops.mean(inputs, axis=(1, 2), keepdims=True)  # (rows, 1, 1, channels)
        if self.fill == "mean":
            return mean
        noise = normals(seeds(self.seed, values, inputs), case, math.prod(inputs.shape[1:]))  # (rows, pixels)
        return mean + self.sd * ops.cast(ops.reshape(noise, inputs.shape), inputs.dtype)

    def _image(self, data: Data) -> Array | None:
        """The baseline, (height, width, channels) or with an image for each entry."""
        if self.baseline is None:
            return None
        image = data.array("baseline", self.baseline)
        if image.dtype.kind not in "fiub" or image.shape not in (data.shape, data.entries.shape):
            raise ModelError(
                f"baseline: `{self.baseline}` must hold numbers of shape {data.shape} or {data.entries.shape}, got "
                f"{image.dtype} of shape {image.shape}."
            )
        if not np.isfinite(image).all():
            raise ModelError(f"baseline: `{self.baseline}` holds NaN or infinity.")
        return image.astype(data.entries.dtype)


def _cells_along(pixels: int, cells: int) -> Array:
    """The row, or column, of a grid that each row, or column, of pixels is in, int32."""
    return (np.arange(pixels) * cells // pixels).astype(np.int32)


def _of_pixels(kept: Tensor, cell: Array, case: Tensor) -> Tensor:
    """Values of cells, (rows, cells), to those of pixels, (rows, height, width, 1)."""
    from keras import ops

    if cell.ndim == 2:  # whole rows of a transposed array are copied faster than single numbers
        kept = ops.transpose(ops.take(ops.transpose(kept), cell.ravel(), axis=0))
    else:
        kept = picked(kept, ops.take(cell.reshape(len(cell), -1), case, axis=0))
    return ops.reshape(kept, (-1, *cell.shape[-2:], 1))


def _of_rows(image: Array, case: Tensor) -> Tensor:
    """One image, or that of each row's case."""
    from keras import ops

    return ops.convert_to_tensor(image) if image.ndim == 3 else ops.take(image, case, axis=0)
