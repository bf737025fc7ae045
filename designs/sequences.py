"""Points of the unit cube that fill it evenly, addressed by number."""

import numpy as np

from dnnsa.designs.base import Points

MOST_COLUMNS = 21201  # for which SciPy has direction numbers (Joe and Kuo)
BITS = 32  # more, and SciPy 1.17 cannot skip ahead: its fast_forward takes 32-bit direction numbers only


def sobol(columns: int, seed: int, replicate: int, start: int, size: int) -> Points:
    """Points ``start`` to ``start + size`` of one scrambled Sobol' sequence, shape ``(size, columns)``.

    Scrambling is Matousek's linear matrix scrambling with a digital shift (SciPy's), drawn from
    ``(seed, replicate)``. Each point is moved to the middle of its cell of side 2**-32, so that no coordinate is 0
    (where an unbounded law would answer minus infinity) and none is 1.
    """
    from scipy.stats import qmc  # .75 s to import, and `dnnsa --help` needs none of it

    sequence = qmc.Sobol(columns, scramble=True, bits=BITS, rng=np.random.default_rng([seed, replicate]))
    if start:  # SciPy cannot skip zero points
        sequence.fast_forward(start)
    return np.asarray(sequence.random(size)) + 2.0 ** -(BITS + 1)
