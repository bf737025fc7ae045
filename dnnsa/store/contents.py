"""What a store says of itself: its study, whether that is another one, and its results."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr
import zarr

from dnnsa.errors import StoreError
from dnnsa.reading import read_text
from dnnsa.store.lock import is_held
from dnnsa.store.outcomes import opened_runs
from dnnsa.store.runs import RUNS
from dnnsa.study import Study
from dnnsa.training.called import ARRAYS, CALL

NOT_COMPARED = ("name", "max_failed", "time_limit", "stop", "design.base_points")  # settings, with what is under them
RETURNED = {ARRAYS: f"{CALL}: the function returns other arrays"}  # what is told where a digest is not of a file


def attributes(path: Path) -> dict[str, Any]:
    """Root attributes of a store.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no store: `dnnsa run STUDY.yaml` makes one.")
    try:
        attrs = dict(zarr.open_group(path, mode="r").attrs)
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise StoreError(f"{path}: is not a store of dnnsa.") from error
    if "study" not in attrs or "digest" not in attrs:
        raise StoreError(f"{path}: is not a store of dnnsa.")
    return attrs


def study_of(path: Path) -> tuple[Study, dict[str, str]]:
    """The study that a store holds, with the digests of its files when it began.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    attrs = attributes(path)
    directory = path.absolute().parent / attrs["directory"]
    return Study(directory=directory, source=str(path), **read_text(attrs["study"])), dict(attrs["files"])


def open_results(path: str | Path) -> xr.DataTree:
    """The results of a study, read lazily. One that runs no longer and is not complete has the status ``interrupted``.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    path = Path(path)
    attrs = attributes(path)
    tree = xr.open_datatree(path, engine="zarr") if attrs["status"] == "complete" else _begun(path, attrs)
    if (runs := opened_runs(path)) is not None:
        tree[RUNS] = xr.DataTree(runs)
    return tree


def differences(attrs: Mapping[str, Any], study: Study, digests: Mapping[str, str]) -> list[str]:
    """What a store's study says otherwise than this one, a line each; none if what was run is part of this study.

    The number of base points is not compared: that is for the caller.
    """
    files, document = attrs["files"], read_text(attrs["study"])
    if attrs["digest"] == study.digest and files == dict(digests):
        return []
    stored, mine = _flat(document), _flat(study.document)
    told = [
        f"{key}: {stored.get(key, 'nothing')} in the store, {mine.get(key, 'nothing')} in the study"
        for key in {**stored, **mine}
        if stored.get(key) != mine.get(key) and not any(f"{key}.".startswith(f"{one}.") for one in NOT_COMPARED)
    ]
    told += [
        RETURNED.get(key, f"{key}: the file has changed")
        for key in {**files, **digests}
        if files.get(key) != digests.get(key)
    ]
    if not told and list(document["factors"]) != list(study.document["factors"]):
        return ["factors: they stand in another order"]
    return told


def version_differs(attrs: Mapping[str, Any]) -> str:
    """Why a store cannot be continued by this dnnsa; empty if it was made by the same one."""
    made, here = attrs["versions"]["dnnsa"], version("dnnsa")
    if made == here:
        return ""
    return f"made by dnnsa {made}, this is {here}: go on with dnnsa {made}, give another --out, or --overwrite."


def _begun(path: Path, attrs: Mapping[str, Any]) -> xr.DataTree:
    """No indices yet."""
    interrupted = attrs["status"] == "running" and not is_held(path)
    tree = xr.DataTree(xr.Dataset(attrs={**attrs, **({"status": "interrupted"} if interrupted else {})}))
    if (path / "quarantine").exists():
        tree["quarantine"] = xr.DataTree(xr.open_zarr(path, group="quarantine", consolidated=False))
    return tree


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, Mapping) and value:
        items = [(f"{path}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list | tuple) and value and any(isinstance(item, Mapping) for item in value):
        items = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {path: json.dumps(value)}
    return {key: text for name, item in items for key, text in _flat(item, name).items()}
