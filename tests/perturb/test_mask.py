"""A mask against a loop over pixels in NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops

from dnnsa.errors import ModelError
from dnnsa.perturb import GaussianBlur, Mask
from dnnsa.perturb.base import Data
from dnnsa.threefry import normals

IMAGES = np.random.default_rng(0).random((3, 5, 7, 2), dtype=np.float32)
KEPT = np.random.default_rng(1).random((3, 6)).astype(np.float32)
SEGMENTS = np.random.default_rng(2).permutation(np.arange(35) % 6).reshape(5, 7)


def masked(part: Mask, kept: Any = KEPT, segments: Any = SEGMENTS, **others: Any) -> Any:
    arrays = {"s": segments, "cells": segments, **others}
    apply = part.bind(Data(IMAGES, lambda setting, name: np.asarray(arrays[name]), Path(), {}))
    case = ops.convert_to_tensor(np.array([2, 0, 1], np.int32))  # positions in the file, not those of the rows
    return ops.convert_to_numpy(apply(ops.convert_to_tensor(IMAGES), {"cell": ops.convert_to_tensor(kept)}, case))


@pytest.mark.parametrize("fill", [0.0, 0.5, "mean"])
@pytest.mark.parametrize("by", [{"grid": (2, 3)}, {"segments": "cells"}], ids=["grid", "segments"])
def test_every_pixel_goes_by_its_cell(by: Any, fill: Any) -> None:
    expected = np.empty_like(IMAGES)
    for n, y, x, c in np.ndindex(IMAGES.shape):
        cell = (y * 2 // 5) * 3 + x * 3 // 7 if "grid" in by else SEGMENTS[y, x]
        other = IMAGES[n, :, :, c].mean() if fill == "mean" else fill
        expected[n, y, x, c] = KEPT[n, cell] * IMAGES[n, y, x, c] + (1 - KEPT[n, cell]) * other
    np.testing.assert_allclose(masked(Mask(cells="cell", fill=fill, **by)), expected, atol=1e-6)


@pytest.mark.parametrize("grid", [(5, 3), (1, 6), (5, 7), (1, 1), (2, 3)])
@pytest.mark.parametrize("fill", [0.0, 0.5])
def test_a_grid_is_the_segments_that_it_means(grid: tuple[int, int], fill: float) -> None:
    rows, columns = np.arange(5) * grid[0] // 5, np.arange(7) * grid[1] // 7
    kept = np.random.default_rng(4).random((3, grid[0] * grid[1])).astype(np.float32)
    same = masked(Mask(cells="cell", segments="s", fill=fill), kept, rows[:, None] * grid[1] + columns)
    np.testing.assert_array_equal(masked(Mask(cells="cell", grid=grid, fill=fill), kept), same)


def test_each_case_may_have_segments_of_its_own_and_no_pixel_in_some() -> None:
    own = np.stack([SEGMENTS, SEGMENTS.T.reshape(5, 7), np.minimum(SEGMENTS, 2)])  # the last has cells 0 to 2
    result = masked(Mask(cells="cell", segments="cells"), segments=own)
    for row, position in enumerate((2, 0, 1)):
        expected = IMAGES[row] * KEPT[row, own[position]][..., None]
        np.testing.assert_array_equal(result[row], expected)


def test_what_replaces_may_be_the_image_out_of_focus_or_noise_around_its_mean() -> None:
    nothing, case = np.zeros_like(KEPT), ops.convert_to_tensor(np.array([2, 0, 1], np.int32))
    blurred = GaussianBlur(sd=1.5).apply(ops.convert_to_tensor(IMAGES), {}, case)
    blur = masked(Mask(cells="cell", grid=(2, 3), fill="blur", sd=1.5), nothing)
    np.testing.assert_allclose(blur, ops.convert_to_numpy(blurred), atol=1e-6)
    drawn = ops.convert_to_numpy(normals(ops.convert_to_tensor(np.full(3, 4)), case, 70)).reshape(IMAGES.shape)
    noise = masked(Mask(cells="cell", grid=(2, 3), fill="noise", sd=0.2, seed=4), nothing)
    np.testing.assert_allclose(noise, IMAGES.mean(axis=(1, 2), keepdims=True) + 0.2 * drawn, atol=1e-6)


@pytest.mark.parametrize("shape", [IMAGES.shape[1:], IMAGES.shape])
def test_what_replaces_may_be_another_image(shape: Any) -> None:
    other = np.random.default_rng(3).random(shape).astype(np.float32)
    result = masked(Mask(cells="cell", grid=(2, 3), baseline="other"), np.zeros_like(KEPT), other=other)
    np.testing.assert_array_equal(result, np.broadcast_to(other, IMAGES.shape) if other.ndim == 3 else other[[2, 0, 1]])


def test_zero_replaces_exactly_and_one_keeps_exactly() -> None:
    kept = np.array([[0, 1, 1, 1, 1, 1]] * 3)
    result = masked(Mask(cells="cell", grid=(2, 3), fill=0.1), kept)
    cell = np.zeros((5, 7), bool)
    cell[:3, :3] = True  # rows 0 to 2, columns 0 to 2
    assert (result[:, cell] == np.float32(0.1)).all()
    np.testing.assert_array_equal(result[:, ~cell], IMAGES[:, ~cell])


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan])
def test_what_is_no_share_is_nan(value: float) -> None:
    kept = KEPT.copy()
    kept[1, 0] = value
    lost = np.isnan(masked(Mask(cells="cell", grid=(2, 3)), kept))
    assert lost[1, :3, :3].all()
    assert lost.sum() == 3 * 3 * 2


def test_one_cell_is_one_factor() -> None:
    result = masked(Mask(cells="cell", grid=(1, 1)), KEPT[:, 0])
    np.testing.assert_allclose(result, IMAGES * KEPT[:, :1, None, None], atol=1e-6)


def test_another_number_of_factors_than_cells_is_refused() -> None:
    with pytest.raises(ModelError) as error:
        masked(Mask(cells="cell", grid=(2, 2)))
    assert str(error.value) == "cells: the image has 4 cells, and `cell` is 6 factors: give it `count: 4`."


@pytest.mark.parametrize(
    ("part", "segments", "told"),
    [
        (Mask(cells="cell", grid=(6, 1)), SEGMENTS, "grid: 6 x 1 cells do not fit into an image of 5 x 7 pixels"),
        (
            Mask(cells="cell", segments="s"),
            SEGMENTS.T,
            r"segments: `s` must hold integers of shape \(5, 7\) or \(3, 5, 7\)",
        ),
        (
            Mask(cells="c", grid=(1, 1), baseline="s"),
            SEGMENTS,
            r"baseline: `s` must hold numbers of shape \(5, 7, 2\) or",
        ),
        (Mask(cells="c", grid=(1, 1), baseline="s"), IMAGES * np.inf, "baseline: `s` holds NaN or infinity"),
        (Mask(cells="cell", segments="s"), SEGMENTS * 1.0, "segments: .* got float64"),
        (Mask(cells="cell", segments="s"), SEGMENTS + 1, "segments: `s` must number 6 cells from 0 to 5"),
        (Mask(cells="cell", segments="s"), SEGMENTS * 2, "segments: .* got numbers from 0 to 10"),
    ],
)
def test_cells_that_cannot_be_are_refused(part: Mask, segments: Any, told: str) -> None:
    with pytest.raises(ModelError, match=f"^{told}"):
        masked(part, segments=segments)


@pytest.mark.parametrize("by", [{}, {"grid": (2, 2), "segments": "s"}, {"grid": (0, 2)}])
def test_settings_that_cannot_be_are_refused(by: Any) -> None:
    with pytest.raises(ValueError, match="grid"):
        Mask(cells="cell", **by)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fill": "blur"}, "`sd` is for fill: blur and fill: noise, which need it, got sd: None"),
        ({"fill": "mean", "sd": 1.0}, "`sd` is for fill: blur and fill: noise, which need it, got sd: 1.0"),
        ({"fill": "noise", "sd": 0.0}, "`sd` must be above 0, got 0"),
        ({"fill": "mean", "seed": 3}, "`seed` is for fill: noise, got seed: 3"),
        ({"fill": "mean", "baseline": "b"}, "give either `baseline` or `fill`, got `b` and 'mean'"),
    ],
)
def test_fills_that_cannot_be_are_refused(settings: Any, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        Mask(cells="cell", grid=(2, 2), **settings)
