"""What the runs of a study gave so far, of one quantity: for whoever watches, and for nothing else."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from dnnsa.engine.plan import Field
from dnnsa.models.base import Outputs


class Seen(NamedTuple):
    """The lowest and the highest value so far; NaN before there is one. Which is better is not known here."""

    quantity: str
    low: float = float("nan")
    high: float = float("nan")

    def and_of(self, values: Iterable[float]) -> "Seen":
        """With more values, of which those that are not finite tell nothing."""
        known = [value for value in (*values, self.low, self.high) if np.isfinite(value)]
        return Seen(self.quantity, min(known), max(known)) if known else self

    def told(self) -> str:
        """``error 0.0195 to 0.903``; nothing before there is a value."""
        return f"{self.quantity} {self.low:.3g} to {self.high:.3g}" if self.low == self.low else ""


def watched(fields: Mapping[str, Field]) -> str:
    """The first quantity that is one number a run; empty if none is."""
    return next((name for name, field in fields.items() if not field.shape), "")


def value_of(outputs: Outputs, quantity: str) -> float:
    """Its value in a single run, whose outputs are ``(1, *shape)`` each."""
    return float(outputs[quantity][0]) if quantity else float("nan")
