"""Sobol' indices of first and total order from pick-freeze runs, in one pass, mergeable."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import (
    LEFT_OUT,
    NO_VARIANCE,
    OVERFLOW,
    TOO_FEW,
    Array,
    Finalized,
    Map,
    Ratio,
    dot,
    share,
    sound,
)
from dnnsa.estimators.intervals import all_but_one, correlation_interval
from dnnsa.settings import settings


class SobolState(NamedTuple):
    """Sums, never averages: a state of zero or one base point merges like any other."""

    seen: Array  # (*shape)         base points seen
    n: Array  # (*shape)            base points used: those whose runs are all finite
    mean: Array  # (p + 2, *shape)  of A, B, E_1 ... E_p
    m2: Array  # (p + 2, *shape)    sum of squared deviations of each
    c_ae: Array  # (p, *shape)      sum of deviations of A times those of E_k
    c_be: Array  # (p, *shape)      sum of deviations of B times those of E_k
    c_ab: Array  # (*shape)         sum of deviations of A times those of B


@settings
class Sobol:
    """Martinez's estimators: an index is a correlation between runs that share coordinates.

    ``S_k = corr(B, E_k)`` and ``ST_k = 1 - corr(A, E_k)``, where E_k has coordinate k of B and the others of A.

    References
    ----------
    Martinez, Analyse de sensibilite globale par decomposition de la variance, GdR Ondes & MASCOT-NUM, 2011.
    Chan, Golub, LeVeque, Algorithms for computing the sample variance, Am. Stat. 37 (1983) 242-247, for the merge.
    """

    kind: Literal["sobol"] = "sobol"
    level: float = 0.95
    """Probability that an interval holds its index, between 0 and 1."""

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"`level` must be between 0 and 1, got {self.level:g}")

    def init(self, p: int, shape: tuple[int, ...]) -> SobolState:
        zero = np.zeros(shape)
        runs, factors = np.zeros((p + 2, *shape)), np.zeros((p, *shape))
        return SobolState(zero, zero, runs, runs, factors, factors, zero)

    def update(self, state: SobolState, y: NDArray[Any]) -> SobolState:
        return self.merge(state, _block(y)) if len(y) else state

    def merge(self, left: SobolState, right: SobolState) -> SobolState:
        n = left.n + right.n
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            d = right.mean - left.mean  # (p + 2, *shape)
            f = share(left.n * right.n, n)
            return SobolState(
                seen=left.seen + right.seen,
                n=n,
                mean=left.mean + d * share(right.n, n),
                m2=left.m2 + right.m2 + f * d * d,
                c_ae=left.c_ae + right.c_ae + f * d[0] * d[2:],
                c_be=left.c_be + right.c_be + f * d[1] * d[2:],
                c_ab=left.c_ab + right.c_ab + f * d[0] * d[1],
            )

    def finalize(self, replicates: Sequence[SobolState], resolution: float) -> Finalized:
        whole = reduce(self.merge, replicates)
        deleted = all_but_one(replicates, self.merge)
        first, total, variance = zip(*(_correlations(s, resolution) for s in [whole, *deleted]), strict=True)
        bounds = correlation_interval(first[0], np.array(first[1:]), self.level)
        # ST = 1 - r: the bounds of r change places
        total_bounds = [1 - r for r in correlation_interval(total[0], np.array(total[1:]), self.level)]
        maps = {
            "S1": first[0],
            "S1_lower": bounds[0],
            "S1_upper": bounds[1],
            "ST": 1 - total[0],
            "ST_lower": total_bounds[1],
            "ST_upper": total_bounds[0],
        }
        return Finalized(
            {name: Map(("factor",), array) for name, array in maps.items()}
            | {"n": Map((), whole.n.astype(np.int64)), "status": Map((), _status(whole, resolution))},
            {"S1": _ratio(first, variance, False), "ST": _ratio(total, variance, True)},
        )


def _block(y: NDArray[Any]) -> SobolState:
    """The state of one block, in two corrected passes; y has shape ``(n, p + 2, *shape)``."""
    good = sound(y)  # (n, *shape)
    n = good.sum(axis=0, dtype=np.float64)
    y = np.where(good[:, None], y, 0).astype(np.float64)  # what is left out weighs nothing, here and below
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
        m = share(y.sum(axis=0), n)  # (p + 2, *shape)
        d = np.where(good[:, None], y - m, 0)  # (n, p + 2, *shape)
        e = d.sum(axis=0)  # what rounding left of the mean
        u = share(e, n)
        runs = range(d.shape[1])
        return SobolState(
            seen=np.full(n.shape, float(len(y))),
            n=n,
            mean=m,
            m2=np.stack([dot(d[:, r], d[:, r]) - e[r] * u[r] for r in runs]),
            c_ae=np.stack([dot(d[:, 0], d[:, r]) - e[0] * u[r] for r in runs[2:]]),
            c_be=np.stack([dot(d[:, 1], d[:, r]) - e[1] * u[r] for r in runs[2:]]),
            c_ab=dot(d[:, 0], d[:, 1]) - e[0] * u[1],
        )


def _still(state: SobolState, resolution: float) -> NDArray[np.bool_]:
    """Which runs have no variance beyond their outputs' rounding, ``(p + 2, *shape)``; relative, never absolute."""
    sd = np.sqrt(share(state.m2, state.n - 1))
    return np.asarray(sd <= 8 * resolution * np.abs(state.mean))


def _correlations(state: SobolState, resolution: float) -> tuple[Array, Array, Array]:
    """corr(B, E_k) and corr(A, E_k), ``(p, *shape)``, NaN where a run does not vary; and the variance, ``(*shape)``."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        sd = np.sqrt(state.m2)
        a, b, e = state.m2[0], state.m2[1], state.m2[2:]
        r_b = np.where((state.c_be == b) & (e == b), 1.0, state.c_be / sd[1] / sd[2:])
        r_a = np.where((state.c_ae == a) & (e == a), 1.0, state.c_ae / sd[0] / sd[2:])
        still = _still(state, resolution)
        dead = still[:2].any(axis=0) | still[2:] | (state.n < 2)
        variance = np.where(dead.all(axis=0), 0.0, share(a + b, 2 * (state.n - 1)))
    return np.where(dead, np.nan, r_b), np.where(dead, np.nan, r_a), variance


def _status(state: SobolState, resolution: float) -> NDArray[np.uint8]:
    few = state.n < 2
    return np.asarray(
        np.where(state.n < state.seen, LEFT_OUT, 0)
        | np.where(few, TOO_FEW, 0)
        | np.where(~few & _still(state, resolution).any(axis=0), NO_VARIANCE, 0)
        | np.where(np.isfinite(state.m2).all(axis=0), 0, OVERFLOW),
        dtype=np.uint8,
    )


def _ratio(correlations: Sequence[Array], variances: Sequence[Array], complement: bool) -> Ratio:
    """Sums over cells of r V and of V, for the whole and without each replicate; cells with no index do not count."""
    sums = []
    for r, v in zip(correlations, variances, strict=True):
        counts = np.isfinite(r) & np.isfinite(v)  # (p, *shape)
        weights = np.where(counts, v, 0.0)
        sums.append([np.where(counts, r, 0.0) * weights, weights])
    totals = np.array([[part.reshape(len(part), -1).sum(axis=1) for part in pair] for pair in sums])  # (1 + R, 2, p)
    return Ratio(totals[:, 0], totals[:, 1], complement)
