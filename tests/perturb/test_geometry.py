"""Rotation and translation against SciPy's sampling."""

import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray
from scipy import ndimage

from dnnsa.perturb import Rotation, Translation

IMAGES = np.random.default_rng(0).random((8, 9, 12, 2), dtype=np.float32)
CASE = np.zeros(8, np.int32)
ANGLES = np.array([0.0, 5.0, -12.5, 30.0, 90.0, 180.0, -271.0, 720.0])
SHIFTS = np.array([0.0, 0.3, -0.3, 1.0, -2.0, 3.7, 20.0, -0.01])


def rotated(images: NDArray[np.float32], angles: NDArray[np.float64]) -> NDArray[np.float32]:
    part = Rotation(angle="angle")
    result = part.apply(ops.convert_to_tensor(images), {"angle": ops.convert_to_tensor(angles)}, CASE)
    return np.array(ops.convert_to_numpy(result))


def moved(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    values = {"x": ops.convert_to_tensor(x), "y": ops.convert_to_tensor(y)}
    return np.array(ops.convert_to_numpy(Translation(x="x", y="y").apply(ops.convert_to_tensor(IMAGES), values, CASE)))


@pytest.mark.parametrize("row", range(8))
def test_a_rotation_is_scipy_s_bilinear_rotation(row: int) -> None:
    expected = ndimage.rotate(
        IMAGES[row].astype(float), ANGLES[row], axes=(1, 0), reshape=False, order=1, mode="grid-constant"
    )
    np.testing.assert_allclose(rotated(IMAGES, ANGLES)[row], expected, atol=2e-5)


def test_a_positive_angle_turns_counter_clockwise() -> None:
    square = IMAGES[:, :, :9]
    np.testing.assert_allclose(rotated(square, np.full(8, 90.0)), np.rot90(square, axes=(1, 2)), atol=2e-6)


@pytest.mark.parametrize("row", range(8))
def test_a_translation_is_scipy_s_bilinear_shift(row: int) -> None:
    expected = ndimage.shift(
        IMAGES[row].astype(float), (SHIFTS[::-1][row], SHIFTS[row], 0), order=1, mode="grid-constant"
    )
    np.testing.assert_allclose(moved(SHIFTS, SHIFTS[::-1].copy())[row], expected, atol=2e-5)


def test_x_goes_to_the_right_and_y_goes_down_and_zeros_come_in() -> None:
    result = moved(np.full(8, 2.0), np.full(8, 1.0))
    np.testing.assert_array_equal(result[:, 1:, 2:], IMAGES[:, :-1, :-2])
    assert not result[:, 0].any()
    assert not result[:, :, :2].any()
