"""The life of a store: begun, held by one run, complete, removed."""

import fcntl
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import zarr

from dnnsa.errors import StoreError
from dnnsa.store.contents import attributes
from dnnsa.study import Study

CHECKPOINT = ".checkpoint"  # folder of the engine's commits, gone when the store is complete
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


def remove(path: Path) -> None:
    """Delete a store; what is not a store of dnnsa is not deleted.

    Raises
    ------
    StoreError
        It is something else.
    """
    attributes(path)
    shutil.rmtree(path)
