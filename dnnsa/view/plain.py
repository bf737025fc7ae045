"""What ``dnnsa show --json`` prints: results as plain Python values, with null for what is not a number."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dnnsa.view import luck
from dnnsa.view import results as read

MOST = 10_000  # values of a variable that are listed


def as_json(results: read.Results) -> dict[str, Any]:
    """A study's results as dicts, lists, text and numbers; ``None`` for NaN and infinities.

    The root attributes of the store, then ``quantities``, ``quarantine`` and ``runs``, how many single runs are kept,
    or null. In a quantity the variables have the
    names that they have in the store, and variables with a factor are dicts from the factors' names: so
    ``["quantities"]["output"]["S1"]["x1"]`` is a number, or for a quantity with dimensions a nested list. Maps of more
    than 10,000 values are left out, which ``note`` says; ``over_cells`` has their range. ``noise_floor`` is the total
    index of the seed of trainings, with the factors that are not above it, or null where no seed is a factor.
    """
    return {
        **{name: _plain(value) for name, value in results.attrs.items()},
        "level": read.level(results),
        "quantities": {name: _quantity(dataset, results.attrs) for name, dataset in read.quantities(results).items()},
        "quarantine": read.quarantined(results),
        "runs": runs._asdict() if (runs := read.kept(results)) else None,
    }


def _quantity(dataset: Any, attrs: Mapping[str, Any]) -> dict[str, Any]:
    dims = read.dims(dataset)
    facts: dict[str, Any] = {
        "dims": {dim: dataset.sizes[dim] for dim in dims},
        "cells": int(np.prod([dataset.sizes[dim] for dim in dims])),
        "factors": _factors(dataset),
        "coords": {
            name: _plain(coord.values)
            for dim in dict.fromkeys(str(dim) for dim in dataset.dims)
            if dim not in read.FACTOR_DIMS
            for name, coord in read.coordinates(dataset, dim).items()
            if coord.size <= MOST
        },
        "flags": read.flag_counts(dataset["status"]) if "status" in dataset else {},
        "noise_floor": _plain(luck.as_dict(luck.floor(attrs, dataset), dataset)),
    }
    if "main_effect" in dataset:
        parts = [dataset[name] for name in ("part_low", "part_middle", "part_high")]
        facts["parts"] = {str(part.name): _variable(part, part.values) for part in parts}
    if dims:
        facts |= _over_cells(dataset)
    large = sorted(
        str(name) for name, v in dataset.data_vars.items() if v.size > MOST and not set(dims).isdisjoint(v.dims)
    )
    if large:
        facts["note"] = f"left out, since they have more than {MOST} values: {', '.join(large)}"
    return facts | {str(name): _variable(v, v.values) for name, v in dataset.data_vars.items() if name not in large}


def _factors(dataset: Any) -> dict[str, dict[str, str]]:
    """Unit, law and levels of each factor, as far as the store has them."""
    if "factor" not in dataset.coords:
        return {}
    names = [str(name) for name in dataset["factor"].values]
    known = [key for key in ("unit", "law", "levels") if key in dataset.coords]
    return {name: {key: str(dataset[key].values[k]) for key in known} for k, name in enumerate(names)}


def _over_cells(dataset: Any) -> dict[str, Any]:
    """Where the table of a quantity with dimensions has its numbers from: the largest ST, the range of each map."""
    ranges: dict[str, Any] = {}
    for name in read.ranged(dataset):
        array = dataset[name]
        extent = read.extent(array, len(read.leading(array, dataset)))
        ranges[name] = {key: _variable(array, values) for key, values in extent._asdict().items()}
    facts: dict[str, Any] = {"over_cells": ranges}
    if "ST" in dataset:
        names = [str(name) for name in dataset["factor"].values]
        facts["largest_ST"] = {
            name: {"value": _plain(peak.value), "at": _plain(read.where(dataset, peak.cell)) if peak.cell else None}
            for name, peak in zip(names, read.peaks(dataset["ST"]), strict=True)
        }
    return facts


def _variable(variable: Any, values: Any) -> Any:
    """Nested lists, and a dict where the dimension is the factors."""
    for_each = [d for d in variable.dims if d in read.FACTOR_DIMS]
    return _by_factor(values, [[str(name) for name in variable[d].values] for d in for_each])


def _by_factor(values: Any, names: list[list[str]]) -> Any:
    if not names:
        return _plain(values)
    return {name: _by_factor(part, names[1:]) for name, part in zip(names[0], values, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.astype(str) if value.dtype.kind in "mM" else value
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(str(value) if value.dtype.kind in "mM" else value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, str | int | bool) or value is None else str(value)
