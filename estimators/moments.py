"""Mean, variance, skewness and kurtosis of a quantity, in one pass, mergeable."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Array, Beside, Block, Finalized, Map, share, sound
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.tiles import by_tiles, total
from dnnsa.estimators.values import flags, independent, used_values
from dnnsa.layout import Layout
from dnnsa.settings import settings

SMALLEST = 2.0**-1000  # under it a sum of fourth powers has lost digits to the end of the range


class MomentsState(NamedTuple):
    """Sums of powers of the deviations from the mean: sums, never averages."""

    runs: NDArray[np.int64]  # ()   independent runs of a base point, a value each
    seen: NDArray[np.int64]  # ()   base points seen
    n: Array  # (*shape)     base points used: those whose runs are all finite
    mean: Array  # (*shape)
    m2: Array  # (*shape)    sum of squared deviations
    m3: Array  # (*shape)    sum of cubed deviations
    m4: Array  # (*shape)    sum of fourth powers of deviations


@settings
class Moments:
    """Moments to order four of the values of the runs that are independent draws of the factors.

    ``variance`` divides by the number of values less one; ``skewness`` is m3 / m2^1.5 and ``kurtosis`` m4 / m2^2 (3 for
    a normal law, nothing subtracted) of the mean powers of deviations.

    References
    ----------
    Pebay, Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical moments,
    Sandia report SAND2008-6212, 2008.
    """

    kind: Literal["moments"] = "moments"
    level: float = 0.95
    """Probability that an interval holds its moment, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities that it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        check_level(self.level)

    def init(self, layout: Layout, shape: tuple[int, ...]) -> MomentsState:
        zero = np.zeros(shape)
        return MomentsState(independent(self.kind, layout), np.array(0), zero, zero, zero, zero, zero)

    def update(self, state: MomentsState, block: Block) -> MomentsState:
        if not len(block.y):
            return state
        runs = int(state.runs)
        sums = by_tiles(lambda y: _sums(y, runs), (block.y,), len(block.y) * runs, block.y.shape[2:])
        return self.merge(state, MomentsState(state.runs, np.array(len(block.y)), *sums))

    def merge(self, left: MomentsState, right: MomentsState) -> MomentsState:
        a, b = left.runs * left.n, left.runs * right.n  # values
        n = a + b
        p, q = share(a, n), share(b, n)
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            d = right.mean - left.mean
            f = p * b  # a b / n
            both = (
                left.mean + d * q,
                left.m2 + right.m2 + f * d * d,
                left.m3 + right.m3 + f * d**3 * (p - q) + 3 * d * (p * right.m2 - q * left.m2),
                left.m4
                + right.m4
                + f * d**4 * (p * p - p * q + q * q)
                + 6 * d * d * (p * p * right.m2 + q * q * left.m2)
                + 4 * d * (p * right.m3 - q * left.m3),
            )
        sums = (  # an infinity times the weight 0 of an empty side is no number
            np.where(b == 0, one, np.where(a == 0, other, sum_))
            for one, other, sum_ in zip(left[3:], right[3:], both, strict=True)
        )
        return MomentsState(left.runs, np.asarray(left.seen + right.seen), left.n + right.n, *sums)

    def finalize(self, replicates: Sequence[MomentsState], layout: Layout, resolution: float) -> Finalized:
        maps = estimated(lambda state: _moments(state, resolution), replicates, self.merge, self.level)
        whole = reduce(self.merge, replicates)
        still = _still(whole, resolution)
        finite = np.isfinite(whole.m4) & (still | (whole.m2 == 0) | (whole.m4 >= SMALLEST))
        status = flags(whole.seen, whole.n, whole.runs * whole.n < 2, still, finite)
        return Finalized(maps | {"n": Map((), whole.n.astype(np.int64)), "status": Map((), status)})


def _sums(y: NDArray[Any], runs: int) -> tuple[Array, ...]:
    """n, mean, m2, m3, m4, ``(cells)`` each, of a block's outputs, ``(n, all runs, cells)``."""
    good = sound(y)  # (n, cells)
    n = total(good.astype(np.float64))
    x, use = used_values(y, runs, good)  # (n runs, cells)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = share(total(x), runs * n)
        mean = mean + share(total(np.where(use, x - mean, 0)), runs * n)  # what rounding left of it
        d = np.where(use, x - mean, 0)
        d2 = d * d
        return n, mean, total(d2), total(d2 * d), total(d2 * d2)


def _variance(state: MomentsState) -> Array:
    values = state.runs * state.n
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(values < 2, np.nan, state.m2 / (values - 1))


def _still(state: MomentsState, resolution: float) -> NDArray[np.bool_]:
    """Where values do not vary beyond their rounding, ``(*shape)``; relative, never absolute."""
    return np.asarray(np.sqrt(_variance(state)) <= 8 * resolution * np.abs(state.mean))


def _moments(state: MomentsState, resolution: float) -> dict[str, Map]:
    values = state.runs * state.n
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        # no shape where there is no spread, or none that fourth powers could tell
        spread = np.where(_still(state, resolution) | (values < 2) | (state.m4 < SMALLEST), np.nan, state.m2)
        moments = {
            "mean": np.where(state.n < 1, np.nan, state.mean),
            "variance": _variance(state),
            "skewness": np.sqrt(values) * state.m3 / spread**1.5,
            "kurtosis": values * state.m4 / spread**2,
        }
    return {name: Map((), np.asarray(array)) for name, array in moments.items()}
