"""The values of a block that are independent draws of the factors, some cells at a time."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import LEFT_OUT, NO_VARIANCE, OVERFLOW, TOO_FEW, Array
from dnnsa.layout import Layout

TILE = 2**18  # values: 2 MiB in double precision, which a core's cache holds
Tile = tuple[NDArray[Any], ...]  # arrays whose last dimension is some cells


def independent(kind: str, layout: Layout) -> NDArray[np.int64]:
    """How many runs of a base point are independent draws, shape ``()``; refused where none is."""
    if not layout.independent:
        raise ValueError(
            f"`{kind}` needs runs that are independent draws of the factors: "
            "use `design: {kind: sample}` or `saltelli`"
        )
    return np.array(layout.independent)


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


def draws(y: NDArray[Any], runs: int, good: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Values of the first ``runs`` runs of base points and whether each is used, ``(n runs, cells)`` both.

    Base point after base point. ``y`` has shape ``(n, all runs, cells)``; ``good`` says which base points are used,
    ``(n, cells)``. What is not used is 0, so that it can be computed with.
    """
    use = np.repeat(good, runs, axis=0)
    return np.where(use, y[:, :runs].reshape(use.shape), 0).astype(np.float64, order="C"), use


def total(values: NDArray[Any]) -> NDArray[Any]:
    """Sum of each cell's values, ``(m, cells)`` to ``(cells)``, one after another.

    NumPy adds the values of a lone column in pairs, so one cell would have other bits than the same among others.
    """
    if values.shape[1] == 1:
        return np.asarray(np.add.reduce(np.repeat(values, 2, axis=1), axis=0)[:1])
    return np.asarray(np.add.reduce(values, axis=0))


def flags(seen: NDArray[Any], n: NDArray[Any], few: Any, still: Any = False, finite: Any = True) -> NDArray[np.uint8]:
    """The flags of each cell, ``(*shape)``, from base points seen and used, and from what is true of its values."""
    return np.asarray(
        np.where(n < seen, LEFT_OUT, 0)
        | np.where(few, TOO_FEW, 0)
        | np.where(still, NO_VARIANCE, 0)
        | np.where(finite, 0, OVERFLOW),
        dtype=np.uint8,
    )


def constant(minimum: Array, maximum: Array, resolution: float) -> NDArray[np.bool_]:
    """Where values do not vary beyond their rounding, ``(*shape)``; relative, never absolute, and not where none is."""
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.maximum(np.abs(minimum), np.abs(maximum))
        return np.asarray((maximum >= minimum) & (maximum - minimum <= 8 * resolution * largest))
