"""Kernels on the bins of a histogram, and the dependence that they see in a table of counts."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from dnnsa.estimators.base import Array

FEWEST = 4  # values: below, their permutations have no variance that the formula can tell
ROUNDING = 2.0**-46  # of a squared mean: a variance below it is rounding, and all permutations are alike


class Dependence(NamedTuple):
    """What a table of counts says of its rows and columns; NaN where one of them holds all values."""

    hsic: Array  # (...)
    r2: Array  # (...)  the criterion, normalised
    p: Array  # (...)   probability of as large a criterion, were rows and columns independent


class Sums(NamedTuple):
    """Means over the values of a centred kernel K: all that its permutations' moments need."""

    diagonal: Array  # (...)  of K_ii
    square: Array  # (...)    of K_ij^2 over all pairs
    fourth: Array  # (...)    of K_ii^2


def gaussian(at: Array, bandwidth: Array) -> Array:
    """``exp(-(v - w)^2 / (2 s^2))`` between all of ``at``, ``(..., K)``, with s the ``bandwidth``, ``(...)``."""
    return np.asarray(np.exp(-0.5 * ((at[..., :, None] - at[..., None, :]) / bandwidth[..., None, None]) ** 2))


def dirac(label: NDArray[Any]) -> Array:
    """1 between bins of the same label and 0 between others; ``label`` has shape ``(..., K)``."""
    return np.asarray(label[..., :, None] == label[..., None, :], np.float64)


def centred(kernel: Array, weight: Array) -> Array:
    """A kernel ``(..., K, K)`` less its means over the bins, whose ``weight``, ``(..., K)``, sums to 1."""
    mean = np.einsum("...ij,...j->...i", kernel, weight)
    middle = np.einsum("...i,...i->...", mean, weight)
    return np.asarray(kernel - mean[..., :, None] - mean[..., None, :] + middle[..., None, None])


def dependence(counts: NDArray[Any], rows: Array, columns: Array) -> Dependence:
    """The Hilbert-Schmidt independence criterion of binned values, as a V-statistic, and how surprising it is.

    ``HSIC = sum_ij K_ij L_ij / m^2`` over all pairs of m values, with K and L the centred kernels of what the rows and
    the columns stand for. Over the table of shares P it is ``sum P (K P L)``: the same sum, pairs in the same bins
    taken together. ``r2`` is ``HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y))``.

    Parameters
    ----------
    counts
        How many values each pair of bins holds, shape ``(..., B, K)``.
    rows, columns
        Kernels between bins, shapes ``(..., B, B)`` and ``(..., K, K)``.

    References
    ----------
    Gretton, Bousquet, Smola, Schoelkopf, Measuring statistical dependence with Hilbert-Schmidt norms, ALT 2005.
    Da Veiga, Global sensitivity analysis with dependence measures, J. Stat. Comput. Simul. 85 (2015) 1283-1305.
    """
    m = counts.sum(axis=(-2, -1))  # (...)
    dead = (m < FEWEST) | _single(counts.sum(axis=-1)) | _single(counts.sum(axis=-2))
    m = np.where(dead, np.nan, m)  # so that no number comes of it
    share = counts / m[..., None, None]  # (..., B, K)
    px, py = share.sum(axis=-1), share.sum(axis=-2)
    k, l = centred(rows, px), centred(columns, py)  # noqa: E741
    hsic = (share * (k @ share @ l)).sum(axis=(-2, -1))
    x, y = _sums(k, px), _sums(l, py)
    return Dependence(hsic, hsic / np.sqrt(x.square) / np.sqrt(y.square), _p_value(hsic, x, y, m))


def permutation_moments(x: Sums, y: Sums, m: Array) -> tuple[Array, Array]:
    """Mean and variance of the criterion over all ways to pair the m values of x with those of y.

    Exact, for the values at hand. With T, T2 and S2 the sums of K_ii, K_ij^2 and K_ii^2, here divided by m, m^2 and m.

    References
    ----------
    Kazi-Aoual, Hitier, Sabatier, Lebreton, Refined approximations to permutation tests for multivariate inference,
    Comput. Stat. Data Anal. 20 (1995) 643-656.
    """
    mean = x.diagonal * y.diagonal / (m - 1)
    pairs = [(m - 1) * s.square - s.diagonal**2 for s in (x, y)]
    alone = [(m + 1) * s.fourth - (m - 1) * (s.diagonal**2 + 2 * s.square) for s in (x, y)]
    variance = 2 * pairs[0] * pairs[1] / ((m - 1) ** 2 * (m + 1) * (m - 2))
    return mean, variance + alone[0] * alone[1] / ((m + 1) * m * (m - 1) * (m - 2) * (m - 3))


def _p_value(hsic: Array, x: Sums, y: Sums, m: Array) -> Array:
    """Upper tail of the gamma law of the permutations' mean and variance; 1 where all permutations are alike."""
    mean, variance = permutation_moments(x, y, m)
    alike = variance <= ROUNDING * mean**2
    variance = np.where(alike, mean**2, variance)
    return np.where(alike, 1.0, gammaincc(mean**2 / variance, hsic * mean / variance))


def _sums(kernel: Array, weight: Array) -> Sums:
    """Means over values from a centred kernel ``(..., K, K)`` between bins of these weights, ``(..., K)``."""
    diagonal = np.einsum("...ii->...i", kernel)
    return Sums(
        diagonal=(weight * diagonal).sum(axis=-1),
        square=np.einsum("...i,...ij,...j->...", weight, kernel**2, weight),
        fourth=(weight * diagonal**2).sum(axis=-1),
    )


def _single(counts: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether fewer than two bins hold a value, ``(...)``, of ``(..., K)``."""
    return np.asarray((counts > 0).sum(axis=-1) < 2)
