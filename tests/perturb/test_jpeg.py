"""JPEG against Pillow's."""

import io
from typing import Any

import numpy as np
import pytest
from keras import ops
from PIL import Image
from scipy import ndimage

from dnnsa.errors import ModelError
from dnnsa.perturb import Jpeg
from dnnsa.perturb.base import Data

QUALITIES = [1, 10, 33, 50, 75, 90, 100]


def photographs(channels: int) -> Any:
    """Smooth images with edges, of 256 levels in [0, 1], (7, 29, 42, channels): no multiples of 8."""
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.normal(size=(7, 29, 42, channels)), (0, 3, 3, 0)) * 8
    images = 0.5 + 0.2 * smooth + 0.1 * (smooth[..., :1] > 0.3) + rng.normal(scale=0.02, size=smooth.shape)
    return (np.round(np.clip(images, 0, 1) * 255) / 255).astype(np.float32)


def changed(images: Any, quality: Any, high: float = 1.0, colour: Any = "full") -> Any:
    values = {"quality": ops.convert_to_tensor(np.asarray(quality, np.float64))}
    part = Jpeg(quality="quality", high=high, colour=colour)
    return ops.convert_to_numpy(part.apply(ops.convert_to_tensor(images), values, None))


def pillow_s(image: Any, quality: int, colour: str) -> Any:
    levels = np.round(image * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels).save(
        file, "JPEG", quality=quality, subsampling={"full": 0, "half": 2}[colour]
    )
    return np.asarray(Image.open(file), np.float32).reshape(levels.shape)


@pytest.mark.parametrize(("channels", "colour", "mean"), [(1, "full", 0.25), (3, "full", 0.25), (3, "half", 0.5)])
def test_an_image_comes_back_as_from_pillow_s_jpeg(channels: int, colour: str, mean: float) -> None:
    """To a part of 255 levels in the mean, 95 % of the values within 2, all within a step of a coefficient.

    Pillow's transform is of whole numbers: a coefficient in the middle of two steps may go to the other one.
    """
    images = photographs(channels)
    result = changed(images, QUALITIES, colour=colour) * 255
    for row, quality in enumerate(QUALITIES):
        off = np.abs(result[row] - pillow_s(images[row], quality, colour))
        assert (off < 2.5).mean() > 0.95, quality
        assert off.max() < 8.5, quality
        assert off.mean() < mean, quality
        lost = np.abs(result[row] - images[row] * 255).mean()
        assert off.mean() < 0.1 * lost or quality == 100


@pytest.mark.parametrize("colour", ["full", "half"])
@pytest.mark.parametrize("size", [(16, 32), (9, 33), (17, 3), (8, 5), (2, 4), (1, 2)])
def test_edges_are_as_in_pillow_s_jpeg(size: tuple[int, int], colour: str) -> None:
    """Of a low quality, where hardly a coefficient is in the middle of two steps: in one image of seven at most."""
    images = photographs(3)[:, : size[0], : size[1]]
    result = changed(images, [10] * len(images), colour=colour) * 255
    off = np.abs(result - [pillow_s(image, 10, colour) for image in images]).max(axis=(1, 2, 3))
    assert np.sort(off)[-2] < 3.5


def test_less_quality_loses_more_and_the_best_hardly_anything() -> None:
    image = np.repeat(photographs(3)[:1], 5, axis=0)
    lost = np.abs(changed(image, [5, 20, 60, 95, 100]) - image).mean(axis=(1, 2, 3))
    assert (np.diff(lost) < 0).all()
    assert lost[-1] < 1 / 255


def test_quality_is_continuous_but_its_steps_are_whole_numbers() -> None:
    image = np.repeat(photographs(1)[:1], 3, axis=0)
    result = changed(image, [30, 30.001, 31])
    assert np.abs(result[0] - result[1]).mean() < np.abs(result[0] - result[2]).mean()


def test_values_up_to_255_are_the_same_images() -> None:
    images = photographs(3)
    np.testing.assert_array_equal(changed(images * 255, QUALITIES, 255.0), np.round(changed(images, QUALITIES) * 255))


def test_a_quality_or_a_value_out_of_range_is_a_failed_run() -> None:
    images = photographs(1)
    images[4, 3, 3], images[5, 0, 0], images[6, 1, 1] = 1.01, -0.01, np.nan
    result = changed(images, [0.9, 100.1, np.nan, 50, 50, 50, 50])
    assert np.isnan(result[[0, 1, 2, 4, 5, 6]]).all()
    assert np.isfinite(result[3]).all()


@pytest.mark.parametrize("quality", [0.5, 101.0])
def test_a_constant_quality_out_of_range_is_refused_at_once(quality: float) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Jpeg(quality=quality)
    assert str(error.value) == f"`quality` must be from 1 to 100, got {quality:g}"


def test_other_channels_than_grey_or_three_colours_are_refused() -> None:
    with pytest.raises(ModelError) as error:
        Jpeg(quality=50).bind(Data(np.zeros((2, 8, 8, 2)), lambda *_: np.zeros(0), None, {}))  # type: ignore[arg-type]
    assert str(error.value) == "jpeg needs images of 1 channel, grey, or 3, red, green and blue, got 2."
