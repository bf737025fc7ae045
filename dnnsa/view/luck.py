"""Luck in trainings: what seeds alone do to a quantity, the floor above which another hyperparameter counts."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dnnsa.reading import read_text
from dnnsa.view import results as read
from dnnsa.view.text import bounded, decimals


class Floor(NamedTuple):
    """The total indices of the seeds of a training, and what does not rise above them: numbers of factors."""

    seeds: list[int]
    highest: int  # the seed of the largest ST
    value: float
    low: float
    high: float
    not_above: list[int]


def seeds_of(attrs: Mapping[str, Any]) -> set[str]:
    """The columns of a store's study that are seeds of its trainings and nothing else; none of any other study.

    A group that has other factors beside seeds is no luck.
    """
    document = read_text(str(attrs["study"]))
    model = document.get("model") or {}
    if model.get("kind") != "training":
        return set()
    said = (model.get("seed"), model.get("order_seed"), (model.get("data") or {}).get("subset_seed"))
    factors = document.get("factors") or {}
    seeds = {name for name in said if isinstance(name, str) and name in factors}
    column = {name: factor.get("group") or name for name, factor in factors.items()}
    return {column[name] for name in seeds} - {column[name] for name in factors if name not in seeds}


def floor(attrs: Mapping[str, Any], dataset: Any) -> Floor | None:
    """The floor of one quantity; None where luck is no factor, or has no index.

    A factor is above it if the interval of its ST is above that of the largest ST of a seed.
    """
    if not read.has_indices(dataset):
        return None
    names = [str(name) for name in dataset["factor"].values]
    lucky = seeds_of(attrs)
    total, low, high = read.interval(read.summarised("ST", dataset), dataset)
    seeds = [k for k, name in enumerate(names) if name in lucky and np.isfinite(total[k])]
    if not seeds:
        return None
    highest = max(seeds, key=lambda k: float(total[k]))
    least, most = np.where(np.isfinite(low), low, total), np.where(np.isfinite(high), high, total)
    others = [k for k, name in enumerate(names) if name not in lucky]
    not_above = [k for k in others if least[k] <= most[highest]]
    return Floor(seeds, highest, float(total[highest]), float(low[highest]), float(high[highest]), not_above)


def told(of: Floor, dataset: Any) -> str:
    """The line that ``dnnsa show`` prints."""
    names = [str(name) for name in dataset["factor"].values]
    total, low, high = read.interval(read.summarised("ST", dataset), dataset)
    digits = decimals(low[of.seeds], high[of.seeds])
    seeds = ", of ".join(f"{names[k]} {bounded(total[k], low[k], high[k], digits)}" for k in of.seeds)
    line = f"noise floor: ST of {seeds}"
    if not of.not_above:
        return f"{line}; all other factors are above it"
    return f"{line}; not told apart from luck, since their intervals reach down to it: " + ", ".join(
        names[k] for k in of.not_above
    )


def noted(of: Floor | None, dataset: Any) -> str:
    """For the caption of a figure in which the floor is drawn."""
    return "" if of is None else f"; dashed: the noise floor, ST of {dataset['factor'].values[of.highest]}"
