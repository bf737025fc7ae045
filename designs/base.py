"""What a design is: a table of base points that any worker can draw any part of."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dnnsa.layout import Groups, Layout

Points = NDArray[np.float64]  # (size, points, p) in the open unit cube


class Design(Protocol):
    """Base points by number, and the runs that each of them asks for.

    Laws: a block does not depend on how the table is cut; replicates are independent of each other; the points of a
    replicate do not depend on how many it has, so that a longer study contains the shorter one's points (Sobol' points
    from `sequences.enough` on, about four times as many as columns).
    """

    @property
    def kind(self) -> str: ...

    @property
    def base_points(self) -> int:
        """Base points of all replicates together."""
        ...

    @property
    def replicates(self) -> int: ...

    def layout(self, groups: Groups) -> Layout:
        """What the runs of a base point are, when the factors move in these groups."""
        ...

    def points(self, groups: Groups, replicate: int, start: int, size: int) -> Points:
        """The distinct points of ``size`` base points of one replicate, from number ``start``.

        The first ``layout(groups).independent`` of them are those of the runs that are independent draws.
        """
        ...

    def begins_with(self, groups: Groups, base_points: int) -> bool:
        """Whether a study of so many base points, of all replicates together, has the first of these points."""
        ...

    def column(self, factor: int, groups: Groups, values: NDArray[Any]) -> NDArray[Any]:
        """Values of one factor at the distinct points, ``(size, points)``, arranged by run, ``(size, runs)``."""
        ...
