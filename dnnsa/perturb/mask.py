"""Parts of an image kept or replaced, each by a factor of its own: what the network looks at."""

from typing import ClassVar, Literal

import numpy as np

from dnnsa.arrays import Array, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.perturb.base import Apply, Data, check_image
from dnnsa.settings import settings


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
    """Name of an array of integers (height, width) in the file of the cases: the cell of each pixel, from 0."""
    fill: float | Literal["mean"] = 0.0
    """What replaces a pixel: a number, in units of the input, or `mean`, that of its channel in the image."""

    def __post_init__(self) -> None:
        if (self.grid is None) == (self.segments is None):
            raise ValueError("give either `grid` or `segments`: they say which cell a pixel is in")
        if self.grid is not None and min(self.grid) < 1:
            raise ValueError(f"`grid` must be [rows, columns], each 1 or more, got {list(self.grid)}")

    @property
    def factors(self) -> tuple[str, ...]:
        return (self.cells,)

    def bind(self, data: Data) -> Apply:
        check_image(self.kind, data.shape)
        cell = self._cells(data)
        count = int(cell.max()) + 1

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
            kept = ops.reshape(ops.take(kept, cell.ravel(), axis=1), (-1, *cell.shape, 1))  # (rows, height, width, 1)
            fill = ops.mean(inputs, axis=(1, 2), keepdims=True) if self.fill == "mean" else self.fill
            return inputs * kept + fill * (1 - kept)

        return apply

    def _cells(self, data: Data) -> Array:
        """The cell of each pixel, (height, width) int32."""
        height, width = data.shape[:2]
        if self.grid is not None:
            rows, columns = self.grid
            if rows > height or columns > width:
                raise ModelError(
                    f"grid: {rows} x {columns} cells do not fit into an image of {height} x {width} pixels: "
                    "give no more cells than pixels."
                )
            down, right = np.arange(height) * rows // height, np.arange(width) * columns // width
            return (down[:, None] * columns + right[None, :]).astype(np.int32)
        assert self.segments is not None  # by __post_init__
        array = data.array("segments", self.segments)
        if array.dtype.kind not in "iu" or array.shape != (height, width):
            raise ModelError(
                f"segments: `{self.segments}` must hold integers of shape {(height, width)}, the cell of each pixel, "
                f"got {array.dtype} of shape {array.shape}."
            )
        found = np.unique(array)
        if not np.array_equal(found, np.arange(len(found))):
            raise ModelError(
                f"segments: `{self.segments}` must number {len(found)} cells from 0 to {len(found) - 1}, each with a "
                f"pixel, got numbers from {found[0]} to {found[-1]}."
            )
        return array.astype(np.int32)
