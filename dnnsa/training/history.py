"""What a training leaves behind."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TRAIN_LOSS, TRAIN_ERROR, VALIDATION_LOSS, VALIDATION_ERROR = range(4)  # rows of the curves


class History(NamedTuple):
    """A training that has ended; what was not reached is as a network that has learnt nothing has it."""

    curves: NDArray[np.float64]  # (4, epochs made): losses and shares of errors, of training and validation data
    end: NDArray[np.float64]  # (4,): as the rows of the curves, with the weights that count in the end
    outputs: NDArray[np.float64]  # (test entries, outputs): log probabilities of classes, or values
    parameters: int  # numbers that were trained
    diverged: bool
    network: Callable[[], Any] | None = None  # makes the model of Keras that counts in the end
