"""The files and folders that a study depends on, known by their SHA-256: every host reads what it was started with."""

import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from dnnsa.errors import ModelError

Digests = Mapping[str, str]  # setting that names a file -> SHA-256 of the file


@runtime_checkable
class ReadsFiles(Protocol):
    """A part of a study that depends on files of its own."""

    def files(self, directory: Path) -> Mapping[str, Path]:
        """The files, by the setting that names them, counted from where the part's own settings begin.

        Raises
        ------
        ModelError
            One is missing; the message begins with the setting.
        """
        ...


@runtime_checkable
class CallsFunctions(Protocol):
    """A part of a study that depends on what functions return."""

    def returned(self, directory: Path, digests: Digests) -> Digests:
        """SHA-256 of what they return, by a setting, the files being those of these digests.

        Raises
        ------
        ModelError
            It cannot be used; the message begins with the setting.
        """
        ...


def digest(path: Path) -> str:
    """SHA-256 in hexadecimal, of a file; or of a folder, of the names and contents of all that is in it."""
    if path.is_dir():
        inside = sorted(Path(place) / name for place, _, names in os.walk(path, followlinks=True) for name in names)
        listed = [f"{digest(file)} {file.relative_to(path).as_posix()}" for file in inside]
        return hashlib.sha256("\0".join(listed).encode("utf-8", "surrogateescape")).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def verify(setting: str, path: Path, digests: Digests) -> None:
    """Refuse a file or folder that is not, on this host, the one that the study was started with."""
    if not path.exists():
        raise ModelError(f"{setting}: host {socket.gethostname()} sees no file {path}: put it on a shared file system.")
    if digest(path) != digests[setting]:
        raise ModelError(
            f"{setting}: on host {socket.gethostname()}, {path} is not the file that the study was started with: "
            "put that file back, or start again with --overwrite."
        )
