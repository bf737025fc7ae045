"""How a training goes, epoch by epoch: its curves, the epoch that was best, and whether it goes on."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.training.history import VALIDATION_LOSS

INFINITE = float("inf")


class Course(NamedTuple):
    """What is known after some epochs."""

    curves: tuple[tuple[float, ...], ...] = ()  # of each epoch: losses and errors of training and validation data
    best: float = INFINITE  # the least validation loss
    best_epoch: int = 0
    reference: float = INFINITE  # the loss that `stale` counts from
    stale: int = 0  # epochs since it fell by `minimum_gain`

    def after(self, metrics: tuple[float, ...], minimum_gain: float) -> "Course":
        """The course with one epoch more."""
        loss = metrics[VALIDATION_LOSS]
        gained, better = loss < self.reference - minimum_gain, loss < self.best
        return Course(
            (*self.curves, metrics),
            loss if better else self.best,
            len(self.curves) if better else self.best_epoch,
            loss if gained else self.reference,
            0 if gained else self.stale + 1,
        )

    @property
    def is_best(self) -> bool:
        """Whether the last epoch is the best one so far."""
        return self.best_epoch == len(self.curves) - 1 and self.best < INFINITE

    def goes_on(self, epochs: int, patience: float) -> bool:
        """Whether there is another epoch."""
        finite = not self.curves or np.isfinite(self.curves[-1]).all()
        return len(self.curves) < epochs and bool(finite) and self.stale < patience

    def array(self) -> NDArray[Any]:
        """The curves, ``(4, epochs)``."""
        return np.array(self.curves, dtype=np.float64).T
