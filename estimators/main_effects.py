"""What a quantity is on average where one factor is known: its curve over that factor's values, with a band."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Array, Beside, Block, Finalized, Map, share, sound
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.tiles import by_tiles, total
from dnnsa.estimators.values import flags, independent
from dnnsa.layout import Law, Layout
from dnnsa.settings import settings

GRID = 4096  # coordinates at which the values of a discrete factor are looked for
ENDS = np.array([2.0**-33, 1 - 2.0**-33])  # about where a law's values end
CURVE = ("factor", "part")


class Parts(NamedTuple):
    """How the unit interval of a factor is cut."""

    inner: Array  # (parts - 1,) coordinates between parts
    low: Array  # (parts,) smallest value of the factor in each part; of a choice, the number of the level from 0
    middle: Array  # (parts,) its median there
    high: Array  # (parts,) its largest value there


class MainEffectsState(NamedTuple):
    """Of the runs of base points that are independent draws."""

    runs: NDArray[np.int64]  # ()       how many of a base point are
    inner: Array  # (p, parts - 1)      coordinates between the parts of each factor; infinite beyond its last
    seen: Array  # (*shape)             base points seen
    n: Array  # (*shape)                base points used: those whose runs are all finite
    counts: Array  # (p, parts, *shape) values in each part of each factor
    means: Array  # (p, parts, *shape)  their mean


@settings
class MainEffects:
    """Main effects: the mean of a quantity where one factor lies in a part of its range, ``E[Y | x_k]``.

    The unit interval of a factor's probability is cut in ``parts`` of one size; a discrete factor of no more values
    than that has a part for each, and a choice always. The value of a part is the mean of the runs in it, all other
    factors varying as their laws say; runs in which the factor is inactive count for none. The curve is a step
    function, whose mean over the parts, weighted by their probability, is the mean of the quantity; ``Var(E[Y | x_k])``
    is the numerator of the first-order index. An effect that needs another factor's value averages out: a flat curve
    says that the factor does nothing alone, not that it does nothing.

    Bands are intervals of each part by itself, not of the curve as a whole: of 16 parts one is missed, in the mean, by
    .8 of intervals of 95 %. The highest part is the highest of noisy means, and so too high.

    References
    ----------
    Sobol', Sensitivity estimates for nonlinear mathematical models, Math. Model. Comput. Exp. 1 (1993) 407-414, for
    the decomposition; Hooker, Generalized functional ANOVA diagnostics for high-dimensional functions of dependent
    variables, J. Comput. Graph. Stat. 16 (2007) 709-732, for the curves.
    """

    kind: Literal["main_effects"] = "main_effects"
    parts: int = 16
    """Parts of each factor's range, of equal probability, 2 or more; the state grows with them."""
    level: float = 0.95
    """Probability that an interval holds its mean, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        if self.parts < 2:
            raise ValueError(f"`parts` must be at least 2, got {self.parts}")
        check_level(self.level)

    def init(self, layout: Layout, shape: tuple[int, ...]) -> MainEffectsState:
        independent(self.kind, layout)
        if layout.columns < len(layout.groups):
            raise ValueError(
                "`main_effects` takes factors one by one and some share a `group`: a curve is over the values of one "
                "factor; leave it out, or take the factors apart"
            )
        cuts = _cuts(layout, self.parts)
        most = max(len(parts.low) for parts in cuts)
        inner = np.stack([_padded(parts.inner, most - 1, np.inf) for parts in cuts])
        zero, curves = np.zeros(shape), np.zeros((len(cuts), most, *shape))
        return MainEffectsState(independent(self.kind, layout), inner, zero, zero, curves, curves)

    def update(self, state: MainEffectsState, block: Block) -> MainEffectsState:
        return self.merge(state, _block(state, block)) if len(block.y) else state

    def merge(self, left: MainEffectsState, right: MainEffectsState) -> MainEffectsState:
        counts = left.counts + right.counts
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            means = left.means + (right.means - left.means) * share(right.counts, counts)
        return MainEffectsState(left.runs, left.inner, left.seen + right.seen, left.n + right.n, counts, means)

    def finalize(self, replicates: Sequence[MainEffectsState], layout: Layout, resolution: float) -> Finalized:
        maps = estimated(_curves, replicates, self.merge, self.level)
        whole = reduce(self.merge, replicates)
        n, most = whole.n.astype(np.int64), whole.counts.shape[1]
        finite = np.isfinite(whole.means).all(axis=(0, 1))
        maps |= {
            "main_effect_n": Map(CURVE, whole.counts.astype(np.int64)),
            "n": Map((), n),
            "status": Map((), flags(whole.seen, whole.n, whole.n < 1, finite=finite)),
        }
        cuts = _cuts(layout, self.parts)
        coords: dict[str, NDArray[Any] | Map] = {"part": np.arange(most)}
        coords |= {
            f"part_{name}": Map(CURVE, np.stack([_padded(getattr(parts, name), most, np.nan) for parts in cuts]))
            for name in ("low", "middle", "high")
        }
        return Finalized(maps, coords=coords)


def _block(state: MainEffectsState, block: Block) -> MainEffectsState:
    """The state of one block alone."""
    runs, (p, most) = int(state.runs), state.counts.shape[:2]
    x = block.x[:, :runs]  # (n, r, p)
    part = np.stack([np.searchsorted(state.inner[k], x[..., k], side="right") for k in range(p)])  # (p, n, r)
    active = np.moveaxis(np.broadcast_to(block.active, block.x.shape)[:, :runs], -1, 0)  # (p, n, r)
    part = np.where(active, part, most)

    def reduced(y: NDArray[Any]) -> tuple[Array, Array, Array]:
        return _tile(y, part, most)

    values = max(len(block.y) * block.y.shape[1], p * most)
    n, counts, means = by_tiles(reduced, (block.y,), values, block.y.shape[2:])
    seen = np.full(n.shape, float(len(block.y)))
    return MainEffectsState(state.runs, state.inner, seen, n, counts, means)


def _tile(y: NDArray[Any], part: NDArray[np.intp], most: int) -> tuple[Array, Array, Array]:
    """Base points used, ``(cells,)``, values and their mean in each part, ``(p, parts, cells)``, in two passes."""
    p, _, r = part.shape
    good = sound(y)  # (n, cells)
    used = np.broadcast_to(good[:, None], (len(y), r, good.shape[1]))
    y = np.where(used, y[:, :r], 0).astype(np.float64)  # what is left out weighs nothing, here and below
    counts, means = np.zeros((2, p, most, good.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
        for factor in range(p):
            for number in range(most):
                rows = part[factor] == number  # (n, r)
                if not rows.any():
                    continue
                mine, use = y[rows], used[rows]  # (values, cells)
                count = use.sum(axis=0)
                mean = share(total(mine), count)
                counts[factor, number] = count
                means[factor, number] = mean + share(total(np.where(use, mine - mean, 0)), count)
    return good.sum(axis=0, dtype=np.float64), counts, means


def _curves(state: MainEffectsState) -> Mapping[str, Map]:
    return {"main_effect": Map(CURVE, np.where(state.counts > 0, state.means, np.nan))}


def _cuts(layout: Layout, parts: int) -> list[Parts]:
    """How each factor is cut; one whose law is not known, or not yet read, as if it were uniform on [0, 1]."""
    laws = layout.laws or (None,) * len(layout.groups)
    return [_cut(law if hasattr(law, "ppf") else None, parts) for law in laws]


def _cut(law: Law | None, parts: int) -> Parts:
    if law is not None and law.discrete:
        grid = (np.arange(GRID) + 0.5) / GRID
        values = law.ppf(grid)
        begins = np.append(True, np.asarray(values[1:] != values[:-1], bool))  # (GRID,) whether a level does
        if law.kind == "choice" or begins.sum() <= parts:
            starts = np.flatnonzero(begins)
            told: Any = np.arange(len(starts)) if law.kind == "choice" else values[starts]
            levels: Array = np.asarray(told, dtype=np.float64)
            return Parts(starts[1:] / GRID, levels, levels, levels)
    edges = np.arange(parts + 1) / parts
    middles = (edges[1:] + edges[:-1]) / 2
    if law is None:
        return Parts(edges[1:-1], edges[:-1], middles, edges[1:])
    ends = np.clip(edges, *ENDS)
    low, middle, high = (np.asarray(law.ppf(u), dtype=np.float64) for u in (ends[:-1], middles, ends[1:]))
    if law.discrete:  # the value at an edge belongs to the part that its share's middle lies in
        high = np.asarray(law.ppf(np.nextafter(ends[1:], 0)), dtype=np.float64)
    return Parts(edges[1:-1], low, middle, high)


def _padded(values: Array, size: int, by: float) -> Array:
    return np.append(values, np.full(size - len(values), by))
