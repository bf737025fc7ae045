"""Numbers, times and places as people read them, in ASCII."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def decimals(low: NDArray[Any], high: NDArray[Any]) -> int:
    """Digits after the point that intervals as wide as these deserve: two of the half width, at least 2, at most 4."""
    half = (high - low)[np.isfinite(high - low) & (high > low)] / 2
    return int(np.clip(1 - np.floor(np.log10(np.median(half))), 2, 4)) if half.size else 3


def number(value: float, digits: int | None = None) -> str:
    """``digits`` after the point, or four significant ones; ``-`` for what is not a number."""
    if np.isnan(value):
        return "-"
    text = f"{value:.4g}" if digits is None else f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text  # -0.000 reads like a negative index


def bounded(value: float, low: float, high: float, digits: int) -> str:
    """``0.314 [0.284, 0.344]``, without the bounds where there are none."""
    if np.isnan(low) or np.isnan(high):
        return number(value, digits)
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def duration(seconds: float) -> str:
    """``0.8 s``, ``2 min 13 s``, ``3 h 20 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def coordinate(value: Any) -> str:
    """A coordinate's value: numbers short, dates without empty digits, the rest as it is."""
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="auto"))
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


def place(where: Mapping[str, Any]) -> str:
    """``3, seven``, for what stands under ``case, label``."""
    return ", ".join(coordinate(value) for value in where.values())


def count(n: int, one: str, many: str) -> str:
    """``1 cell``, ``1024 cells``."""
    return f"{n} {one if n == 1 else many}"
