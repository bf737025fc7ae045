"""The figure of the cells of a mask, and the table beside it."""

import io
from typing import Any

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from dnnsa.view.attribution import attribution_table
from dnnsa.view.pixels import IMAGES, pixels_figure

CELL = np.arange(4).reshape(2, 2).repeat(3, axis=0).repeat(4, axis=1)  # (6, 8)
TOTAL = np.array([0.5, 0.25, 0.0, np.nan])


def maps(images: int) -> xr.Dataset:
    st = np.broadcast_to(TOTAL[CELL], (images, 6, 8))
    over = ("image", "y", "x")
    return xr.Dataset(
        {
            "cell": (over, np.broadcast_to(CELL, st.shape)),
            "ST": (over, st),
            "S1": (over, st / 2),
            "ST_lower": (over, st - 0.1),
            "ST_upper": (over, st + 0.1),
            "mean": ("image", np.full(images, 0.75)),
            "variance": ("image", np.full(images, 0.04)),
        },
        {"label": ("image", np.arange(images))},
    )


@pytest.mark.parametrize("thumbnails", [None, np.ones((2, 6, 8, 1))])
def test_a_row_for_each_image_and_a_column_for_each_map(thumbnails: Any) -> None:
    figure = pixels_figure("What?", "attribution", maps(2), thumbnails)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 2 * (3 if thumbnails is None else 4)
    titles = [axes.get_title() for axes in panels if axes.get_title()]
    assert [title.split("$")[-1].strip() for title in titles] == ["total", "first order", "half its interval"]
    left = panels[0] if thumbnails is None else panels[1]
    np.testing.assert_array_equal(left.images[0].get_array().filled(np.nan), TOTAL[CELL])
    assert [axes.get_ylabel() for axes in panels if axes.get_ylabel()] == ["label 0", "label 1"]


def test_of_many_images_the_first_are_drawn_and_told() -> None:
    figure = pixels_figure("What?", "attribution", maps(IMAGES + 3))
    assert sum(bool(axes.images) for axes in figure.axes) == 3 * IMAGES
    assert f"the first {IMAGES} of {IMAGES + 3} images" in figure.get_supxlabel().replace("\n", " ")


def test_the_table_names_the_strongest_cells_with_their_intervals() -> None:
    console = Console(width=100, file=io.StringIO())
    console.print(attribution_table(maps(1).assign(S1=maps(1)["S1"].fillna(0), ST=maps(1)["ST"].fillna(0)), ["a.png"]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "0: 0.50 [0.40, 0.60]" in text
    assert text.split("a.png")[1].split()[:5] == ["0", "0.750", "0.200", "0.38", "0.75"]
