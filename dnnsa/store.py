"""The store: one Zarr hierarchy for each study, which plain xarray opens."""

import fcntl
import json
import os
import shutil
import warnings
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from dnnsa.draws import columns
from dnnsa.errors import StoreError
from dnnsa.estimators.base import FLAGS, Finalized, Map
from dnnsa.models.base import Coords
from dnnsa.reading import read_text
from dnnsa.study import Study

CHECKPOINT = ".checkpoint"  # folder of the engine's commits, gone when the store is complete
RECORDED = ("dnnsa", "dask", "distributed", "keras", "numpy", "scipy", "tensorflow", "xarray", "zarr")
MEANING = {
    "S1": "first-order Sobol' index",
    "ST": "total-order Sobol' index",
    "S2": "second-order Sobol' index",
    "n": "base points used",
    "mean": "mean",
    "variance": "variance",
    "skewness": "skewness",
    "kurtosis": "kurtosis, 3 for a normal law",
    "status": "0 where sound",
}


def create(path: Path, study: Study, digests: Mapping[str, str], base_points: int, started: datetime) -> None:
    """Begin a store: its root, with the study, what it depends on and when it was started.

    Raises
    ------
    StoreError
        The place cannot be written.
    """
    attributes = {
        "name": study.name,
        "status": "running",
        "study": study.to_yaml(),
        "digest": study.digest,
        "files": dict(digests),
        "directory": os.path.relpath(study.directory, path.absolute().parent),  # of the study, from the store's folder
        "versions": {package: version(package) for package in RECORDED},
        "started": started.isoformat(timespec="seconds"),
        "base_points": base_points,
        "base_points_done": 0,
        "base_points_quarantined": 0,
    }
    try:
        zarr.create_group(path, zarr_format=3, attributes=attributes)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)  # nothing is left half made
        raise StoreError(f"{path}: the store cannot be written: {error.strerror or error}.") from error


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a store for one run: two would undo each other's commits.

    The lock is the kernel's on a file beside the store, gone with the process however that ends.

    Raises
    ------
    StoreError
        Another run holds it, or the place cannot be written.
    """
    name = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = name.open("a")
    except OSError as error:
        raise StoreError(f"{path}: the store cannot be written: {error.strerror or error}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            same = os.fstat(lock.fileno()).st_ino == name.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            same = False
        if not same:  # it is held, or was removed by a run that has just ended
            raise StoreError(f"{path}: another `dnnsa run` is writing there: wait for it, or give another --out.")
        try:
            yield
        finally:
            name.unlink(missing_ok=True)


def writable(path: Path) -> None:
    """Refuse a place where no store can be made, before anything is spent.

    Raises
    ------
    StoreError
        It lies in what is no folder, or in one that may not be written.
    """
    parent = next((folder for folder in path.absolute().parents if folder.exists()), Path("/"))
    if not parent.is_dir():
        raise StoreError(f"{path}: the store cannot be written: {parent} is not a folder.")
    if not os.access(parent, os.W_OK):
        raise StoreError(f"{path}: the store cannot be written: no permission to write in {parent}.")


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


def remove(path: Path) -> None:
    """Delete a store; what is not a store of dnnsa is not deleted.

    Raises
    ------
    StoreError
        It is something else.
    """
    attributes(path)
    shutil.rmtree(path)


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


def prepare(
    path: Path,
    study: Study,
    fields: Mapping[str, tuple[tuple[str, ...], tuple[int, ...], Coords]],
    rows: Mapping[str, int],
    samples: Mapping[str, Finalized],
) -> None:
    """Lay out the groups of a store, before workers write their regions.

    Parameters
    ----------
    fields
        Dimensions, shape and coordinates of each quantity.
    rows
        Rows of a quantity's first dimension that are written at once: the chunks, so that each has one writer.
    samples
        Results of one cell of each quantity: which maps there are, and what leads their dimensions.
    """
    for quantity, (dims, shape, coords) in fields.items():
        sample = samples[quantity]
        leading = {dim for map_ in sample.maps.values() for dim in map_.leading}
        dataset = xr.Dataset(
            coords={
                **_column_coords(study, leading),
                **{dim: (dim, values) for dim, values in sample.coords.items()},
                **{name: (along, _text(values)) for name, (along, values) in coords.items()},
            }
        )
        dataset.to_zarr(path, group=quantity, mode="w", zarr_format=3, consolidated=False)
        group = zarr.open_group(path / quantity, mode="r+")
        for name, map_ in sample.maps.items():
            sizes = map_.array.shape[: len(map_.leading)]
            chunks = (*sizes, *((rows[quantity], *shape[1:]) if shape else ()))
            _array(group, name, (*sizes, *shape), (*map_.leading, *dims), chunks, map_.array.dtype)
        _describe(group, study)


def write_slab(path: Path, quantity: str, start: int, stop: int, maps: Mapping[str, Map]) -> None:
    """Write rows ``start`` to ``stop`` of a quantity's maps. Its chunks are these rows: nobody else writes them."""
    group = zarr.open_group(path / quantity, mode="r+")
    for name, map_ in maps.items():
        array = _existing(group, name)
        rows = (slice(None),) * len(map_.leading) + (
            (slice(start, stop),) if map_.array.ndim > len(map_.leading) else ()
        )
        array[rows if rows else ...] = map_.array


