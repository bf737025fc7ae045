"""Intervals from replicates: delete one at a time and see how far the estimate moves."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from dnnsa.estimators.base import Array, Ratio, State

NEAR_ONE = 1 - 2.0**-53  # the largest argument whose inverse hyperbolic tangent is finite


def all_but_one(states: Sequence[State], merge: Callable[[State, State], State]) -> list[State]:
    """For each replicate, the merge of all the others; of R states, in 3 R merges. None for a single replicate."""
    if len(states) < 2:
        return []
    before, after = [states[0]], [states[-1]]
    for left, right in zip(states[1:-1], states[-2:0:-1], strict=True):
        before.append(merge(before[-1], left))
        after.append(merge(right, after[-1]))
    after.reverse()
    middle = [merge(left, right) for left, right in zip(before[:-1], after[1:], strict=True)]
    return [after[0], *middle, before[-1]]


def correlation_interval(r: Array, deleted: NDArray[Any], level: float) -> tuple[Array, Array]:
    """Bounds of a correlation from its values with one replicate deleted at a time.

    The jackknife's standard error on Fisher's scale, ``se^2 = (R - 1)/R sum (z_j - mean z)^2`` with z = atanh r, and
    Student's t with R - 1 degrees of freedom. Only inside atanh is r brought below 1 in magnitude.

    Parameters
    ----------
    r
        The estimate from all replicates, shape ``(*shape)``.
    deleted
        The estimates without replicate j, shape ``(R, *shape)``, R = 0 for a single replicate.
    level
        Probability that the interval holds the value, such as .95.

    Returns
    -------
    lower, upper
        Shape ``(*shape)``; NaN with fewer than two replicates, equal to ``r`` where no replicate moves it.
    """
    if len(deleted) < 2:
        return np.full_like(r, np.nan), np.full_like(r, np.nan)
    z = np.arctanh(np.clip(deleted, -NEAR_ONE, NEAR_ONE))  # (R, *shape)
    spread = z - z.mean(axis=0)
    still = (z == z[0]).all(axis=0)
    half = np.sqrt((len(z) - 1) / len(z) * (spread * spread).sum(axis=0)) * stdtrit(len(z) - 1, (1 + level) / 2)
    centre = np.arctanh(np.clip(r, -NEAR_ONE, NEAR_ONE))
    return np.where(still, r, np.tanh(centre - half)), np.where(still, r, np.tanh(centre + half))


def aggregated(ratio: Ratio, level: float) -> tuple[Array, Array, Array]:
    """An index of a whole field and its bounds, each of shape ``(p,)``; NaN where no cell has one.

    The generalised index of Gamboa, Janon, Klein and Lagnoux (2014): the sum of V_k over that of V, not a mean of
    indices. The bounds are those of the correlation behind it, as for a single cell.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        r = ratio.numerator / ratio.denominator  # (1 + R, p)
    lower, upper = correlation_interval(r[0], r[1:], level)
    return (1 - r[0], 1 - upper, 1 - lower) if ratio.complement else (r[0], lower, upper)
