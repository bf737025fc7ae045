"""Index maps as pictures: how cells lie along an axis, and how they are coloured."""

from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.colours import GRID, INK
from dnnsa.view.palette import MISSING, NORM, SCALE, SMALL, missing_patch
from dnnsa.view.text import coordinate


class Track(NamedTuple):
    """How the cells of a dimension lie along an axis."""

    name: str
    edges: tuple[float, float]  # outer edges of the first and the last cell
    ticks: list[float] | None  # None: where matplotlib likes them
    labels: list[str]
    numeric: bool  # the axis is the coordinate's own, else cells are numbered
    step: int  # every how many cells one is drawn


def thinned(dataset: Any, dim: str, most: int) -> tuple[Any, int]:
    """Every so many cells, so that no more than ``most`` are read and drawn."""
    step = -(-dataset.sizes[dim] // most)
    return (dataset, 1) if step == 1 else (dataset.isel({dim: slice(None, None, step)}), step)


def track(dataset: Any, dim: str, most_labels: int, step: int = 1) -> Track:
    """A few cells are labelled each; many by their coordinate, if it is evenly spaced, or a few of them."""
    n = dataset.sizes[dim]
    coords = read.coordinates(dataset, dim)
    texts = {name: c for name, c in coords.items() if c.dtype.kind in "OUT" or name == "label"}
    name, coord = next(iter((texts or coords).items()), (dim, None))
    title = dim if name == dim else f"{dim}, by its {name}"
    values = np.arange(n) * step if coord is None else coord.values
    if n > most_labels and values.dtype.kind in "iuf" and _even(values):
        half = (float(values[1]) - float(values[0])) / 2
        return Track(title, (float(values[0]) - half, float(values[-1]) + half), None, [], True, step)
    picked = (
        np.arange(n) if n <= most_labels else np.unique(np.linspace(0, n - 1, max(2, most_labels // 4)).astype(int))
    )
    return Track(title, (-0.5, n - 0.5), picked.tolist(), [coordinate(values[i]) for i in picked], False, step)


def _even(values: NDArray[Any]) -> bool:
    steps = np.diff(values.astype(float))
    return bool(steps[0] != 0 and np.allclose(steps, steps[0], rtol=1e-3, atol=0))


def draw_map(axes: Axes, values: NDArray[Any], x: Track, y: Track, upward: bool = False, **colours: Any) -> AxesImage:
    """Cells ``(y, x)``; those without a value show the hatched ground. ``colours`` default to the scale of indices."""
    left, right = x.edges
    bottom, top = y.edges if upward else y.edges[::-1]
    axes.patch.set(**MISSING)
    style: dict[str, Any] = {"cmap": SCALE, "norm": NORM} | colours
    image = axes.imshow(
        np.ma.masked_invalid(values),
        extent=(left, right, bottom, top),
        origin="lower" if upward else "upper",
        aspect="auto",
        interpolation="nearest",
        **style,
    )
    if upward:
        axes.set_ylim(min(y.edges), max(y.edges))
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set(color=GRID, linewidth=0.8)
    return image


def separate(axes: Axes, columns: int, rows: int) -> None:
    """White lines between few, numbered cells."""
    axes.set_xticks(np.arange(columns - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(rows - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)


def named(x: Track) -> str:
    """The name of an axis, with what is left out."""
    return x.name + (f" (one cell in {x.step})" if x.step > 1 else "")


def label_cells(axes: Axes, x: Track) -> None:
    """Tick labels along the columns, turned if they are words."""
    axes.set_xlabel(named(x), fontsize=SMALL, color=INK)
    if x.ticks is not None:
        turned = max(map(len, x.labels)) > 3 and len(x.labels) > 6
        axes.set_xticks(x.ticks, x.labels, rotation=45 if turned else 0, ha="right" if turned else "center")


def index_scale(
    figure: Figure, image: AxesImage, axes: list[Axes], maps: list[NDArray[Any]], note: Literal["left", "right"]
) -> None:
    """A colour bar of [0, 1] and of what the maps have outside; the hatched ground is explained if it shows."""
    lowest = min(float(np.nanmin(m, initial=0)) for m in maps)
    highest = max(float(np.nanmax(m, initial=1)) for m in maps)
    bar = figure.colorbar(
        image, ax=axes, location="bottom", aspect=40, shrink=0.5 if note == "right" else 0.4, pad=0.02, panchor=False
    )
    bar.ax.set_xlim(lowest, highest)
    outside = [v for v, beyond in ((lowest, lowest < -0.1), (highest, highest > 1.1)) if beyond]
    ticks = sorted([0, 0.25, 0.5, 0.75, 1, *outside])
    bar.set_ticks(ticks, labels=[f"{tick:.2g}" for tick in ticks])
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=SMALL, labelcolor=INK)
    bar.set_label("share of the variance", fontsize=SMALL, color=INK)
    if any(np.isnan(m).any() for m in maps):
        legend = bar.ax.legend(
            handles=[missing_patch()],
            loc="center left" if note == "right" else "center right",
            bbox_to_anchor=(1.03 if note == "right" else -0.03, 0.5),
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
        )
        legend.set_in_layout(False)  # it stands in an empty corner and moves nothing
