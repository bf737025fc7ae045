"""Quantiles of every cell of a quantity, within a bound on their error that is known."""

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators import dyadic
from dnnsa.estimators.base import Array, Beside, Block, Finalized, Map
from dnnsa.estimators.dyadic import DyadicState
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.tiles import by_tiles
from dnnsa.layout import Layout
from dnnsa.settings import settings

BOUNDED = ("quantiles", "quantiles_lower", "quantiles_upper")


@settings
class Quantiles:
    """Quantiles of the values of the independent draws of the factors, from an exactly mergeable histogram.

    The empirical quantile of N values at probability q is the smallest of them, x, for which q N values or more are
    no larger (NumPy's ``inverted_cdf``). Let bin k be the first by whose end q N values or more have been counted. By
    its beginning fewer than q N were, so x lies in bin k. The estimate is interpolated between the ends of bin k, or
    the minimum or maximum of all values where that is nearer. Both lie in one interval, no wider than a bin and than
    the range of the values: ``quantiles_error`` is the smaller of these widths, and no estimate is farther from x.

    Robbins and Monro's recursion, used for this by Melissa, depends on the order of the runs and needs their number in
    advance; two of its states do not merge. This result is a function of the set of values, to the bit. What it costs:
    one far value widens all bins of its cell. ``quantiles_error`` tells; of a quantity with a heavy tail, take the
    logarithm in the model, which keeps the order of values and so maps quantiles to quantiles.

    Intervals are of the estimate's scatter between replicates and do not contain ``quantiles_error``.

    References
    ----------
    Hyndman, Fan, Sample quantiles in statistical packages, Am. Stat. 50 (1996) 361-365: definition 1.
    Shao, Wu, A general theory for jackknife variance estimation, Ann. Stat. 17 (1989) 1176-1197: leaving out large
    groups is consistent for quantiles, where leaving out one value is not.
    """

    kind: Literal["quantiles"] = "quantiles"
    probabilities: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)
    """One or more, between 0 and 1, in increasing order."""
    bins: int = 128
    """Bins of each cell's histogram: a power of two, 8 or more. A cell takes 8 bytes for each."""
    level: float = 0.95
    """Probability that an interval holds its quantile, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities that it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        dyadic.check_bins(self.bins)
        check_level(self.level)
        ends = (0.0, *self.probabilities, 1.0)
        if not self.probabilities or not all(low < high for low, high in pairwise(ends)):
            raise ValueError(
                "`probabilities` must be one or more numbers between 0 and 1 in increasing order, got "
                f"{list(self.probabilities)}: for the smallest and the largest value use `extrema`"
            )

    def init(self, layout: Layout, shape: tuple[int, ...]) -> DyadicState:
        return dyadic.empty(self.kind, layout, shape, self.bins)

    def update(self, state: DyadicState, block: Block) -> DyadicState:
        return dyadic.update(state, block)

    def merge(self, left: DyadicState, right: DyadicState) -> DyadicState:
        return dyadic.merge(left, right)

    def finalize(self, replicates: Sequence[DyadicState], layout: Layout, resolution: float) -> Finalized:
        whole = reduce(dyadic.merge, replicates)
        arrays = tuple(array for state in replicates for array in state[2:])
        found = by_tiles(lambda *cells: self._bounded(whole, cells), arrays, self.bins, whole.n.shape)
        maps = {name: Map(("probability",), array) for name, array in zip(BOUNDED, found, strict=True)}
        maps |= {
            "quantiles_error": Map((), _error(whole)),
            "n": Map((), whole.n),
            "status": Map((), dyadic.status(whole, resolution)),
        }
        return Finalized(maps, coords={"probability": np.array(self.probabilities)})

    def _bounded(self, like: DyadicState, cells: tuple[NDArray[Any], ...]) -> tuple[Array, ...]:
        """Quantiles and bounds, ``(probabilities, cells)`` each, from the replicates' arrays, one after the other."""
        width = len(like[2:])
        each = (cells[at : at + width] for at in range(0, len(cells), width))
        states = [DyadicState(like.runs, like.seen, *arrays) for arrays in each]
        maps = estimated(self._estimate, states, dyadic.merge, self.level)
        return tuple(maps[name].array for name in BOUNDED)

    def _estimate(self, state: DyadicState) -> dict[str, Map]:
        found = np.stack([_quantile(state, probability) for probability in self.probabilities])
        return {BOUNDED[0]: Map(("probability",), found)}


def _quantile(state: DyadicState, probability: float) -> Array:
    """One quantile, ``(cells)``."""
    first, exponent = dyadic.grid(state.minimum, state.maximum, len(state.counts))
    counted = state.counts.cumsum(axis=0)  # (bins, cells)
    rank = probability * counted[-1]
    k = (counted < rank).sum(axis=0)  # (cells), the bin by whose end the rank is reached
    upto, inside = (np.take_along_axis(counts, k[None], axis=0)[0] for counts in (counted, state.counts))
    low = np.maximum(dyadic.edges(first + k, exponent), state.minimum)
    high = np.minimum(dyadic.edges(first + k + 1, exponent), state.maximum)
    with np.errstate(invalid="ignore", divide="ignore"):  # where no value is
        between = low + (high - low) * ((rank - (upto - inside)) / inside)
        return np.where(state.n < 1, np.nan, np.minimum(between, high))  # rounding may step over the end


def _error(state: DyadicState) -> Array:
    """How far an estimate may be from the empirical quantile, ``(*shape)``."""
    first, exponent = dyadic.grid(state.minimum, state.maximum, len(state.counts))
    width = dyadic.edges(np.ones_like(first), exponent)
    with np.errstate(over="ignore"):
        return np.where(state.n < 1, np.nan, np.minimum(width, state.maximum - state.minimum))
