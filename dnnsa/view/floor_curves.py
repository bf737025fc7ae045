"""Total indices along a dimension with an order, such as epochs, against the noise floor of the same places."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.bars import factor_names, ranking
from dnnsa.view.colours import GRID, INK, LUCK_COLOUR
from dnnsa.view.luck import Floor
from dnnsa.view.maps import Track
from dnnsa.view.palette import SMALL, name_panel, plain_axes

FACTORS = 5  # at most, beside the floor: more curves cannot be told apart
HEIGHT = 1.9  # inches
SHADES = ("#1d5c9e", "#2f9e78", "#8e44ad", "#b8960b", "#5d6b78")


def has_order(dataset: Any, dim: str) -> bool:
    """Whether a line from cell to cell means something: cells have numbers or dates, and no labels."""
    coords = read.coordinates(dataset, dim)
    return (
        dim in coords and coords[dim].dtype.kind in "iufM" and all(c.dtype.kind not in "OUT" for c in coords.values())
    )


def draw_floor_curves(axes: Axes, dataset: Any, of: Floor, x: Track) -> None:
    """ST of the factors that matter most, and that of luck: dashed, with its interval.

    Parameters
    ----------
    dataset
        With one dimension, thinned as the maps are.
    x
        How its cells lie along the axis of the maps.
    """
    (dim,) = read.dims(dataset)
    at = np.linspace(*x.edges, 2 * dataset.sizes[dim] + 1)[1::2]  # middles of cells
    total, low, high = _curves(dataset, dim)
    shown = [int(k) for k in ranking(dataset, dataset.sizes["factor"]) if k not in of.seeds][:FACTORS]
    for k, name, colour in zip(shown, factor_names(dataset, np.array(shown, dtype=np.intp)), SHADES, strict=False):
        axes.plot(at, total[k], color=colour, linewidth=1.6, label=name)
    (luck,) = factor_names(dataset, np.array([of.highest]))
    style: dict[str, Any] = {"color": LUCK_COLOUR, "zorder": 3}
    axes.plot(at, total[of.highest], linestyle="--", linewidth=1.4, label=f"noise floor, ST of {luck}", **style)
    axes.fill_between(at, low[of.highest], high[of.highest], color=LUCK_COLOUR, alpha=0.15, linewidth=0, zorder=0)
    _dress(axes, x)
    name_panel(axes, "ST", "against luck")


def _curves(dataset: Any, dim: str) -> tuple[NDArray[Any], ...]:
    """ST and its bounds, ``(factor, cells)`` each."""
    names = [name for name in ("ST", "ST_lower", "ST_upper") if name in dataset]
    return read.interval("ST", dataset[names].transpose("factor", dim))


def _dress(axes: Axes, x: Track) -> None:
    plain_axes(axes)
    axes.set_xlim(*x.edges)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=SMALL, labelcolor=INK)
    legend.set_in_layout(False)  # it stands in the empty corner below the bars and moves nothing
