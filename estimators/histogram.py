"""A histogram of every cell of a quantity."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import ClassVar, Literal

import numpy as np

from dnnsa.estimators import dyadic
from dnnsa.estimators.base import Beside, Block, Finalized, Map
from dnnsa.estimators.dyadic import DyadicState
from dnnsa.layout import Layout
from dnnsa.settings import settings


@settings
class Histogram:
    """Counts of the values of the independent draws of the factors, in bins that each cell's own range decides.

    Bins are as narrow as powers of two allow: their width is the smallest 2^e for which ``bins`` of them, beginning at
    multiples of 2^e, hold all values, and no less than the distance between doubles there. So between half of the
    bins and all of them lie in the range of the values, unless that is a few roundings wide. One far value widens all
    bins of its cell: of a quantity with a heavy tail, take the logarithm in the model.
    """

    kind: Literal["histogram"] = "histogram"
    bins: int = 128
    """Bins of each cell: a power of two, 8 or more. A cell takes 8 bytes for each."""
    of: tuple[str, ...] | None = None
    """The quantities that it is estimated of; all unless given."""
    beside: ClassVar[Mapping[str, Beside]] = {}

    def __post_init__(self) -> None:
        dyadic.check_bins(self.bins)

    def init(self, layout: Layout, shape: tuple[int, ...]) -> DyadicState:
        return dyadic.empty(self.kind, layout, shape, self.bins)

    def update(self, state: DyadicState, block: Block) -> DyadicState:
        return dyadic.update(state, block)

    def merge(self, left: DyadicState, right: DyadicState) -> DyadicState:
        return dyadic.merge(left, right)

    def finalize(self, replicates: Sequence[DyadicState], layout: Layout, resolution: float) -> Finalized:
        whole = reduce(dyadic.merge, replicates)
        first, exponent = dyadic.grid(whole.minimum, whole.maximum, self.bins)
        start, width = dyadic.edges(first, exponent), dyadic.edges(np.ones_like(first), exponent)
        maps = {
            "histogram": Map(("bin",), whole.counts),
            "histogram_start": Map((), np.where(whole.n < 1, np.nan, start)),
            "histogram_width": Map((), np.where(whole.n < 1, np.nan, width)),
            "n": Map((), whole.n),
            "status": Map((), dyadic.status(whole, resolution)),
        }
        return Finalized(maps, coords={"bin": np.arange(self.bins)})
