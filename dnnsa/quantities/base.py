"""What a quantity is: a number, or an array of them, computed from the outputs of each run."""

from collections.abc import Mapping
from typing import Any, Protocol

Tensor = Any  # of the backend of Keras
Shape = tuple[int, ...]  # of the outputs of one input
Levels = tuple[int | float | str, ...]  # the values along a dimension


class Quantity(Protocol):
    """What is asked of the network.

    Laws: a row of the result depends on the same row of the arguments and on nothing else; NaN in gives NaN out.
    """

    @property
    def kind(self) -> str: ...

    @property
    def needs_labels(self) -> bool: ...

    @property
    def needs_probabilities(self) -> bool:
        """Whether ``outputs`` must be probabilities (rows, classes), not what the network gives."""
        ...

    @property
    def dims(self) -> tuple[str, ...] | None:
        """Names of the dimensions of one input's value; None for as many as there are, without names."""
        ...

    @property
    def coords(self) -> Mapping[str, Levels]:
        """The values along a dimension, by its name."""
        ...

    def check(self, shape: Shape) -> None:
        """Refuse outputs of a shape that it cannot be computed from.

        Raises
        ------
        ModelError
            The message begins with the setting.
        """
        ...

    def compute(self, outputs: Tensor, labels: Tensor | None) -> Tensor:
        """The values (rows, *qshape) for outputs (rows, *shape) and labels (rows,), in ``keras.ops`` only."""
        ...
