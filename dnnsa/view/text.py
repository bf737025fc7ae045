"""Numbers, times and places as people read them, in ASCII."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def decimals(low: NDArray[Any], high: NDArray[Any]) -> int:
    """Digits after the point that intervals as wide as these deserve: two of the half width, at least 2, at most 4."""
    known = np.isfinite(low) & np.isfinite(high) & (high > low)
    half = (high[known] - low[known]) / 2
    return int(np.clip(1 - np.floor(np.log10(np.median(half))), 2, 4)) if half.size else 3


def number(value: float, digits: int | None = None) -> str:
    """``digits`` after the point, or four significant ones; ``-`` for what is not a number."""
    if np.isnan(value):
        return "-"
    text = f"{value:.4g}" if digits is None else f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text  # -0.000 reads like a negative index


def bounded(value: float, low: float, high: float, digits: int | None = None) -> str:
    """``0.314 [0.284, 0.344]``, without the bounds where there are none."""
    if np.isnan(low) or np.isnan(high):
        return number(value, digits)
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def measured(value: float, low: float, high: float, among: float | None = None) -> str:
    """``3.50 [3.46, 3.54]``, in whichever unit: two digits of the half width, as a power of ten if far from 1.

    No digit is finer than 1e-8 of the largest of the three, or 1e-4 of the largest that they stand ``among``: what is
    0 but for rounding reads as 0 beside what is not.
    """
    bounds = np.abs([value, low, high])
    largest = float(bounds[np.isfinite(bounds)].max(initial=0))
    scale = largest if among is None else max(among, largest)
    if not scale:
        return bounded(value, low, high)
    finest = _magnitude(scale) - (8 if among is None else 4)  # power of ten of the last digit
    half = (high - low) / 2 if np.isfinite(bounds).all() else 0.0
    if half <= 0:
        return bounded(value, low, high, max(0, -finest) if largest < 10.0**finest else None)
    last = max(_magnitude(half) - 1, finest)
    if 1e-3 <= scale < 1e6:
        return bounded(value, low, high, max(0, -last))
    digits = max(1, _magnitude(largest) - last)
    v, a, b = (f"{x:.{digits}e}" for x in (value, low, high))
    return f"{v} [{a}, {b}]"


def _magnitude(value: float) -> int:
    return int(np.floor(np.log10(value)))


def chance(p: float) -> str:
    """A p-value, whose digits far below .01 say nothing."""
    return "< 0.001" if p < 0.001 else number(p, 3)


def ranged(mean: float, low: float, high: float, digits: int | None = None) -> str:
    """``0.50 (0.10 to 0.90)``, of a map."""
    if np.isnan(mean) and np.isnan(low):
        return "-"
    return f"{number(mean, digits)} ({number(low, digits)} to {number(high, digits)})"


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


def pace(a_second: float, unit: str) -> str:
    """How fast a study goes: runs that are counted one by one take seconds to hours, and are told by the minute.

    Examples
    --------
    >>> pace(7.1, "runs"), pace(0.004, "runs"), pace(1234.0, "base points")
    ('426 runs/min', '0.24 runs/min', '1,234 base points/s')
    """
    value, per = (60 * a_second, "min") if unit == "runs" else (a_second, "s")
    return f"{f'{value:,.0f}' if value >= 100 else f'{value:.3g}'} {unit}/{per}"


def percent(share: float) -> str:
    """``83 %``, ``94.9 %``: never more than it is.

    Examples
    --------
    >>> percent(0.57), percent(0.9496)
    ('57 %', '94.9 %')
    """
    return f"{np.floor(round(1000 * share, 6)) / 10:g} %"
