"""What a model is to a study: a recipe of a few strings, turned in each worker into a function of the factors."""

import hashlib
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from dnnsa.errors import ModelError

Array = NDArray[Any]
Values = Mapping[str, Array]  # factor -> its values, (n,), one for each run
Outputs = Mapping[str, Array]  # quantity -> (n, *shape)
Coords = Mapping[str, tuple[tuple[str, ...], Array]]  # coordinate -> its dimensions and its values
Digests = Mapping[str, str]  # setting that names a file -> SHA-256 of the file


class Evaluator(NamedTuple):
    """A model that has been loaded, with all that stands between the factors and the quantities."""

    run: Callable[[Values], Outputs]
    dims: Mapping[str, tuple[str, ...]]
    """Names of the dimensions of a quantity, without the runs'; a quantity that is missing here has none given."""
    coords: Coords


class Model(Protocol):
    """A recipe: small, frozen and picklable. The heavy package is imported in ``load``, never before."""

    @property
    def kind(self) -> str: ...

    def files(self, directory: Path) -> Mapping[str, Path]:
        """The files whose content the results depend on, by the setting that names them.

        Raises
        ------
        ModelError
            A file is missing, or a name cannot be found. Nothing is imported or loaded to find out.
        """
        ...


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(setting: str, path: Path, digests: Digests) -> None:
    """Refuse a file that is not, on this host, the one that the study was started with."""
    if not path.is_file():
        raise ModelError(f"{setting}: host {socket.gethostname()} sees no file {path}: put it on a shared file system.")
    if digest(path) != digests[setting]:
        raise ModelError(
            f"{setting}: on host {socket.gethostname()}, {path} is not the file that the study was started with: "
            "put that file back, or start again with --overwrite."
        )
