"""Saturation and hue against colorsys, whose matrix of YIQ is rounded to 2 digits."""

import colorsys
import math

import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray

from dnnsa.errors import ModelError
from dnnsa.perturb import Hue, Perturbation, Saturation
from dnnsa.perturb.base import Data

IMAGES = np.random.default_rng(0).uniform(0.4, 0.6, (4, 3, 5, 3)).astype(np.float32)  # colorsys clips what leaves 0..1
ROUNDED = 0.012  # colours of 0.2 at most, times the error of a matrix of 2 digits


def applied(part: Perturbation, images: NDArray[np.float32], **values: NDArray[np.float64]) -> NDArray[np.float32]:
    tensors = {name: ops.convert_to_tensor(array) for name, array in values.items()}
    apply = part.bind(Data(images, None, None, {}))  # type: ignore[arg-type]
    return np.array(ops.convert_to_numpy(apply(ops.convert_to_tensor(images), tensors, np.zeros(4, np.int32))))


def in_yiq(images: NDArray[np.float32], multiples: NDArray[np.complex128]) -> NDArray[np.float64]:
    """The colours Q + i I of each image multiplied by a complex number: that turns from I to Q backwards."""
    result = np.empty(images.shape)
    for index in np.ndindex(images.shape[:3]):
        y, i, q = colorsys.rgb_to_yiq(*(float(value) for value in images[index]))
        colour = complex(q, i) * complex(multiples[index[0]])
        result[index] = colorsys.yiq_to_rgb(y, colour.imag, colour.real)
    return result


def test_saturation_is_that_of_colorsys() -> None:
    factor = np.array([0.0, 0.5, 1.5, 1.0])
    result = applied(Saturation(factor="factor"), IMAGES, factor=factor)
    np.testing.assert_allclose(result, in_yiq(IMAGES, factor.astype(complex)), atol=ROUNDED)


def test_no_saturation_leaves_the_luma() -> None:
    luma = IMAGES @ np.array([0.299, 0.587, 0.114])
    result = applied(Saturation(factor=0.0), IMAGES)
    np.testing.assert_allclose(result, np.repeat(luma[..., None], 3, axis=3), atol=1e-6)


def test_hue_is_that_of_colorsys() -> None:
    angle = np.array([30.0, -75.0, 180.0, 260.0])
    result = applied(Hue(angle="angle"), IMAGES, angle=angle)
    np.testing.assert_allclose(result, in_yiq(IMAGES, np.exp(1j * np.deg2rad(angle))), atol=ROUNDED)


def test_hue_is_the_rotation_by_the_exact_inverse_of_the_matrix() -> None:
    matrix = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    cos, sin = math.cos(0.7), math.sin(0.7)
    turn = np.linalg.inv(matrix) @ np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]]) @ matrix
    np.testing.assert_allclose(applied(Hue(angle=math.degrees(0.7)), IMAGES), IMAGES @ turn.T, atol=1e-6)


def test_hue_goes_round_as_in_hsv() -> None:
    red = np.tile(np.array([0.6, 0.4, 0.4], np.float32), (4, 1, 1, 1))
    result = applied(Hue(angle="angle"), red, angle=np.array([10.0, 60.0, 120.0, 240.0]))
    hues = [colorsys.rgb_to_hsv(*(float(value) for value in image[0, 0]))[0] * 360 for image in result]
    assert hues == sorted(hues)
    np.testing.assert_allclose(hues, [10, 60, 120, 240], atol=20)


def test_neither_changes_a_grey_image_or_the_luma() -> None:
    grey = np.repeat(IMAGES[..., :1], 3, axis=3)
    luma = np.array([0.299, 0.587, 0.114])
    for part in (Saturation(factor=3.0), Hue(angle=77.0)):
        np.testing.assert_allclose(applied(part, grey), grey, atol=1e-6)
        np.testing.assert_allclose(applied(part, IMAGES) @ luma, IMAGES @ luma, atol=1e-6)


@pytest.mark.parametrize("part", [Saturation(factor=0.5), Hue(angle=10.0)], ids=lambda part: part.kind)
def test_only_images_of_three_channels_have_colours(part: Perturbation) -> None:
    with pytest.raises(ModelError) as error:
        applied(part, IMAGES[..., :1])
    assert str(error.value) == f"{part.kind} needs images of 3 channels, red, green and blue, got 1."
