"""What a store says of itself: its study, whether that is another one, and its results."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
import zarr

from dnnsa.errors import StoreError
from dnnsa.reading import read_text
from dnnsa.study import Study


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
    """The results of a study, read lazily.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    path = Path(path)
    attrs = attributes(path)
    if attrs["status"] != "complete":  # no indices yet
        tree = xr.DataTree(xr.Dataset(attrs=attrs))
        if (path / "quarantine").exists():
            tree["quarantine"] = xr.DataTree(xr.open_zarr(path, group="quarantine", consolidated=False))
        return tree
    return xr.open_datatree(path, engine="zarr")


def differences(attrs: Mapping[str, Any], study: Study, digests: Mapping[str, str]) -> list[str]:
    """What a store's study says otherwise than this one, a line each; none if its results are this study's."""
    if attrs["digest"] == study.digest and attrs["files"] == dict(digests):
        return []
    stored, mine = _flat(read_text(attrs["study"])), _flat(study.document)
    keys = [key for key in {**stored, **mine} if key not in ("name", "max_failed")]
    told = [
        f"{key}: {stored.get(key, 'nothing')} in the store, {mine.get(key, 'nothing')} in the study"
        for key in keys
        if stored.get(key) != mine.get(key)
    ]
    files = {**attrs["files"], **digests}
    told += [f"{key}: the file has changed" for key in files if attrs["files"].get(key) != digests.get(key)]
    return told or ["factors: they stand in another order"]


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, Mapping) and value:
        items = [(f"{path}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list | tuple) and value and any(isinstance(item, Mapping) for item in value):
        items = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {path: json.dumps(value)}
    return {key: text for name, item in items for key, text in _flat(item, name).items()}
