"""Occlusion and haze against NumPy."""

import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray

from dnnsa.perturb import Haze, Occlusion

IMAGES = np.random.default_rng(0).random((4, 6, 8, 2), dtype=np.float32)
FINE = 20  # parts of a pixel


def applied(part: Occlusion | Haze, **values: list[float]) -> NDArray[np.float32]:
    tensors = {name: ops.convert_to_tensor(np.array(array, np.float64)) for name, array in values.items()}
    return np.array(ops.convert_to_numpy(part.apply(ops.convert_to_tensor(IMAGES), tensors, np.zeros(4, np.int32))))


def test_a_patch_on_the_edges_of_pixels_covers_whole_pixels() -> None:
    expected = IMAGES.copy()
    expected[:, 2:4, 1:3] = 0.75  # a third of 6 pixels, about (2, 3)
    result = applied(Occlusion(size=1 / 3, x=0.25, y=0.5, value=0.75))
    np.testing.assert_allclose(result, expected, atol=1e-6)
    np.testing.assert_array_equal(result[:, :, 4:], IMAGES[:, :, 4:])


def test_a_patch_is_the_mean_of_a_finer_picture_of_it() -> None:
    size, x, y = [0.4, 0.05, 1.3, 0.3], [0.3, 0.55, 0.2, 1.0], [0.45, 0.6, 0.9, 0.0]
    result = applied(Occlusion(size="size", x="x", y="y", value=-1.0), size=size, x=x, y=y)
    down, right = ((np.arange(n * FINE) + 0.5) / FINE for n in (6, 8))
    for row in range(4):
        inside = (np.abs(down - 6 * y[row]) < 3 * size[row])[:, None] & (np.abs(right - 8 * x[row]) < 3 * size[row])
        share = inside.reshape(6, FINE, 8, FINE).mean(axis=(1, 3))[..., None]
        expected = (1 - share) * IMAGES[row] - share
        np.testing.assert_allclose(result[row], expected, atol=2 * 2 / FINE)
        np.testing.assert_allclose(result[row].mean(), expected.mean(), atol=0.02)


def test_a_patch_outside_of_the_image_covers_nothing() -> None:
    result = applied(Occlusion(size=0.5, x="x", y="y"), x=[-0.5, 2.0, 0.5, 0.5], y=[0.5, 0.5, -1.0, 1.3])
    np.testing.assert_array_equal(result, IMAGES)


def test_a_size_below_0_is_a_failed_run() -> None:
    result = applied(Occlusion(size="size"), size=[0.0, -0.1, np.nan, 1.0])
    assert np.isnan(result[1:3]).all()
    np.testing.assert_array_equal(result[0], IMAGES[0])
    assert np.isfinite(result[3]).all()
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Occlusion(size=-0.1)
    assert str(error.value) == "`size` must be 0 or more, got -0.1"


def test_haze_is_a_mixture() -> None:
    amount, light = np.array([0.0, 0.2, 0.7, 1.0]), np.array([0.5, 1.0, 0.9, 2.0])
    share, air = amount[:, None, None, None], light[:, None, None, None]
    result = applied(Haze(amount="amount", airlight="light"), amount=amount.tolist(), light=light.tolist())
    np.testing.assert_allclose(result, IMAGES * (1 - share) + share * air, atol=1e-6)


def test_haze_outside_of_0_to_1_is_a_failed_run() -> None:
    result = applied(Haze(amount="amount"), amount=[-0.01, 1.01, np.nan, 1.0])
    assert np.isnan(result[:3]).all()
    assert np.isfinite(result[3]).all()
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Haze(amount=1.5)
    assert str(error.value) == "`amount` must be from 0 to 1, got 1.5"
