"""Results made by hand, in the form of a store."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console

from dnnsa.view.table import summary

FACTORS = ("rotation", "shift_x", "blur")
UNITS = ("deg", "px", "")
FLAGS = {
    "flag_masks": [1, 2, 4, 8],
    "flag_meanings": "base_points_left_out too_few_base_points no_variance overflow",
}


def text(values: Sequence[str]) -> Any:
    """Variable-length strings, as a store has them."""
    return np.array(list(values), dtype=object)


def printed(results: xr.DataTree, width: int = 80, **terminal: bool) -> str:
    """What ``dnnsa show`` prints."""
    console = Console(width=width, file=io.StringIO(), **terminal)
    console.print(summary(results))
    text = console.file.getvalue()
    return text if terminal else "\n".join(line.rstrip() for line in text.splitlines())


def tree(
    status: str = "complete", base_points: int = 4096, attrs: dict[str, Any] | None = None, **groups: xr.Dataset
) -> xr.DataTree:
    facts = {
        "name": "digits",
        "status": status,
        "study": "name: digits\n",
        "digest": "ab" * 32,
        "files": {"model.path": "cd" * 32},
        "versions": {"dnnsa": "0.1.0"},
        "started": "2025-11-21T03:00:00Z",
        "finished": "2025-11-21T03:02:13Z" if status == "complete" else "",
        "seconds": 133.2,
        "base_points": base_points,
        "base_points_done": base_points if status == "complete" else 512,
        "base_points_quarantined": groups["quarantine"].sizes["base_point"] if "quarantine" in groups else 0,
        "retried": 0,
        "machines": [],
        "level": 0.95,
    }
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=facts | (attrs or {})), **groups})


def quantity(
    dims: dict[str, int] | None = None,
    *,
    st: Any = None,
    s1: Any = None,
    factors: tuple[str, ...] = FACTORS,
    units: tuple[str, ...] = UNITS,
    half_width: float = 0.03,
    coords: dict[str, Any] | None = None,
) -> xr.Dataset:
    """ST rises from factor to factor and from cell to cell unless given; S1 is half of it; intervals are +-0.03."""
    dims = dims or {}
    shape = tuple(dims.values())
    if st is None:
        ramp = np.linspace(0.1, 1, int(np.prod(shape))).reshape(shape) if shape else np.array(1.0)
        st = np.multiply.outer(
            np.array([0.2, 0.6, 0.4] if len(factors) == 3 else np.linspace(0.1, 0.8, len(factors))), ramp
        )
    st = np.asarray(st, dtype=float)
    s1 = st / 2 if s1 is None else np.asarray(s1, dtype=float)
    ours = ("factor", *dims)
    variables: dict[str, Any] = {}
    for name, value in {"S1": s1, "ST": st}.items():
        variables |= bounded(name, ours, value, half_width)
        if dims:
            mean = np.nanmean(value.reshape(len(factors), -1), axis=1)
            variables |= bounded(f"{name}_aggregated", ("factor",), mean, half_width)
    nan = np.isnan(st).any(axis=0)
    variables |= {
        "mean": (tuple(dims), np.full(shape, 0.5)),
        "variance": (tuple(dims), np.where(nan, 0, 0.0625)),
        "skewness": (tuple(dims), np.where(nan, np.nan, 0.1)),
        "kurtosis": (tuple(dims), np.where(nan, np.nan, 3.0)),
        "n": (tuple(dims), np.full(shape, 4096)),
        "status": (tuple(dims), np.where(nan, 4, 0).astype(np.uint8), FLAGS),
    }
    along_factor = {
        "factor": text(factors),
        "unit": ("factor", text(units)),
        "law": ("factor", text(["uniform"] * len(factors))),
        "levels": ("factor", text([""] * len(factors))),
    }
    return xr.Dataset(variables, along_factor | (coords or {}))


def bounded(name: str, dims: tuple[str, ...], value: Any, half_width: float) -> dict[str, Any]:
    ends = {"lower": value - half_width, "upper": value + half_width}
    return {name: (dims, value)} | {f"{name}_{side}": (dims, end, {"level": 0.95}) for side, end in ends.items()}


def cases(n: int = 4) -> dict[str, Any]:
    return {"case": np.arange(n), "label": ("case", text(["zero", "one", "two", "three", "four"][:n]))}


def bare(dims: dict[str, int] | None = None, **settings: Any) -> xr.Dataset:
    """A quantity that nothing is known of, to which variables are added."""
    whole = quantity(dims, **settings)
    return whole.drop_vars([name for name in whole.data_vars if name not in ("n", "status")])


def with_second_order(dataset: xr.Dataset, values: Any, half_width: float = 0.03) -> xr.Dataset:
    """Second order, ``(factor, factor)``, aggregated if the quantity has dimensions."""
    name = "S2_aggregated" if dataset["status"].dims else "S2"
    named = dataset.assign_coords(factor_2=dataset["factor"].values)
    return named.assign(bounded(name, ("factor", "factor_2"), np.asarray(values, dtype=float), half_width))


def morris(mu_star: Any, sigma: Any, half_width: float = 0.25, **settings: Any) -> xr.Dataset:
    """Elementary effects of a quantity without dimensions."""
    values = {"mu_star": mu_star, "mu": mu_star, "sigma": sigma}
    maps = [bounded(name, ("factor",), np.asarray(v, dtype=float), half_width) for name, v in values.items()]
    return bare(**settings).assign({key: map_ for one in maps for key, map_ in one.items()})


def moments_only(dataset: xr.Dataset) -> xr.Dataset:
    return dataset.drop_vars([name for name in dataset.data_vars if str(name).startswith(("S1", "ST"))])


def quarantine(n: int = 2) -> xr.Dataset:
    points = np.array([[f"{k + i / 10}" for k in range(len(FACTORS))] for i in range(n)], dtype=object)
    return xr.Dataset(
        {
            "replicate": ("base_point", np.arange(n)),
            "number": ("base_point", 10 + np.arange(n)),
            "cause": ("base_point", text(["ValueError: a [bold] cause", *["not finite"] * (n - 1)])),
            "traceback": ("base_point", text(["Traceback (most recent call last):\n ..."] * n)),
            "a": (("base_point", "factor"), points),
            "b": (("base_point", "factor"), points),
        },
        {"factor": text(FACTORS)},
    )


def runs(done: int, failed: int, waiting: int = 0) -> xr.Dataset:
    """Single runs of a quantity ``output``."""
    state = np.array([1] * done + [2] * failed + [0] * waiting, dtype=np.uint8)
    flags = {"flag_values": [0, 1, 2], "flag_meanings": "not_run done failed"}
    return xr.Dataset({"output": ("run", np.ones(state.size)), "state": ("run", state, flags)})


def machine(base_points: int, hardware: str, software: str = "python 3.11.7, numpy 2.3.5") -> dict[str, Any]:
    return {"hardware": hardware, "software": software, "base_points": base_points}


def stop(sure: bool, narrow: float) -> dict[str, Any]:
    asked = {"half_width": 0.02, "of": ["ST"], "cells": 0.95, "max_base_points": 4096}
    return {"stop": asked | {"sure": sure, "narrow": narrow}}
