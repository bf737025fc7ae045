"""Covariance and correlation of two quantities, cell by cell."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Array, Beside, Block, Finalized, Map, share, sound
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.tiles import by_tiles, total
from dnnsa.estimators.values import flags, independent, used_values
from dnnsa.layout import Layout
from dnnsa.settings import settings


class CovarianceState(NamedTuple):
    """Sums, never averages: a state of zero or one base point merges like any other."""

    runs: NDArray[np.int64]  # ()  independent runs of a base point, a pair of values each
    seen: NDArray[np.int64]  # ()  base points seen
    n: Array  # (*shape)           base points used: those whose runs are all finite in both quantities
    mean: Array  # (2, *shape)     of the quantity, of the other
    m2: Array  # (2, *shape)       sum of squared deviations of each
    c: Array  # (*shape)           sum of products of deviations


@settings
class Covariance:
    """Covariance and correlation of two quantities of the same shape over the independent draws of the factors.

    The covariance divides by the number of pairs less one, as the variance does, so that the correlation of a quantity
    with itself is 1. A base point counts in a cell where its runs are finite in both quantities. The interval of the
    correlation is made on Fisher's scale.

    References
    ----------
    Chan, Golub, LeVeque, Algorithms for computing the sample variance, Am. Stat. 37 (1983) 242-247.
    Pebay, Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical moments,
    Sandia report SAND2008-6212, 2008.
    """

    kind: Literal["covariance"] = "covariance"
    quantity: str
    """The quantity that the results stand beside."""
    other: str
    """Another quantity of the same shape."""
    level: float = 0.95
    """Probability that an interval holds its value, between 0 and 1."""

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.quantity == self.other:
            raise ValueError(
                f"`other` must be another quantity than `quantity`, got `{self.other}` twice: "
                "use `moments` for the variance of one"
            )

    @property
    def of(self) -> tuple[str, ...]:
        return (self.quantity,)

    @property
    def beside(self) -> dict[str, Beside]:
        return {self.other: "same"}

    def init(self, layout: Layout, shape: tuple[int, ...]) -> CovarianceState:
        zero, pair = np.zeros(shape), np.zeros((2, *shape))
        return CovarianceState(independent(self.kind, layout), np.array(0), zero, pair, pair, zero)

    def update(self, state: CovarianceState, block: Block) -> CovarianceState:
        if not len(block.y):
            return state
        runs, pair = int(state.runs), (block.y, block.beside[self.other])
        sums = by_tiles(lambda y, z: _sums(y, z, runs), pair, 2 * len(block.y) * runs, block.y.shape[2:])
        return self.merge(state, CovarianceState(state.runs, np.array(len(block.y)), *sums))

    def merge(self, left: CovarianceState, right: CovarianceState) -> CovarianceState:
        a, b = left.runs * left.n, left.runs * right.n  # pairs
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            q = share(b, a + b)
            f = a * q  # a b / (a + b)
            d = right.mean - left.mean  # (2, *shape)
            both = left.mean + d * q, left.m2 + right.m2 + f * d * d, left.c + right.c + f * d[0] * d[1]
        sums = (  # an infinity times the weight 0 of an empty side is no number
            np.where(b == 0, one, np.where(a == 0, other, sum_))
            for one, other, sum_ in zip(left[3:], right[3:], both, strict=True)
        )
        return CovarianceState(left.runs, np.asarray(left.seen + right.seen), left.n + right.n, *sums)

    def finalize(self, replicates: Sequence[CovarianceState], layout: Layout, resolution: float) -> Finalized:
        names = f"covariance_{self.other}", f"correlation_{self.other}"

        def estimate(state: CovarianceState) -> dict[str, Map]:
            pair = zip(names, _estimates(state, resolution), strict=True)
            return {name: Map((), array) for name, array in pair}

        maps = estimated(estimate, replicates, self.merge, self.level, {names[1]: "correlation"})
        whole = reduce(self.merge, replicates)
        finite = np.isfinite(whole.c) & np.isfinite(whole.m2).all(axis=0)
        few = whole.runs * whole.n < 2
        status = flags(whole.seen, whole.n, few, _still(whole, resolution).any(axis=0), finite)
        n = Map((), whole.n.astype(np.int64))
        return Finalized(maps | {f"n_{names[0]}": n, "status": Map((), status)})


def _sums(y: NDArray[Any], z: NDArray[Any], runs: int) -> tuple[Array, ...]:
    """n, mean, m2 and c of two quantities' outputs, ``(n, all runs, cells)`` each."""
    good = sound(y) & sound(z)  # (n, cells)
    n = total(good.astype(np.float64))
    means, deviations = [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for x, use in (used_values(y, runs, good), used_values(z, runs, good)):  # (n runs, cells)
            mean = share(total(x), runs * n)
            mean = mean + share(total(np.where(use, x - mean, 0)), runs * n)  # what rounding left of it
            means.append(mean)
            deviations.append(np.where(use, x - mean, 0))
        d, e = deviations
        return n, np.stack(means), np.stack([total(d * d), total(e * e)]), total(d * e)


def _still(state: CovarianceState, resolution: float) -> NDArray[np.bool_]:
    """Which of the two does not vary beyond its rounding, ``(2, *shape)``; relative, never absolute."""
    values = state.runs * state.n
    sd = np.sqrt(share(state.m2, values - 1))
    return np.asarray((values > 1) & (sd <= 8 * resolution * np.abs(state.mean)))


def _estimates(state: CovarianceState, resolution: float) -> tuple[Array, Array]:
    """Covariance and correlation, ``(*shape)`` each; NaN where there is none."""
    values = state.runs * state.n
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        covariance = np.where(values < 2, np.nan, state.c / (values - 1))
        sd = np.sqrt(state.m2)  # of each by itself: the product of the squares leaves the range sooner
        dead = (values < 2) | _still(state, resolution).any(axis=0)
        return covariance, np.where(dead, np.nan, state.c / sd[0] / sd[1])
