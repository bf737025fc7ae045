"""The figure of a quantity with one dimension: a column a cell, a row a factor, nominal images above."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.bars import (
    COLOUR,
    MEANING,
    Subject,
    draw_bars,
    draw_floor,
    dress_bars,
    factor_names,
    omitted,
    ranking,
)
from dnnsa.view.colours import FAINT, GRID, INK
from dnnsa.view.floor_curves import HEIGHT, draw_floor_curves, has_order
from dnnsa.view.luck import Floor, noted, noted_of_cells
from dnnsa.view.maps import Track, draw_map, index_scale, label_cells, separate, thinned, track
from dnnsa.view.matrix import draw_matrix, matrix_width
from dnnsa.view.palette import LABEL, SMALL, heading, name_panel, plain_axes

FACTORS, COLUMNS, IMAGES = 40, 2000, 24  # at most
ROW = 0.27  # inches


def one_dim_figure(subject: Subject, thumbnails: NDArray[Any] | None = None) -> Figure:
    """Maps of ST and S1 over the dimension, with the aggregated indices and their intervals at the side.

    With second order its aggregated matrix is there too.

    ``thumbnails`` have shape ``(cells, h, w)`` or ``(cells, h, w, channels)``.
    """
    (dim,) = read.dims(subject.dataset)
    factors = ranking(subject.dataset, FACTORS)
    cells = subject.dataset.sizes[dim]
    width = float(np.clip(0.4 * cells, 3.6, 6.4))
    pictures = 0.0 if thumbnails is None else _picture_height(thumbnails, cells, width)
    rows = ROW * len(factors)
    against = subject.floor is not None and has_order(subject.dataset, dim)
    heights = [pictures] * (pictures > 0) + [rows, rows] + [HEIGHT] * against
    names = factor_names(subject.dataset, factors)
    beside = matrix_width(subject.dataset, factors, ROW, names)
    widths = [width, 1.9, beside] if beside else [width, 1.9]
    figure = Figure(figsize=(width + 3.2 + beside, sum(heights) + 1.8), layout="constrained")
    grid = figure.add_gridspec(len(heights), len(widths), width_ratios=widths, height_ratios=heights)
    if thumbnails is not None:
        _draw_pictures(figure.add_subplot(grid[0, 0]), thumbnails, cells)
    top = int(pictures > 0)
    pairs = [(figure.add_subplot(grid[top + i, 0]), figure.add_subplot(grid[top + i, 1])) for i in range(2)]
    _draw_indices(figure, subject.dataset, dim, factors, pairs)
    draw_floor(pairs[0][1], subject.floor)
    if subject.floor is not None and against:
        _draw_against(figure.add_subplot(grid[top + 2, 0]), subject.dataset, dim, subject.floor)
        pairs[1][0].set_xlabel("")
    if beside:
        draw_matrix(figure.add_subplot(grid[top + 1, 2]), subject.dataset, factors, names)
    caption = subject.caption + omitted(subject.dataset, FACTORS) + noted(subject.floor, subject.dataset)
    caption += "" if against else noted_of_cells(subject.floor, subject.dataset)
    heading(figure, subject.title, caption)
    return figure


def _draw_indices(figure: Figure, whole: Any, dim: str, factors: NDArray[np.intp], pairs: Any) -> None:
    data, step = thinned(whole, dim, COLUMNS)
    x = track(data, dim, 32, step)
    y = Track("", (-0.5, len(factors) - 0.5), list(range(len(factors))), factor_names(data, factors), False, 1)
    maps = [data[index].transpose("factor", dim).values[factors] for index in ("ST", "S1")]
    ends = []
    for index, values, (left, right) in zip(("ST", "S1"), maps, pairs, strict=True):
        image = draw_map(left, values, x, y)
        left.set_yticks(y.ticks or [], y.labels)
        name_panel(left, index, MEANING[index])
        if not x.numeric and x.ticks and len(x.ticks) == values.shape[1]:
            separate(left, values.shape[1], len(factors))
        ends.append(draw_bars(right, data, index, factors, np.arange(len(factors)), 0.56))
        right.set_ylim(len(factors) - 0.5, -0.5)
        right.set_yticks([])
    for _, right in pairs:
        dress_bars(right, data, max(ends))
    pairs[0][0].set_xticks([])
    pairs[0][1].tick_params(labelbottom=False)
    pairs[0][1].set_title("aggregated", loc="left", fontsize=LABEL, color=INK)
    label_cells(pairs[1][0], x)
    index_scale(figure, image, [left for left, _ in pairs], maps, "right")


def _draw_against(axes: Axes, whole: Any, dim: str, of: Floor) -> None:
    """The curves of ST and of the floor, below the maps and on their axis."""
    data, step = thinned(whole, dim, COLUMNS)
    x = track(data, dim, 32, step)
    draw_floor_curves(axes, data, of, x)
    label_cells(axes, x)


def _picture_height(thumbnails: NDArray[Any], cells: int, width: float) -> float:
    """Inches that a row of pictures takes, with its title."""
    every = -(-cells // IMAGES)
    return 0.1 + float(width / cells * every * thumbnails.shape[1] / thumbnails.shape[2])


def _draw_pictures(axes: Axes, thumbnails: NDArray[Any], cells: int) -> None:
    """Every image above its column; of many, every so many, as wide as the columns they stand for."""
    every = -(-cells // IMAGES)
    shown = thumbnails[::every]
    h, w = shown.shape[1:3]
    gap = max(1, w // 12)
    row = mosaic(shown, gap)
    unit = every / (w + 2 * gap)  # columns of the map per pixel
    right = len(shown) * every - 0.5
    axes.imshow(row, cmap="gray", extent=(-0.5, right, 0, h * unit), interpolation="nearest", aspect="equal")
    axes.set_xlim(-0.5, cells - 0.5)
    axes.set_anchor("S")
    plain_axes(axes)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.patch.set_visible(False)
    if every > 1:
        axes.set_title(f"one image in {every}", loc="left", fontsize=SMALL, color=FAINT)


def mosaic(images: NDArray[Any], gap: int) -> NDArray[Any]:
    """Images side by side, ``(h, n (w + 2 gap), 4)``: red, green, blue and opacity, which is 0 in the gaps."""
    bright = images.astype(float)
    low, high = np.nanmin(bright), np.nanmax(bright)
    scaled = (bright - low) / (high - low) if high > low else np.zeros_like(bright)
    n, h, w = scaled.shape[:3]
    colour = scaled.reshape(n, h, w, -1)
    rgb = colour[..., :3] if colour.shape[-1] >= 3 else np.repeat(colour[..., :1], 3, axis=-1)
    opaque = np.concatenate([np.nan_to_num(rgb), np.ones((n, h, w, 1))], axis=-1)
    padded = np.pad(opaque, ((0, 0), (0, 0), (gap, gap), (0, 0)))
    return np.concatenate(list(padded), axis=1)


def course_figure(subject: Subject) -> Figure:
    """Mean and one standard deviation along the dimension, of a quantity without indices."""
    (dim,) = read.dims(subject.dataset)
    data, step = thinned(subject.dataset, dim, COLUMNS)
    x = track(data, dim, 32, step)
    at = np.linspace(*x.edges, 2 * data.sizes[dim] + 1)[1::2]  # middles of cells
    mean, sd = data["mean"].values, np.sqrt(data["variance"].values)
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.fill_between(
        at, mean - sd, mean + sd, color=COLOUR["S1"], alpha=0.35, linewidth=0, label="one standard deviation"
    )
    axes.plot(at, mean, color=COLOUR["ST"], marker="o" if len(at) <= 32 else "", markersize=4, label="mean")
    plain_axes(axes)
    axes.grid(axis="y", color=GRID)
    label_cells(axes, x)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=2, frameon=False, fontsize=SMALL, labelcolor=INK)
    heading(figure, subject.title, subject.caption)
    return figure
