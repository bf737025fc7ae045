"""What is kept of pick-freeze runs: one state from which every index is computed, chosen at the end."""

from typing import NamedTuple

import numpy as np

from dnnsa.estimators.base import Array, share
from dnnsa.layout import Groups, Layout


class SobolState(NamedTuple):
    """Sums, never averages: a state of zero or one base point merges like any other.

    For g groups that is 4g + 5 numbers a cell, and 2g + g^2 + 2g more with second order; with control p more, and
    2p + 4p^2 for all cells together. ``n`` is one number for all cells until a base point is left out of one of them.
    """

    seen: Array  # ()               base points seen
    n: Array  # () or (*shape)      base points used: those whose runs are all finite
    mean: Array  # (runs, *shape)   of A, B, E_1 ... E_g [, C_1 ... C_g]
    m2: Array  # (runs, *shape)     sum of squared deviations of each
    c_ae: Array  # (g, *shape)      sum of deviations of A times those of E_k
    c_be: Array  # (g, *shape)      sum of deviations of B times those of E_k
    c_ab: Array  # (*shape)         sum of deviations of A times those of B
    c_ac: Array  # (g, *shape)      of A and C_k; (0, *shape) without second order
    c_bc: Array  # (g, *shape)      of B and C_k; (0, *shape)
    c_ec: Array  # (g, g, *shape)   of E_j and C_k; (0, 0, *shape)
    slope: Array  # (p, *shape)     sum of A - E_k, factor j of group k, times a_j - b_j; (0, *shape) without control
    at: Array  # (2p,)              mean of the coordinates of a and b, less 1/2, over all base points seen; (0,)
    products: Array  # (2p, 2p)     sums of products of their deviations; (0, 0)
    groups: Array  # (p,)           number of each factor's group, whatever the base points; (0,)


class Control(NamedTuple):
    """The last four of a state, which know the points."""

    slope: Array
    at: Array
    products: Array
    groups: Array


def empty(layout: Layout, shape: tuple[int, ...], control: bool = False) -> SobolState:
    """The state of no base point."""
    g = layout.columns
    c = g if layout.second_order else 0
    zero, one, runs = np.zeros(()), np.zeros((g, *shape)), np.zeros((layout.runs, *shape))
    more = np.zeros((c, *shape))
    sums = (zero, zero, runs, runs, one, one, np.zeros(shape), more, more, np.zeros((c, c, *shape)))
    return SobolState(*sums, *no_control(layout.groups if control else (), shape))


def no_control(groups: Groups, shape: tuple[int, ...]) -> Control:
    """What is known of the points while there are none; of no factor, where nobody asks."""
    p = len(groups)
    return Control(np.zeros((p, *shape)), np.zeros(2 * p), np.zeros((2 * p, 2 * p)), np.array(groups, np.float64))


def merge(left: SobolState, right: SobolState) -> SobolState:
    """The state of the base points of both, by the formulas of Chan, Golub and LeVeque (1983)."""
    if not left.seen or not right.seen:
        return left if left.seen else right  # to the bit what the formulas say, without their cost
    n = left.n + right.n
    g = len(left.c_ae)
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
        d = right.mean - left.mean  # (runs, *shape)
        f = share(left.n * right.n, n)
        a, b, e, c = d[0], d[1], d[2 : 2 + g], d[2 + g :]
        seen, gap = left.seen + right.seen, right.at - left.at
        return SobolState(
            seen=seen,
            n=n,
            mean=left.mean + d * share(right.n, n),
            m2=left.m2 + right.m2 + f * d * d,
            c_ae=left.c_ae + right.c_ae + f * a * e,
            c_be=left.c_be + right.c_be + f * b * e,
            c_ab=left.c_ab + right.c_ab + f * a * b,
            c_ac=left.c_ac + right.c_ac + f * a * c,
            c_bc=left.c_bc + right.c_bc + f * b * c,
            c_ec=left.c_ec + right.c_ec + (f * e[:, None] * c if len(c) else 0),
            slope=left.slope + right.slope,
            at=left.at + gap * (right.seen / seen),
            products=left.products + right.products + left.seen * right.seen / seen * np.outer(gap, gap),
            groups=left.groups,
        )
