"""The figure of the cells of a mask: each image, and its indices where they belong."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from dnnsa.view.bars import MEANING
from dnnsa.view.colours import FAINT, HIGHEST, INK, LOWEST
from dnnsa.view.one_dim import mosaic
from dnnsa.view.palette import LABEL, MISSING, SCALE, SMALL, heading, plain_axes
from dnnsa.view.text import coordinate, number

IMAGES = 6  # at most
SIDE = 1.75  # inches, of a map


def pixels_figure(title: str, caption: str, maps: Any, thumbnails: NDArray[Any] | None = None) -> Figure:
    """A row for each of the first images: the image, ST, S1 and half the width of the interval of ST.

    Parameters
    ----------
    maps
        A dataset of ``ST``, ``S1``, ``ST_lower`` and ``ST_upper``, each ``(image, y, x)``.
    thumbnails
        The images, ``(image, h, w)`` or ``(image, h, w, channels)``.
    """
    total = maps.sizes["image"]
    shown = maps.isel(image=slice(IMAGES))
    columns = {
        "ST": (shown["ST"].values, MEANING["ST"].partition(":")[0]),
        "S1": (shown["S1"].values, MEANING["S1"].partition(":")[0]),
        "± of ST": ((shown["ST_upper"] - shown["ST_lower"]).values / 2, "half its interval"),
    }
    most = max(float(np.nanmax(columns["ST"][0], initial=0)), 1e-12)
    rows, left = shown.sizes["image"], 0 if thumbnails is None else 1
    aspect = float(np.clip(maps.sizes["y"] / maps.sizes["x"], 0.4, 2.5))
    figure = Figure(figsize=((len(columns) + left) * (SIDE + 0.15) + 0.6, rows * (SIDE * aspect + 0.1) + 1.9))
    figure.set_layout_engine("constrained")
    panels = figure.subplots(rows, len(columns) + left, squeeze=False)
    for row in range(rows):
        if thumbnails is not None:
            panels[row, 0].imshow(mosaic(thumbnails[row : row + 1], 0), interpolation="nearest")
            _bare(panels[row, 0])
        for column, (values, _) in enumerate(columns.values(), start=left):
            image = _draw(panels[row, column], values[row], most)
        panels[row, 0].set_ylabel(_label(shown, row), fontsize=SMALL, color=INK)
    for column, (name, (_, meaning)) in enumerate(columns.items(), start=left):
        panels[0, column].set_title(rf"$\bf{{{name.replace(' ', '~')}}}$  {meaning}", fontsize=LABEL, color=INK)
    _scale(figure, image, panels, most)
    more = f"; the first {rows} of {total} images" if total > rows else ""
    heading(figure, title, caption + more)
    return figure


def _draw(axes: Axes, values: NDArray[Any], most: float) -> AxesImage:
    axes.patch.set(**MISSING)
    norm = Normalize(LOWEST * most, HIGHEST * most)  # the colours of 0 to 1 go from 0 to the largest ST
    image = axes.imshow(np.ma.masked_invalid(values), cmap=SCALE, norm=norm, interpolation="nearest")
    _bare(axes)
    return image


def _bare(axes: Axes) -> None:
    plain_axes(axes)
    axes.set_xticks([])
    axes.set_yticks([])


def _label(shown: Any, row: int) -> str:
    """The image by its coordinates, such as ``label 3``."""
    texts = [f"{name} {coordinate(c.values[row])}" for name, c in shown.coords.items() if c.dims == ("image",)]
    return ", ".join(texts) or f"image {row}"


def _scale(figure: Figure, image: AxesImage, panels: Any, most: float) -> None:
    bar = figure.colorbar(image, ax=panels.ravel().tolist(), location="bottom", aspect=40, shrink=0.5, pad=0.02)
    bar.ax.set_xlim(0, most)
    ticks = [0, most / 2, most]
    bar.set_ticks(ticks, labels=[number(tick, 2) for tick in ticks])
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=SMALL, labelcolor=INK)
    bar.set_label("share of the variance, of one cell", fontsize=SMALL, color=FAINT)
