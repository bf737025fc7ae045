"""Columns of a log that are no independent draws: then no index of one of them is its own."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.dependence import dependent
from dnnsa.given.log import Input
from dnnsa.layout import apart

SURE = 1e-4  # chance of independent columns to be refused, over all pairs together
STRONG = 0.15  # Cramer's V, below which dependence is not refused however sure it is
CELLS = 5  # bins of a column in a table, at most
A_CELL = 5  # rows that a cell of a table has in the mean, at least
DERIVED = 0.995  # share of a column's variance that the others say, in rows that were not fitted
MOST_FEATURES = 150
LEVELS = 8  # of a column of text that a fit knows


class Pair(NamedTuple):
    """Two columns that depend on each other, the more surely the smaller ``p`` is."""

    left: str
    right: str
    p: float
    strength: float
    measure: str = "Cramer's V"

    def told(self) -> str:
        chance = "" if np.isnan(self.p) else f", p = {self.p:.1g}"
        return f"`{self.left}` and `{self.right}` ({self.measure} {self.strength:.2f}{chance})"


def pairs(inputs: Sequence[Input]) -> list[Pair]:
    """The pairs that surely depend on each other, the strongest first.

    By the rule of external designs, Spearman's correlation beyond six deviations of chance, which sees what rises
    together; and by the chi-square test of a table of their bins, with Cramer's V of ``STRONG`` or more, which sees
    other forms and columns of text. Bonferroni over all pairs.
    """
    found = {}
    ordered = [one for one in inputs if one.ordered]
    if len(ordered) > 1:
        from scipy.stats import rankdata

        u = np.stack([(rankdata(one.values) - 0.5) / len(one.values) for one in ordered], axis=-1)  # (n, p)
        if pair := dependent(u[:, None], apart(len(ordered))):
            names = ordered[pair.left].name, ordered[pair.right].name
            found[names] = Pair(*names, np.nan, pair.correlation, "rank correlation")
    count = len(inputs) * (len(inputs) - 1) // 2
    for left, right in combinations(inputs, 2):
        p, strength = _association(left, right)
        if p * count < SURE and strength > STRONG and (left.name, right.name) not in found:
            found[left.name, right.name] = Pair(left.name, right.name, p, strength)
    return sorted(found.values(), key=lambda pair: -abs(pair.strength))


def _association(left: Input, right: Input) -> tuple[float, float]:
    """P-value and Cramer's V of the table of two columns' bins."""
    from scipy.stats import chi2_contingency

    n = len(left.values)
    bins = int(np.clip(np.sqrt(n / A_CELL), 2, CELLS))
    a, b = (_bins(one, bins) for one in (left, right))
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    if min(table.shape) < 2:
        return 1.0, 0.0
    done = chi2_contingency(table, correction=False)
    return float(done.pvalue), float(np.sqrt(done.statistic / n / (min(table.shape) - 1)))


def _bins(one: Input, bins: int) -> NDArray[np.intp]:
    """Numbers from 0: each of few values its own; numbers equally many; the most frequent texts their own."""
    values = one.values if one.ordered else one.values.astype(str)
    levels, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(levels) <= bins:
        return np.asarray(which)
    if not one.ordered:
        rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
        return np.asarray(np.minimum(rank, bins - 1)[which])
    middle = (np.cumsum(counts) - counts / 2) / len(which)
    return np.asarray(np.unique(np.floor(middle * bins).astype(np.intp), return_inverse=True)[1][which])


def derived(inputs: Sequence[Input]) -> list[tuple[str, float]]:
    """Columns that can be computed from the others, such as a number of parameters from widths; and how well, R^2.

    A column, or its logarithm, is fitted by a polynomial of second degree of the other columns, their logarithms and
    the values of text, on one half of the rows and held against the other half. Where several columns determine each
    other, the one without which no pair of the others depends on each other is taken, else the last.
    """
    told: list[tuple[str, float]] = []
    left = list(inputs)
    while found := {k: r2 for k, r2 in _fits(left) if r2 > DERIVED}:
        free = [k for k in found if not pairs([one for j, one in enumerate(left) if j != k])]
        k = (free or list(found))[-1]
        told.append((left[k].name, found[k]))
        left.pop(k)
    return told


def _fits(inputs: Sequence[Input]) -> Iterator[tuple[int, float]]:
    for k, one in enumerate(inputs):
        if one.ordered and len(inputs) > 1:
            x = _features([other for j, other in enumerate(inputs) if j != k])
            targets = [one.values, *([np.log(one.values)] if one.values.min() > 0 else [])]
            yield k, max(_held_out(x, y) for y in targets)


def _features(inputs: Sequence[Input]) -> NDArray[np.float64]:
    """Columns of a regression, ``(n, features)``, with products if there are rows enough for them."""
    n = len(inputs[0].values)
    raw: list[NDArray[np.float64]] = []
    for one in inputs:
        if one.ordered:
            raw += [_standard(one.values), *([_standard(np.log(one.values))] if one.values.min() > 0 else [])]
        else:
            texts = one.values.astype(str)
            raw += [_standard((texts == level).astype(float)) for level in np.unique(texts)[:LEVELS]]
    products = [a * b for k, a in enumerate(raw) for b in raw[k:]]
    most = min(MOST_FEATURES, n // 6)
    columns = [np.ones(n), *raw, *products]
    return np.stack(columns if len(columns) <= most else columns[: max(2, most)], axis=-1)


def _standard(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((x - x.mean()) / (x.std() or 1.0))


def _held_out(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The share of the variance of one half of the rows that a fit of the other half says: the smaller of both."""
    halves = np.arange(len(y)) % 2 == 0
    shares = []
    for fit in (halves, ~halves):
        beta = np.linalg.lstsq(x[fit], y[fit], rcond=1e-8)[0]
        rest = y[~fit] - x[~fit] @ beta
        shares.append(1 - float((rest**2).sum()) / max(float(((y[~fit] - y[~fit].mean()) ** 2).sum()), 1e-300))
    return min(shares)
