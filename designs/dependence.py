"""Columns of a table that cannot be independent draws: Sobol' indices of dependent factors mean nothing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.base import Points
from dnnsa.layout import Groups

FEWEST = 20  # draws, from which on a correlation is told from chance
DEVIATIONS = 6.0  # standard deviations of a rank correlation by chance, 1/sqrt(n - 1): 2e-9 for each pair
PER_COLUMN = 4.0  # columns of one Sobol' sequence correlate up to 3.2 p / n
NEARLY_ONE = 0.99  # taken for dependence where the limit is more
SHARE = 4  # at a and at b, one in so many factors must go together


class Pair(NamedTuple):
    """Two columns whose ranks go together: two factors, or one factor at the two points of a base point."""

    left: int
    right: int
    correlation: float
    across: bool = False  # whether one is at a and the other at b


def dependent(points: Points, groups: Groups) -> Pair | None:
    """The two columns that are most surely dependent, if any are: of two groups, or of one factor at a and b.

    By Spearman's correlation r over n base points of p factors:

    - Two factors depend on each other beyond ``max(6 / sqrt(n - 1), 4 p / n)`` or .99, whichever is less, with 2 n in
      the root where there are a and b. Of r at a and at b, the one nearer 0 counts: what is dependent is so in both.
    - A factor at a and another at b do beyond ``max(6 / sqrt(n - 1), 8 p / n)`` or .99: b made of the columns of a.
    - A factor at a and at b does beyond ``min(6 / sqrt(n - 1), .99)``, if at least a quarter of the factors do so: b
      drawn after a, or from another sequence, hits most of them. A single one is told beyond .99.

    The first 6 is of chance. The rest is of sequences, which are sound and yet have pairs of columns that go together
    at few points: two of 8 columns of scrambled Sobol' sequences up to .75 at 32 points, two of 100 up to .94 at 128;
    a factor of 40 at a and at b .80 at 128 points.

    So dependence goes untold in a table of few base points or of many factors: at 100 base points, a correlation of .5
    of 3 factors in a third to nine tenths of tables and of 20 factors in all, and one of .9 of 40 factors in all; a and
    b of two sequences, of 2 to 8 factors, in a fifth to half of tables of 64 base points and nearly all of 32. Of 1000
    base points of up to 100 factors, .5 was found in every table. And what is truly dependent by chance of a sequence
    is refused: samples of 100 and 200 columns of 32 points, 1 of 20, go together by more than .99.

    Parameters
    ----------
    points
        Coordinates of independent draws, shape ``(n, 1 or 2, p)``.
    """
    n, sides, p = points.shape
    if n < FEWEST:
        return None
    ranks = [_ranks(points[:, side]) for side in range(sides)]  # (n, p) each
    within = _nearest_zero(np.array([r.T @ r for r in ranks]))  # (p, p)
    apart = np.triu(~np.equal.outer(np.array(groups), np.array(groups)))
    found = _strongest(np.where(apart, within, 0.0), max(_chance(n * sides), PER_COLUMN * p / n))
    if sides == 2:
        across = ranks[0].T @ ranks[1]  # (p, p), a against b
        same = np.diag(across)
        many = int((np.abs(same) > min(_chance(n), NEARLY_ONE)).sum()) * SHARE >= p
        one = _strongest(np.diag(same), _chance(n) if many else NEARLY_ONE)
        other = _strongest(np.where(np.eye(p, dtype=bool), 0.0, across), max(_chance(n), 2 * PER_COLUMN * p / n))
        ends = [pair._replace(across=True) for pair in (one, other) if pair is not None]
        found = max([found, *ends], key=_strength)
    return found


def _chance(draws: int) -> float:
    """What the rank correlation of independent draws stays below."""
    return float(DEVIATIONS / np.sqrt(draws - 1))


def _strength(pair: Pair | None) -> float:
    return 0.0 if pair is None else abs(pair.correlation)


def _strongest(r: NDArray[np.float64], limit: float) -> Pair | None:
    left, right = np.unravel_index(int(np.argmax(np.abs(r))), r.shape)
    found = float(r[left, right])
    return Pair(int(left), int(right), found) if abs(found) > min(limit, NEARLY_ONE) else None


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
