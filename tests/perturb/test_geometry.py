"""Rotation, translation, scale and shear against SciPy's sampling."""

import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray
from scipy import ndimage

from dnnsa.perturb import Perturbation, Rotation, Scale, Shear, Translation

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


def by_scipy(image: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """An image whose contents a matrix on (right, down) moves about its centre."""
    inverse = np.eye(3)
    inverse[:2, :2] = np.linalg.inv(matrix)[::-1, ::-1]  # SciPy's order is (down, right, channel)
    centre = (np.array(image.shape) - 1) / 2
    image = image.astype(float)
    return np.array(ndimage.affine_transform(image, inverse, centre - inverse @ centre, order=1, mode="grid-constant"))


def of_two(part: Perturbation, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    apply = part.apply  # type: ignore[attr-defined]
    values = {"x": ops.convert_to_tensor(x), "y": ops.convert_to_tensor(y)}
    return np.array(ops.convert_to_numpy(apply(ops.convert_to_tensor(IMAGES), values, CASE)))


def test_a_scale_is_scipy_s_bilinear_enlargement() -> None:
    x, y = np.linspace(0.3, 3, 8), np.linspace(2, 0.6, 8)
    result = of_two(Scale(x="x", y="y"), x, y)
    for row in range(8):
        np.testing.assert_allclose(result[row], by_scipy(IMAGES[row], np.diag([x[row], y[row]])), atol=2e-5)


def test_a_shear_is_scipy_s_bilinear_shear() -> None:
    x, y = np.linspace(-1.3, 1.3, 8), np.linspace(0.7, -0.4, 8)
    result = of_two(Shear(x="x", y="y"), x, y)
    for row in range(8):
        expected = by_scipy(IMAGES[row], np.array([[1, x[row]], [y[row], 1]]))
        np.testing.assert_allclose(result[row], expected, atol=2e-5)


def test_a_scale_that_is_not_above_0_is_a_failed_run() -> None:
    one = np.ones(8)
    x = np.array([1, 0, -1, np.nan, 1, 1, 1, 2])
    y = np.array([1, 1, 1, 1, 0, -2, np.nan, 1])
    result = of_two(Scale(x="x", y="y"), x, y)
    assert np.isnan(result[1:7]).all()
    assert np.isfinite(result[[0, 7]]).all()
    np.testing.assert_array_equal(of_two(Scale(x="x", y="y"), one, one), IMAGES)
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Scale(y=-0.5)
    assert str(error.value) == "`y` must be above 0, got -0.5"


def test_a_shear_to_a_line_or_beyond_is_a_failed_run() -> None:
    x = np.array([0, 1, 2, -2, 0.5, np.nan, 3, -3])
    y = np.array([0, 1, 2, -2, 0.5, 0, 0, 3])
    result = of_two(Shear(x="x", y="y"), x, y)
    assert np.isnan(result[[1, 2, 3, 5]]).all()
    assert np.isfinite(result[[0, 4, 6, 7]]).all()
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Shear(x=2.0, y=0.5)
    assert str(error.value) == "`x` times `y` must be below 1, got x: 2 and y: 0.5"
