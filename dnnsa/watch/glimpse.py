"""What is shown of a quantity while its study runs: indices, the widest intervals, and small maps."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.engine.plan import Field, Slab
from dnnsa.estimators.base import Array, Finalized, Ratio
from dnnsa.estimators.intervals import aggregated

SHARES = ("S1", "ST", "S1_binned", "ST_bound", "activity", "hsic_r2")  # indices of which 1 is all
# The first of these that there are is shown.
SHOWN = (("S1", "ST"), ("S1_binned",), ("ST_bound",), ("activity",), ("hsic_r2",), ("mu_star",))
WIDEST = 5  # cells that are named
MAPS = 6  # factors whose maps are shown
FACTORS = 20  # whose indices are shown, those with the largest
SIDE = 64  # cells of a map along an axis, at most


class Index(NamedTuple):
    """An index of each factor and its interval, ``(factor,)`` each; NaN where there is none."""

    value: Array
    lower: Array
    upper: Array

    def of(self, factor: int) -> tuple[float, float, float]:
        """Value and bounds of one factor, by its number."""
        return float(self.value[factor]), float(self.lower[factor]), float(self.upper[factor])


class Cell(NamedTuple):
    """An index in a cell, and its interval."""

    name: str  # of the index
    factor: str
    cell: tuple[int, ...]
    value: float
    lower: float
    upper: float

    @property
    def width(self) -> float:
        return self.upper - self.lower

    def at(self, dims: tuple[str, ...]) -> str:
        """The cell in words, such as ``case 3``."""
        names = dims or tuple(f"dimension {number}" for number in range(len(self.cell)))
        return ", ".join(f"{dim} {i}" for dim, i in zip(names, self.cell, strict=True))


class Thumbnail(NamedTuple):
    """A map of an index, every so many cells of it."""

    factor: str  # empty where the rows are the factors
    values: NDArray[np.float32]  # (rows, columns)


class Glimpse(NamedTuple):
    """What is known of a quantity so far."""

    quantity: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    factors: list[str]  # with their units
    level: float  # of the intervals
    indices: dict[str, Index]  # over all cells; none where nothing is estimated by factor
    widest: list[Cell]
    maps: list[Thumbnail]  # of the last of the indices
    upward: bool = False  # whether rows of maps grow upward, as on an axis, and not downward, as in an image

    @property
    def main(self) -> str:
        """The index that factors are sorted by, and maps are of."""
        return [*self.indices][-1]

    @property
    def order(self) -> list[int]:
        """Numbers of the factors that are shown, the one with the largest index first."""
        value = self.indices[self.main].value
        order = np.argsort(np.where(np.isnan(value), np.inf, -value), kind="stable")
        return [int(k) for k in order[:FACTORS]]

    @property
    def span(self) -> tuple[float, float]:
        """What an axis of the indices has to show: all of [0, 1] for shares, and what lies outside."""
        ends = np.concatenate([side for index in self.indices.values() for side in index])
        ends = ends[np.isfinite(ends)]
        if self.main in SHARES:
            return max(-1.0, float(ends.min(initial=0.0))), min(2.0, float(ends.max(initial=1.0)))
        return min(0.0, float(ends.min(initial=0.0))), float(ends.max(initial=0.0)) or 1.0


class Piece(NamedTuple):
    """What a slab adds to what is shown of its quantity."""

    indices: Mapping[str, Index]  # of a quantity without dimensions
    sums: Mapping[str, Ratio]  # of one with
    widest: list[Cell]
    map: Array | None  # (factor, *shape), thinned


def piece(slab: Slab, field: Field, done: Finalized, names: Sequence[str], factors: Sequence[str]) -> Piece:
    """What is shown of a slab's results."""
    found = {name: _interval(done, name) for name in names}
    if not field.shape:
        return Piece(found, {}, [], None)
    cells = [cell for name in names for cell in _widest(slab, name, found[name], factors)]
    return Piece({}, {name: _sums(done, name) for name in names}, cells, _thinned(slab, field, found[names[-1]].value))


def glimpse(quantity: str, field: Field, factors: list[str], pieces: Sequence[Piece], level: float) -> Glimpse:
    """What is shown of a quantity, from all its pieces."""
    indices = dict(pieces[0].indices) if pieces else {}
    for name in pieces[0].sums if pieces else ():
        whole = reduce(Ratio.plus, [one.sums[name] for one in pieces])
        indices[name] = Index(*aggregated(whole, level))
    widest = sorted((cell for one in pieces for cell in one.widest), key=lambda cell: -cell.width)[:WIDEST]
    maps = [one.map for one in pieces if one.map is not None]
    thumbnails = _thumbnails(np.concatenate(maps, axis=1), factors, [*indices.values()][-1].value) if maps else []
    return Glimpse(quantity, field.dims, field.shape, factors, level, indices, widest, thumbnails)


def _interval(done: Finalized, name: str) -> Index:
    value = np.asarray(done.maps[name].array, dtype=float)
    lower, upper = (done.maps.get(f"{name}_{side}") for side in ("lower", "upper"))
    if lower is None or upper is None:
        return Index(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    return Index(value, lower.array, upper.array)


def _sums(done: Finalized, name: str) -> Ratio:
    """What adds up to an index of all cells; the mean over them of what nothing else aggregates."""
    if name in done.ratios:
        return done.ratios[name]
    values = np.asarray(done.maps[name].array, dtype=float).reshape(len(done.maps[name].array), -1)  # (factor, cells)
    known = np.isfinite(values)
    return Ratio(("factor",), np.where(known, values, 0.0).sum(axis=1)[None], known.sum(axis=1)[None] * 1.0, "plain")


def _widest(slab: Slab, name: str, index: Index, factors: Sequence[str]) -> list[Cell]:
    width = index.upper - index.lower  # (factor, *shape)
    width = np.where(np.isfinite(width), width, -1.0)
    most = min(WIDEST, width.size)
    found = []
    for place in np.argpartition(width, -most, axis=None)[-most:]:
        at = tuple(int(i) for i in np.unravel_index(place, width.shape))
        if width[at] > 0:
            value, lower, upper = (float(array[at]) for array in index)
            cell = (slab.start + at[1], *at[2:])
            found.append(Cell(name, factors[at[0]], cell, value, lower, upper))
    return found


def _thinned(slab: Slab, field: Field, values: Array) -> Array | None:
    """What a slab adds to its quantity's map; of more than two dimensions, the last two at the first of the others."""
    if len(field.shape) > 2:
        if slab.start > 0:
            return None
        while values.ndim > 3:
            values = values[:, 0]
        return values[:, :: _step(field.shape[-2]), :: _step(field.shape[-1])]
    step = _step(field.shape[0])
    values = values[:, -slab.start % step :: step]
    return values if values.ndim == 2 else values[:, :, :: _step(field.shape[1])]


def _step(size: int) -> int:
    return -(-size // SIDE)


def _thumbnails(whole: Array, factors: list[str], index: Array) -> list[Thumbnail]:
    """One map whose rows are factors where cells lie along one dimension, else one for each of the first factors."""
    small = whole.astype(np.float32)
    if small.ndim == 2:
        return [Thumbnail("", small)]
    order = np.argsort(np.where(np.isnan(index), np.inf, -index), kind="stable")[:MAPS]
    return [Thumbnail(factors[k], small[k]) for k in order]
