"""Columns of a table that cannot be independent draws: Sobol' indices of dependent factors mean nothing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.base import Points
from dnnsa.layout import Groups

FEWEST = 20  # draws, from which on a correlation is told from chance
DEVIATIONS = 6.0  # standard deviations of a rank correlation by chance, 1/sqrt(n - 1): 2e-9 for each pair
NEARLY_ONE = 0.99  # taken for dependence where six standard deviations are more than 1


class Pair(NamedTuple):
    """Two columns whose ranks go together: two factors, or one factor at the two points of a base point."""

    left: int
    right: int
    correlation: float


def dependent(points: Points, groups: Groups) -> Pair | None:
    """The two columns that are most surely dependent, if any are: of two groups, or of one factor at a and b.

    By Spearman's correlation, beyond what chance gives independent draws. Of two factors, the one nearer 0 of those at
    a and at b: what is dependent is so in both, while a Sobol' sequence of many columns at few points has pairs of them
    that go together (.76 among 200 of 128 points), other ones at a than at b.

    Parameters
    ----------
    points
        Coordinates of independent draws, shape ``(n, 1 or 2, p)``.
    """
    n, sides = points.shape[:2]
    ranks = [_ranks(points[:, side]) for side in range(sides)]  # (n, p) each
    within = _nearest_zero(np.array([r.T @ r for r in ranks]))  # (p, p)
    apart = np.triu(~np.equal.outer(np.array(groups), np.array(groups)))
    found = _strongest(np.where(apart, within, 0.0), n * sides)
    if sides == 2:
        across = np.diag((ranks[0] * ranks[1]).sum(axis=0))  # (p, p)
        found = max(found, _strongest(across, n), key=_strength)
    return found


def _strength(pair: Pair | None) -> float:
    return 0.0 if pair is None else abs(pair.correlation)


def _strongest(r: NDArray[np.float64], n: int) -> Pair | None:
    left, right = np.unravel_index(int(np.argmax(np.abs(r))), r.shape)
    found = float(r[left, right])
    if n < FEWEST or abs(found) <= min(DEVIATIONS / np.sqrt(n - 1), NEARLY_ONE):
        return None
    return Pair(int(left), int(right), found)


def _nearest_zero(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each pair's correlations, ``(sides, p, p)``, the one nearest 0; 0 where they have different signs."""
    least, most = r.min(axis=0), r.max(axis=0)
    return np.where(least > 0, least, np.where(most < 0, most, 0.0))


def _ranks(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of each column, equal ones shared, of mean 0 and length 1: their products are correlations."""
    from scipy.stats import rankdata  # .75 s to import, and few studies need it

    ranks = rankdata(u, axis=0) - (len(u) + 1) / 2
    length = np.sqrt((ranks * ranks).sum(axis=0))
    return np.asarray(ranks / np.where(length > 0, length, 1.0))
