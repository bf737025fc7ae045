"""Main effects as a store has them, a factor at a time: for tables and figures."""

import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.view import results as read
from dnnsa.view.text import coordinate


class Curve(NamedTuple):
    """The main effect of one factor: ``(parts,)`` each."""

    low: NDArray[Any]
    middle: NDArray[Any]
    high: NDArray[Any]
    value: NDArray[Any]
    lower: NDArray[Any]
    upper: NDArray[Any]
    number: NDArray[Any]  # of values in each part
    levels: list[str]  # of a choice
    logarithmic: bool

    @property
    def stepped(self) -> bool:
        """Whether a part is an interval of values, and not a single one."""
        return bool((self.high > self.low).any())


def has_curves(dataset: Any) -> bool:
    """Whether a quantity without dimensions has main effects."""
    return "main_effect" in dataset and not read.dims(dataset)


def curve(dataset: Any, factor: int) -> Curve:
    """One factor's curve, without the parts that it has not."""
    here = np.isfinite(dataset["part_low"].values[factor])
    low, middle, high = (dataset[f"part_{name}"].values[factor][here] for name in ("low", "middle", "high"))
    value, lower, upper = (v[factor][here] for v in read.interval("main_effect", dataset))
    number = dataset["main_effect_n"].values[factor][here]
    levels = str(dataset["levels"].values[factor]) if "levels" in dataset.coords else ""
    law = str(dataset["law"].values[factor]) if "law" in dataset.coords else ""
    named = [str(level) for level in json.loads(levels)] if levels.startswith("[") else []
    return Curve(low, middle, high, value, lower, upper, number, named, law.startswith("loguniform"))


def part_place(of: Curve, part: int) -> str:
    """Where a part lies, in words."""
    if of.levels:
        return of.levels[int(of.middle[part])]
    low, high = coordinate(float(of.low[part])), coordinate(float(of.high[part]))
    return low if low == high else f"{low} to {high}"
