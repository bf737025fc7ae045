"""Intervals from replicates: delete one at a time and see how far the estimate moves."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from dnnsa.estimators.base import Array, Map, Ratio, State

T = TypeVar("T")
NEAR_ONE = 1 - 2.0**-53  # the largest argument whose inverse hyperbolic tangent is finite


class Scale(NamedTuple):
    """Where errors are more nearly even: an increasing map of a statistic, and the way back."""

    to: Callable[[Array], Array]
    back: Callable[[Array], Array]


def _atanh(r: Array) -> Array:
    return np.asarray(np.arctanh(np.clip(r, -NEAR_ONE, NEAR_ONE)))  # only here is a correlation brought below 1


SCALES: Mapping[str, Scale] = {
    "plain": Scale(lambda v: v, lambda v: v),
    "correlation": Scale(_atanh, lambda z: np.asarray(np.tanh(z))),  # Fisher's
    "complement": Scale(lambda v: -_atanh(1 - v), lambda z: np.asarray(1 + np.tanh(z))),  # 1 less a correlation
}


def check_level(level: float) -> None:
    """Refuse what is no probability."""
    if not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1, got {level:g}")


def left_out(
    estimate: Callable[[State], T], states: Sequence[State], merge: Callable[[State, State], State]
) -> list[T]:
    """For each replicate, the estimate from the merge of all the others. None for a single replicate.

    Of R states in 3 R merges, no more than R + 2 merged states being there at once.
    """
    if len(states) < 2:
        return []
    before = list(accumulate(states[:-1], merge))  # of the first 1, 2 ... R - 1
    found, after = [estimate(before[-1])], states[-1]
    for number in range(len(states) - 2, 0, -1):
        found.append(estimate(merge(before[number - 1], after)))
        after = merge(states[number], after)
    return [estimate(after), *reversed(found)]


def jackknife(value: Array, deleted: NDArray[Any], level: float, scale: str = "plain") -> tuple[Array, Array]:
    """Bounds of a statistic from its values with one replicate deleted at a time.

    The jackknife's standard error, ``se^2 = (R - 1)/R sum (z_j - mean z)^2`` with z the statistic on its scale, and
    Student's t with R - 1 degrees of freedom.

    Parameters
    ----------
    value
        The estimate from all replicates, shape ``(*shape)``.
    deleted
        The estimates without replicate j, shape ``(R, *shape)``, R = 0 for a single replicate.
    level
        Probability that the interval holds the value, such as .95.
    scale
        A key of `SCALES`.

    Returns
    -------
    lower, upper
        Shape ``(*shape)``; NaN with fewer than two replicates, equal to ``value`` where no replicate moves it.

    References
    ----------
    Efron, Stein, The jackknife estimate of variance, Ann. Stat. 9 (1981) 586-596.
    """
    if len(deleted) < 2:
        return np.full_like(value, np.nan), np.full_like(value, np.nan)
    to, back = SCALES[scale]
    with np.errstate(invalid="ignore", over="ignore"):
        z = to(deleted)  # (R, *shape)
        spread = z - z.mean(axis=0)
        half = np.sqrt((len(z) - 1) / len(z) * (spread * spread).sum(axis=0)) * stdtrit(len(z) - 1, (1 + level) / 2)
        centre = to(value)
        still = (z == z[0]).all(axis=0)
        return np.where(still, value, back(centre - half)), np.where(still, value, back(centre + half))


def fisher(value: Array, n: Array, level: float, scale: str) -> tuple[Array, Array]:
    """Bounds of a correlation from n base points by Fisher's z, ``tanh(atanh r +- q / sqrt(n - 3))``.

    It assumes normal outputs and independent base points, and docs/intervals.md shows how far it is off without them:
    kept to compare with Melissa and R's ``sobolmartinez``.

    References
    ----------
    Fisher, On the probable error of a coefficient of correlation deduced from a small sample, Metron 1 (1921) 3-32.
    """
    to, back = SCALES[scale]
    with np.errstate(invalid="ignore", divide="ignore"):
        half = ndtri((1 + level) / 2) / np.sqrt(np.where(n > 3, n - 3.0, np.nan))
        centre = to(value)
        certain = np.abs(centre) >= np.arctanh(NEAR_ONE)  # r of 1 to the bit: no error, nor inf - inf
        return np.where(certain, value, back(centre - half)), np.where(certain, value, back(centre + half))


def estimated(
    estimate: Callable[[State], Mapping[str, Map]],
    replicates: Sequence[State],
    merge: Callable[[State, State], State],
    level: float,
    scales: Mapping[str, str] = {},
) -> dict[str, Map]:
    """Estimates from all replicates, each map followed by its bounds, ``NAME_lower`` and ``NAME_upper``.

    Parameters
    ----------
    estimate
        From a state to maps, by name; a pure function.
    scales
        The scale of a map's interval, by name; ``plain`` for those that are not there.
    """
    whole = estimate(reduce(merge, replicates))
    deleted = left_out(estimate, replicates, merge)
    maps: dict[str, Map] = {}
    for name, value in whole.items():
        others = np.array([one[name].array for one in deleted])
        lower, upper = jackknife(value.array, others, level, scales.get(name, "plain"))
        maps |= {
            name: value,
            f"{name}_lower": value._replace(array=lower),
            f"{name}_upper": value._replace(array=upper),
        }
    return maps


def aggregated(ratio: Ratio, level: float) -> tuple[Array, Array, Array]:
    """An index of a whole field and its bounds, each of shape ``(*leading)``; NaN where no cell has one.

    The generalised index of Gamboa, Janon, Klein and Lagnoux (2014): the sum of V_k over that of V, not a mean of
    indices. The bounds are made as for a single cell.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        index = ratio.numerator / ratio.denominator  # (1 + R, *leading)
    return index[0], *jackknife(index[0], index[1:], level, ratio.scale)
