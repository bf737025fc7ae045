"""A long training kept as it goes, so that one whose worker dies goes on from its last checkpoint."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Keep:
    """Where the arrays of one training lie between its epochs; nowhere unless a path is given."""

    def __init__(self, path: Path | None = None, every: int = 0) -> None:
        self.path, self.every = path, every

    def read(self) -> list[Array] | None:
        """What was written last; a damaged file is none."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            with self.path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                return [file[f"arr_{number}"] for number in range(len(file.files))]
        except (ValueError, OSError, EOFError, BadZipFile):
            return None

    def write(self, arrays: Sequence[Array]) -> None:
        """Replace what was written before, in one rename."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(f".{os.getpid()}.partial.npz")
        with partial.open("wb") as file:
            np.savez(file, *arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)

    def remove(self) -> None:
        """Drop it, and what workers have left that died while they wrote it: the training has ended."""
        if self.path is not None:
            for left in (self.path, *self.path.parent.glob(f"{self.path.stem}.*.partial.npz")):
                left.unlink(missing_ok=True)


def keep_of(folder: Path | None, every: int, asked: Mapping[str, Any]) -> Keep:
    """Where a training is kept that is asked for in these words."""
    if folder is None:
        return Keep()
    return Keep(folder / f"{name_of(asked)}.npz", every)


def name_of(asked: Mapping[str, Any]) -> str:
    """The same name for the same training, whoever makes it: a SHA-256 in hexadecimal."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
