"""What an estimator is: four functions on a flat tuple of arrays, and the words for what went wrong in a cell."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = Any  # a NamedTuple of arrays, the last dimensions of each being the quantity's

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


class Map(NamedTuple):
    """A result for every cell: ``leading`` names the dimensions that come before the quantity's own."""

    leading: tuple[str, ...]
    array: NDArray[Any]


class Ratio(NamedTuple):
    """Sums over cells whose quotient is a correlation of the whole field; sums of parts of a field add up.

    The first row is of all replicates, row 1 + j of all but replicate j.
    """

    numerator: Array  # (1 + replicates, p)
    denominator: Array  # (1 + replicates, p), over the cells that the numerator counts
    complement: bool  # whether the index is one less the correlation

    def plus(self, other: "Ratio") -> "Ratio":
        """The sums over the cells of both."""
        return self._replace(
            numerator=self.numerator + other.numerator, denominator=self.denominator + other.denominator
        )


class Finalized(NamedTuple):
    """What an estimator says of a field, or of a part of one."""

    maps: Mapping[str, Map]
    ratios: Mapping[str, Ratio]


class Estimator(Protocol):
    """A reduction of runs to indices.

    Laws: merging equals streaming, to rounding; an empty state changes nothing, exactly; grouping does not matter, to
    rounding; nothing is changed in place; a cell does not depend on its neighbours.
    """

    @property
    def kind(self) -> str: ...

    def init(self, p: int, shape: tuple[int, ...]) -> State:
        """The state of no base point, for p factors and a quantity of ``shape``."""
        ...

    def update(self, state: State, y: NDArray[Any]) -> State:
        """The state after ``n`` more base points, with the runs' outputs ``y``, shape ``(n, p + 2, *shape)``."""
        ...

    def merge(self, left: State, right: State) -> State:
        """The state of the base points of both."""
        ...

    def finalize(self, replicates: Sequence[State], resolution: float) -> Finalized:
        """Results from the states of independent replicates; ``resolution`` is the outputs' machine epsilon."""
        ...


def sound(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Which base points can be used, ``(n, *shape)``: in a cell, whole or not at all, so that pairs stay pairs."""
    return np.asarray(np.isfinite(y).all(axis=1))


def dot(u: Array, v: Array) -> Array:
    """Sum over base points of ``u v``, ``(n, *shape)`` to ``(*shape)``.

    The one way that sums of products are taken, so that equal runs give equal sums, to the bit.
    """
    return np.asarray((u * v).sum(axis=0))


def share(part: Array, whole: Array) -> Array:
    """``part / whole``, and 0 where both are 0."""
    return np.asarray(part / np.maximum(whole, 1.0))
