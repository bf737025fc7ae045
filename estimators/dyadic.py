"""Histograms that merge exactly: bins of width 2^e that begin at multiples of 2^e, each cell with an e of its own.

The grid of a cell is a function of its minimum and maximum alone, and a bin of a grid is a whole number of bins of any
finer one. So the counts are a function of the set of values seen: to the bit the same in whatever order, blocks and
grouping they came.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Array, Block, sound
from dnnsa.estimators.tiles import by_tiles
from dnnsa.estimators.values import constant, flags, independent, used_values
from dnnsa.layout import Layout

Counts = NDArray[np.int64]
DIGITS = 53  # of a double
LEAST = -1074  # exponent of the smallest double


class DyadicState(NamedTuple):
    """What is known of the values seen; not of their order."""

    runs: Counts  # ()       independent runs of a base point, a value each
    seen: Counts  # ()       base points seen
    n: Counts  # (*shape)    base points used: those whose runs are all finite
    minimum: Array  # (*shape)  infinity where there is no value; never -0.0
    maximum: Array  # (*shape)  minus infinity where there is no value; never -0.0
    counts: Counts  # (bins, *shape)  values in each bin of `grid(minimum, maximum, bins)`


class Grid(NamedTuple):
    """Bin k holds the values from ``(first + k) 2^exponent`` up to, not including, where the next begins."""

    first: Counts  # (*shape)
    exponent: NDArray[np.int32]  # (*shape)


def check_bins(bins: int) -> None:
    """Refuse a number of bins that is no power of two from 8 up."""
    if bins < 8 or bins & (bins - 1):
        below = max(8, 2 ** max(0, bins.bit_length() - 1)) if bins > 0 else 8
        raise ValueError(f"`bins` must be a power of two, 8 or more, got {bins}: use {below} or {2 * below}")


def empty(kind: str, layout: Layout, shape: tuple[int, ...], bins: int) -> DyadicState:
    """The state of no base point."""
    ends = np.full(shape, np.inf), np.full(shape, -np.inf)
    none = np.zeros(shape, np.int64)
    return DyadicState(independent(kind, layout), np.array(0), none, *ends, np.zeros((bins, *shape), np.int64))


def grid(minimum: Array, maximum: Array, bins: int) -> Grid:
    """The finest grid on which ``bins`` bins hold all from ``minimum`` to ``maximum``, ``(*shape)`` each.

    Its width is no less than the distance between doubles at the largest magnitude, so that numbers of bins are whole
    numbers that a double holds. A larger range never has a finer grid.
    """
    low, high = np.where(minimum > maximum, 0, (minimum, maximum))  # where no value is: any grid will do
    largest = np.maximum(np.abs(low), np.abs(high))
    unit = np.where(largest > 0, np.maximum(np.frexp(largest)[1] - DIGITS, LEAST), LEAST).astype(np.int32)
    a, b = bin_numbers(low, unit), bin_numbers(high, unit)  # below 2^53 in magnitude
    width = np.frexp(((b - a) >> 3).astype(np.float64))[1] + 3  # bits of b - a, if there are more than 3
    shift = np.maximum(width - (bins.bit_length() - 1), 0)  # (b - a) / 2^shift < bins, as for no smaller shift
    shift = shift + ((b >> shift) - (a >> shift) >= bins)  # one more bin where the ends lie astride
    return Grid(a >> shift, (unit + shift).astype(np.int32))


def bin_numbers(values: Array, exponent: NDArray[np.int32]) -> Counts:
    """``floor(values / 2^exponent)``, exactly; no quotient may be 2^53 or more in magnitude."""
    scaled = np.ldexp(values, -exponent)
    vanished = (scaled == 0) & (values < 0)  # under the smallest double, and still below 0
    return np.where(vanished, -1, np.floor(scaled)).astype(np.int64)


def edges(number: Counts, exponent: NDArray[np.int32]) -> Array:
    """``number 2^exponent``: exactly, or infinite where it is beyond the largest double."""
    with np.errstate(over="ignore"):
        return np.asarray(np.ldexp(number.astype(np.float64), exponent))


def update(state: DyadicState, block: Block) -> DyadicState:
    """The state after a block more."""
    if not len(block.y):
        return state
    runs, bins = int(state.runs), len(state.counts)
    values = max(bins, len(block.y) * runs)
    found = by_tiles(lambda y: _count(y, runs, bins), (block.y,), values, block.y.shape[2:])
    return merge(state, DyadicState(state.runs, np.array(len(block.y)), *found))


def merge(left: DyadicState, right: DyadicState) -> DyadicState:
    """The state of the base points of both: the same to the bit whichever is left."""
    seen = np.asarray(left.seen + right.seen)
    if not left.n.any() or not right.n.any():
        return (right if right.n.any() else left)._replace(seen=seen)
    cells = (left.minimum, left.maximum, left.counts, right.minimum, right.maximum, right.counts)
    found = by_tiles(_merge, cells, len(left.counts), left.n.shape)
    return DyadicState(left.runs, seen, np.asarray(left.n + right.n), *found)


def status(state: DyadicState, resolution: float) -> NDArray[np.uint8]:
    """The flags of each cell, ``(*shape)``."""
    still = (state.runs * state.n > 1) & constant(state.minimum, state.maximum, resolution)
    return flags(state.seen, state.n, state.n < 1, still)


def _count(y: NDArray[Any], runs: int, bins: int) -> tuple[NDArray[Any], ...]:
    """n, minimum, maximum ``(cells)`` and counts ``(bins, cells)`` of outputs ``(n, all runs, cells)``."""
    good = sound(y)  # (n, cells)
    x, use = used_values(y, runs, good)  # (n runs, cells)
    x = x + 0.0  # -0.0 is 0.0
    minimum = np.where(use, x, np.inf).min(axis=0)
    maximum = np.where(use, x, -np.inf).max(axis=0)
    first, exponent = grid(minimum, maximum, bins)
    at = (bin_numbers(x, exponent) - first) * len(first) + np.arange(len(first))  # (n runs, cells)
    counts = np.bincount(at[use], minlength=bins * len(first))
    return good.sum(axis=0, dtype=np.int64), minimum, maximum, counts.reshape(bins, -1)


def _merge(*cells: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Minimum, maximum ``(cells)`` and counts ``(bins, cells)`` of two sides' minimum, maximum and counts."""
    left, right = cells[:3], cells[3:]
    bins = len(left[2])
    minimum, maximum = np.minimum(left[0], right[0]), np.maximum(left[1], right[1])
    onto = grid(minimum, maximum, bins)
    sides = (_rebinned(counts, grid(low, high, bins), onto) for low, high, counts in (left, right))
    return minimum, maximum, np.add(*sides)


def _rebinned(counts: Counts, grid: Grid, onto: Grid) -> Counts:
    """Counts ``(bins, cells)`` on a grid that is nowhere finer and holds the same values."""
    moved = np.flatnonzero((grid.first != onto.first) | (grid.exponent != onto.exponent))
    if not len(moved):
        return counts
    old = counts[:, moved]
    k, cell = np.nonzero(old)
    shift = np.clip(onto.exponent - grid.exponent, 0, 63)[moved]  # an empty side has any grid, and no counts
    to = ((grid.first[moved][cell] + k) >> shift[cell]) - onto.first[moved][cell]
    # weights are doubles, which hold every count up to 2^53
    new = np.bincount(to * len(moved) + cell, weights=old[k, cell], minlength=old.size)
    whole = counts.copy()
    whole[:, moved] = new.astype(np.int64).reshape(old.shape)
    return whole
