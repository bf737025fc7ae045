"""The blur against SciPy's, with a kernel as wide as the image."""

import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray
from scipy import ndimage

from dnnsa.perturb import GaussianBlur, Pixelation

IMAGES = np.random.default_rng(0).random((6, 8, 11, 2), dtype=np.float32)
CASE = np.zeros(6, np.int32)
SD = np.array([0.0, 0.4, 1.0, 2.5, 50.0, 1e-30])


def blurred(images: NDArray[np.float32], sd: NDArray[np.float64]) -> NDArray[np.float32]:
    result = GaussianBlur(sd="sd").apply(ops.convert_to_tensor(images), {"sd": ops.convert_to_tensor(sd)}, CASE)
    return np.array(ops.convert_to_numpy(result))


@pytest.mark.parametrize("row", [1, 2, 3, 4])
def test_a_blur_is_scipy_s_gaussian_filter_normalised_inside_the_image(row: int) -> None:
    def scipy_s(image: NDArray[np.float64]) -> NDArray[np.float64]:
        kernel = {"mode": "constant", "radius": (8, 11, 0)}
        return np.array(ndimage.gaussian_filter(image, (SD[row], SD[row], 0), **kernel))

    image = IMAGES[row].astype(float)
    expected = scipy_s(image) / scipy_s(np.ones_like(image))
    np.testing.assert_allclose(blurred(IMAGES, SD)[row], expected, atol=1e-5)


def test_no_width_or_next_to_none_changes_nothing() -> None:
    result = blurred(IMAGES, SD)
    np.testing.assert_array_equal(result[[0, 5]], IMAGES[[0, 5]])


def test_a_constant_image_stays_so_up_to_its_edges() -> None:
    np.testing.assert_allclose(blurred(np.full_like(IMAGES, 0.7), SD), 0.7, atol=1e-6)


def test_a_great_width_leaves_the_mean_of_each_channel() -> None:
    expected = np.broadcast_to(IMAGES.mean(axis=(1, 2), keepdims=True), IMAGES.shape)
    np.testing.assert_allclose(blurred(IMAGES, np.full(6, 1e6)), expected, atol=1e-6)


def test_a_width_below_zero_is_a_failed_run_and_not_another_width() -> None:
    result = blurred(IMAGES, np.array([-1.0, 0.4, 1.0, 2.5, 50.0, -1e-3]))
    assert np.isnan(result[[0, 5]]).all()
    assert np.isfinite(result[1:5]).all()


def test_a_constant_width_below_zero_is_refused_at_once() -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        GaussianBlur(sd=-0.5)
    assert str(error.value) == "`sd` must be 0 or more, got -0.5"


def test_pixelation_is_the_mean_of_each_block() -> None:
    images = np.random.default_rng(3).random((5, 7, 9, 2), dtype=np.float32)
    size = np.array([1.0, 2.0, 2.5, 4.0, 100.0])
    values = {"size": ops.convert_to_tensor(size)}
    part = Pixelation(size="size")
    result = ops.convert_to_numpy(part.apply(ops.convert_to_tensor(images), values, np.zeros(5, np.int32)))
    for row, column in np.ndindex(7, 9):
        for image in range(5):
            down, across = (
                np.floor(np.arange(n) / size[image]) == at // size[image] for n, at in ((7, row), (9, column))
            )
            block = images[image][down][:, across]
            np.testing.assert_allclose(result[image, row, column], block.mean(axis=(0, 1)), atol=1e-6)


def test_a_block_of_less_than_a_pixel_is_a_failed_run() -> None:
    images = ops.convert_to_tensor(np.ones((4, 3, 3, 1), np.float32))
    values = {"size": ops.convert_to_tensor(np.array([0.9, -2.0, np.nan, 1.5]))}
    result = ops.convert_to_numpy(Pixelation(size="size").apply(images, values, np.zeros(4, np.int32)))
    assert np.isnan(result[:3]).all()
    assert np.isfinite(result[3]).all()
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Pixelation(size=0.5)
    assert str(error.value) == "`size` must be 1 or more, got 0.5"
