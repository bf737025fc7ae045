"""Values of factors one by one: what a YAML scalar may be, when two are the same, and which are numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Scalar = str | int | float | bool | None


def identity(value: Any) -> tuple[bool, Any]:
    """What two values share if, and only if, they are the same: 1 is 1.0, and neither is true.

    >>> identity(1) == identity(1.0), identity(1) == identity(True)
    (True, False)
    """
    return isinstance(value, bool | np.bool_), value


def numbers(values: NDArray[Any]) -> NDArray[Any]:
    """The values as they are where all are numbers; else as float64, with NaN in the place of what is none."""
    if values.dtype.kind in "iuf":
        return values
    is_number = (int, float, np.integer, np.floating)
    flat = [
        value if isinstance(value, is_number) and not isinstance(value, bool) else np.nan
        for value in values.ravel().tolist()
    ]
    return np.array(flat, dtype=np.float64).reshape(values.shape)
