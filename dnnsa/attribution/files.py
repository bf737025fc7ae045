"""Images in files: pictures, and arrays of NumPy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import xarray as xr

from dnnsa.arrays import Array
from dnnsa.attribution.attribute import attribute, loaded, of_file
from dnnsa.attribution.superpixels import superpixels
from dnnsa.errors import InputError

ARRAYS = (".npy", ".npz")
INPUTS = "inputs"  # the array of an .npz file


class Pictures(NamedTuple):
    """Images of one size, as a network takes them."""

    images: Array  # (n, height, width, channels) float32
    names: list[str]
    resized: list[str]  # names of those that had another size


def read_images(
    paths: Sequence[Path], size: tuple[int | None, int | None, int | None], low: float, high: float
) -> Pictures:
    """Read images for a network.

    Parameters
    ----------
    paths
        Pictures (PNG, JPEG and so on): their values 0 to 255 become ``low`` to ``high``, their channels and their size,
        by bilinear interpolation, those of the network. Or ``.npy`` and ``.npz`` files (array ``inputs``) of one image
        or of several, which are taken as they are.
    size
        Height, width and channels that the network takes, None where it takes any.

    Raises
    ------
    InputError
        A file is missing or holds no image, or images are of several sizes.
    """
    images: list[Array] = []
    names: list[str] = []
    resized: list[str] = []
    for path in paths:
        if not path.is_file():
            raise InputError(f"IMAGE: there is no file {path}.")
        if path.suffix.lower() in ARRAYS:
            several = _arrays(path)
            images += list(several)
            names += [path.name] if len(several) == 1 else [f"{path.name} {number}" for number in range(len(several))]
        else:
            image, other = _picture(path, size, low, high)
            images.append(image)
            names.append(path.name)
            resized += [path.name] if other else []
    shapes = sorted({image.shape for image in images})
    if len(shapes) > 1:
        raise InputError(f"IMAGE: images must be of one size, got {' and '.join(map(str, shapes))}.")
    return Pictures(np.stack(images).astype(np.float32), names, resized)


def attribute_files(
    model: Path,
    paths: Sequence[Path],
    low: float,
    high: float,
    target: int | None = None,
    superpixel_count: int | None = None,
    **settings: Any,
) -> tuple[xr.Dataset, Pictures]:
    """`attribute` of a network's file and of images' files.

    Parameters
    ----------
    paths, low, high
        See `read_images`.
    target
        The class of all images; what the network predicts of each unless given.
    superpixel_count
        Instead of a grid, about so many superpixels of each image.
    settings
        Of `attribute`.

    Raises
    ------
    InputError
        As of `read_images`, `superpixels` and `attribute`.
    """
    shape = loaded(of_file(model), Path()).input_shape or (None, None, None)
    if len(shape) != 3:
        raise InputError(f"MODEL: must take images (height, width, channels), and {model} takes inputs of {shape}.")
    pictures = read_images(paths, (shape[0], shape[1], shape[2]), low, high)
    targets = None if target is None else [target] * len(pictures.images)
    segments = None if superpixel_count is None else superpixels(pictures.images, superpixel_count)
    return attribute(model, pictures.images, targets, segments=segments, **settings), pictures


def _arrays(path: Path) -> Array:
    """(n, height, width, channels)."""
    try:
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.ndarray) and INPUTS not in file.files:
                raise InputError(f"IMAGE: {path} has no array `{INPUTS}`, only {', '.join(file.files)}.")
            array = np.asarray(file if isinstance(file, np.ndarray) else file[INPUTS])
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise InputError(f"IMAGE: {path} cannot be read as arrays of NumPy ({error}).") from error
    if array.ndim == 3:
        return array[None]
    if array.ndim != 4 or not len(array):
        raise InputError(
            f"IMAGE: {path} must hold (height, width, channels) or (n, height, width, channels), got {array.shape}."
        )
    return array


def _picture(
    path: Path, size: tuple[int | None, int | None, int | None], low: float, high: float
) -> tuple[Array, bool]:
    """An image (height, width, channels), and whether it had another size."""
    from PIL import Image, UnidentifiedImageError

    height, width, channels = size
    if channels not in (1, 3, None):
        raise InputError(f"IMAGE: {path} is a picture, and the network takes {channels} channels: give .npy files.")
    try:
        with Image.open(path) as opened:
            picture = opened.convert("L" if channels == 1 else "RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(f"IMAGE: {path} cannot be read as a picture ({error}).") from error
    wanted = (width or picture.width, height or picture.height)
    other = wanted != picture.size
    if other:
        picture = picture.resize(wanted, Image.Resampling.BILINEAR)
    values = np.asarray(picture, np.float32) / 255
    values = values[..., None] if values.ndim == 2 else values
    return low + (high - low) * values, other
