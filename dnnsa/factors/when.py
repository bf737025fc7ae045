"""Under which values of other factors a factor is active."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.factors.scalars import Scalar, identity, numbers
from dnnsa.settings import settings


@settings
class Range:
    """Every number from low to high, both included; without one of them, on that side without end."""

    low: float | None = None
    """Smallest number."""
    high: float | None = None
    """Largest number, `low` or above."""

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError("a range in `when` needs `low`, `high` or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"`low` must not be above `high`, got low: {self.low:g} and high: {self.high:g}")


Condition = Scalar | tuple[Scalar, ...] | Range  # this value, any of these, or any of a range
When = dict[str, Condition]  # other factor -> what it must be; all of them


def check_when(when: Mapping[str, Condition]) -> None:
    """Refuse conditions that say nothing or can never hold."""
    if not when:
        raise ValueError("`when` must name at least one other factor, got {}")
    for name, condition in when.items():
        if condition == ():
            raise ValueError(f"`when` must list at least one value of `{name}`, got []")


def holds(condition: Condition, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where values of a factor meet a condition, same shape.

    Numbers compare as numbers (1 is 1.0), text as text, and truth values are not numbers: `true` is not 1. What is no
    number is in no range.

    >>> holds(("sgd", 1), np.array(["sgd", "adam", 1.0, True], dtype=object)).tolist()
    [True, False, True, False]
    >>> holds(Range(low=2), np.array([1, 2, 3])).tolist()
    [False, True, True]
    """
    if isinstance(condition, Range):
        x = numbers(values)
        above = True if condition.low is None else x >= condition.low
        below = True if condition.high is None else x <= condition.high
        return np.asarray(np.logical_and(above, below) & (x == x))  # NaN, which is no number, equals nothing
    wanted = {identity(scalar) for scalar in (condition if isinstance(condition, tuple) else (condition,))}
    return np.array([identity(value) in wanted for value in values.ravel().tolist()], dtype=bool).reshape(values.shape)
