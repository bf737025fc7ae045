"""A perturbation of a study's own, for the tests beside it."""

from typing import Any

import numpy as np


def shifted(inputs: Any, delta: Any = 0.0) -> Any:
    """Inputs and a number for each row."""
    return inputs + np.reshape(delta, (-1,) + (1,) * (inputs.ndim - 1))


def in_place(inputs: Any) -> Any:
    """The same array, changed."""
    inputs[:] = 0
    return inputs


def short(inputs: Any) -> Any:
    """One row too few."""
    return inputs[1:]


def text(inputs: Any) -> Any:
    """Of the right shape, and no numbers."""
    return inputs.astype(str)
