"""Who writes in a store: one run at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dnnsa.errors import StoreError


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a store for one run: two would undo each other's commits.

    The lock is the kernel's on a file beside the store, gone with the process however that ends.

    Raises
    ------
    StoreError
        Another run holds it, or the place cannot be written.
    """
    name = _lock(path)
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


def is_held(path: Path) -> bool:
    """Whether a run is writing in a store now; nothing is changed to find out."""
    try:
        with _lock(path).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except (BlockingIOError, PermissionError):  # somebody else's, which cannot be asked: it is there, so in use
        return True
    return False


def _lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
