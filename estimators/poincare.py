"""The Poincare constant of a law: how much variance a function can have for the mean square of its derivative."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh
from scipy.special import ndtri

from dnnsa.estimators.base import Array
from dnnsa.layout import Law

HALVINGS = 42  # of the probability of a tail, that the mesh goes through; doubles resolve 53 below 1
COARSE, FINE = 32, 64  # cells of the mesh for each halving
STANDARD: tuple[tuple[Callable[[Array], Array], float], ...] = (  # quantile functions and their constants
    (lambda u: u, np.pi**-2),  # uniform
    (ndtri, 1.0),  # normal
    (lambda u: -np.log1p(-u), 4.0),  # exponential
    (lambda u: -np.log(-np.log(u)), 4.0),  # Gumbel
)
PROBES = np.array([2.0**-50, 2.0**-33, 2.0**-10, 0.2, 0.4, 0.5, 0.6, 0.8, 1 - 2.0**-10, 1 - 2.0**-33, 1 - 2.0**-50])


class Mesh(NamedTuple):
    """Cells of the unit interval of probability, seen from both ends: near 1 it is the complement that has digits."""

    below: Array  # (cells,)  probability below the middle of a cell
    above: Array  # (cells,)  and above it
    slope: Array  # (cells,)  length of a cell, in units of the factor, over the root of its probability


def poincare(law: Law) -> float:
    """The smallest C with ``Var g(X) <= C E[g'(X)^2]`` for every smooth g, where X has this law.

    A law that is not discrete is asked for its quantile function alone. Uniform, normal, exponential and Gumbel laws
    are recognised by it, moved and scaled, and have closed forms. A law of kind ``lognormal`` whose upper tail is not
    cut off has no finite constant, however small its standard deviation; no double is far enough out to show it.

    For any other, g is piecewise linear on a mesh that is even in the logarithm of the probability of either tail, down
    to 2^-42, with lumped masses. By Hoeffding's formula for a covariance, ``Var g = int int g'(x) g'(z) F(min(x, z))
    (1 - F(max(x, z))) dx dz``, so that C is the largest eigenvalue of a matrix of positive numbers; two meshes are
    extrapolated. Beyond the mesh a tail is taken for exponential, of the scale s that it has there: its own constant,
    4 s^2, is the smallest that C can be. A tail whose scale keeps growing is heavier than exponential, and a constant
    that grows as the mesh is refined belongs to a law with a gap: in both cases there is no finite constant.

    Returns
    -------
    In units of the factor squared; infinite where no constant is finite. Its relative error is below 1e-7 for laws on a
    bounded interval, 1e-3 where a tail is nearly exponential, 1e-2 for a Weibull law of shape 1.01.

    References
    ----------
    Roustant, Barthe, Iooss, Poincare inequalities on intervals - application to sensitivity analysis, Electron. J.
    Stat. 11 (2017) 3081-3119, for the finite elements and the closed forms.
    Bobkov, Goetze, Exponential integrability and transportation cost related to logarithmic Sobolev inequalities, J.
    Funct. Anal. 163 (1999) 1-28, for Muckenhoupt's criterion, by which tails heavier than exponential have none.

    Examples
    --------
    >>> from dnnsa.factors import Uniform
    >>> round(poincare(Uniform(low=0, high=1)) * np.pi**2, 12)
    1.0
    """
    known = _known(np.asarray(law.ppf(PROBES), dtype=np.float64))
    if known is not None:
        return known
    coarse, fine = (_largest(_mesh(law, per_halving)) for per_halving in (COARSE, FINE))
    if fine > 1.02 * coarse:
        return np.inf
    scales = [_tail_scales(law, upper) for upper in (False, True)]
    if any(_heavy(scale, fine) for scale in scales) or (law.kind == "lognormal" and _endless(scales[1])):
        return np.inf
    return float(max(fine + (fine - coarse) / 3, *(4 * scale[-1] ** 2 for scale in scales)))


def _known(quantiles: Array) -> float | None:
    """The constant of the law with these quantiles at `PROBES`, if it is one of those with a closed form."""
    for standard, constant in STANDARD:
        scale = _scale(quantiles, standard)
        if scale is not None:
            return float(scale**2 * constant)
    return None


def _scale(quantiles: Array, standard: Callable[[Array], Array]) -> float | None:
    """The scale of a law that is a standard one moved and scaled, to rounding; None if it is not."""
    z = standard(PROBES)
    scale = (quantiles[-1] - quantiles[0]) / (z[-1] - z[0])
    off = np.abs(quantiles - quantiles[0] - scale * (z - z[0])).max()
    rounding = 64 * np.finfo(float).eps * np.abs(quantiles).max()
    return float(scale) if off <= 1e-10 * (quantiles[-1] - quantiles[0]) + rounding else None


def _tails(law: Law, p: Array) -> tuple[Array, Array]:
    """Quantiles at the probabilities p from below and from above."""
    return np.asarray(law.ppf(p), dtype=np.float64), np.asarray(law.ppf(1 - p), dtype=np.float64)


def _mesh(law: Law, per_halving: int) -> Mesh:
    p = 2.0 ** -(1 + np.arange(HALVINGS * per_halving + 1) / per_halving)  # from the median outwards
    p = 1 - (1 - p)  # what a double next to 1 can hold, the same on both sides
    lower, upper = _tails(law, p)
    middle, mass = (p[:-1] + p[1:]) / 2, p[:-1] - p[1:]
    below = np.concatenate([middle[::-1], 1 - middle])
    lengths = np.concatenate([(lower[:-1] - lower[1:])[::-1], upper[1:] - upper[:-1]])
    root = np.sqrt(np.concatenate([mass[::-1], mass]))
    return Mesh(below, np.concatenate([1 - middle[::-1], middle]), lengths / root)


def _largest(mesh: Mesh) -> float:
    """The largest eigenvalue of ``G_ij = slope_i slope_j below_min(i, j) above_max(i, j)``, applied in linear time."""
    up, down = mesh.slope * mesh.below, mesh.slope * mesh.above

    def product(v: Array) -> Array:
        v = v.ravel()
        left, right = np.cumsum(up * v), np.cumsum((down * v)[::-1])[::-1]
        return down * left + up * (right - down * v)

    cells = len(mesh.slope)
    operator = LinearOperator((cells, cells), matvec=product, dtype=np.float64)
    start = mesh.slope / np.linalg.norm(mesh.slope)  # fixed, so that the bits are
    return float(eigsh(operator, k=1, which="LA", v0=start, return_eigenvectors=False)[0])


def _tail_scales(law: Law, upper: bool) -> Array:
    """Scales, ``(3,)``, of the exponential laws that a tail resembles over ten halvings each, outwards."""
    q = _tails(law, 2.0 ** -np.arange(HALVINGS - 30, HALVINGS + 1, 10.0))[upper]  # (4,)
    return np.asarray(np.abs(np.diff(q)) / (10 * np.log(2)))


def _heavy(scales: Array, constant: float) -> bool:
    """Whether a tail is heavier than exponential, if it has a say in the constant at all."""
    near, far, end = scales
    # The last scale has 2^-11 of rounding, so it may only not contradict the one before it, which has 2^-21.
    return bool(4 * end**2 > 1e-6 * constant and far > (1 + 1e-6) * near and end > (1 - 1e-3) * far)


def _endless(scales: Array) -> bool:
    """Whether a lognormal tail goes on: where it is cut off, ten halvings bring its scale down a thousand times."""
    return bool(scales[2] > scales[1] / 2)
