"""When a study is sure enough: the intervals of enough cells are narrow."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import NO_VARIANCE, Map
from dnnsa.settings import settings


@settings
class Stop:
    """Base points are doubled until intervals are narrow enough, or there are as many as are allowed.

    The result is that of a study of so many base points without this, bit for bit.
    """

    half_width: float
    """Half the width of an interval, in units of the index."""
    max_base_points: int
    """Most base points of all replicates together: `base_points` times a power of two."""
    of: tuple[str, ...] = ("S1", "ST")
    """What must be narrow, by the names of maps: every factor of each."""
    cells: float = 0.95
    """Share of each quantity's cells that must be narrow; those without variance do not count."""

    def __post_init__(self) -> None:
        if not self.half_width > 0:
            raise ValueError(f"`half_width` must be above 0, got {self.half_width:g}")
        if not 0 < self.cells <= 1:
            raise ValueError(f"`cells` must be above 0 and at most 1, got {self.cells:g}")
        if not self.of:
            raise ValueError("`of` must name at least one map, such as `ST`, got []")


class Narrow(NamedTuple):
    """Cells that are known narrowly enough, among those that have an index."""

    narrow: int
    cells: int

    def plus(self, other: "Narrow") -> "Narrow":
        return Narrow(self.narrow + other.narrow, self.cells + other.cells)


def narrow(maps: Mapping[str, Map], stop: Stop) -> Narrow:
    """Count the cells of a slab of a quantity whose intervals are all narrow enough.

    A cell without variance so far has no index and does not count; one that varies in rare runs only may not have
    shown it yet. Any other index without an interval is not narrow. Maps that this quantity does not have are none of
    its business.
    """
    named = [name for name in stop.of if f"{name}_lower" in maps and f"{name}_upper" in maps]
    if not named:
        return Narrow(0, 0)
    counted = (maps["status"].array & NO_VARIANCE) == 0  # (*shape)
    known = counted.copy()
    for name in named:
        known &= _is_narrow(maps, name, stop.half_width)
    return Narrow(int(known.sum()), int(counted.sum()))


def _is_narrow(maps: Mapping[str, Map], name: str, half_width: float) -> NDArray[np.bool_]:
    """Whether all that leads a cell is narrow, ``(*shape)``; the diagonal of a second-order map has no index."""
    lower, upper = maps[f"{name}_lower"], maps[f"{name}_upper"]
    with np.errstate(invalid="ignore"):  # both may be infinite
        within = (upper.array - lower.array) / 2 <= half_width  # False for NaN
    if len(upper.leading) == 2:
        within[np.diag_indices(len(within))] = True
    return np.asarray(within.all(axis=tuple(range(len(upper.leading)))))


def sure(counts: Mapping[str, Narrow], stop: Stop) -> bool:
    """Whether enough cells of each quantity are narrow, and there are any."""
    known = [one for one in counts.values() if one.cells]
    return bool(known) and all(one.narrow / one.cells >= stop.cells for one in known)


def least(counts: Mapping[str, Narrow]) -> float:
    """The share of narrow cells of the quantity that has the smallest."""
    return min((one.narrow / one.cells for one in counts.values() if one.cells), default=0.0)
