"""Morris's design: trajectories on a grid, on which one group of factors moves at a time."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.base import Points
from dnnsa.designs.checks import check
from dnnsa.designs.counter import words
from dnnsa.layout import TRAJECTORY, Groups, Layout
from dnnsa.settings import settings


@settings
class Morris:
    """Morris's trajectories.

    The grid is the middles of `levels` equal cells of the unit interval, ``(i + 1/2) / levels``, so that unbounded laws
    have finite values on it. A trajectory starts anywhere on the grid and moves every group once, in random order, so
    that it has g + 1 runs. A move takes each factor of the group half the levels up or down, whichever stays on the
    grid: by 1/2 exactly.

    References
    ----------
    Morris, Factorial sampling plans for preliminary computational experiments, Technometrics 33 (1991) 161-174.
    Campolongo, Cariboni, Saltelli, An effective screening design for sensitivity analysis of large models, Environ.
    Model. Softw. 22 (2007) 1509-1518: groups.
    """

    kind: Literal["morris"] = "morris"
    base_points: int
    """Trajectories of all replicates together: a power of two multiple of `replicates`."""
    replicates: int = 4
    """Independently drawn parts of the study, which give every estimate its interval; 1 gives no intervals."""
    seed: int = 0
    """Seed of the trajectories, from 0 to 2**32 - 1."""
    levels: int = 4
    """Values that each factor takes: an even number, 2 or more."""

    def __post_init__(self) -> None:
        check(self.base_points, self.replicates, self.seed)
        if self.levels % 2 or not 2 <= self.levels <= 2**32:  # as fine as a Sobol' sequence
            even = min(max(2, self.levels - self.levels % 2), 2**32)
            raise ValueError(f"`levels` must be an even number from 2 to 2**32, got {self.levels}: use {even}")

    def layout(self, groups: Groups) -> Layout:
        return Layout(TRAJECTORY, groups)

    def points(self, groups: Groups, replicate: int, start: int, size: int) -> Points:
        p, g, half = len(groups), self.layout(groups).columns, self.levels // 2
        drawn = words(self.seed, replicate, start * (p + g), size * (p + g)).reshape(size, p + g)
        first = drawn[:, :p] % self.levels  # (size, p) level at the start
        upper = (first % half + half + 0.5) / self.levels  # (size, p) the higher of the two values that a factor takes
        order = drawn[:, p:].argsort(axis=1, kind="stable")  # (size, g) after how many runs each group moves
        moved = np.arange(g + 1)[:, None] > order[:, None, list(groups)]  # (size, g + 1, p)
        high = moved != (first >= half)[:, None]  # (size, g + 1, p)
        return np.where(high, upper[:, None], upper[:, None] - 0.5)  # upper lies in [1/2, 1): the difference is exact

    def begins_with(self, groups: Groups, base_points: int) -> bool:
        return True  # trajectories are drawn by number

    def column(self, factor: int, groups: Groups, values: NDArray[Any]) -> NDArray[Any]:
        return values
