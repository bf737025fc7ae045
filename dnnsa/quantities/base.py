"""What a quantity is: a number, or an array of them, computed from the outputs of each run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from dnnsa.arrays import OnHost, Shape, Tensor
from dnnsa.files import Digests

Need = Literal["classes", "probabilities", "labels", "predicted", "targets"]
Levels = tuple[int | float | str, ...]  # the values along a dimension


class Seen(NamedTuple):
    """What is known of some rows; what no quantity needs, or there is not, is None."""

    outputs: Tensor  # (rows, *shape) what the network gives
    probabilities: Tensor | None = None  # (rows, classes)
    labels: Tensor | None = None  # (rows,) int32  class of the case
    predicted: Tensor | None = None  # (rows,) int32  class that the network gives the nominal input
    targets: Tensor | None = None  # (rows, *tshape)  what the network should give
    hidden: Mapping[str, Tensor] = {}  # layer -> its outputs (rows, *lshape)


Compute = Callable[[Seen], Tensor]  # values (rows, *qshape)


class Place(NamedTuple):
    """Where a quantity's own files are, and what they were when the study began."""

    setting: str  # of the quantity, such as `quantities.y`
    directory: Path
    digests: Digests


class Quantity(Protocol):
    """What is asked of the network.

    Laws: a row of the result depends on the same row of the arguments and on nothing else; NaN in gives NaN out.
    """

    @property
    def kind(self) -> str: ...

    @property
    def needs(self) -> frozenset[Need]:
        """What it reads beside the outputs."""
        ...

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers whose outputs it reads."""
        ...

    @property
    def smooth(self) -> bool:
        """Whether it has derivatives by the outputs nearly everywhere, and no jumps."""
        ...

    @property
    def dims(self) -> tuple[str, ...] | None:
        """Names of the dimensions of one input's value; None for as many as there are, without names."""
        ...

    @property
    def coords(self) -> Mapping[str, Levels]:
        """The values along a dimension, by its name."""
        ...

    def bind(self, nominal: Seen, place: Place) -> Compute | OnHost:
        """How it is computed, in ``keras.ops`` only unless it is `OnHost`.

        Parameters
        ----------
        nominal
            What there is of the nominal inputs, all that it needs included, as NumPy arrays.

        Raises
        ------
        ModelError
            It cannot be computed from outputs of this shape; the message begins with the setting, counted from where
            its own settings begin.
        """
        ...


def whole(shape: Shape) -> tuple[int, ...]:
    """The axes of (rows, *shape) but for the rows'.

    >>> whole((8, 8))
    (1, 2)
    """
    return tuple(range(1, len(shape) + 1))
