"""The network that a training leaves: a ``.keras`` file, named by what it is of and by its own SHA-256."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from dnnsa.errors import ModelError
from dnnsa.files import digest, sync
from dnnsa.models import backend
from dnnsa.models.chatter import without_chatter
from dnnsa.models.keras import open_keras
from dnnsa.training.checkpoint import name_of

SETTING = "model.keep"
LETTERS = 32  # of the name of a training: 128 bits tell all of them apart


class Left(NamedTuple):
    """Where one training leaves its network.

    The digest is in the file's name, and not in a second file: one rename makes both, so that whatever workers do at
    once, or die of, no file lies beside the digest of another.
    """

    folder: Path
    training: str  # of what it is made, in hexadecimal

    def write(self, network: Any) -> Path:
        """Leave a network of Keras, in one rename, in the place of what an attempt before has left.

        Raises
        ------
        ModelError
            Keras cannot save it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f"{self.training}.{uuid4().hex}.partial.keras"
        try:
            _save(network, partial)
            whole = self.folder / f"{self.training}-{digest(partial)}.keras"
            partial.replace(whole)
        finally:
            partial.unlink(missing_ok=True)
        sync(self.folder)
        self._only(whole)
        return whole

    def file(self) -> Path | None:
        """What was left last."""
        return max(self._files().items(), key=_age, default=(None, 0))[0]

    def read(self) -> Any:
        """The network.

        Raises
        ------
        ModelError
            There is none, or its file is not what was written.
        """
        path = self.file()
        if path is None:
            raise ModelError(
                f"{SETTING}: {self.folder} has no network of this training, `{self.training}-....keras`: put it back, "
                "or run the study again with --overwrite."
            )
        found = digest(path)
        if found != digest_of(path):
            raise ModelError(
                f"{SETTING}: {path} is damaged or another file: its name has the SHA-256 of what was written, and its "
                f"own is {found}: put that file back, or run the study again with --overwrite."
            )
        backend.start()
        return open_keras(SETTING, path)

    def _files(self) -> dict[Path, int]:
        """Networks of this training, with the nanosecond of each."""
        return _files(self.folder, self.training)

    def _only(self, mine: Path) -> None:
        """Drop what is older: of workers that write at once, none drops the file of the last."""
        files = self._files()
        for path in files:
            if mine in files and _age((path, files[path])) < _age((mine, files[mine])):
                path.unlink(missing_ok=True)


def left_by(folder: Path, asked: Mapping[str, Any]) -> Left:
    """Where the training leaves its network that is asked for in these words."""
    return Left(folder, name_of(asked)[:LETTERS])


def newest(folder: Path) -> dict[str, Path]:
    """What each training of a folder has left last, by the training's name: the folder is gone through once."""
    files = sorted(_files(folder, "*").items(), key=_age)
    return {path.stem.rpartition("-")[0]: path for path, _ in files}


def digest_of(path: Path) -> str:
    """The SHA-256 that a network had when it was written."""
    return path.stem.rpartition("-")[2]


def _files(folder: Path, training: str) -> dict[Path, int]:
    """Networks whose training has such a name, with the nanosecond of each."""
    found = {}
    for path in folder.glob(f"{training}-*.keras"):
        try:
            found[path] = path.stat().st_mtime_ns
        except FileNotFoundError:  # another worker has just written a newer one
            continue
    return found


def _age(file: tuple[Path, int]) -> tuple[int, str]:
    """By which files come in order, on every host alike."""
    path, written = file
    return written, path.name


def _save(network: Any, path: Path) -> None:
    try:
        with without_chatter():
            network.save(path)
    except (NotImplementedError, TypeError, ValueError) as error:  # what Keras says of what it has no words for
        raise ModelError(
            f"{SETTING}: Keras cannot save a network of class {type(network).__name__} ({error}): build one of layers "
            "that it can, or leave `keep` out."
        ) from error
    sync(path)
