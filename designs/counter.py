"""Random words addressed by number."""

import numpy as np
from numpy.typing import NDArray

WORDS = 4  # of 64 bits, that one step of Philox's counter gives


def words(seed: int, replicate: int, start: int, size: int) -> NDArray[np.uint64]:
    """Words ``start`` to ``start + size`` of the stream of ``(seed, replicate)``, shape ``(size,)``.

    Each word is a function of its number and the key, so a far one costs no more than the first.

    References
    ----------
    Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, Proc. SC'11 (2011) 16: Philox-4x64-10.
    """
    step, skipped = divmod(start, WORDS)
    stream = np.random.Philox(key=np.array([seed, replicate], dtype=np.uint64))
    stream.advance(step)
    return np.asarray(stream.random_raw(skipped + size)[skipped:], dtype=np.uint64)
