"""The design of one run a base point, for estimators that ask for no exchange of columns."""

from typing import Any, Literal

from numpy.typing import NDArray

from dnnsa.designs.base import Points
from dnnsa.designs.checks import check
from dnnsa.designs.sequences import Name, begins_alike, draw
from dnnsa.layout import SAMPLE, Groups, Layout
from dnnsa.settings import settings


@settings
class Sample:
    """A sample of the factors under their laws: a base point is one point and one run, whatever the groups."""

    kind: Literal["sample"] = "sample"
    base_points: int
    """Runs of all replicates together: a power of two multiple of `replicates`."""
    replicates: int = 4
    """Independently drawn parts of the study, which give every estimate its interval; 1 gives no intervals."""
    seed: int = 0
    """Seed of the sequence, from 0 to 2**32 - 1."""
    sequence: Name = "sobol"
    """Which points: scrambled Sobol' or Halton, Latin hypercubes of 256 points, or independent ones."""

    def __post_init__(self) -> None:
        check(self.base_points, self.replicates, self.seed)

    def layout(self, groups: Groups) -> Layout:
        return Layout(SAMPLE, groups, random=self.sequence == "monte_carlo")

    def points(self, groups: Groups, replicate: int, start: int, size: int) -> Points:
        share = self.base_points // self.replicates
        return draw(self.sequence, len(groups), share, self.seed, replicate, start, size)[:, None]  # (size, 1, p)

    def begins_with(self, groups: Groups, base_points: int) -> bool:
        return begins_alike(
            self.sequence, len(groups), base_points // self.replicates, self.base_points // self.replicates
        )

    def column(self, factor: int, groups: Groups, values: NDArray[Any]) -> NDArray[Any]:
        return values
