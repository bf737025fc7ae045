"""One step of each optimizer on one variable: Keras' own formulas, in tensors.

A step takes the variable, its gradient, its two slots, and the rates; it gives the variable and the slots back.
"""

from collections.abc import Callable
from typing import NamedTuple

from dnnsa.arrays import Tensor
from dnnsa.training.hyperparameters import OPTIMIZERS

EPSILON = 1e-7
RHO = 0.9  # of rmsprop
INITIAL = 0.1  # of adagrad's sum of squares


class Rates(NamedTuple):
    """Numbers that all variables share, each a float32 tensor ()."""

    rate: Tensor  # learning rate of this step
    momentum: Tensor
    beta_1: Tensor
    beta_2: Tensor
    step: Tensor  # from 1


Step = Callable[[Tensor, Tensor, Tensor, Tensor, Rates], tuple[Tensor, Tensor, Tensor]]


def sgd(w: Tensor, g: Tensor, m: Tensor, v: Tensor, by: Rates) -> tuple[Tensor, Tensor, Tensor]:
    m = by.momentum * m - by.rate * g
    return w + m, m, v


def nesterov(w: Tensor, g: Tensor, m: Tensor, v: Tensor, by: Rates) -> tuple[Tensor, Tensor, Tensor]:
    m = by.momentum * m - by.rate * g
    return w + by.momentum * m - by.rate * g, m, v


def adam(w: Tensor, g: Tensor, m: Tensor, v: Tensor, by: Rates) -> tuple[Tensor, Tensor, Tensor]:
    from keras import ops

    m = m + (g - m) * (1 - by.beta_1)
    v = v + (ops.square(g) - v) * (1 - by.beta_2)
    alpha = by.rate * ops.sqrt(1 - ops.power(by.beta_2, by.step)) / (1 - ops.power(by.beta_1, by.step))
    return w - alpha * m / (ops.sqrt(v) + EPSILON), m, v


def rmsprop(w: Tensor, g: Tensor, m: Tensor, v: Tensor, by: Rates) -> tuple[Tensor, Tensor, Tensor]:
    from keras import ops

    v = RHO * v + (1 - RHO) * ops.square(g)
    m = by.momentum * m + by.rate * g / ops.sqrt(v + EPSILON)
    return w - m, m, v


def adagrad(w: Tensor, g: Tensor, m: Tensor, v: Tensor, by: Rates) -> tuple[Tensor, Tensor, Tensor]:
    from keras import ops

    v = v + ops.square(g)
    return w - by.rate * g / ops.sqrt(v + EPSILON), m, v


STEPS: dict[str, Step] = {"sgd": sgd, "nesterov": nesterov, "adam": adam, "rmsprop": rmsprop, "adagrad": adagrad}
assert tuple(STEPS) == OPTIMIZERS


def first_slot(optimizer: str) -> float:
    """What the second slot holds before the first step."""
    return INITIAL if optimizer == "adagrad" else 0.0
