"""The smallest and the largest value of a quantity, and the runs that gave them."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Array, Beside, Block, Finalized, Map, sound
from dnnsa.estimators.tiles import by_tiles
from dnnsa.estimators.values import constant, flags, independent, used_values
from dnnsa.layout import Layout
from dnnsa.settings import settings

NOWHERE = -1
Where = NDArray[np.int64]  # (3, *shape)  replicate, base point, run


class ExtremaState(NamedTuple):
    """What is known of the values seen; not of their order."""

    runs: NDArray[np.int64]  # ()     independent runs of a base point, a value each
    seen: NDArray[np.int64]  # ()     base points seen
    n: NDArray[np.int64]  # (*shape)  base points used: those whose runs are all finite
    minimum: Array  # (*shape)        infinity where there is no value
    maximum: Array  # (*shape)        minus infinity where there is no value
    at_minimum: Where  # (3, *shape)  `NOWHERE` where there is no value
    at_maximum: Where  # (3, *shape)


@settings
class Extrema:
    """Minimum and maximum of the values of the runs that are independent draws of the factors, and where they are.

    Of equal values the first counts: by replicate, then by base point, then by run (0 for A, 1 for B). So the result
    is a function of the set of runs, to the bit, however they are grouped. They are the extremes of this sample: those
    of the quantity lie farther out, and no interval is given for them.
    """

    kind: Literal["extrema"] = "extrema"
    of: tuple[str, ...] | None = None
    """The quantities that it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def init(self, layout: Layout, shape: tuple[int, ...]) -> ExtremaState:
        nowhere = np.full((3, *shape), NOWHERE)
        ends = np.full(shape, np.inf), np.full(shape, -np.inf)
        return ExtremaState(
            independent(self.kind, layout), np.array(0), np.zeros(shape, np.int64), *ends, nowhere, nowhere
        )

    def update(self, state: ExtremaState, block: Block) -> ExtremaState:
        if not len(block.y):
            return state
        runs = int(state.runs)
        found = by_tiles(
            lambda y: _ends(y, runs, block.replicate, block.start), (block.y,), len(block.y) * runs, block.y.shape[2:]
        )
        return self.merge(state, ExtremaState(state.runs, np.array(len(block.y)), *found))

    def merge(self, left: ExtremaState, right: ExtremaState) -> ExtremaState:
        lower = _first(left.minimum, right.minimum, left.at_minimum, right.at_minimum)
        higher = _first(-left.maximum, -right.maximum, left.at_maximum, right.at_maximum)
        return ExtremaState(
            runs=left.runs,
            seen=np.asarray(left.seen + right.seen),
            n=np.asarray(left.n + right.n),
            minimum=np.where(lower, left.minimum, right.minimum),
            maximum=np.where(higher, left.maximum, right.maximum),
            at_minimum=np.where(lower, left.at_minimum, right.at_minimum),
            at_maximum=np.where(higher, left.at_maximum, right.at_maximum),
        )

    def finalize(self, replicates: Sequence[ExtremaState], layout: Layout, resolution: float) -> Finalized:
        whole = reduce(self.merge, replicates)
        maps = {}
        for name, end, at in (
            ("minimum", whole.minimum, whole.at_minimum),
            ("maximum", whole.maximum, whole.at_maximum),
        ):
            maps[name] = Map((), np.where(whole.n < 1, np.nan, end))
            maps |= {f"{name}_{part}": Map((), at[k]) for k, part in enumerate(("replicate", "base_point", "run"))}
        still = (whole.runs * whole.n > 1) & constant(whole.minimum, whole.maximum, resolution)
        status = flags(whole.seen, whole.n, whole.n < 1, still)
        return Finalized(maps | {"n": Map((), whole.n), "status": Map((), status)})


def _ends(y: NDArray[Any], runs: int, replicate: int, start: int) -> tuple[NDArray[Any], ...]:
    """n, minimum, maximum ``(cells)`` and where they are ``(3, cells)``, of outputs ``(n, all runs, cells)``."""
    good = sound(y)  # (n, cells)
    n = good.sum(axis=0, dtype=np.int64)
    x, use = used_values(y, runs, good)  # (n runs, cells), in the order that decides between equals
    ends, places = [], []
    for signed, none in ((np.where(use, x, np.inf), np.inf), (np.where(use, -x, np.inf), -np.inf)):
        at = signed.argmin(axis=0)  # (cells), the first of equals
        value = np.take_along_axis(x, at[None], axis=0)[0]
        place = np.stack([np.full(at.shape, replicate), start + at // runs, at % runs])
        ends.append(np.where(n > 0, value, none))
        places.append(np.where(n > 0, place, NOWHERE))
    return n, *ends, *places


def _first(left: Array, right: Array, at_left: Where, at_right: Where) -> NDArray[np.bool_]:
    """Whether the left value comes before the right one, ``(*shape)``: the smaller, and of equals the earlier."""
    first = np.ones(left.shape, bool)
    for one, other in zip(at_left[::-1], at_right[::-1], strict=True):  # the run decides last
        first = (one < other) | ((one == other) & first)
    return np.asarray((left < right) | ((left == right) & first))
