"""Runs that a store keeps, for another store to be reduced from: what they gave, and links to their files."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from dnnsa.errors import StoreError
from dnnsa.files import sync
from dnnsa.store.contents import attributes
from dnnsa.store.runs import RUNS, RunField, array_of

PARTIAL = ".runs.partial"  # folder of a copy that is not whole


def kept_fields(path: Path) -> dict[str, RunField]:
    """What each run of a store gave of each quantity, without its model.

    Raises
    ------
    StoreError
        The store keeps no runs; the message says with which setting it would.
    """
    attrs = attributes(path)
    if not (path / RUNS / "state").exists() or "first_run" not in attrs:
        told = "" if (path / RUNS).exists() else "with `granularity: block` only indices stay: "
        raise StoreError(
            f"{path}: keeps no runs that could be reduced again: {told}run its study with `granularity: run`."
        )
    group = zarr.open_group(path / RUNS, mode="r", use_consolidated=False)
    coords = _coords(path)
    known = dict(attrs.get("dims", {})) | attrs["first_run"].get("dims", {})  # estimated quantities, or all
    fields = {}
    for name, (shape, dtype) in attrs["first_run"]["fields"].items():
        told = known.get(name, array_of(group, name).metadata.dimension_names[1:])  # type: ignore[union-attr, index]
        dims = tuple(str(dim if isinstance(dim, str) else dim[0]) for dim in told)
        own = {key: coord for key, coord in coords.items() if set(coord[0]) <= set(dims)}
        fields[str(name)] = RunField(dims, tuple(shape), own, dtype)
    return fields


def copy_runs(source: Path, path: Path) -> None:
    """Give a store the runs of another one: their files are the same ones on disk where it can link, else copies.

    A file of a run is written once and replaced as a whole, so neither store sees what is done to the other.

    Raises
    ------
    OSError
        They cannot be written.
    """
    aside = path / PARTIAL
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(source / RUNS, aside, copy_function=_copy, ignore=shutil.ignore_patterns("*.partial"))
    for folder in (*(one for one in aside.iterdir() if one.is_dir()), aside):
        sync(folder)
    shutil.rmtree(path / RUNS, ignore_errors=True)
    aside.rename(path / RUNS)
    sync(path)


def _copy(source: str, target: str) -> None:
    if Path(source).name.startswith("c."):  # of a run
        with suppress(OSError):  # another disk, or one without links
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    sync(Path(target))


def _coords(path: Path) -> dict[str, tuple[tuple[str, ...], NDArray[Any]]]:
    """Coordinates of the quantities' own dimensions, as the model named them."""
    with xr.open_zarr(path / RUNS, consolidated=False, chunks=None) as runs:
        found = {str(name): coord for name, coord in runs.coords.items() if "run" not in coord.dims}
        return {name: (tuple(map(str, coord.dims)), _plain(coord.values)) for name, coord in found.items()}


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Text as NumPy has it, in a fixed width."""
    return values if values.dtype.kind in "biufmM" else np.array([str(value) for value in values.tolist()])
