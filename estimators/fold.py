"""The sums of a block of base points: what every pick-freeze estimator is made of, cell by cell of a field."""

from collections.abc import Callable
from functools import cache
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Array, share

WIDTH = 128  # cells of an inner loop of the kernels: their sums stay in the nearest cache
TILE = 8 * WIDTH  # cells between two looks from Python, and the most of which there is a copy
ROWS = 4  # base points of an inner loop of the kernels, which are written out for this number


class Sums(NamedTuple):
    """Sums over the base points used, float64; p groups, ``runs`` of a base point, and ``*shape`` of the quantity."""

    n: Array  # (*shape)            base points used: those whose runs are all finite
    mean: Array  # (runs, *shape)   of A, B, E_1 ... E_p and, with second order, C_1 ... C_p
    m2: Array  # (runs, *shape)     sum of squared deviations of each
    c_ae: Array  # (p, *shape)      sum of deviations of A times those of E_k
    c_be: Array  # (p, *shape)      of B times E_k
    c_ab: Array  # (*shape)         of A times B
    c_ac: Array  # (p, *shape)      of A times C_k; (0, *shape) without second order, as what follows
    c_bc: Array  # (p, *shape)      of B times C_k
    c_ec: Array  # (p, p, *shape)   of E_j times C_k


def fold(y: NDArray[Any], second_order: bool) -> Sums:
    """The sums of one block, in two corrected passes over tiles of the field.

    ``D = y - m, e = sum D, M2 = sum D^2 - e^2 / n, C_uv = sum D_u D_v - e_u e_v / n``. All sums run over the
    base points in their order, one product after the other in float64: a cell's bits depend neither on its neighbours,
    nor on the layout or dtype of ``y``, nor on the machine, and runs that are equal have sums that are equal.

    Parameters
    ----------
    y
        Outputs, shape ``(n, runs, *shape)`` with runs = p + 2, or 2p + 2 with second order; of any real dtype.
    second_order
        Whether the runs C_1 ... C_p are there.

    References
    ----------
    Chan, Golub, LeVeque, Algorithms for computing the sample variance, Am. Stat. 37 (1983) 242-247.
    """
    _, runs, *shape = y.shape
    p = (runs - 2) // (2 if second_order else 1)
    if p < 1 or runs != 2 + p * (2 if second_order else 1):
        wanted = "2p + 2 runs, an even number from 4" if second_order else "p + 2 runs, 3 or more"
        raise ValueError(f"`y` must have {wanted}, got {runs}: see `Layout.runs`.")
    cells, groups = prod(shape), p if second_order else 0
    out = np.empty((4 * runs - 2 + groups * p, cells))  # n, mean, m2, with A from B on, with B from E_1 on, E with C
    for start in range(0, cells, TILE):
        first = max(0, min(start, cells - TILE))  # the last tile begins early: cells folded twice have the same bits
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is told by the status of its cell
            _tile(y, first, out[:, first : first + TILE], groups)
    lengths = (1, runs, runs, 1, p, groups, p, groups, groups * p)
    parts = [out[end - k : end].reshape(k, *shape) for k, end in zip(lengths, accumulate(lengths), strict=True)]
    n, mean, m2, c_ab, c_ae, c_ac, c_be, c_bc, c_ec = parts
    return Sums(n[0], mean, m2, c_ae, c_be, c_ab[0], c_ac, c_bc, c_ec.reshape(groups, groups, *shape))


class _Tile(NamedTuple):
    """Runs of some cells, where they lie if that can be."""

    y: NDArray[Any]  # (n, runs, cells)  C-contiguous, n a multiple of ROWS
    first: int  # where the tile begins
    n: Array  # (width,)                 base points used
    mean: Array  # (runs, width)


def _tile(y: NDArray[Any], first: int, out: Array, groups: int) -> None:
    """Fill ``out``, (sums, cells), with the sums of the cells from ``first`` on."""
    at = _in_place(y, first, out.shape[1]) or _copied(y, first, out.shape[1])
    runs, divisor = len(at.mean), np.maximum(at.n, 1)
    out[0], out[1 : 1 + runs] = at.n[: out.shape[1]], at.mean[:, : out.shape[1]]
    e = np.empty_like(at.mean)
    _compiled(_products)(at.y, at.first, at.mean, divisor, e, out[1 + runs :])
    if groups:
        _compiled(_crossed)(at.y, at.first, at.mean, divisor, e, out[4 * runs - 2 :])


