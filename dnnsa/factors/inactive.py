"""What stands in the place of an inactive factor."""

from typing import Any

import numpy as np

from dnnsa.factors.base import Factor
from dnnsa.factors.discrete import Choice


def inactive(factor: Factor) -> Any:
    """The one value that an inactive factor takes: the median of a law of numbers, the first of a choice's values.

    One value, so that runs that differ in nothing active are the same run; a value of the law, so that no model meets
    one that it was not made for, as it would NaN or null. Values of a choice have no middle: the first is what its
    author names first.
    """
    return factor.array()[0] if isinstance(factor, Choice) else factor.ppf(np.array([0.5]))[0]
