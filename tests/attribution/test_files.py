"""Images in files, as a network takes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dnnsa.attribution import read_images, superpixels
from dnnsa.errors import InputError

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    Image.fromarray(COLOUR).save(tmp_path / "colour.png")
    np.save(tmp_path / "one.npy", COLOUR.astype(np.float32))
    np.savez(tmp_path / "two.npz", inputs=np.stack([COLOUR, COLOUR]))
    return tmp_path


def test_pictures_have_the_channels_and_the_range_of_the_network(folder: Path) -> None:
    read = read_images([folder / "grey.png"], (6, 8, 1), -1.0, 1.0)
    np.testing.assert_allclose(read.images[0, ..., 0], GREY / 127.5 - 1, atol=1e-6)
    assert (read.names, read.resized) == (["grey.png"], [])
    read = read_images([folder / "grey.png", folder / "colour.png"], (None, None, 3), 0.0, 255.0)
    np.testing.assert_allclose(read.images[0], np.repeat(GREY[..., None], 3, axis=2), atol=1e-4)
    np.testing.assert_allclose(read.images[1], COLOUR, atol=1e-4)


def test_a_picture_of_another_size_is_resized_and_told(folder: Path) -> None:
    read = read_images([folder / "grey.png"], (3, 4, 1), 0.0, 1.0)
    assert read.images.shape == (1, 3, 4, 1)
    assert read.resized == ["grey.png"]
    assert abs(read.images.mean() - GREY.mean() / 255) < 0.01


def test_arrays_are_taken_as_they_are(folder: Path) -> None:
    read = read_images([folder / "one.npy", folder / "two.npz"], (3, 4, 1), 0.0, 1.0)
    np.testing.assert_array_equal(read.images, np.stack([COLOUR] * 3).astype(np.float32))
    assert read.names == ["one.npy", "two.npz 0", "two.npz 1"]


@pytest.mark.parametrize(
    ("names", "channels", "told"),
    [
        (["none.png"], 3, "IMAGE: there is no file"),
        (["bad.png"], 3, "cannot be read as a picture"),
        (["bad.npz"], 3, "cannot be read as arrays of NumPy"),
        (["other.npz"], 3, "has no array `inputs`, only images"),
        (["flat.npy"], 3, r"must hold \(height, width, channels\) or \(n, height, width, channels\), got \(6, 8\)"),
        (["grey.png", "one.npy"], 1, r"images must be of one size, got \(6, 8, 1\) and \(6, 8, 3\)"),
        (["grey.png"], 4, "is a picture, and the network takes 4 channels: give .npy files"),
    ],
)
def test_what_is_no_image_is_refused(folder: Path, names: Any, channels: int, told: str) -> None:
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "bad.npz").write_bytes(b"PK\x03\x04 no archive")
    np.savez(folder / "other.npz", images=COLOUR)
    np.save(folder / "flat.npy", GREY)
    with pytest.raises(InputError, match=told):
        read_images([folder / name for name in names], (None, None, channels), 0.0, 1.0)


def test_superpixels_follow_what_is_alike_and_are_counted_from_zero() -> None:
    image = np.zeros((16, 16, 3), np.float32)
    image[:, 8:] = [1, 0, 0]
    image[8:, 8:] = [0, 0, 1]
    found = superpixels(np.stack([image, image[::-1]]), 4)
    assert found.shape == (2, 16, 16)
    for picture, cells in zip([image, image[::-1]], found, strict=True):
        assert np.unique(cells).tolist() == list(range(cells.max() + 1))
        for cell in range(cells.max() + 1):
            assert len(np.unique(picture[cells == cell], axis=0)) == 1  # of one colour
    grey = superpixels(image[None, ..., :1], 4)
    assert len(np.unique(image[..., 0][grey[0] == grey[0, 0, -1]])) == 1


@pytest.mark.parametrize(
    ("images", "count"), [(np.zeros((4, 4, 3)), 4), (np.zeros((1, 4, 4, 2)), 4), (COLOUR[None], 0)]
)
def test_superpixels_of_what_they_cannot_be_made_of_are_refused(images: Any, count: int) -> None:
    with pytest.raises(InputError, match=r"^(images: must have shape|count: must be 1 or more)"):
        superpixels(images, count)
