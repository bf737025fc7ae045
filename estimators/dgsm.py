"""Derivative-based measures: an upper bound of a factor's total index from the model's own derivatives."""

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import (
    LEFT_OUT,
    OVERFLOW,
    TOO_FEW,
    Array,
    Beside,
    Block,
    Finalized,
    Map,
    share,
    sound,
)
from dnnsa.estimators.intervals import check_level, estimated
from dnnsa.estimators.poincare import poincare
from dnnsa.estimators.tiles import by_tiles, total
from dnnsa.estimators.values import flags, independent
from dnnsa.layout import Layout
from dnnsa.settings import settings


class DgsmState(NamedTuple):
    """Of the r runs of a base point that are independent draws."""

    seen: Array  # (*shape)     base points seen
    n: Array  # (*shape)        base points used: those whose runs, and derivatives at those r, are all finite
    mean: Array  # (r, *shape)
    m2: Array  # (r, *shape)    sum of squared deviations of each run
    nu: Array  # (p, *shape)    mean squared derivative along each factor, over the r runs


@settings
class Dgsm:
    """Derivative-based global sensitivity measures, and the bounds of total indices that they give.

    ``nu_k = E[(df/dx_k)^2]``, in units of the output squared per unit of the factor squared, and ``ST_k <= C_k nu_k /
    Var f`` with C_k the Poincare constant of the factor's law: a factor whose bound is small can be fixed. A bound
    above 1 says nothing. It is infinite where the law has no finite constant (lognormal, or Weibull of shape below 1),
    and for integers, choices and samples, which have no derivative (``nu_k`` is NaN): they may be among the factors,
    since the inequality holds along one factor whatever the laws of the others.

    References
    ----------
    Sobol', Kucherenko, Derivative based global sensitivity measures and their link with global sensitivity indices,
    Math. Comput. Simul. 79 (2009) 3009-3017.
    Lamboni, Iooss, Popelin, Gamboa, Derivative-based global sensitivity measures: general links with Sobol' indices and
    numerical tests, Math. Comput. Simul. 87 (2013) 45-54.
    Roustant, Barthe, Iooss, Poincare inequalities on intervals - application to sensitivity analysis, Electron. J.
    Stat. 11 (2017) 3081-3119.
    """

    kind: Literal["dgsm"] = "dgsm"
    quantity: str
    """The quantity that is differentiated."""
    gradient: str
    """The quantity that holds its derivatives by the value of each factor, factors first."""
    level: float = 0.95
    """Probability that an interval holds its value, between 0 and 1."""

    def __post_init__(self) -> None:
        check_level(self.level)

    @property
    def of(self) -> tuple[str, ...]:
        return (self.quantity,)

    @property
    def beside(self) -> dict[str, Beside]:
        return {self.gradient: "by factor"}

    def init(self, layout: Layout, shape: tuple[int, ...]) -> DgsmState:
        check_slopes(self.kind, layout)
        zero, runs = np.zeros(shape), np.zeros((layout.independent, *shape))
        return DgsmState(zero, zero, runs, runs, np.zeros((len(layout.groups), *shape)))

    def update(self, state: DgsmState, block: Block) -> DgsmState:
        if not len(block.y):
            return state
        return self.merge(state, _block(block.y, block.beside[self.gradient], len(state.mean)))

    def merge(self, left: DgsmState, right: DgsmState) -> DgsmState:
        return DgsmState(*merged(left, right))

    def finalize(self, replicates: Sequence[DgsmState], layout: Layout, resolution: float) -> Finalized:
        constants = constants_of(layout)
        maps = estimated(partial(_estimates, constants, resolution), replicates, self.merge, self.level)
        whole = reduce(self.merge, replicates)
        n, status = whole.n.astype(np.int64), status_of(whole, resolution)
        return Finalized(maps | {"n_dgsm": Map((), n), "status": Map((), status)})


def check_slopes(kind: str, layout: Layout) -> None:
    """Refuse runs, or factors, of which there are no derivatives one by one."""
    independent(kind, layout)
    if layout.columns < len(layout.groups):
        raise ValueError(
            f"`{kind}` takes factors one by one and some share a `group`: leave it out; the bounds of its factors add "
            "up to one of the group"
        )
    if len(layout.laws) != len(layout.groups):
        raise ValueError(f"`{kind}` needs the law of each of {len(layout.groups)} factors, got {len(layout.laws)}")
    if all(law.discrete for law in layout.laws):
        raise ValueError(f"`{kind}` needs derivatives, and no factor has any: all are integers, choices or the like")


