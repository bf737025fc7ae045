"""What an estimator is: four functions on a flat tuple of arrays, and the words for what went wrong in a cell."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dnnsa.layout import Layout

Array = NDArray[np.float64]
Beside = Literal["same", "by factor"]
State = Any  # a NamedTuple of arrays, the last dimensions of each being the quantity's, unless it says otherwise

# Flags of `status`, one bit each; 0 is sound.
LEFT_OUT = np.uint8(1)
TOO_FEW = np.uint8(2)
NO_VARIANCE = np.uint8(4)
OVERFLOW = np.uint8(8)
FLAGS: dict[str, np.uint8] = {
    "base_points_left_out": LEFT_OUT,
    "too_few_base_points": TOO_FEW,
    "no_variance": NO_VARIANCE,
    "overflow": OVERFLOW,
}


class Block(NamedTuple):
    """The runs of consecutive base points of one replicate."""

    y: NDArray[Any]  # (n, runs, *shape)  outputs
    u: Array  # (n, points, p)            coordinates of the design's points, the independent runs' first
    x: Array  # (n, points, p)            the same, but one number for each value of a discrete factor, the middle of
    #                                     its share of the unit interval
    replicate: int = 0
    start: int = 0  # number of the first base point in its replicate
    beside: Mapping[str, NDArray[Any]] = {}  # what the estimator's `beside` names, (n, runs, [p,] *shape)
    active: NDArray[np.bool_] = np.array(True)  # (n, points, p) whether a factor is, under its `when`; or one for all


class Map(NamedTuple):
    """A result for every cell: ``leading`` names the dimensions that come before the quantity's own."""

    leading: tuple[str, ...]
    array: NDArray[Any]


class Ratio(NamedTuple):
    """Sums over cells whose quotient is an index of the whole field; sums of parts of a field add up.

    The first row is of all replicates, row 1 + j of all but replicate j.
    """

    leading: tuple[str, ...]
    numerator: Array  # (1 + replicates, *leading): of index times variance
    denominator: Array  # (1 + replicates, *leading): of variance, over the cells that the numerator counts
    scale: str  # on which its interval is made, of `intervals.SCALES`

    def plus(self, other: "Ratio") -> "Ratio":
        """The sums over the cells of both."""
        return self._replace(
            numerator=self.numerator + other.numerator, denominator=self.denominator + other.denominator
        )


class Finalized(NamedTuple):
    """What an estimator says of a field, or of a part of one."""

    maps: Mapping[str, Map]
    ratios: Mapping[str, Ratio] = {}
    # Values along a leading dimension that is not the factors'; or along several, as a map of no quantity's dimensions.
    coords: Mapping[str, NDArray[Any] | Map] = {}


class Estimator(Protocol):
    """A reduction of runs to indices.

    Laws: merging equals streaming, to rounding; an empty state changes nothing, exactly; grouping does not matter, to
    rounding; nothing is changed in place; a cell does not depend on its neighbours.
    """

    @property
    def kind(self) -> str: ...

    @property
    def of(self) -> tuple[str, ...] | None:
        """The quantities that it is estimated of; None for all."""
        ...

    @property
    def beside(self) -> Mapping[str, Beside]:
        """Quantities whose outputs it reads beside, and their shape: the same, or that after a dimension of factors."""
        ...

    def init(self, layout: Layout, shape: tuple[int, ...]) -> State:
        """The state of no base point, for a quantity of ``shape``.

        Raises
        ------
        ValueError
            It cannot be estimated from such runs; the message says from which it can.
        """
        ...

    def update(self, state: State, block: Block) -> State:
        """The state after ``len(block.y)`` more base points, none included."""
        ...

    def merge(self, left: State, right: State) -> State:
        """The state of the base points of both."""
        ...

    def finalize(self, replicates: Sequence[State], layout: Layout, resolution: float) -> Finalized:
        """Results from the states of independent replicates; ``resolution`` is the outputs' machine epsilon."""
        ...


def sound(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Which base points can be used, ``(n, *shape)``: in a cell, whole or not at all, so that pairs stay pairs."""
    return np.asarray(np.isfinite(y).all(axis=1))


def share(part: Array, whole: Array) -> Array:
    """``part / whole``, and 0 where both are 0."""
    return np.asarray(part / np.maximum(whole, 1.0))
