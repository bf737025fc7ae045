"""The pick-freeze design: two independent points and every exchange of one group of columns between them."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.base import Points
from dnnsa.designs.checks import check
from dnnsa.designs.sequences import Name, begins_alike, draw
from dnnsa.layout import PICK_FREEZE, Groups, Layout
from dnnsa.settings import settings


@settings
class Saltelli:
    """Saltelli's pick-freeze design.

    A base point is one point of a 2p-dimensional sequence, cut in ``a`` and ``b``. Of g groups of factors (p, where
    each factor is one by itself) its g + 2 runs are ``A = f(a)``, ``B = f(b)`` and
    ``E_k = f(a with the coordinates of group k from b)``. Second order asks for g more,
    ``C_k = f(b with the coordinates of group k from a)``.

    References
    ----------
    Saltelli, Making best use of model evaluations to compute sensitivity indices, Comput. Phys. Commun. 145 (2002)
    280-297.
    Saltelli et al., Variance based sensitivity analysis of model output, Comput. Phys. Commun. 181 (2010) 259-270.
    """

    kind: Literal["saltelli"] = "saltelli"
    base_points: int
    """Base points of all replicates together: a power of two multiple of `replicates`."""
    replicates: int = 4
    """Independently drawn parts of the study, which give every index its interval; 1 gives no intervals."""
    seed: int = 0
    """Seed of the sequence, from 0 to 2**32 - 1."""
    sequence: Name = "sobol"
    """Which points: scrambled Sobol' or Halton, Latin hypercubes of 256 points, or independent ones."""
    second_order: bool = False
    """Whether to make the runs of second-order indices too: 2p + 2 a base point instead of p + 2."""

    def __post_init__(self) -> None:
        check(self.base_points, self.replicates, self.seed)

    def layout(self, groups: Groups) -> Layout:
        return Layout(PICK_FREEZE, groups, self.second_order, random=self.sequence == "monte_carlo")

    def points(self, groups: Groups, replicate: int, start: int, size: int) -> Points:
        # One 2p-dimensional sequence: two of p dimensions are not independent of each other and bias every index.
        share = self.base_points // self.replicates
        drawn = draw(self.sequence, 2 * len(groups), share, self.seed, replicate, start, size)
        return drawn.reshape(size, 2, len(groups))

    def begins_with(self, groups: Groups, base_points: int) -> bool:
        return begins_alike(
            self.sequence, 2 * len(groups), base_points // self.replicates, self.base_points // self.replicates
        )

    def column(self, factor: int, groups: Groups, values: NDArray[Any]) -> NDArray[Any]:
        layout, k = self.layout(groups), groups[factor]
        of_b = np.zeros(layout.runs, dtype=bool)  # which runs take this factor from b
        of_b[[1, 2 + k]] = True
        of_b[2 + layout.columns :] = True
        if self.second_order:
            of_b[2 + layout.columns + k] = False
        return values[:, of_b.astype(int)]  # (size, runs)
