"""Parts of an image that look alike, as the cells of a mask."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dnnsa.errors import InputError


def superpixels(images: ArrayLike, count: int, compactness: float = 10.0) -> NDArray[np.int32]:
    """About so many superpixels of each image, by SLIC of scikit-image.

    Parameters
    ----------
    images
        Shape ``(n, height, width, channels)``: one channel, or red, green and blue.
    count
        How many are asked for; an image may get a few more or fewer.
    compactness
        How much nearness counts beside colour; see ``skimage.segmentation.slic``.

    Returns
    -------
        Shape ``(n, height, width)``: the superpixel of each pixel, counted from 0 in each image.

    Raises
    ------
    InputError
        The images have another shape, or scikit-image is not installed.

    Notes
    -----
    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI 34 (2012).
    """
    try:
        from skimage.segmentation import slic
    except ImportError as error:
        raise InputError("superpixels need scikit-image: install dnnsa with its extra `attribution`.") from error
    given = np.asarray(images)
    if given.ndim != 4 or given.shape[3] not in (1, 3):
        raise InputError(f"images: must have shape (n, height, width, 1 or 3), got {given.shape}.")
    if count < 1:
        raise InputError(f"count: must be 1 or more, got {count}.")

    def of_one(image: NDArray[Any]) -> NDArray[np.int32]:
        grey = image.shape[2] == 1
        labels = slic(
            image[..., 0] if grey else image,
            n_segments=count,
            compactness=compactness if not grey else compactness / 100,  # of grey levels in [0, 1], not of colours
            channel_axis=None if grey else -1,
            start_label=0,
        )
        return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)

    return np.stack([of_one(image) for image in given])
