"""Elementary effects: which factors matter at all, from a few runs a factor."""

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
from dnnsa.estimators.values import flags
from dnnsa.layout import TRAJECTORY, Layout
from dnnsa.settings import settings


class MorrisState(NamedTuple):
    """Of the elementary effects of each of g groups of factors, one for each base point."""

    seen: Array  # (*shape)     base points seen
    n: Array  # (*shape)        base points used: those whose runs are all finite
    mean: Array  # (g, *shape)  mean effect
    m2: Array  # (g, *shape)    sum of squared deviations from it
    size: Array  # (g, *shape)  mean absolute effect
    largest: Array  # (*shape)  largest absolute output, against which rounding is judged


@settings
class Morris:
    """Elementary effects: the change of the output over the step of a factor's coordinate, along trajectories.

    ``d_k = (y after - y before) / (u_k after - u_k before)``, in units of the output per unit of probability: the whole
    range of a uniform factor is 1. ``mu`` is the mean of d_k, ``mu_star`` that of its absolute value, and ``sigma`` its
    standard deviation, which is 0 where the output is linear in the coordinate and nothing interacts with it. The
    factors of a group step in different directions, so that its effect has no sign: it has a ``mu_star`` alone, over
    the step of its first factor.

    References
    ----------
    Morris, Factorial sampling plans for preliminary computational experiments, Technometrics 33 (1991) 161-174.
    Campolongo, Cariboni, Saltelli, An effective screening design for sensitivity analysis of large models, Environ.
    Model. Softw. 22 (2007) 1509-1518, for ``mu_star`` and groups.
    """

    kind: Literal["morris"] = "morris"
    level: float = 0.95
    """Probability that an interval holds its value, between 0 and 1."""
    of: tuple[str, ...] | None = None
    """The quantities it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        check_level(self.level)

    def init(self, layout: Layout, shape: tuple[int, ...]) -> MorrisState:
        if layout.pattern != TRAJECTORY:
            raise ValueError("`morris` needs trajectories of runs: use `design: {kind: morris}`")
        zero, effects = np.zeros(shape), np.zeros((layout.columns, *shape))
        return MorrisState(zero, zero, effects, effects, effects, zero)

    def update(self, state: MorrisState, block: Block) -> MorrisState:
        return self.merge(state, _block(block)) if len(block.y) else state

    def merge(self, left: MorrisState, right: MorrisState) -> MorrisState:
        n = left.n + right.n
        weight = share(right.n, n)
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            d = right.mean - left.mean  # (g, *shape)
            return MorrisState(
                seen=left.seen + right.seen,
                n=n,
                mean=left.mean + d * weight,
                m2=left.m2 + right.m2 + left.n * weight * d * d,
                size=left.size + (right.size - left.size) * weight,
                largest=np.maximum(left.largest, right.largest),
            )

    def finalize(self, replicates: Sequence[MorrisState], layout: Layout, resolution: float) -> Finalized:
        alone = np.bincount(layout.groups) == 1  # (g,)
        maps = estimated(partial(_estimates, alone, resolution), replicates, self.merge, self.level)
        whole = reduce(self.merge, replicates)
        n, status = whole.n.astype(np.int64), _status(whole, resolution)
        return Finalized(maps | {"n": Map((), n), "status": Map((), status)})


def _block(block: Block) -> MorrisState:
    order, step = _steps(block.u)  # (n, g)
    y = block.y
    return MorrisState(*by_tiles(lambda c: _tile(c, order, step), (y,), y.shape[0] * y.shape[1], y.shape[2:]))


def _steps(u: Array) -> tuple[NDArray[np.intp], Array]:
    """After which run each group moves, and the signed step of its first factor, both ``(n, g)``.

    Groups are numbered as their first factors come, so the order of those is the order of the groups.
    """
    moves = np.diff(u, axis=1)  # (n, g, p), in order of the runs
    first = (moves != 0).argmax(axis=2)  # (n, g)
    order = first.argsort(axis=1)  # (n, g), from here on in order of the groups
    base_points = np.arange(len(u))[:, None]
    return order, moves[base_points, order, first[base_points, order]]


def _tile(y: NDArray[Any], order: NDArray[np.intp], step: Array) -> MorrisState:
    """The state of one block in some cells, in two corrected passes; y has shape ``(n, g + 1, cells)``."""
    good = sound(y)  # (n, cells)
    n = good.sum(axis=0, dtype=np.float64)
    y = np.where(good[:, None], y, 0).astype(np.float64)  # what is left out weighs nothing, here and below
    base_points = np.arange(len(y))[:, None]
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
        effect = (y[base_points, order + 1] - y[base_points, order]) / step[:, :, None]  # (n, g, cells)
        mean = share(total(effect), n)  # (g, cells)
        d = np.where(good[:, None], effect - mean, 0)
        rest = total(d)  # what rounding left of the mean
        return MorrisState(
            seen=np.full(n.shape, float(len(y))),
            n=n,
            mean=mean + share(rest, n),
            m2=total(d * d) - rest * share(rest, n),
            size=share(total(np.abs(effect)), n),
            largest=np.abs(y).max(axis=(0, 1)),
        )


def _estimates(alone: NDArray[np.bool_], resolution: float, state: MorrisState) -> Mapping[str, Map]:
    """``alone`` says which groups are of one factor, shape ``(g,)``."""
    single = alone.reshape(-1, *(1,) * state.n.ndim)  # (g, 1, ...)
    dead = _status(state, resolution) & ~LEFT_OUT != 0  # (*shape)
    with np.errstate(invalid="ignore"):
        sigma = np.sqrt(share(state.m2, state.n - 1))
    values = {
        "mu": np.where(dead | ~single, np.nan, state.mean),
        "mu_star": np.where(dead, np.nan, state.size),
        "sigma": np.where(dead | ~single, np.nan, sigma),
    }
    return {name: Map(("factor",), value) for name, value in values.items()}


def _status(state: MorrisState, resolution: float) -> NDArray[np.uint8]:
    few = state.n < 2
    # No step exceeds 1, so effects at the level of the outputs' rounding are steps at that level.
    still = (state.size <= 8 * resolution * state.largest).all(axis=0)
    return flags(state.seen, state.n, few, ~few & still, np.isfinite(state.m2).all(axis=0))
