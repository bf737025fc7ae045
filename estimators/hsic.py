"""Dependence of a quantity on each factor, whatever its form, with p-values: the Hilbert-Schmidt criterion."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators import dyadic
from dnnsa.estimators.base import Array, Beside, Block, Finalized, Map, sound
from dnnsa.estimators.dyadic import DyadicState
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.kernels import FEWEST, dependence, dirac, gaussian
from dnnsa.estimators.tiles import Tile, by_tiles
from dnnsa.estimators.values import check_random, constant, flags, used_values
from dnnsa.layout import Law, Layout
from dnnsa.settings import settings

SD = 12**-0.5  # of the uniform law on the unit interval
GRID = 4096  # coordinates at which the levels of a choice are looked for
FACTOR = ("factor",)


@settings
class Goal:
    """A part of the runs, in place of the value of the quantity."""

    share: float = 0.25
    """Share of the runs, between 0 and 1; the nearest that the bins allow is taken, and given as `hsic_share`."""
    of: Literal["lowest", "highest"] = "lowest"
    """Which runs: those with the lowest or with the highest values."""

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"`share` must be between 0 and 1, got {self.share:g}")


@settings
class Hsic:
    """Dependence on each factor, found also where a factor acts only on the spread or together with others.

    The V-statistic of the Hilbert-Schmidt independence criterion, of values put in bins: see
    `dnnsa.estimators.kernels.dependence`. The counts are all that is kept, so it merges exactly.

    The kernel of a factor is Gaussian in the coordinate of its law, in the middle of its bin, with the law's standard
    deviation, ``12^-1/2``, as bandwidth (Da Veiga takes the sample's); levels of a `choice` are alike or not, nothing
    between; an inactive factor is like itself alone. The kernel of the output is Gaussian with its standard deviation
    as bandwidth. With `goal` it is 1 between two values that both belong to the goal, or both do not, and else 0: the
    target criterion.

    ``hsic_p`` is the upper tail of the gamma law that has the mean and variance of the criterion over all pairings of
    the values at hand. In ``python benchmarks/hsic.py``, up to 3,000 tables without dependence of each kind (normal,
    lognormal and goal outputs; uniform, two-level and rarely inactive factors), it fell below .05 in .041-.050 of them
    at 200 and 1000 values, .035-.056 at 50 and .022-.083 at 8 and 20 (.049-.061 but for the two-level factor), and
    below .01 in .004-.017: do not read digits far below .01. It holds for `sequence: monte_carlo`. Points of the other
    sequences are more even than chance, and make it too large: of 300 scrambled Sobol' sets of 256 points, without
    noise, never below .05 and .9999 in the median.

    The criterion is a V-statistic: ``hsic_r2`` of an independent factor is about 2 / n, not 0. An extreme value widens
    every bin: p-values stay valid, but less is found; take the logarithm or rank in the model. A cell takes
    ``8 p (bins + 1) (output_bins + 3)`` bytes: for scalars and short curves.

    References
    ----------
    Gretton, Bousquet, Smola, Schoelkopf, Measuring statistical dependence with Hilbert-Schmidt norms, ALT 2005.
    Gretton, Fukumizu, Teo, Song, Schoelkopf, Smola, A kernel statistical test of independence, NIPS 2007.
    Da Veiga, Global sensitivity analysis with dependence measures, J. Stat. Comput. Simul. 85 (2015) 1283-1305.
    El Amri, Marrel, More powerful HSIC-based independence tests, extension to space-filling designs and functional
    data, 2021, for the gamma law of the permutations' moments.
    Spagnol, Le Riche, Da Veiga, Global sensitivity analysis for optimization with variable selection, SIAM/ASA J.
    Uncertain. Quantif. 7 (2019) 417-443; Marrel, Chabridon, Statistical developments for target and conditional
    sensitivity analysis, Reliab. Eng. Syst. Saf. 214 (2021) 107711, for the goal.
    Novello, Poette, Lugato, Congedo, Goal-oriented sensitivity analysis of hyperparameters in deep learning, J. Sci.
    Comput. 94 (2023) 45, for hyperparameters.
    """

    kind: Literal["hsic"] = "hsic"
    bins: int = 16
    """Bins of equal probability for each factor, 2 or more."""
    output_bins: int = 64
    """Bins of the quantity over the range of its values: between half of them and all are in use. A power of two."""
    goal: Goal | None = None
    """Ask what decides whether a run is among the lowest or the highest values; unless given, what moves the value."""
    level: float = 0.95
    """Probability that an interval holds its value, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise ValueError(f"`bins` must be 2 or more, got {self.bins}")
        if self.output_bins < 8 or self.output_bins & (self.output_bins - 1):
            raise ValueError(f"`output_bins` must be a power of two, 8 or more, got {self.output_bins}: use 64")
        check_level(self.level)

    def init(self, layout: Layout, shape: tuple[int, ...]) -> DyadicState:
        if layout.columns < len(layout.groups):
            raise ValueError("`hsic` is of single factors, not of groups: take the factors apart, or use `sobol`")
        check_random(self.kind, layout)
        for number, law in enumerate(layout.laws):
            if law.kind == "choice" and (enough := _bins_apart(law, self.bins)) > self.bins:
                raise ValueError(
                    f"`bins` must be so many that no two levels of a choice share one, got {self.bins}, too few for "
                    f"factor {number + 1}: use {enough}"
                )
        return dyadic.empty(self.kind, layout, (len(layout.groups), self.bins + 1, *shape), self.output_bins)

    def update(self, state: DyadicState, block: Block) -> DyadicState:
        return dyadic.merge(state, _of_block(state, block)) if len(block.y) else state

    def merge(self, left: DyadicState, right: DyadicState) -> DyadicState:
        return dyadic.merge(left, right)

    def finalize(self, replicates: Sequence[DyadicState], layout: Layout, resolution: float) -> Finalized:
        def bounded(state: DyadicState) -> Mapping[str, Map]:
            maps = self._maps(state, layout, resolution)
            return {name: maps[name] for name in ("hsic", "hsic_r2")}

        whole = reduce(dyadic.merge, replicates)
        maps = estimated(bounded, replicates, dyadic.merge, self.level)
        return Finalized(maps | self._maps(whole, layout, resolution))

    def _maps(self, state: DyadicState, layout: Layout, resolution: float) -> dict[str, Map]:
        """All but the bounds; NaN where there are too few values, or where they are all in one bin."""
        n, minimum, maximum = (np.asarray(one[0, 0]) for one in (state.n, state.minimum, state.maximum))  # (*shape)
        rows, few = _factor_kernels(layout, self.bins), n * state.runs < FEWEST

        def found(counts: NDArray[Any], still: NDArray[np.bool_]) -> Tile:
            tables = np.where(still, 0, counts)  # (output_bins, p, bins + 1, cells)
            # in one order of memory, as the last bits of a product depend on it
            tables = np.ascontiguousarray(np.moveaxis(tables, (-1, 0), (0, -1)))  # (cells, p, bins + 1, output_bins)
            columns, share = _output_kernels(tables[:, 0].sum(axis=1), self.goal)
            of = dependence(tables, rows, columns[:, None])
            return of.hsic.T, of.r2.T, of.p.T, np.where(still, np.nan, share)

        numbers = (len(rows) * (self.bins + 1) + self.output_bins) * self.output_bins
        unusable = few | constant(minimum, maximum, resolution)
        hsic, r2, p, share = by_tiles(found, (state.counts, unusable), numbers, n.shape)
        maps = {"hsic": Map(FACTOR, hsic), "hsic_r2": Map(FACTOR, r2), "hsic_p": Map(FACTOR, p)}
        goal = {"hsic_share": Map((), share)} if self.goal else {}
        status = flags(state.seen, n, few, ~few & np.isnan(hsic).any(axis=0))
        return maps | goal | {"n": Map((), n), "status": Map((), status)}


def _of_block(state: DyadicState, block: Block) -> DyadicState:
    """The state of one block alone; ``state`` says how many bins. A cell's grid is that of all its values."""
    output_bins, p, bins = state.counts.shape[:3]
    runs, shape = int(state.runs), block.y.shape[2:]
    active = np.broadcast_to(block.active, block.x.shape)
    x = _factor_bins(block.x[:, :runs], active[:, :runs], bins - 1).reshape(-1, p)  # (values, p)

    def count(y: NDArray[Any]) -> Tile:
        good = sound(y)  # (n, cells)
        values, use = used_values(y, runs, good)  # (values, cells)
        values = values + 0.0  # -0.0 is 0.0
        minimum = np.where(use, values, np.inf).min(axis=0)
        maximum = np.where(use, values, -np.inf).max(axis=0)
        first, exponent = dyadic.grid(minimum, maximum, output_bins)
        cells = len(first)
        at = (dyadic.bin_numbers(values, exponent) - first) * (bins * cells) + np.arange(cells)
        tables = [np.bincount((at + k[:, None] * cells)[use], minlength=output_bins * bins * cells) for k in x.T]
        counts = np.stack(tables).reshape(p, output_bins, bins, cells)
        return good.sum(axis=0, dtype=np.int64), minimum, maximum, counts.swapaxes(0, 1)

    numbers = max(output_bins * p * bins, len(x))
    n, minimum, maximum, counts = by_tiles(count, (block.y,), numbers, shape)
    n, minimum, maximum = (np.broadcast_to(array, (p, bins, *shape)) for array in (n, minimum, maximum))
    return DyadicState(state.runs, np.array(len(block.y)), n, minimum, maximum, counts)


def _factor_bins(x: Array, active: NDArray[np.bool_], bins: int) -> NDArray[np.int64]:
    """Bins of equal probability, numbered from 0; number ``bins`` where the factor is inactive."""
    return np.where(active, np.floor(x * bins).astype(np.int64), bins)


def _factor_kernels(layout: Layout, bins: int) -> Array:
    """Kernels between the bins of each factor, ``(p, bins + 1, bins + 1)``, the last bin that of inactive runs."""
    ordered, apart = np.eye(bins + 1), np.eye(bins + 1)
    ordered[:-1, :-1] = gaussian((np.arange(bins) + 0.5) / bins, np.asarray(SD))
    kinds = [law.kind for law in layout.laws] or [""] * len(layout.groups)
    return np.array([apart if kind == "choice" else ordered for kind in kinds])


def _output_kernels(counts: NDArray[Any], goal: Goal | None) -> tuple[Array, Array]:
    """Kernels between bins of the output, ``(cells, K, K)``, of counts ``(cells, K)``; and the share in the goal."""
    if goal is None:
        at, sd = np.arange(counts.shape[1], dtype=np.float64), _sd(counts)
        return gaussian(at, np.where(sd > 0, sd, 1.0)), np.full(len(counts), np.nan)
    belongs, share = _belongs(counts, goal)
    return dirac(belongs), share


def _belongs(counts: NDArray[Any], goal: Goal) -> tuple[NDArray[np.bool_], Array]:
    """Which bins are of the goal, ``(cells, K)``, and the share of the values that they hold, ``(cells,)``."""
    ordered = counts if goal.of == "lowest" else counts[:, ::-1]
    values = counts.sum(axis=1, keepdims=True)  # (cells, 1)
    taken = ordered.cumsum(axis=1) / np.maximum(values, 1)  # (cells, K): share up to each bin
    possible = (taken > 0) & (taken < 1)
    last = np.where(possible, np.abs(taken - goal.share), np.inf).argmin(axis=1)[:, None]  # (cells, 1)
    belongs = np.arange(counts.shape[1]) <= last
    share = np.where(possible.any(axis=1), np.take_along_axis(taken, last, 1)[:, 0], np.nan)
    return belongs if goal.of == "lowest" else belongs[:, ::-1], share


def _sd(counts: NDArray[Any]) -> Array:
    """Standard deviation of the number of the bin, ``(...)``, from counts ``(..., K)``; 0 of fewer than two values."""
    at, m = np.arange(counts.shape[-1]), counts.sum(axis=-1, keepdims=True)
    away = at - (counts * at).sum(axis=-1, keepdims=True) / np.maximum(m, 1)
    return np.asarray(np.sqrt((counts * away**2).sum(axis=-1) / np.maximum(m[..., 0] - 1, 1)))


def _bins_apart(law: Law, bins: int) -> int:
    """Bins, ``bins`` or 2, 4 ... times as many, for no two levels to share one; ones rarer than 1 / GRID are missed."""
    values = law.ppf((np.arange(GRID) + 0.5) / GRID)
    ends = np.flatnonzero(np.append(np.asarray(values[1:] != values[:-1], bool), True)) + 1  # (levels,)
    middle = (np.append(0, ends[:-1]) + ends) / (2 * GRID)
    while len(np.unique(np.floor(middle * bins))) < len(middle):
        bins *= 2
    return bins
