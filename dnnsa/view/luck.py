"""Luck in trainings: what seeds alone do to a quantity, the floor above which another hyperparameter counts."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.reading import read_text
from dnnsa.view import results as read
from dnnsa.view.text import bounded, decimals, percent

TOLD = 5  # factors, at most, that a caption names
READ = 1_000_000  # values of a map that are read at once


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


def as_dict(of: Floor | None, dataset: Any) -> dict[str, Any] | None:
    """For machines: the floor of a quantity, by names; None where there is none."""
    if of is None:
        return None
    names = [str(name) for name in dataset["factor"].values]
    told: dict[str, Any] = {
        "factor": names[of.highest],
        "ST": of.value,
        "ST_lower": of.low,
        "ST_upper": of.high,
        "seeds": [names[k] for k in of.seeds],
        "not_above": [names[k] for k in of.not_above],
    }
    if (above := above_in_cells(of, dataset)) is not None:
        told["cells_above"] = {name: above[k] for k, name in enumerate(names) if k not in of.seeds}
    return told


def above_in_cells(of: Floor, dataset: Any) -> NDArray[np.float64] | None:
    """Of each factor, ``(factor,)``, the share of the cells with both indices in which it is above the floor there.

    The floor of a cell is the ST of the same seed in that cell, and above it is what `floor` calls so. NaN where no
    cell has both; None of a quantity without maps of ST.
    """
    if not read.dims(dataset) or "ST" not in dataset:
        return None
    first = read.dims(dataset)[0]
    above, known = np.zeros(dataset.sizes["factor"]), np.zeros(dataset.sizes["factor"])
    step = max(1, READ * dataset.sizes[first] // dataset["ST"].size)
    for start in range(0, dataset.sizes[first], step):
        part = dataset[[name for name in ("ST", "ST_lower", "ST_upper") if name in dataset]]
        part = part.isel({first: slice(start, start + step)}).transpose("factor", ...)
        total, low, high = (v.reshape(len(v), -1) for v in read.interval("ST", part))  # (factor, cells) each
        least, most = np.where(np.isfinite(low), low, total), np.where(np.isfinite(high), high, total)[of.highest]
        both = np.isfinite(total) & np.isfinite(total[of.highest])
        above += (both & (least > most)).sum(axis=1)
        known += both.sum(axis=1)
    return above / np.where(known, known, np.nan)


def noted(of: Floor | None, dataset: Any) -> str:
    """For the caption of a figure in which the floor is drawn."""
    return "" if of is None else f"; dashed: the noise floor, ST of {dataset['factor'].values[of.highest]}"


def noted_of_cells(of: Floor | None, dataset: Any) -> str:
    """For the caption of maps, in which no line can be drawn: where each factor is above the floor of the same cell."""
    above = None if of is None else above_in_cells(of, dataset)
    if of is None or above is None:
        return ""
    names = [str(name) for name in dataset["factor"].values]
    order = [int(k) for k in np.argsort(-np.nan_to_num(above), kind="stable") if k not in of.seeds][:TOLD]
    if not order:
        return ""
    shares = ", ".join(f"{names[k]} in {'no' if np.isnan(above[k]) else percent(float(above[k]))}" for k in order)
    luck, few = names[of.highest], f" (the {TOLD} most)" if len(names) - len(of.seeds) > TOLD else ""
    return f"; above the noise floor of the same cell, ST of {luck}{few}: {shares} of cells"
