"""Second order as a small matrix whose rows are those of the bars beside it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.colours import GRID, HIGHEST, INK, LOWEST
from dnnsa.view.palette import NORM, SCALE, SMALL, name_panel, plain_axes
from dnnsa.view.text import number

NUMBERED = 10  # factors, at most, for values to be written in the cells
DARK = 0.5  # indices farther from 0 have white numbers


def matrix_width(dataset: Any, factors: NDArray[np.intp], row: float, names: list[str]) -> float:
    """Inches that the matrix takes beside rows of ``row`` inches; 0 without second order."""
    if read.summarised("S2", dataset) not in dataset or len(factors) < 2:
        return 0.0
    cell = max(row, 0.42) if len(factors) <= NUMBERED else min(row, 0.27)
    return max(1.2, 0.4 + 0.08 * max(map(len, names)) + cell * (len(factors) - 1))


def draw_matrix(axes: Axes, dataset: Any, factors: NDArray[np.intp], names: list[str]) -> None:
    """S2 of each pair once, below the diagonal; in bold those whose interval excludes 0."""
    p = len(factors)
    i, k = np.tril_indices(p, -1)
    pair = np.minimum(factors[i], factors[k]), np.maximum(factors[i], factors[k])
    value, low, high = (v[pair] for v in read.interval(read.summarised("S2", dataset), dataset))
    cells = np.full((p, p), np.nan)
    cells[i, k] = value
    image = axes.imshow(np.ma.masked_invalid(cells), cmap=SCALE, norm=NORM, aspect="auto", interpolation="nearest")
    corners = zip((k - 0.5).tolist(), (i - 0.5).tolist(), strict=True)
    for corner in corners:
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=GRID, linewidth=0.8))
    if p <= NUMBERED:
        _write(axes, i, k, value, (low > 0) | (high < 0))
    else:
        _scale(axes, image, value)
    plain_axes(axes)
    axes.set_yticks(range(1, p), names[1:])
    turned = 90 if p > NUMBERED else 45 if max(map(len, names)) > 4 else 0
    axes.set_xticks(range(p - 1), names[:-1], rotation=turned, ha="right" if turned == 45 else "center")
    axes.set_xlim(-0.6, p - 1.4)
    name_panel(axes, "S2", "of pairs")


def _write(axes: Axes, i: NDArray[Any], k: NDArray[Any], value: NDArray[Any], sure: NDArray[np.bool_]) -> None:
    for row, column, v, bold in zip(i.tolist(), k.tolist(), value.tolist(), sure, strict=True):
        text = axes.text(column, row, number(v, 2), ha="center", va="center", fontsize=7.5)
        text.set(color="white" if abs(v) > DARK else INK, weight="bold" if bold else "normal")


def _scale(axes: Axes, image: AxesImage, value: NDArray[Any]) -> None:
    """What the colours say, in the corner above the diagonal."""
    ends = np.nanmin(value, initial=0), np.nanmax(value, initial=0.5)
    low, high = (float(end) for end in np.clip(ends, LOWEST, HIGHEST))
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((0.6, 0.94, 0.38, 0.018)), orientation="horizontal")
    bar.ax.set_xlim(low, high)
    bar.set_ticks([low, 0, high] if low < -0.1 else [0, high])
    bar.ax.xaxis.set_major_formatter("{x:.2g}")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=SMALL, labelcolor=INK)
