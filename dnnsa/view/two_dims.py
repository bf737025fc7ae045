"""The figures of a quantity with two dimensions: small maps, all indices under one scale."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.bars import Subject, factor_names, omitted, ranking
from dnnsa.view.colours import FAINT, INK
from dnnsa.view.luck import noted_of_cells
from dnnsa.view.maps import Track, draw_map, index_scale, named, thinned, track
from dnnsa.view.palette import SMALL, heading
from dnnsa.view.text import bounded, decimals

FACTORS, CELLS, ABREAST = 15, 600, 5  # at most: factors, cells a side, maps in a line
SIDE, NARROWEST = 1.7, 6.8  # inches: of the width of a map, of a figure


class Field(NamedTuple):
    """A quantity's cells, thinned to what can be seen, and where they lie."""

    data: Any
    dims: tuple[str, ...]  # rows, columns
    y: Track
    x: Track
    upward: bool
    aspect: float  # height by width of a map


def field(dataset: Any) -> Field:
    """Real coordinates grow upward, as on any axis; numbered rows are counted from the top, as in an image."""
    dims = read.dims(dataset)
    steps = []
    for dim in dims:
        dataset, step = thinned(dataset, dim, CELLS)
        steps.append(step)
    y, x = (track(dataset, dim, 8, step) for dim, step in zip(dims, steps, strict=True))
    upward = dims[0] in dataset.coords and dataset[dims[0]].dtype.kind == "f"
    aspect = float(np.clip(dataset.sizes[dims[0]] / dataset.sizes[dims[1]], 0.4, 2))
    return Field(dataset, dims, y, x, upward, aspect)


def two_dims_figure(subject: Subject) -> Figure:
    """A pair of maps, ST above S1, for each factor, and the mean and the variance at the left."""
    cells = field(subject.dataset)
    factors = ranking(subject.dataset, FACTORS)
    moments = [name for name in ("variance", "mean") if name in subject.dataset]
    left = 1 if moments else 0
    lines = -(-len(factors) // ABREAST)
    abreast = -(-len(factors) // lines)
    size = (max(NARROWEST, (abreast + left) * (SIDE + 0.25) + 0.9), lines * 2 * (SIDE * cells.aspect + 0.62) + 1.6)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(2 * lines, abreast + left)
    for i, name in enumerate(moments):
        _draw_moment(figure, figure.add_subplot(grid[i, 0]), cells, name)
    spots = [divmod(k, abreast) for k in range(len(factors))]
    panels = [[figure.add_subplot(grid[2 * line + row, column + left]) for line, column in spots] for row in range(2)]
    _draw_indices(figure, cells, factors, panels)
    for row in panels[: 0 if moments else 2]:
        _name_axes(row[0], cells)
    notes = omitted(subject.dataset, FACTORS) + noted_of_cells(subject.floor, subject.dataset)
    heading(figure, subject.title, subject.caption + notes)
    return figure


def _draw_indices(figure: Figure, cells: Field, factors: NDArray[np.intp], panels: list[list[Axes]]) -> None:
    names = factor_names(cells.data, factors)
    maps = []
    for index, row in zip(("ST", "S1"), panels, strict=True):
        value, low, high = read.interval(f"{index}_aggregated", cells.data)
        digits = decimals(low, high)
        for axes, k, name in zip(row, factors, names, strict=True):
            maps.append(_values(cells, index, int(k)))
            image = _draw(axes, cells, maps[-1])
            axes.set_title(f"{index} {bounded(value[k], low[k], high[k], digits)}", fontsize=7.5, color=FAINT, pad=3)
            if index == "ST":
                axes.annotate(
                    name, (0.5, 1), (0, 15), "axes fraction", "offset points", ha="center", weight="bold", color=INK
                )
    index_scale(figure, image, [axes for row in panels for axes in row], maps, "left")


def _draw_moment(figure: Figure, axes: Axes, cells: Field, name: str) -> None:
    image = _draw(axes, cells, _values(cells, name), cmap="cividis", norm=None)
    axes.set_title(name, fontsize=SMALL, color=INK, pad=3)
    _name_axes(axes, cells)
    bar = figure.colorbar(image, cax=axes.inset_axes((1.04, 0, 0.05, 1)))
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=7)


def _name_axes(axes: Axes, cells: Field) -> None:
    axes.set_xlabel(named(cells.x), fontsize=SMALL, color=INK)
    axes.set_ylabel(named(cells.y), fontsize=SMALL, color=INK)
    axes.tick_params(labelbottom=True, labelleft=True)


def _values(cells: Field, name: str, factor: int | None = None) -> NDArray[Any]:
    variable = cells.data[name] if factor is None else cells.data[name].isel(factor=factor)
    return np.asarray(variable.transpose(*cells.dims).values)


def _draw(axes: Axes, cells: Field, values: NDArray[Any], **colours: Any) -> AxesImage:
    image = draw_map(axes, values, cells.x, cells.y, upward=cells.upward, **colours)
    axes.set_box_aspect(cells.aspect)
    for axis, t in ((axes.xaxis, cells.x), (axes.yaxis, cells.y)):
        if t.ticks is not None:
            axis.set_ticks(t.ticks, t.labels)
        else:
            axis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelbottom=False, labelleft=False, labelsize=7.5)
    return image


def moments_figure(subject: Subject) -> Figure:
    """Maps of mean and variance, of a quantity without indices."""
    cells = field(subject.dataset)
    moments = [name for name in read.MOMENTS if name in subject.dataset]
    figure = Figure(figsize=(max(NARROWEST, len(moments) * 3 + 0.3), 2.3 * cells.aspect + 1.6), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(moments))), moments, strict=True):
        _draw_moment(figure, axes, cells, name)
    heading(figure, subject.title, subject.caption)
    return figure
