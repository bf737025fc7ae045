"""What a factor is: one uncertain thing with a distribution, and the checks that all kinds share."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dnnsa.factors.when import Condition, When, check_when
from dnnsa.settings import settings

Array = NDArray[np.float64]
Unit = Array  # coordinates of the open unit interval, any shape
Values = NDArray[Any]  # as many values of the factor, same shape

EDGES = np.array([2.0**-33, 1 - 2.0**-33])  # smallest and largest coordinate that a design has


@settings
class Shared:
    """The settings that factors of all kinds have."""

    unit: str | None = None
    """Unit of the values, written beside the factor in tables, figures and the store."""
    group: str | None = None
    """Factors with the same `group` move together."""
    when: When | None = None
    """Other factors and what they must be for this one to be active."""
    count: int | None = None
    """How many independent factors of this law this is: NAME_0, NAME_1 and so on; one, NAME, unless given."""


class Factor(Protocol):
    """One uncertain thing with a distribution.

    Laws: ``ppf`` is elementwise, non-decreasing in the law's own order, finite on the open interval (0, 1), and gives
    the same bits however its argument is cut; ``cdf(ppf(u))`` is u where single values have no probability.
    """

    @property
    def kind(self) -> str: ...

    @property
    def unit(self) -> str | None:
        """Unit of the values."""
        ...

    @property
    def group(self) -> str | None:
        """Name of the group of factors that it moves with; by itself if None."""
        ...

    @property
    def when(self) -> Mapping[str, Condition] | None:
        """What other factors must be for this one to be active; always if None."""
        ...

    @property
    def count(self) -> int | None:
        """How many factors it stands for, in a study file; in a study, where these are written out, None."""
        ...

    @property
    def discrete(self) -> bool:
        """Whether single values have a probability."""
        ...

    def ppf(self, u: Unit) -> Values:
        """Values at coordinates of the open unit interval, same shape: the inverse distribution function."""
        ...

    def cdf(self, values: Values) -> Array:
        """Distribution function at values of the factor, same shape; NaN at what the law cannot give.

        Of a discrete law the mid distribution function (F(x-) + F(x)) / 2, in (0, 1): one number for each value,
        the middle of its share of the unit interval.
        """
        ...


def check_shared(factor: Factor | Any) -> None:
    """Refuse what no factor of any kind can have."""
    if factor.group == "":
        raise ValueError('`group` must be a name, got group: ""')
    if factor.count is not None and factor.count < 1:
        raise ValueError(f"`count` must be 1 or more, got {factor.count}")
    if factor.when is not None:
        check_when(factor.when)


def check_resolved(factor: Factor, least: float = -np.inf, **given: float) -> None:
    """Refuse settings under which float64 cannot tell the law's values apart, or not hold them.

    Parameters
    ----------
    least
        What every value is above.
    given
        The settings to name.
    """
    with np.errstate(over="ignore", under="ignore"):
        ends = factor.ppf(EDGES)
    if not (np.isfinite(ends).all() and least < ends[0] < ends[1]):
        names = ", ".join(f"`{name}`" for name in given)
        shown = ", ".join(f"{name}: {value:g}" for name, value in given.items())
        above = "" if least == -np.inf else f" above {least:g}"
        raise ValueError(
            f"{names} must give different finite numbers{above}, got {shown}: values from {ends[0]:g} to {ends[1]:g}"
        )