def _block(y: NDArray[Any], gradient: NDArray[Any], r: int) -> DgsmState:
    """The state of one block; y has shape ``(n, runs, *shape)`` and gradient ``(n, runs, p, *shape)``."""
    n, runs, p = gradient.shape[:3]
    values = n * max(runs, r * p)
    return DgsmState(*by_tiles(partial(_tile, r=r), (y, gradient[:, :r]), values, y.shape[2:]))


def _tile(y: NDArray[Any], gradient: NDArray[Any], r: int) -> DgsmState:
    """The state of one block in some cells; gradient has shape ``(n, r, p, cells)``."""
    seen, n, mean, m2, slope = values_and_slopes(y, gradient, r)
    with np.errstate(over="ignore"):  # told by the status of its cell
        return DgsmState(seen, n, mean, m2, nu=share(total(slope * slope), r * n))


def constants_of(layout: Layout) -> Array:
    """The factors' Poincare constants, ``(p,)``; NaN of one without derivatives."""
    return np.array([np.nan if law.discrete else poincare(law) for law in layout.laws])


def values_and_slopes(y: NDArray[Any], gradient: NDArray[Any], r: int) -> tuple[Array, Array, Array, Array, Array]:
    """``seen``, ``n``, ``mean`` and ``m2`` of a state in some cells, in two corrected passes, and derivatives.

    Derivatives have shape ``(n r, p, cells)``, those of base points that are left out being 0.
    """
    good = sound(y) & np.isfinite(gradient).all(axis=(1, 2))  # (n, cells)
    n = good.sum(axis=0, dtype=np.float64)
    y = np.where(good[:, None], y[:, :r], 0).astype(np.float64)  # what is left out weighs nothing, here and below
    slope = np.where(good[:, None, None], gradient, 0).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
        mean = share(total(y), n)  # (r, cells)
        d = np.where(good[:, None], y - mean, 0)
        rest = total(d)  # what rounding left of the mean
        m2 = total(d * d) - rest * share(rest, n)
        return np.full(n.shape, float(len(y))), n, mean + share(rest, n), m2, slope.reshape(-1, *slope.shape[2:])


def merged(left: Sequence[Array], right: Sequence[Array]) -> tuple[Array, ...]:
    """``seen``, ``n``, ``mean``, ``m2`` and a mean over runs, whatever its leading dimensions, of both sides."""
    n = left[1] + right[1]
    weight = share(right[1], n)
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
        d = right[2] - left[2]  # (r, *shape)
        m2 = left[3] + right[3] + left[1] * weight * d * d
        return left[0] + right[0], n, left[2] + d * weight, m2, left[4] + (right[4] - left[4]) * weight


def variance(state: DgsmState) -> Array:
    """Of the values of all r runs together, ``(*shape)``."""
    values = len(state.mean) * state.n
    d = state.mean - state.mean.mean(axis=0)
    return share(state.m2.sum(axis=0) + state.n * (d * d).sum(axis=0), values - 1)


def bound_of(constants: Array, resolution: float, state: DgsmState) -> Array:
    """Of the total index of each factor, ``(p, *shape)``; ``constants`` as `constants_of` has them."""
    c = constants.reshape(-1, *(1,) * state.n.ndim)  # (p, 1, ...)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        bound = np.where(np.isfinite(c), c * (state.nu / variance(state)), np.inf)  # also where all derivatives are 0
    return np.where(status_of(state, resolution) & ~LEFT_OUT != 0, np.nan, bound)


def _estimates(constants: Array, resolution: float, state: DgsmState) -> Mapping[str, Map]:
    unknown = status_of(state, resolution) & (TOO_FEW | OVERFLOW) != 0  # (*shape)
    none = np.isnan(constants).reshape(-1, *(1,) * state.n.ndim)  # (p, 1, ...)
    values = {
        "dgsm": np.where(unknown | none, np.nan, state.nu),
        "ST_bound": bound_of(constants, resolution, state),
    }
    return {name: Map(("factor",), value) for name, value in values.items()}


def status_of(state: DgsmState, resolution: float) -> NDArray[np.uint8]:
    """The flags of each cell, ``(*shape)``."""
    few = state.n < 2
    with np.errstate(over="ignore", invalid="ignore"):
        v = variance(state)
        still = np.sqrt(v) <= 8 * resolution * np.abs(state.mean).max(axis=0)
    finite = np.isfinite(v) & np.isfinite(state.nu).all(axis=0)
    return flags(state.seen, state.n, few, ~few & still, finite)
