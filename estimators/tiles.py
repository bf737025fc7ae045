"""Cells a tile at a time, so that what a block needs beside its outputs stays small however large the field is."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

LIMIT = 2**19  # numbers of one temporary array: 4 MiB
S = TypeVar("S", bound=NamedTuple)


def by_tiles(part: Callable[[slice], S], shape: tuple[int, ...], numbers: int) -> S:
    """The state of one block, put together from those of tiles of its cells.

    Parameters
    ----------
    part
        From a slice of the cells, counted along the flattened field, to their state, a NamedTuple whose arrays have
        the shape ``(*leading, cells)``.
    shape
        The quantity's.
    numbers
        Of a cell in the largest temporary array of ``part``.
    """
    width = max(1, LIMIT // numbers)
    parts = [part(slice(start, start + width)) for start in range(0, max(1, math.prod(shape)), width)]
    joined = (np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True))
    return parts[0]._make(array.reshape((*array.shape[:-1], *shape)) for array in joined)


def flat(array: NDArray[Any], leading: int) -> NDArray[Any]:
    """The same array with its cells, all dimensions after the first ``leading``, as one."""
    return array.reshape((*array.shape[:leading], math.prod(array.shape[leading:])))
