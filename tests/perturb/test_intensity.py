"""Brightness, contrast, gamma and clip against NumPy."""

import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray

from dnnsa.perturb import Brightness, Clip, Contrast, Gamma, Perturbation

IMAGES = np.random.default_rng(0).random((4, 5, 3, 2), dtype=np.float32)
STRENGTH = np.array([0.3, -0.2, 1.7, 0.0])


def applied(
    part: Perturbation, images: NDArray[np.float32] = IMAGES, **values: NDArray[np.float64]
) -> NDArray[np.float32]:
    tensors = {name: ops.convert_to_tensor(array) for name, array in values.items()}
    result = part.apply(ops.convert_to_tensor(images), tensors, np.zeros(4, np.int32))
    return np.array(ops.convert_to_numpy(result))


def test_brightness_is_added_and_not_clipped() -> None:
    expected = IMAGES + STRENGTH[:, None, None, None]
    result = applied(Brightness(delta="delta"), delta=STRENGTH)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert result.max() > 1
    assert result.min() < 0


def test_contrast_is_about_each_image_s_own_mean() -> None:
    mean = IMAGES.mean(axis=(1, 2, 3), keepdims=True)
    expected = mean + STRENGTH[:, None, None, None] * (IMAGES - mean)
    np.testing.assert_allclose(applied(Contrast(factor="factor"), factor=STRENGTH), expected, atol=1e-6)


def test_no_contrast_leaves_the_mean() -> None:
    np.testing.assert_allclose(applied(Contrast(factor=0.0))[2], IMAGES[2].mean(), atol=1e-6)


def test_clip_is_numpy_s() -> None:
    low, high = np.array([0.0, 0.1, 0.2, 0.3]), np.array([1.0, 0.6, 0.7, 0.3])
    expected = np.clip(IMAGES, *(array.astype(np.float32)[:, None, None, None] for array in (low, high)))
    np.testing.assert_array_equal(applied(Clip(low="low", high="high"), low=low, high=high), expected)


def test_clip_does_not_hide_a_failed_run() -> None:
    images = IMAGES.copy()
    images[1, 2, 0, 1] = np.nan
    np.testing.assert_array_equal(np.isnan(applied(Clip(low=0.0, high=1.0), images)), np.isnan(images))


def test_limits_in_the_wrong_order_are_a_failed_run() -> None:
    result = applied(Clip(low="low", high=0.5), low=np.array([0.0, 0.6, 0.5, 0.4]))
    assert np.isnan(result[1]).all()
    assert np.isfinite(result[[0, 2, 3]]).all()


def test_constant_limits_in_the_wrong_order_are_refused_at_once() -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Clip(low=1.0, high=0.0)
    assert str(error.value) == "`low` must be below `high`, got low: 1 and high: 0"


def test_gamma_is_a_power() -> None:
    gamma = np.array([0.4, 1.0, 2.2, 5.0])
    images = IMAGES.copy()
    images[:, 0, 0, 0] = 0
    expected = images.astype(np.float64) ** gamma[:, None, None, None]
    np.testing.assert_allclose(applied(Gamma(gamma="gamma"), images, gamma=gamma), expected, atol=1e-6)


def test_a_power_of_a_negative_value_is_a_failed_run() -> None:
    images = IMAGES.copy()
    images[1:3, 2, 0, 1] = -0.1
    result = applied(Gamma(gamma="gamma"), images, gamma=np.array([2.0, 2.0, 1.0, 2.0]))
    assert np.argwhere(np.isnan(result)).tolist() == [[1, 2, 0, 1]]


def test_an_exponent_of_0_or_less_is_a_failed_run() -> None:
    result = applied(Gamma(gamma="gamma"), gamma=np.array([1.0, 0.0, -1.0, np.nan]))
    assert np.isnan(result[1:]).all()
    assert np.isfinite(result[0]).all()
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Gamma(gamma=0.0)
    assert str(error.value) == "`gamma` must be above 0, got 0"
