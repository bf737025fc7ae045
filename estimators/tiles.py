"""Cells a tile at a time, so that what a block needs beside its outputs stays small however large the field is."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE = 2**18  # values: 2 MiB in double precision, which a core's cache holds
Tile = tuple[NDArray[Any], ...]  # arrays whose last dimension is some cells


def tiles(cells: int, values: int) -> Iterator[slice]:
    """Cuts of ``cells`` cells of ``values`` values each, `TILE` values in a cut or one cell; at least one cut."""
    width = max(1, TILE // max(1, values))
    return (slice(start, start + width) for start in range(0, max(1, cells), width))


def by_tiles(reduce: Callable[..., Tile], arrays: Tile, values: int, shape: tuple[int, ...]) -> Tile:
    """``reduce`` of some cells after others: the same bits as of all at once, with small temporaries.

    Parameters
    ----------
    reduce
        From arrays ``(*leading, cells)`` to arrays ``(*other, cells)``, in which no cell depends on its neighbours.
    arrays
        Shape ``(*leading, *shape)`` each.
    values
        Values of one cell in the largest of the temporaries.

    Returns
    -------
    The arrays of ``reduce``, shape ``(*other, *shape)`` each.
    """
    cells = int(np.prod(shape, dtype=np.int64))
    flat = [array.reshape(*array.shape[: array.ndim - len(shape)], cells) for array in arrays]
    parts = [reduce(*(array[..., cut] for array in flat)) for cut in tiles(cells, values)]
    whole = (np.concatenate(pieces, axis=-1) for pieces in zip(*parts, strict=True))
    return tuple(array.reshape((*array.shape[:-1], *shape)) for array in whole)


def total(values: NDArray[Any]) -> NDArray[Any]:
    """Sum of each cell's values, ``(m, *leading, cells)`` to ``(*leading, cells)``, one after another.

    NumPy adds the values of a lone column in pairs, so one cell would have other bits than the same among others.
    """
    if values.shape[-1] == 1:
        return np.asarray(np.add.reduce(np.repeat(values, 2, axis=-1), axis=0)[..., :1])
    return np.asarray(np.add.reduce(values, axis=0))
