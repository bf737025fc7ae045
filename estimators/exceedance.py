"""How often a quantity is above a threshold."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Beside, Block, Finalized, Map, sound
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.tiles import by_tiles
from dnnsa.estimators.values import flags, independent, used_values
from dnnsa.layout import Layout
from dnnsa.settings import settings

Counts = NDArray[np.int64]


class ExceedanceState(NamedTuple):
    """Counts, which merge exactly."""

    runs: Counts  # ()                    independent runs of a base point, a value each
    seen: Counts  # ()                    base points seen
    n: Counts  # (*shape)                 base points used: those whose runs are all finite
    above: Counts  # (thresholds, *shape) values above each threshold


@settings
class Exceedance:
    """Probability that a value is above a threshold: the share of the independent draws of the factors that are.

    A value is compared in double precision and counts where it is above the threshold, not where it is equal to it.
    Where no draw, or every draw, is above, all replicates agree and the interval has no width: it does not say that the
    probability is 0 or 1. Of N independent draws none is above with probability .05 if the true share is 3 / N.

    References
    ----------
    Hanley, Lippman-Hand, If nothing goes wrong, is everything all right?, JAMA 249 (1983) 1743-1745, for 3 / N.
    """

    kind: Literal["exceedance"] = "exceedance"
    thresholds: tuple[float, ...]
    """One or more, in increasing order, in units of the quantity."""
    level: float = 0.95
    """Probability that an interval holds its share, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities that it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        check_level(self.level)
        rising = all(low < high for low, high in pairwise(self.thresholds))
        if not self.thresholds or not rising or not all(map(math.isfinite, self.thresholds)):
            raise ValueError(
                f"`thresholds` must be one or more numbers in increasing order, got {list(self.thresholds)}"
            )

    def init(self, layout: Layout, shape: tuple[int, ...]) -> ExceedanceState:
        above = np.zeros((len(self.thresholds), *shape), np.int64)
        return ExceedanceState(independent(self.kind, layout), np.array(0), np.zeros(shape, np.int64), above)

    def update(self, state: ExceedanceState, block: Block) -> ExceedanceState:
        if not len(block.y):
            return state
        runs = int(state.runs)
        counts = by_tiles(lambda y: self._count(y, runs), (block.y,), len(block.y) * runs, block.y.shape[2:])
        return self.merge(state, ExceedanceState(state.runs, np.array(len(block.y)), *counts))

    def merge(self, left: ExceedanceState, right: ExceedanceState) -> ExceedanceState:
        added = (np.asarray(one + other) for one, other in zip(left[1:], right[1:], strict=True))
        return ExceedanceState(left.runs, *added)

    def finalize(self, replicates: Sequence[ExceedanceState], layout: Layout, resolution: float) -> Finalized:
        maps = estimated(_share, replicates, self.merge, self.level)
        whole = reduce(self.merge, replicates)
        status = flags(whole.seen, whole.n, whole.n < 1)
        return Finalized(
            maps | {"n": Map((), whole.n), "status": Map((), status)},
            coords={"threshold": np.array(self.thresholds, dtype=np.float64)},
        )

    def _count(self, y: NDArray[Any], runs: int) -> tuple[Counts, Counts]:
        """Base points used, ``(cells)``, and values above, ``(thresholds, cells)``, of ``(n, all runs, cells)``."""
        good = sound(y)  # (n, cells)
        x, use = used_values(y, runs, good)  # (n runs, cells)
        above = [np.count_nonzero(use & (x > threshold), axis=0) for threshold in self.thresholds]
        return good.sum(axis=0, dtype=np.int64), np.stack(above).astype(np.int64)


def _share(state: ExceedanceState) -> dict[str, Map]:
    with np.errstate(invalid="ignore"):
        return {"exceedance": Map(("threshold",), np.asarray(np.divide(state.above, state.runs * state.n)))}
