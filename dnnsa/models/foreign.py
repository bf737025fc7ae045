"""What networks of other frameworks ask of their inputs: another place of the channels, and portions of one size."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from dnnsa.arrays import Array
from dnnsa.models.base import Sizes

Channels = Literal["first", "last"]
Device = Literal["cpu", "cuda"]


def as_taken(inputs: Array, channels: Channels) -> Array:
    """Inputs (rows, ..., channels), as cases stand, with the channels where the network wants them."""
    return inputs if channels == "last" else np.ascontiguousarray(np.moveaxis(inputs, -1, 1))


def as_cases(shape: Sizes, channels: Channels) -> Sizes:
    """The shape of one case, of that of one of the network's inputs."""
    return shape if channels == "last" else (*shape[1:], *shape[:1])


def in_portions(answer: Callable[[Array], tuple[Array, ...]], inputs: Array, size: int | None) -> tuple[Array, ...]:
    """Outputs of all rows, of a function that takes ``size`` rows at once, no more and no fewer; any number if None.

    The last portion is filled up with copies of its last row, and what they give is dropped.
    """
    if size is None:
        return answer(inputs)
    parts = []
    for start in range(0, len(inputs), size):
        rows = inputs[start : start + size]
        missing = np.repeat(rows[-1:], size - len(rows), axis=0)
        parts.append([outputs[: len(rows)] for outputs in answer(np.concatenate([rows, missing]))])
    return tuple(np.concatenate(outputs) for outputs in zip(*parts, strict=True))
