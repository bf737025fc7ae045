"""The bounds of a law: checks of them, and values held against them."""

import numpy as np

from dnnsa.factors.base import Array, Values
from dnnsa.factors.scalars import numbers


def check_below(low: float, high: float) -> None:
    """Refuse bounds in the wrong order."""
    if not low < high:
        raise ValueError(f"`low` must be below `high`, got low: {low:g} and high: {high:g}")


def check_span(low: float, high: float) -> None:
    """Refuse bounds in the wrong order, or too far apart for float64."""
    check_below(low, high)
    if not np.isfinite(high - low):
        raise ValueError(f"`high` - `low` must be a finite number, got low: {low:g} and high: {high:g}")


def check_finite(**given: float | None) -> None:
    """Refuse infinity and NaN, which reading a file refuses before."""
    for name, value in given.items():
        if value is not None and not np.isfinite(value):
            raise ValueError(f"`{name}` must be a finite number, got {name}: {value:g}")


def check_positive(**given: float) -> None:
    """Refuse a setting that is not a finite number above 0."""
    check_finite(**given)
    for name, value in given.items():
        if not value > 0:
            raise ValueError(f"`{name}` must be above 0, got {name}: {value:g}")


def check_bounds(low: float | None, high: float | None, least: float = -np.inf) -> None:
    """Refuse bounds that a law whose values are above ``least`` cannot be truncated to."""
    check_finite(low=low, high=high)
    if low is not None and low < least:
        raise ValueError(f"`low` must be {least:g} or more, got low: {low:g}: the law has no value below {least:g}")
    if high is not None and high <= least:
        raise ValueError(f"`high` must be above {least:g}, got high: {high:g}: the law has no value there")
    if low is not None and high is not None:
        check_below(low, high)


def ends(low: float | None, high: float | None, least: float = -np.inf) -> tuple[float, float]:
    """Where the values of a law that may be truncated end."""
    return least if low is None else low, np.inf if high is None else high


def inside(x: Array, low: float | None, high: float | None) -> Array:
    """Values that are in [low, high] but for rounding, put back into it.

    Only for values that a formula puts between them: the inverse of a probability between F(low) and F(high). What is
    put back is the rounding of its last digits, of which the tests of truncation say how many there are.
    """
    return x if low is None and high is None else np.clip(x, low, high)


def supported(values: Values, low: float, high: float) -> Array:
    """The values as float64, with NaN in the place of those that are not finite numbers of [low, high]."""
    x = numbers(values).astype(np.float64)
    return np.asarray(np.where((x >= low) & (x <= high) & np.isfinite(x), x, np.nan))


def log(x: Array) -> Array:
    """Natural logarithm, minus infinity at 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x))
