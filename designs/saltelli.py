"""The pick-freeze design: two independent points and every exchange of one column between them."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.base import Points
from dnnsa.designs.sequences import sobol
from dnnsa.settings import settings


def _power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


@settings
class Saltelli:
    """Saltelli's pick-freeze design on scrambled Sobol' points.

    A base point is one point of a 2p-dimensional sequence, cut in ``a`` and ``b``. Its p + 2 runs are ``A = f(a)``,
    ``B = f(b)`` and ``E_k = f(a with coordinate k from b)``.

    References
    ----------
    Saltelli et al., Variance based sensitivity analysis of model output, Comput. Phys. Commun. 181 (2010) 259-270.
    """

    kind: Literal["saltelli"] = "saltelli"
    base_points: int
    """Base points of all replicates together: a power of two multiple of `replicates`."""
    replicates: int = 4
    """Independently scrambled parts of the study, which give every index its interval; 1 gives no intervals."""
    seed: int = 0
    """Seed of the scramblings, 0 or above."""
    second_order: Literal[False] = False
    """Second-order indices are not available yet."""

    def __post_init__(self) -> None:
        if self.replicates < 1:
            raise ValueError(f"`replicates` must be at least 1, got {self.replicates}")
        if self.seed < 0:
            raise ValueError(f"`seed` must be 0 or above, got {self.seed}")
        share, rest = divmod(self.base_points, self.replicates)
        if rest or not _power_of_two(share):
            below = self.replicates * 2 ** max(0, share.bit_length() - 1) if share > 0 else self.replicates
            raise ValueError(
                f"`base_points` must be a power of two multiple of `replicates` ({self.replicates}), got "
                f"{self.base_points}: use {below} or {2 * below}"
            )
        if share >= 2**32:
            raise ValueError(f"`base_points` must be below 2**32 for each replicate, got {self.base_points}")

    def runs(self, p: int) -> int:
        return p + 2

    def points(self, p: int, replicate: int, start: int, size: int) -> Points:
        # One 2p-dimensional sequence: two of p dimensions are not independent of each other and bias every index.
        return sobol(2 * p, self.seed, replicate, start, size).reshape(size, 2, p)

    def column(self, factor: int, p: int, values: NDArray[Any]) -> NDArray[Any]:
        runs = np.repeat(values[:, :1], p + 2, axis=1)  # (size, p + 2), all from a
        runs[:, 1] = runs[:, 2 + factor] = values[:, 1]  # B and E_factor from b
        return runs
