"""The blur along a line against SciPy's correlation with its weights, written out."""

from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from dnnsa.perturb import MotionBlur

IMAGES = np.random.default_rng(0).random((6, 8, 11, 2), dtype=np.float32)
LENGTH = np.array([1.0, 2.0, 3.7, 5.0, 0.4, 60.0])


def blurred(length: Any, angle: Any, images: Any = IMAGES) -> Any:
    values = {"length": ops.convert_to_tensor(length), "angle": ops.convert_to_tensor(angle)}
    return ops.convert_to_numpy(
        MotionBlur(length="length", angle="angle").apply(ops.convert_to_tensor(images), values, None)
    )


def weights(length: float, angle: float) -> Any:
    """By going along the line: at each column that it crosses, or row if it is steep, two pixels."""
    kernel = np.zeros((61, 61))
    right, up = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    steep = abs(up) > abs(right)
    most, least = (up, right) if steep else (right, up)
    for step in range(-29, 30):
        share = np.clip(1 + length * abs(most) / 2 - abs(step), 0, 1)
        across = step * least / most
        for place in (np.floor(across), np.floor(across) + 1):
            weight = share * (1 - abs(across - place))
            column, row = (int(place), step) if steep else (step, int(place))
            kernel[30 - row, 30 + column] += weight
    return kernel


@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, 77.0, 90.0, 135.0, -30.0, 250.0])
def test_a_blur_is_the_mean_along_the_line_inside_the_image(angle: float) -> None:
    result = blurred(LENGTH, np.full(6, angle))
    for row, length in enumerate(LENGTH):
        kernel = weights(length, angle)[:, :, None]
        image = IMAGES[row].astype(float)
        total, inside = (ndimage.correlate(one, kernel, mode="constant") for one in (image, np.ones_like(image)))
        np.testing.assert_allclose(result[row], total / inside, atol=2e-6)


def test_a_whole_length_along_the_rows_is_a_running_mean() -> None:
    result = blurred(np.full(6, 2.0), np.zeros(6))
    expected = (IMAGES[:, :, :-2] + IMAGES[:, :, 1:-1] + IMAGES[:, :, 2:]) / 3
    np.testing.assert_allclose(result[:, :, 1:-1], expected, atol=1e-6)


def test_a_positive_angle_goes_up_to_the_right() -> None:
    dot = np.zeros((1, 9, 9, 1), np.float32)
    dot[0, 4, 4] = 1
    result = blurred(np.array([4.0]), np.array([45.0]), dot)[0, :, :, 0]
    assert result[3, 5] > 0.2
    assert abs(result[3, 3]) < 1e-6


def test_nothing_jumps_at_no_length_or_at_45_degrees() -> None:
    near = blurred(np.full(6, 1e-4), np.linspace(0, 180, 6))
    np.testing.assert_allclose(near, IMAGES, atol=2e-4)
    below, above = (blurred(LENGTH, np.full(6, 45 + by)) for by in (-1e-3, 1e-3))
    np.testing.assert_allclose(below, above, atol=2e-3)


def test_half_a_turn_changes_nothing() -> None:
    angle = np.array([0.0, 10.0, 45.0, 80.0, 120.0, 170.0])
    np.testing.assert_allclose(blurred(LENGTH, angle), blurred(LENGTH, angle + 180), atol=2e-6)


def test_a_length_below_zero_is_a_failed_run_and_refused_as_a_constant() -> None:
    result = blurred(np.array([-1.0, np.nan, 1.0, 2.0, 0.0, 1e30]), np.zeros(6))
    assert np.isnan(result[:2]).all()
    assert np.isfinite(result[2:]).all()
    with pytest.raises(ValueError) as error:  # noqa: PT011
        MotionBlur(length=-1.0)
    assert str(error.value) == "`length` must be 0 or more, got -1"