def write_aggregated(
    path: Path, quantity: str, name: str, leading: tuple[str, ...], values: Sequence[np.ndarray[Any, Any]], level: float
) -> None:
    """Write an aggregated index of a quantity with dimensions: the value and its bounds, ``(*leading)`` each."""
    group = zarr.open_group(path / quantity, mode="r+")
    for suffix, value in zip(("", "_lower", "_upper"), values, strict=True):
        array = _array(group, f"{name}_aggregated{suffix}", value.shape, leading, value.shape, value.dtype)
        array[...] = value
        bound = f", {suffix[1:]} bound" if suffix else ""
        array.attrs["long_name"] = f"{MEANING[name]}, aggregated: sum of variances over sum of variance{bound}"
        if suffix:
            array.attrs["level"] = level


def write_quarantine(path: Path, study: Study, failures: Sequence[Any]) -> None:
    """Write the table of base points in quarantine."""
    if not failures:
        return
    table = {
        key: ("base_point", np.array([getattr(failure, key) for failure in failures], dtype=dtype))
        for key, dtype in (("replicate", np.int64), ("number", np.int64), ("cause", object), ("traceback", object))
    }
    for point in ("a", "b"):
        values = [[getattr(failure, point)[name] for name in study.factors] for failure in failures]
        table[point] = (("base_point", "factor"), np.array(values, dtype=object))  # type: ignore[assignment]
    dataset = xr.Dataset(table, coords=_factor_coords(study))
    dataset.to_zarr(path, group="quarantine", mode="w", zarr_format=3, consolidated=False)


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


def update(path: Path, **attrs: Any) -> None:
    """Set root attributes."""
    zarr.open_group(path, mode="r+").attrs.update(attrs)


def finish(path: Path, base_points: int, quarantined: int, seconds: float) -> None:
    """Declare a store complete, in one write, then drop its checkpoint.

    Metadata are consolidated, or plain ``xarray.open_datatree`` would warn that they are not.
    """
    with (
        warnings.catch_warnings()
    ):  # Zarr's, that not every reader of format 3 knows what is consolidated: they skip it
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
        warnings.filterwarnings("ignore", f"Object at {CHECKPOINT} is not recognized")  # it goes last
        zarr.consolidate_metadata(path, zarr_format=3)
    update(
        path,
        status="complete",
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        base_points_done=base_points,
        base_points_quarantined=quarantined,
    )
    tidy(path)


def tidy(path: Path) -> None:
    """Drop the checkpoint of a store that is complete."""
    shutil.rmtree(path / CHECKPOINT, ignore_errors=True)


def _sync(path: Path) -> None:
    for folder, _, files in os.walk(path):
        for name in (*files, "."):
            descriptor = os.open(Path(folder, name), os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)


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


def _array(group: zarr.Group, name: str, shape: Any, dims: Any, chunks: Any, dtype: np.dtype[Any]) -> zarr.Array[Any]:
    return group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=dtype,
        fill_value=np.nan if dtype.kind == "f" else 0,  # what was never written shows
        dimension_names=dims,
        compressors=ZstdCodec(level=1, checksum=True),  # without it a flipped bit is read as a number
        overwrite=True,
    )


def _existing(group: zarr.Group, name: str) -> zarr.Array[Any]:
    array = group[name]
    assert isinstance(array, zarr.Array)
    return array


def _describe(group: zarr.Group, study: Study) -> None:
    level = next((e.level for e in study.estimators if hasattr(e, "level")), None)
    for name, array in group.arrays():
        base, _, side = name.rpartition("_")
        bound = side if side in ("lower", "upper") else ""
        if (base if bound else name) in MEANING:
            array.attrs["long_name"] = MEANING[base if bound else name] + (f", {bound} bound" if bound else "")
        if bound and level is not None:
            array.attrs["level"] = level
        if name == "status":
            array.attrs["flag_masks"] = [int(mask) for mask in FLAGS.values()]
            array.attrs["flag_meanings"] = " ".join(FLAGS)


def _column_coords(study: Study, leading: Container[str]) -> dict[str, Any]:
    """Coordinates of what moves together: factors, or groups of them."""
    coords = _factor_coords(study)
    labels = columns(study.factors)
    if len(labels) < len(study.factors):
        texts = {key: dict(zip(study.factors, values, strict=True)) for key, (_, values) in coords.items()}
        coords = {
            "factor": ("factor", np.array(list(labels), dtype=object)),
            **{key: ("factor", _together(texts[key], labels)) for key in ("unit", "law", "levels")},
        }
    if "factor_2" in leading:
        coords["factor_2"] = ("factor_2", coords["factor"][1])
    return coords


def _together(texts: Mapping[str, str], labels: Mapping[str, Sequence[str]]) -> np.ndarray[Any, Any]:
    """A factor's text by itself; those of a group with the names of its members."""
    return np.array(
        [
            texts[label] if list(members) == [label] else "; ".join(f"{m}: {texts[m]}" for m in members if texts[m])
            for label, members in labels.items()
        ],
        dtype=object,
    )


def _factor_coords(study: Study) -> dict[str, Any]:
    document = study.document["factors"]
    laws = {
        name: {k: v for k, v in law.items() if k not in ("kind", "unit") and v is not None}
        for name, law in document.items()
    }
    columns = {
        "factor": list(document),
        "unit": [law["unit"] or "" for law in document.values()],
        "law": [f"{document[name]['kind']} {json.dumps(law)}" for name, law in laws.items()],
        "levels": [json.dumps(law["values"]) if "values" in law else "" for law in laws.values()],
    }
    return {key: ("factor", np.array(values, dtype=object)) for key, values in columns.items()}


def _text(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Fixed-width text as objects, which Zarr writes as strings of any length."""
    return values.astype(object) if values.dtype.kind in "US" else values


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, Mapping) and value:
        items = [(f"{path}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list | tuple) and value and any(isinstance(item, Mapping) for item in value):
        items = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        return {path: json.dumps(value)}
    return {key: text for name, item in items for key, text in _flat(item, name).items()}
