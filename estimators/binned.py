"""First-order indices from any sample: how far the means of the bins of a factor lie apart."""

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import (
    LEFT_OUT,
    Array,
    Beside,
    Block,
    Finalized,
    Map,
    share,
    sound,
)
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.tiles import by_tiles, total
from dnnsa.estimators.values import check_random, flags, independent
from dnnsa.layout import Layout
from dnnsa.settings import settings


class BinnedState(NamedTuple):
    """Of the r runs of a base point that are independent draws."""

    seen: Array  # (*shape)                  base points seen
    n: Array  # (*shape)                     base points used: those whose runs are all finite
    mean: Array  # (r, *shape)
    m2: Array  # (r, *shape)                 sum of squared deviations of each run
    counts: Array  # (p, bins, *shape)       values in each bin of each factor
    means: Array  # (p, bins, *shape)        their mean


@settings
class Binned:
    """First-order indices from given data: the share of the variance that lies between bins of a factor.

    The unit interval of a factor's probability is cut in ``bins`` of one size; a run where the factor is inactive is in
    the bin of its coordinate all the same, as its Sobol' index is of that. With W the sum of squared deviations from
    the means of b occupied bins, T that from the mean of all N values, ``S_k = 1 - [W / (N - b)] / [T / (N - 1)]``
    (epsilon squared): the means of bins scatter by chance as well, and that is taken off, so that a factor without
    effect has an index of mean 0, and may have one below 0.

    Two errors remain. What the factor changes inside a bin is missed, about ``1 / bins^2`` of its share if the output
    is linear in its coordinate, more the rougher it is; there is none for a discrete factor each of whose levels has a
    bin of its own, and much where levels share one. And chance: a standard error of about ``sqrt(2 bins) / N`` for a
    factor without effect and ``2 (1 - S) sqrt(S / N)`` for one of index S. More bins lessen the first and raise the
    second. Base points must be independent draws: those that fill the cube evenly scatter less than is taken off.

    References
    ----------
    Kelley, An unbiased correlation ratio measure, Proc. Natl. Acad. Sci. 21 (1935) 554-559.
    Li, Mahadevan, An efficient modularized sample-based method to estimate the first-order Sobol' index, Reliab. Eng.
    Syst. Saf. 153 (2016) 110-121.
    """

    kind: Literal["binned"] = "binned"
    bins: int = 16
    """Bins of each factor, 2 or more; the state grows with them."""
    level: float = 0.95
    """Probability that an interval holds its index, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise ValueError(f"`bins` must be at least 2, got {self.bins}")
        check_level(self.level)

    def init(self, layout: Layout, shape: tuple[int, ...]) -> BinnedState:
        independent(self.kind, layout)
        if layout.columns < len(layout.groups):
            raise ValueError(
                "`binned` takes factors one by one and some share a `group`: leave it out, or use `kind: sobol`"
            )
        check_random(self.kind, layout)
        zero, runs = np.zeros(shape), np.zeros((layout.independent, *shape))
        bins = np.zeros((len(layout.groups), self.bins, *shape))
        return BinnedState(zero, zero, runs, runs, bins, bins)

    def update(self, state: BinnedState, block: Block) -> BinnedState:
        if not len(block.y):
            return state
        bins = np.floor(block.x[:, : len(state.mean)] * self.bins).astype(np.int64)  # (n, r, p)
        return self.merge(state, _block(block.y, bins, self.bins))

    def merge(self, left: BinnedState, right: BinnedState) -> BinnedState:
        n, counts = left.n + right.n, left.counts + right.counts
        weight = share(right.n, n)
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            d = right.mean - left.mean  # (r, *shape)
            return BinnedState(
                seen=left.seen + right.seen,
                n=n,
                mean=left.mean + d * weight,
                m2=left.m2 + right.m2 + left.n * weight * d * d,
                counts=counts,
                means=left.means + (right.means - left.means) * share(right.counts, counts),
            )

    def finalize(self, replicates: Sequence[BinnedState], layout: Layout, resolution: float) -> Finalized:
        maps = estimated(partial(_estimates, resolution), replicates, self.merge, self.level)
        whole = reduce(self.merge, replicates)
        n, status = whole.n.astype(np.int64), _status(whole, resolution)
        return Finalized(maps | {"n": Map((), n), "status": Map((), status)})


def _block(y: NDArray[Any], bins: NDArray[np.int64], count: int) -> BinnedState:
    """The state of one block; y has shape ``(n, runs, *shape)``, bins ``(n, r, p)``, each below ``count``."""
    values = max(y.shape[0] * y.shape[1], bins.shape[2] * count)
    return BinnedState(*by_tiles(lambda cells: _tile(cells, bins, count), (y,), values, y.shape[2:]))


def _tile(y: NDArray[Any], bins: NDArray[np.int64], count: int) -> BinnedState:
    """The state of one block in some cells, in two corrected passes."""
    r, p = bins.shape[1:]
    good = sound(y)  # (n, cells)
    n = good.sum(axis=0, dtype=np.float64)
    used = np.broadcast_to(good[:, None], (len(y), r, len(n)))
    y = np.where(used, y[:, :r], 0).astype(np.float64)  # what is left out weighs nothing, here and below
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
        mean = share(total(y), n)  # (r, cells)
        d = np.where(used, y - mean, 0)  # (n, r, cells)
        rest = total(d)  # what rounding left of the mean
        centre = mean.mean(axis=0)  # (cells,)
        around = np.where(used, y - centre, 0)
        counts, sums = np.zeros((2, p, count, len(n)))
        for factor in range(p):
            for number in np.unique(bins[..., factor]):
                rows = bins[..., factor] == number  # (n, r)
                counts[factor, number] = used[rows].sum(axis=0)
                sums[factor, number] = total(around[rows])
        return BinnedState(
            seen=np.full(n.shape, float(len(y))),
            n=n,
            mean=mean + share(rest, n),
            m2=total(d * d) - rest * share(rest, n),
            counts=counts,
            means=np.where(counts > 0, centre + share(sums, counts), 0),
        )


def _whole(state: BinnedState) -> Array:
    """Sum of squared deviations of the values of all r runs from their common mean, ``(*shape)``."""
    d = state.mean - state.mean.mean(axis=0)
    return np.asarray(state.m2.sum(axis=0) + state.n * (d * d).sum(axis=0))


def _estimates(resolution: float, state: BinnedState) -> Mapping[str, Map]:
    values = len(state.mean) * state.n  # (*shape)
    occupied = (state.counts > 0).sum(axis=1)  # (p, *shape)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        d = state.means - state.mean.mean(axis=0)  # (p, bins, *shape)
        whole = _whole(state)
        within = whole - (state.counts * d * d).sum(axis=1)  # (p, *shape)
        index = 1 - within / (values - occupied) / (whole / (values - 1))
    dead = (_status(state, resolution) & ~LEFT_OUT != 0) | (occupied < 2)  # one bin says nothing about the factor
    return {"S1_binned": Map(("factor",), np.where(dead, np.nan, index))}


def _status(state: BinnedState, resolution: float) -> NDArray[np.uint8]:
    values = len(state.mean) * state.n
    few = (values <= (state.counts > 0).sum(axis=1)).any(axis=0) | (state.n < 2)  # as many bins as values
    with np.errstate(over="ignore", invalid="ignore"):
        whole = _whole(state)
        still = np.sqrt(share(whole, values - 1)) <= 8 * resolution * np.abs(state.mean).max(axis=0)
    return flags(state.seen, state.n, few, ~few & still, np.isfinite(whole))
