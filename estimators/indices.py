"""Indices of first, total and second order from sums over pick-freeze runs: one function for each published form.

A and B are independent runs, E_k is A with group k from B, C_k is B with group k from A; r is a correlation, m a mean,
M2 a sum of squared deviations and C one of products of deviations.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dnnsa.estimators.base import Array
from dnnsa.estimators.pick_freeze import SobolState

NOTHING = 2.0**-40  # of the variance of A, beyond what B explains


class Indices(NamedTuple):
    """Indices as they come out, neither clipped nor masked."""

    first: Array  # (g, *shape)
    total: Array  # (g, *shape)
    closed: Array  # (g, g, *shape)  first-order index of the pair {j, k}; (0, 0, *shape) without second order
    pair: Array  # (g, *shape)       first-order indices to take from it


def martinez(state: SobolState) -> Indices:
    """``S_k = r(B, E_k)``, ``ST_k = 1 - r(A, E_k)``; second order as OpenTURNS has it, of centred products."""
    r = _correlations(state)
    return Indices(r.be, 1 - r.ae, _openturns(state), r.be)


def corrected(state: SobolState) -> Indices:
    """Martinez's correlations, freed of the chance correlation of A and B.

    ``S_k = (r(B, E_k) - r(A, B) r(A, E_k)) / (1 - r(A, B)^2)``, the coefficient of B in the regression of E_k on A and
    B, all standardised; and ``ST_k = 1 - r(A, E_k) + r(A, B) s_k``, which with s_k = S_k is 1 less the coefficient of
    A. The weight s_k of the correction is S_k brought between 0 and ``1 - r(A, E_k)``, where the truth lies: for a
    factor that does next to nothing, the error of S_k would be more than all of ST_k. A factor that does nothing has 0
    and 0 to the bit, one that does all 1 and 1.

    With second order, C_k in the place of E_k, with A and B exchanged, says the same again, and the mean of both is
    taken; the closed index is ``r(E_j, C_k) - r(A, B) r(A, E_j) r(B, C_k)``, the mean over the two ways round.
    """
    r = _correlations(state)
    first, total = _freed(r.be, r.ae, r.ab)
    if not len(r.ec):
        return Indices(first, total, r.ec, first)
    again = _freed(r.ac, r.bc, r.ab)
    first, total = (first + again[0]) / 2, (total + again[1]) / 2
    closed = r.ec - r.ab * r.ae[:, None] * r.bc
    return Indices(first, total, (closed + closed.swapaxes(0, 1)) / 2, first)


def _freed(alone: Array, others: Array, ab: Array) -> tuple[Array, Array]:
    """First and total index from the correlations with the run that shares the group alone, and all the others."""
    left = 1 - ab * ab
    apart = left > NOTHING  # where A and B are one, an index would be rounding over rounding
    first = (alone - ab * others) / np.where(apart, left, np.nan)
    total = np.where(alone == 1, 1.0, 1 - others + ab * np.clip(first, 0, 1 - others))
    return first, np.where(apart, total, np.nan)


def jansen(state: SobolState) -> Indices:
    """``ST_k = sum (A - E_k)^2 / ((2n - 1) V)`` and ``S_k = 1 - sum (B - E_k)^2 / ((2n - 1) V)``, V the variance of A.

    With 2n - 1, as OpenTURNS, R's ``sensitivity`` and iterative-stats have it, where the mean would have 2n. Second
    order is OpenTURNS's, of centred products.
    """
    g = len(state.c_ae)
    a, b, e, _ = _split(state.mean, g)
    aa, bb, ee, _ = _split(state.m2, g)
    n, v = state.n, (2 * state.n - 1) * aa / (state.n - 1)
    first = 1 - (bb + ee - 2 * state.c_be + n * (b - e) * (b - e)) / v  # sum (B - E)^2 = M2 + M2 - 2 C + n gap^2
    total = (aa + ee - 2 * state.c_ae + n * (a - e) * (a - e)) / v
    return Indices(first, total, _openturns(state), first)


def janon(state: SobolState) -> Indices:
    """Monod's and Janon's form: covariance over variance with the mean and the variance of both runs pooled.

    The closed index of a pair is the mean over the two ways round.
    """
    g = len(state.c_ae)
    a, b, e, c = _split(state.mean, g)
    aa, bb, ee, cc = _split(state.m2, g)

    def pooled(m: Array, k: Array, mm: Array, kk: Array, both: Array) -> Array:
        gap = (m - k) * (m - k) / 4  # of the means from their own mean
        return (both / state.n - gap) / ((mm + kk) / (2 * state.n) + gap)

    first, total = pooled(b, e, bb, ee, state.c_be), 1 - pooled(a, e, aa, ee, state.c_ae)
    if not len(state.c_ec):
        return Indices(first, total, state.c_ec, first)
    closed = pooled(e[:, None], c, ee[:, None], cc, state.c_ec)
    return Indices(first, total, (closed + closed.swapaxes(0, 1)) / 2, first)


def saltelli2010(state: SobolState) -> Indices:
    """``V_k = E[(B - mu)(E_k - A)]`` with Jansen's total index, V the variance of A and B pooled, mu the mean of all.

    Products are centred by one common mean, or an offset of the outputs would drown them. Second order is Saltelli's of
    2002, ``(E[(C_j - mu)(E_k - mu)] - E[(A - mu)(B - mu)]) / V`` with j < k, as SALib has it.
    """
    g, n = len(state.c_ae), state.n
    a, b, e, _ = _split(state.mean, g)
    aa, bb, ee, _ = _split(state.m2, g)
    mu = state.mean.mean(axis=0)
    v = (aa + bb) / (2 * n) + (a - b) * (a - b) / 4
    first = ((state.c_be - state.c_ab) / n + (b - mu) * (e - a)) / v
    total = ((aa + ee - 2 * state.c_ae) / n + (a - e) * (a - e)) / (2 * v)
    return Indices(first, total, _products(state, n, v), first)


FORMS: dict[str, Callable[[SobolState], Indices]] = {
    "corrected": corrected,
    "martinez": martinez,
    "jansen": jansen,
    "janon": janon,
    "saltelli2010": saltelli2010,
}


class _Correlations(NamedTuple):
    ab: Array  # (*shape)
    ae: Array  # (g, *shape)
    be: Array  # (g, *shape)
    ac: Array  # (g, *shape) or (0, *shape)
    bc: Array
    ec: Array  # (g, g, *shape) or (0, 0, *shape)


def _split(runs: Array, g: int) -> tuple[Array, Array, Array, Array]:
    return runs[0], runs[1], runs[2 : 2 + g], runs[2 + g :]


def _correlations(state: SobolState) -> _Correlations:
    """Each root is taken by itself, as the product of two sums of squares under- and overflows.

    What is equal to the bit has a correlation of 1, and the same correlation with anything else, to the bit.
    """
    a, b, e, c = _split(state.m2, len(state.c_ae))
    sa, sb, se, sc = (np.sqrt(m2) for m2 in (a, b, e, c))
    ab = state.c_ab / sa / sb
    idle, whole = _same(state.c_ae, a, e), _same(state.c_be, b, e)  # E_k is A; E_k is B
    back, over = _same(state.c_bc, b, c), _same(state.c_ac, a, c)  # C_k is B; C_k is A
    return _Correlations(
        ab=ab,
        ae=np.where(idle, 1.0, np.where(whole, ab, state.c_ae / sa / se)),
        be=np.where(whole, 1.0, np.where(idle, ab, state.c_be / sb / se)),
        ac=np.where(over, 1.0, np.where(back, ab, state.c_ac / sa / sc)),
        bc=np.where(back, 1.0, np.where(over, ab, state.c_bc / sb / sc)),
        ec=state.c_ec / (se[:, None] if len(c) else 1.0) / sc if len(c) else state.c_ec,
    )


def _openturns(state: SobolState) -> Array:
    """Closed indices as OpenTURNS has them whatever the form: n - 1 under the one product, n under the other."""
    return _products(state, state.n - 1, state.m2[0] / (state.n - 1))


def _products(state: SobolState, under: Array, v: Array) -> Array:
    """Closed indices of Saltelli (2002), ``(sum (E_k - mu)(C_j - mu) / under - E[(A - mu)(B - mu)]) / v`` for j < k.

    Shape ``(g, g, *shape)``, symmetric; mu is the mean of all runs. ``(0, 0, *shape)`` without second order.
    """
    if not len(state.c_ec):
        return state.c_ec
    g = len(state.c_ec)
    a, b, e, c = _split(state.mean - state.mean.mean(axis=0), g)  # from mu
    pairs = state.c_ec + state.n * e[:, None] * c  # (g of E, g of C, *shape)
    later = np.triu(np.ones((g, g), dtype=bool)).reshape(g, g, *(1,) * a.ndim)
    return (np.where(later, pairs.swapaxes(0, 1), pairs) / under - state.c_ab / state.n - a * b) / v


def _same(both: Array, one: Array, other: Array) -> Array:
    return np.asarray((both == one) & (other == one))
