"""The nominal inputs of a network, which the factors perturb: consecutive entries of an array in an ``.npz`` file."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.settings import settings

Array = NDArray[Any]
PATH = "cases.path"


class LoadedCases(NamedTuple):
    """Cases in the order of the file."""

    inputs: Array  # (cases, *shape), finite
    labels: Array | None  # (cases,) int64 classes
    targets: Array | None  # (cases, *tshape), finite
    position: Array  # (cases,) int64, in the file
    entries: Array  # (entries, *shape) all inputs in the file, cases or not, whatever they hold
    array: Callable[[str, str], Array]  # (setting, name): another array of the file; a ModelError names the setting


@settings
class Cases:
    """Which nominal inputs: ``count`` consecutive entries of an array, from ``first`` on, and their classes."""

    path: str
    """An .npz file of arrays, relative to the study file."""
    inputs: str = "inputs"
    """Name of the array of inputs in it, shape `(entries, *shape)`."""
    labels: str | None = None
    """Name of the array of integer classes in it, shape `(entries,)`."""
    targets: str | None = None
    """Name of the array of what the network should give in it, shape `(entries, *tshape)`."""
    first: int = 0
    """Position of the first case, counted from 0."""
    count: int | None = None
    """How many cases, all from `first` on unless given."""
    factor: str | None = None
    """The factor of integers that says which case, 0 to count - 1, a run is of; of every case unless given."""

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError(f"`first` must be 0 or more, got {self.first}")
        if self.count is not None and self.count < 1:
            raise ValueError(f"`count` must be 1 or more, got {self.count}")

    def files(self, directory: Path) -> Mapping[str, Path]:
        """The file, by the setting that names it.

        Raises
        ------
        ModelError
            It is missing.
        """
        path = directory / self.path
        if not path.is_file():
            raise ModelError(f"cases.path: there is no file {path}: give the path of an .npz file from the study file.")
        return {"cases.path": path}

    def load(self, directory: Path, digests: Digests) -> LoadedCases:
        """Read the cases from the file that the study was started with.

        Raises
        ------
        ModelError
            The file is another one or damaged, an array is not in it, the range leaves it, or the arrays are not
            finite numbers and their integer classes.
        """
        path = directory / self.path
        verify("cases.path", path, digests)
        inputs, labels, targets = read_arrays(
            PATH, path, (("cases.inputs", self.inputs), ("cases.labels", self.labels), ("cases.targets", self.targets))
        )
        if inputs is None or inputs.ndim == 0 or inputs.dtype.kind not in "fiub":
            raise ModelError(f"cases.inputs: `{self.inputs}` must be an array of numbers (entries, *shape): {path}.")
        chosen = self._range(len(inputs))
        if labels is not None:
            self._check_labels(labels, len(inputs))
        if targets is not None and (targets.shape[:1] != inputs.shape[:1] or targets.dtype.kind not in "fiub"):
            raise ModelError(
                f"cases.targets: `{self.targets}` must hold numbers for each of the {len(inputs)} entries of "
                f"`{self.inputs}`, shape ({len(inputs)}, ...), got {targets.dtype} of shape {targets.shape}."
            )
        for setting, name, array in (("inputs", self.inputs, inputs), ("targets", self.targets, targets)):
            if array is not None:
                self._check_finite(f"cases.{setting}: entry {{}} of `{name}` in {path}", array[chosen])
        return LoadedCases(
            inputs=inputs[chosen],
            labels=None if labels is None else labels[chosen].astype(np.int64),
            targets=None if targets is None else targets[chosen],
            position=np.arange(chosen.start, chosen.stop, dtype=np.int64),
            entries=inputs,
            array=partial(_another, path),
        )

    def _check_finite(self, what: str, cases: Array) -> None:
        finite = np.isfinite(cases).reshape(len(cases), -1).all(axis=1)  # (cases,)
        if not finite.all():
            raise ModelError(
                f"{what.format(self.first + int(np.argmin(finite)))} holds NaN or infinity: every nominal input and "
                "target must be finite."
            )

    def _range(self, entries: int) -> slice:
        if self.first >= entries:
            raise ModelError(
                f"cases.first: the file holds {entries} entries, got first: {self.first}: entries are counted from 0."
            )
        count = entries - self.first if self.count is None else self.count
        if self.first + count > entries:
            raise ModelError(
                f"cases.count: the file holds {entries} entries, got first: {self.first} and count: {count}: "
                f"at most {entries - self.first} cases are left from there."
            )
        return slice(self.first, self.first + count)

    def _check_labels(self, labels: Array, entries: int) -> None:
        if labels.dtype.kind not in "iu":
            raise ModelError(
                f"cases.labels: `{self.labels}` must hold integer classes, got {labels.dtype}: "
                "store the number of each case's class, counted from 0."
            )
        if labels.shape != (entries,):
            raise ModelError(
                f"cases.labels: `{self.labels}` must hold one class for each of the {entries} entries of "
                f"`{self.inputs}`, shape ({entries},), got shape {labels.shape}."
            )


def read_arrays(setting_of_path: str, path: Path, wanted: tuple[tuple[str, str | None], ...]) -> list[Array | None]:
    """The arrays of an ``.npz`` file by (setting, name); None where no name is given."""
    try:
        with path.open("rb") as stream:  # opened here, because NumPy leaves a damaged file open
            file = np.load(stream, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise ModelError(
                    f"{setting_of_path}: {path} holds one array without a name: save it with `numpy.savez`."
                )
            for setting, name in wanted:
                if name is not None and name not in file.files:
                    raise ModelError(f"{setting}: no array `{name}` in {path}: it holds {_listed(file.files)}.")
            return [None if name is None else file[name] for _, name in wanted]
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise ModelError(
            f"{setting_of_path}: {path} cannot be read as an .npz file of plain arrays ({error}): save it with "
            "`numpy.savez`, without Python objects."
        ) from error


def _another(path: Path, setting: str, name: str) -> Array:
    (array,) = read_arrays(PATH, path, ((setting, name),))
    assert array is not None  # it has a name
    return array


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"