def _in_place(y: NDArray[Any], first: int, cells: int) -> _Tile | None:
    """A whole tile of sound floats, read where it lies; None where it must be copied."""
    as_it_is = y.flags.c_contiguous and y.flags.aligned and y.dtype in (np.float32, np.float64)
    if cells < TILE or len(y) % ROWS or not as_it_is:
        return None
    y = _locked(y.reshape(*y.shape[:2], prod(y.shape[2:])))
    total = np.zeros((y.shape[1], TILE))
    _compiled(_totals)(y, first, total)
    n = np.full(TILE, float(len(y)))
    return _Tile(y, first, n, share(total, n)) if np.isfinite(total).all() else None


def _copied(y: NDArray[Any], first: int, cells: int) -> _Tile:
    """Any tile, in float64; what is left out, and what fills up rows and cells, lies at the mean and weighs nothing."""
    n, runs = y.shape[:2]
    full = np.zeros((-(-n // ROWS) * ROWS, runs, -(-cells // WIDTH) * WIDTH))
    x = full[:n, :, :cells]
    x[:] = _cells(y, first, cells)
    bad = np.asarray(~np.isfinite(x).all(axis=1))  # (n, cells): in a cell a base point is used whole or not at all
    np.copyto(x, 0, where=bad[:, None])
    total, used = np.zeros(full.shape[1:]), np.zeros(full.shape[2])
    _compiled(_totals)(_locked(full), 0, total)
    used[:cells] = n - bad.sum(axis=0)
    mean = share(total, used)
    np.copyto(x, mean[:, :cells], where=bad[:, None])
    full[n:] = mean
    return _Tile(_locked(full), 0, used, mean)


def _cells(y: NDArray[Any], first: int, cells: int) -> NDArray[Any]:
    """Some cells of a field in C order, ``(n, runs, cells)``, without a copy of all."""
    lengths, steps = y.shape[2:], y.strides[2:]
    if all(steps[k] == steps[k + 1] * lengths[k + 1] for k in range(len(steps) - 1)):
        return y.reshape(*y.shape[:2], prod(lengths))[:, :, first : first + cells]
    where: tuple[Any, ...] = np.unravel_index(np.arange(first, first + cells), lengths)
    return np.asarray(y[:, :, *where])


def _locked(y: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written to: a kernel is compiled once for such arrays, and not again for others."""
    view = y.view()
    view.setflags(write=False)
    return view


@cache
def _compiled(kernel: Callable[..., None]) -> Callable[..., None]:
    """A kernel in machine code, kept on disk where that can be; numba contracts nothing, so that all machines agree."""
    from numba import njit

    try:
        return njit(kernel, nogil=True, cache=True)  # type: ignore[no-any-return]
    except RuntimeError:  # no folder can be written to
        return njit(kernel, nogil=True)  # type: ignore[no-any-return]


# The kernels. An inner loop runs over WIDTH cells, several of which machine code takes at once; each cell's sums keep
# the order of its base points, since ``s + a + b`` is ``(s + a) + b``. A buffer holds ROWS base points of WIDTH cells:
# its entries j, j1, j2, j3 are of one cell. Constant lengths and distances are what makes vector code of the loops.


def _totals(y: NDArray[Any], first: int, total: Array) -> None:
    """Add the runs to ``total``, ``(runs, width)``; y has shape ``(n, runs, cells)``, n a multiple of ROWS."""
    for i in range(0, y.shape[0], ROWS):
        for r in range(y.shape[1]):
            for left in range(0, total.shape[1], WIDTH):
                s, f = total[r, left : left + WIDTH], first + left
                x0, x1 = y[i, r, f : f + WIDTH], y[i + 1, r, f : f + WIDTH]
                x2, x3 = y[i + 2, r, f : f + WIDTH], y[i + 3, r, f : f + WIDTH]
                for j in range(WIDTH):
                    s[j] = s[j] + x0[j] + x1[j] + x2[j] + x3[j]


def _products(y: NDArray[Any], first: int, mean: Array, n: Array, e: Array, out: Array) -> None:
    """Sum deviations to ``e``, ``(runs, width)``; corrected squares and products with A, B to ``out``, (sums, cells).

    First the squares of all runs, then the products of A with B and what follows, then of B with E_1 and what follows.
    """
    runs, cells = y.shape[1], out.shape[1]
    a, b, sums = np.empty(ROWS * WIDTH), np.empty(ROWS * WIDTH), np.empty((runs, 4 * WIDTH))
    for left in range(0, mean.shape[1], WIDTH):
        f = first + left
        for r in range(runs):
            for j in range(4 * WIDTH):
                sums[r, j] = 0.0
        for i in range(0, y.shape[0], ROWS):
            for r in range(2):
                d, s, m = a if r == 0 else b, sums[r], mean[r, left : left + WIDTH]
                x0, x1 = y[i, r, f : f + WIDTH], y[i + 1, r, f : f + WIDTH]
                x2, x3 = y[i + 2, r, f : f + WIDTH], y[i + 3, r, f : f + WIDTH]
                for j in range(WIDTH):
                    j1, j2, j3 = WIDTH + j, 2 * WIDTH + j, 3 * WIDTH + j
                    d0, d1, d2, d3 = x0[j] - m[j], x1[j] - m[j], x2[j] - m[j], x3[j] - m[j]
                    d[j], d[j1], d[j2], d[j3] = d0, d1, d2, d3
                    s[j] = s[j] + d0 + d1 + d2 + d3
                    s[j1] = s[j1] + d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
            s = sums[1]
            for j in range(WIDTH):
                j1, j2, j3 = WIDTH + j, 2 * WIDTH + j, 3 * WIDTH + j
                s[j2] = s[j2] + b[j] * a[j] + b[j1] * a[j1] + b[j2] * a[j2] + b[j3] * a[j3]
            for r in range(2, runs):
                s, m = sums[r], mean[r, left : left + WIDTH]
                x0, x1 = y[i, r, f : f + WIDTH], y[i + 1, r, f : f + WIDTH]
                x2, x3 = y[i + 2, r, f : f + WIDTH], y[i + 3, r, f : f + WIDTH]
                for j in range(WIDTH):
                    j1, j2, j3 = WIDTH + j, 2 * WIDTH + j, 3 * WIDTH + j
                    d0, d1, d2, d3 = x0[j] - m[j], x1[j] - m[j], x2[j] - m[j], x3[j] - m[j]
                    s[j] = s[j] + d0 + d1 + d2 + d3
                    s[j1] = s[j1] + d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
                    s[j2] = s[j2] + d0 * a[j] + d1 * a[j1] + d2 * a[j2] + d3 * a[j3]
                    s[j3] = s[j3] + d0 * b[j] + d1 * b[j1] + d2 * b[j2] + d3 * b[j3]
        for r in range(runs):
            for j in range(WIDTH):
                e[r, left + j] = sums[r, j]
            for j in range(min(WIDTH, cells - left)):
                u = sums[r, j] / n[left + j]
                out[r, left + j] = sums[r, WIDTH + j] - sums[r, j] * u
                if r > 0:
                    out[runs + r - 1, left + j] = sums[r, 2 * WIDTH + j] - sums[0, j] * u
                if r > 1:
                    out[2 * runs + r - 3, left + j] = sums[r, 3 * WIDTH + j] - sums[1, j] * u


def _crossed(y: NDArray[Any], first: int, mean: Array, n: Array, e: Array, out: Array) -> None:
    """Sum corrected products of E_j with C_k to ``out``, ``(p p, cells)``."""
    p, cells = (y.shape[1] - 2) // 2, out.shape[1]
    d, sums = np.empty(ROWS * WIDTH), np.empty((p, p, WIDTH))
    for left in range(0, mean.shape[1], WIDTH):
        f = first + left
        for c in range(p):
            for g in range(p):
                for j in range(WIDTH):
                    sums[c, g, j] = 0.0
        for i in range(0, y.shape[0], ROWS):
            for g in range(p):
                m = mean[2 + g, left : left + WIDTH]
                for q in range(ROWS):
                    x = y[i + q, 2 + g, f : f + WIDTH]
                    for j in range(WIDTH):
                        d[q * WIDTH + j] = x[j] - m[j]
                for c in range(p):
                    r = 2 + p + c
                    s, m = sums[g, c], mean[r, left : left + WIDTH]
                    x0, x1 = y[i, r, f : f + WIDTH], y[i + 1, r, f : f + WIDTH]
                    x2, x3 = y[i + 2, r, f : f + WIDTH], y[i + 3, r, f : f + WIDTH]
                    for j in range(WIDTH):
                        j1, j2, j3 = WIDTH + j, 2 * WIDTH + j, 3 * WIDTH + j
                        d0, d1, d2, d3 = x0[j] - m[j], x1[j] - m[j], x2[j] - m[j], x3[j] - m[j]
                        s[j] = s[j] + d[j] * d0 + d[j1] * d1 + d[j2] * d2 + d[j3] * d3
        for g in range(p):
            for c in range(p):
                for j in range(min(WIDTH, cells - left)):
                    u = e[2 + p + c, left + j] / n[left + j]
                    out[g * p + c, left + j] = sums[g, c, j] - e[2 + g, left + j] * u
