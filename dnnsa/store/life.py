"""The life of a store: begun, complete, extended, removed."""

import os
import shutil
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import zarr

from dnnsa.errors import StoreError
from dnnsa.store.contents import attributes
from dnnsa.store.tasks import RECORD
from dnnsa.study import Study

CHECKPOINT = ".checkpoint"  # folder of the engine's commits, while a study runs
STATES = ".states"  # the same folder of a complete store: its last commit, from which more base points go on
OF_THE_END = ("finished", "seconds", "stop")  # root attributes of a complete store that a longer study has not got yet
RECORDED = ("dnnsa", "dask", "distributed", "keras", "numpy", "scipy", "tensorflow", "xarray", "zarr")


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
        "retried": 0,
        "machines": [],
    }
    try:
        zarr.create_group(path, zarr_format=3, attributes=attributes)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)  # nothing is left half made
        raise StoreError(f"{path}: the store cannot be written: {error.strerror or error}.") from error


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


def update(path: Path, **attrs: Any) -> None:
    """Set root attributes."""
    zarr.open_group(path, mode="r+").attrs.update(attrs)


def add_backend(path: Path, backend: str) -> None:
    """Note that runs were made by a backend; those of lives before stay."""
    known = list(attributes(path).get("backends", []))
    if backend not in known:
        update(path, backends=[*known, backend])


def finish(path: Path, base_points: int, quarantined: int, seconds: float, **attrs: Any) -> None:
    """Declare a store complete, in one write, then put its last commit by.

    Metadata are consolidated, or plain ``xarray.open_datatree`` would warn that they are not.

    Parameters
    ----------
    attrs
        Further root attributes.
    """
    with (
        warnings.catch_warnings()
    ):  # Zarr's, that not every reader of format 3 knows what is consolidated: they skip it
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
        for folder in (CHECKPOINT, STATES, RECORD):
            warnings.filterwarnings("ignore", f"Object at {folder} is not recognized")
        zarr.consolidate_metadata(path, zarr_format=3)
    update(
        path,
        status="complete",
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        base_points_done=base_points,
        base_points_quarantined=quarantined,
        **attrs,
    )
    tidy(path)


def tidy(path: Path) -> None:
    """Put by the last commit of a store that is complete, also where a crash prevented it."""
    if (path / CHECKPOINT).exists():
        shutil.rmtree(path / STATES, ignore_errors=True)
        (path / CHECKPOINT).rename(path / STATES)


def extend(path: Path, study: Study, base_points: int, keep: bool = True) -> None:
    """Have a store run again, with more base points, from its last commit if that is a part of them.

    A crash on the way leaves it as it was, once `tidy` has been there, or without its commit where that is not kept.

    Parameters
    ----------
    keep
        Whether the last commit is a part of the larger study.

    Raises
    ------
    StoreError
        It is complete and has no commit.
    """
    attrs = attributes(path)
    if not keep:
        (path / CHECKPOINT / "manifest.json").unlink(missing_ok=True)  # first, as it names the other files
        if (path / CHECKPOINT).exists():
            shutil.rmtree(path / CHECKPOINT)
    elif attrs["status"] == "complete":
        tidy(path)
        if not (path / STATES).exists():
            raise StoreError(
                f"{path}: has no folder {STATES}, so it cannot be extended to {base_points} base points: give another "
                "--out, or start again with --overwrite."
            )
        (path / STATES).rename(path / CHECKPOINT)
    kept: dict[str, Any] = {key: value for key, value in attrs.items() if key not in OF_THE_END}
    asked: dict[str, Any] = {
        "name": study.name,
        "study": study.to_yaml(),
        "digest": study.digest,
        "base_points": base_points,
    }
    # What is consolidated tells of the maps as they were: opened without, it is dropped by the same write.
    zarr.open_group(path, mode="r+", use_consolidated=False).attrs.put({**kept, **asked, "status": "running"})


def remove(path: Path) -> None:
    """Delete a store; what is not a store of dnnsa is not deleted.

    Raises
    ------
    StoreError
        It is something else.
    """
    attributes(path)
    aside = path.with_name(f".{path.name}.removed")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)  # at once: half a store is none
    shutil.rmtree(aside)
