"""Points of the unit cube addressed by number: four sequences of one signature.

A sequence is drawn from ``(seed, replicate)``; its points do not depend on how many are asked for at once, and none has
a coordinate of 0 or 1, where an unbounded law would answer infinity.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.base import Points
from dnnsa.designs.counter import words

Name = Literal["sobol", "halton", "latin_hypercube", "monte_carlo"]
MOST_COLUMNS = 21201  # of a Sobol' sequence, for which SciPy has direction numbers (Joe and Kuo)
ORDER = 1  # told apart from the seeds of the scrambling, which are of two words
BITS = 32  # more, and SciPy 1.17 cannot skip ahead: its fast_forward takes 32-bit direction numbers only
STRATA = 256  # points of one Latin hypercube, a power of two


def sobol(columns: int, seed: int, replicate: int, start: int, size: int, shuffled: bool = False) -> Points:
    """Points ``start`` to ``start + size`` of one scrambled Sobol' sequence, shape ``(size, columns)``.

    Scrambling is Matousek's linear matrix scrambling with a digital shift (SciPy's). Each point is moved to the middle
    of its cell of side 2**-32. From the first point on, ``size`` must be a power of two. ``shuffled`` puts the
    sequence's dimensions in a random order of the replicate's own; see `enough`.
    """
    from scipy.stats import qmc  # .75 s to import, and `dnnsa --help` needs none of it

    sequence = qmc.Sobol(columns, scramble=True, bits=BITS, rng=np.random.default_rng([seed, replicate]))
    if start:  # SciPy cannot skip zero points
        sequence.fast_forward(start)
    points = np.asarray(sequence.random(size)) + 2.0 ** -(BITS + 1)
    return points[:, np.random.default_rng([seed, replicate, ORDER]).permutation(columns)] if shuffled else points


@cache
def enough(columns: int) -> int:
    """Points of a Sobol' sequence from which on no two columns have all their first bits in common, a power of two.

    Scrambling keeps the first bits of a column or turns all of them over. Where two columns agree in them, they are the
    same two whatever the seed and in every replicate: were they a and b of a factor of two values, it would never be
    exchanged, and no replicate would show it. Fewer points than these need an order of dimensions of each replicate's
    own.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(columns, scramble=False, bits=BITS)
    bits = np.zeros((0, columns), dtype=bool)
    for level in range(1, BITS):
        sequence.reset().fast_forward(2**level - 1)  # whose Gray code is one bit: the next first bit of each generator
        bits = np.vstack([bits, sequence.random(1) >= 0.5])
        if bits.any(axis=0).all() and np.unique(bits, axis=1).shape[1] == columns:
            return 1 << level
    return 1 << BITS


def halton(columns: int, seed: int, replicate: int, start: int, size: int) -> Points:
    """Points ``start`` to ``start + size`` of one scrambled Halton sequence, shape ``(size, columns)``.

    Column k is the radical inverse of the point's number in the k-th prime base, each digit under a random permutation
    of its own. Not SciPy's, which skips ahead by drawing and holding all that it skips.

    References
    ----------
    Owen, A randomized Halton algorithm in R, arXiv:1706.02808 (2017).
    """
    rng = np.random.default_rng([seed, replicate])
    numbers = np.arange(start, start + size)
    return np.stack([_radical_inverse(numbers, base, rng) for base in _primes(columns)], axis=1)


def latin_hypercube(columns: int, seed: int, replicate: int, start: int, size: int) -> Points:
    """Points ``start`` to ``start + size`` of consecutive Latin hypercubes, shape ``(size, columns)``.

    Each Latin hypercube has `STRATA` points, one in each of as many equal strata of each column, and is drawn
    independently of the others. Less than one of them is a random part of it.

    References
    ----------
    McKay, Beckman, Conover, A comparison of three methods for selecting values of input variables, Technometrics 21
    (1979) 239-245.
    """
    which = range(start // STRATA, -(-(start + size) // STRATA))
    drawn = np.concatenate([_cube(columns, np.random.default_rng([seed, replicate, number])) for number in which])
    return drawn[start % STRATA :][:size]


def monte_carlo(columns: int, seed: int, replicate: int, start: int, size: int) -> Points:
    """Points ``start`` to ``start + size``, independent of each other, shape ``(size, columns)``.

    Coordinates are the middles of cells of side 2**-52.
    """
    drawn = words(seed, replicate, start * columns, size * columns).reshape(size, columns)
    return np.asarray(((drawn >> np.uint64(12)) + 0.5) * 2.0**-52)


SEQUENCES: Mapping[Name, Callable[[int, int, int, int, int], Points]] = {
    "sobol": sobol,
    "halton": halton,
    "latin_hypercube": latin_hypercube,
    "monte_carlo": monte_carlo,
}


def _primes(count: int) -> list[int]:
    most = max(count, 6)
    bound = math.ceil(most * math.log(most * math.log(most)))  # above the last one, from the sixth on (Rosser, 1941)
    prime = np.ones(bound + 1, dtype=bool)
    prime[:2] = False
    for number in range(2, math.isqrt(bound) + 1):
        if prime[number]:
            prime[number * number :: number] = False
    return [int(number) for number in np.flatnonzero(prime)[:count]]


def _radical_inverse(numbers: NDArray[np.int64], base: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Digits mirrored at the point and permuted; middles of cells, as many as the first power of base from 2**32 on."""
    cell, cells = np.zeros_like(numbers), 1
    while cells < 2**BITS:
        cell = cell * base + rng.permutation(base)[numbers % base]
        numbers, cells = numbers // base, cells * base
    return np.asarray((cell + 0.5) / cells)  # cells < 2**52 for a million columns: the sum is exact and below it


def _cube(columns: int, rng: np.random.Generator) -> Points:
    """One Latin hypercube, shape ``(STRATA, columns)``, in the middles of cells of side 2**-32."""
    within = 2**BITS // STRATA
    stratum = rng.permuted(np.tile(np.arange(STRATA)[:, None], columns), axis=0)  # (STRATA, columns)
    return np.asarray((stratum * within + rng.integers(within, size=stratum.shape) + 0.5) * 2.0**-BITS)


def draw(name: Name, columns: int, share: int, seed: int, replicate: int, start: int, size: int) -> Points:
    """Points of a sequence for replicates of ``share`` points."""
    if name == "sobol":
        return sobol(columns, seed, replicate, start, size, shuffled=share < enough(columns))
    return SEQUENCES[name](columns, seed, replicate, start, size)


def begins_alike(name: Name, columns: int, fewer: int, share: int) -> bool:
    """Whether replicates of ``share`` points begin with those of ``fewer``; few Sobol' points have an own order."""
    return name != "sobol" or (fewer < enough(columns)) == (share < enough(columns))
