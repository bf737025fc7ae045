"""What networks are trained on: arrays of a file or of a function, split into training, validation and test data."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.cases import read_arrays
from dnnsa.designs.counter import words
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.functions import check_call, function_files
from dnnsa.settings import settings
from dnnsa.training.called import ARRAYS, CALL, called, check_same, digest_of
from dnnsa.training.hyperparameters import (
    SEED,
    SHARE,
    FactorOrInteger,
    FactorOrNumber,
    Sort,
    Sorts,
    wrong_constants,
)

PATH = "model.data.path"
SPLIT, SUBSET = 0, 1  # streams of random numbers


class Part(NamedTuple):
    """Training, validation or test data."""

    inputs: NDArray[np.float32]  # (entries, *shape)
    truth: NDArray[Any]  # (entries,) int32 classes, or (entries, outputs) float32 targets

    @property
    def size(self) -> int:
        return len(self.inputs)


class Loaded(NamedTuple):
    """The data of a study of trainings."""

    training: Part
    validation: Part
    test: Part
    classes: int  # 0 for targets
    cases: NDArray[np.int64]  # (test entries,) their positions in the arrays

    @property
    def outputs(self) -> int:
        """Numbers that a network gives for an input."""
        return self.classes or self.test.truth.shape[1]


@settings
class Data:
    """The data, in a file or from a function, and how they are split."""

    path: str | None = None
    """An .npz file of arrays, relative to the study file; this or `call`."""
    call: str | None = None
    """`module:function` that returns such arrays by name; beside the study file, or installed."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """What it is called with, by keyword: constants."""
    inputs: str = "inputs"
    """Name of the array of inputs in it, shape `(entries, *shape)`."""
    labels: str | None = None
    """Name of the array of integer classes in it, shape `(entries,)`."""
    targets: str | None = None
    """Name of the array of numbers to be given in it, shape `(entries,)` or `(entries, outputs)`."""
    split: str | None = None
    """Name of an array of 0 (training), 1 (validation) and 2 (test) in it; by share unless given."""
    validation: float = 0.2
    """Share of the entries that are validation data."""
    test: float = 0.2
    """Share of the entries that are test data."""
    split_seed: int = 0
    """Which entries these are: the same in all runs."""
    subset: FactorOrNumber = 1.0
    """Share of the training data that a run is trained on, above 0."""
    size: FactorOrInteger | None = None
    """How many of the training data instead."""
    subset_seed: FactorOrInteger = 0
    """Which of the training data these are; a larger subset of one seed holds the smaller."""

    sorts: ClassVar[Sorts] = {"subset": SHARE, "size": Sort(int, low=1, optional=True), "subset_seed": SEED}

    def __post_init__(self) -> None:
        wrong = wrong_constants(self.sorts, self.hyperparameters)
        if (self.path is None) == (self.call is None):
            wrong.append("give either `path` (an .npz file) or `call` (a function), not both and not none")
        if self.call is not None:
            check_call(self.call)
        elif self.arguments:
            wrong.append(f"`arguments` are what `call` is called with, and there is none, got {self.arguments}")
        if (self.labels is None) == (self.targets is None):
            wrong.append("give either `labels` (classes) or `targets` (numbers), not both and not none")
        if self.split is None and not (self.validation > 0 and self.test > 0 and self.validation + self.test < 1):
            wrong.append(
                "`validation` and `test` must be above 0 and leave something to train on, got "
                f"{self.validation:g} and {self.test:g}"
            )
        if self.size is not None and self.subset != 1.0:
            wrong.append("give either `subset` (a share) or `size` (a number), not both")
        if wrong:
            raise ValueError("; ".join(wrong))

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What may be a factor."""
        return {name: getattr(self, name) for name in self.sorts}

    @property
    def known_by(self) -> str:
        """The setting whose digest, among those of the study's files, is that of the data."""
        return PATH if self.call is None else ARRAYS

    @property
    def wanted(self) -> dict[str, str]:
        """Names of arrays that are asked for, by the setting that does."""
        asked = {f"model.data.{key}": getattr(self, key) for key in ("inputs", "labels", "targets", "split")}
        return {setting: name for setting, name in asked.items() if name is not None}

    def files(self, directory: Path) -> Mapping[str, Path]:
        if self.call is not None:
            return function_files(CALL, self.call, directory)
        path = directory / str(self.path)
        if not path.is_file():
            raise ModelError(f"{PATH}: there is no file {path}: give the path of an .npz file from the study file.")
        return {PATH: path}

    def returned(self, directory: Path, digests: Digests) -> dict[str, str]:
        """The digest of the arrays that the function returns; nothing where the data are in a file.

        Raises
        ------
        ModelError
            The function is not found, raises, or returns something else.
        """
        if self.call is None:
            return {}
        return {ARRAYS: digest_of(called(self.call, self.arguments, directory, digests, self.wanted))}

    def _arrays(self, directory: Path, digests: Digests) -> Mapping[str, NDArray[Any]]:
        """What is asked for, by setting, as it was when the study was started."""
        if self.call is not None:
            arrays = called(self.call, self.arguments, directory, digests, self.wanted)
            check_same(self.call, arrays, digests)
            return arrays
        path = directory / str(self.path)
        verify(PATH, path, digests)
        found = read_arrays(PATH, path, tuple(self.wanted.items()))
        return {setting: array for setting, array in zip(self.wanted, found, strict=True) if array is not None}

    def load(self, directory: Path, digests: Digests) -> Loaded:
        """Read the data that the study was started with, and split them.

        Raises
        ------
        ModelError
            The file is another one or damaged, or the function returns something else; an array is not there or not
            what is needed, or a part is empty.
        """
        arrays = self._arrays(directory, digests)
        labels, targets, split = (arrays.get(f"model.data.{key}") for key in ("labels", "targets", "split"))
        inputs = _numbers("model.data.inputs", self.inputs, arrays["model.data.inputs"])
        count = len(inputs)
        truth: NDArray[Any]
        if labels is not None:
            truth, classes = _classes(str(self.labels), labels, count)
        else:
            truth, classes = _numbers("model.data.targets", str(self.targets), targets, count).reshape(count, -1), 0
        parts = self._by_share(count) if split is None else _by_array(str(self.split), split, count)
        if small := [
            name for name, part in zip(("training", "validation", "test"), parts, strict=True) if not len(part)
        ]:
            raise ModelError(f"model.data: no {small[0]} data of {count} entries: make their share larger.")
        training, validation, test = (Part(inputs[part], truth[part]) for part in parts)
        return Loaded(training, validation, test, classes, parts[2])

    def _by_share(self, count: int) -> list[NDArray[np.int64]]:
        """Positions of training, validation and test data."""
        order = np.argsort(words(self.split_seed % 2**64, SPLIT, 0, count), kind="stable")
        test, validation = round(self.test * count), round(self.validation * count)
        return [np.sort(part) for part in (order[test + validation :], order[test : test + validation], order[:test])]


def training_size(data: Loaded, chosen: Mapping[str, Any]) -> int:
    """How many training data a run has.

    Raises
    ------
    ValueError
        More are asked for than there are.
    """
    entries = data.training.size
    size = int(chosen["data.size"] or max(1, round(chosen["data.subset"] * entries)))
    if size > entries:
        raise ValueError(f"model.data.size: there are {entries} training data, and {size} are asked for")
    return size


def subset(seed: int, count: int) -> NDArray[np.int32]:
    """Positions of training data, those of the smallest subset first, ``(count,)``."""
    return np.argsort(words(seed % 2**64, SUBSET, 0, count), kind="stable").astype(np.int32)


def _by_array(name: str, split: NDArray[Any], count: int) -> list[NDArray[np.int64]]:
    if split.shape != (count,) or not np.isin(split, (0, 1, 2)).all():
        raise ModelError(
            f"model.data.split: `{name}` must hold 0 (training), 1 (validation) or 2 (test) for each of the {count} "
            f"entries, got {split.dtype} of shape {split.shape}."
        )
    return [np.flatnonzero(split == part) for part in (0, 1, 2)]


def _numbers(setting: str, name: str, array: Any, count: int | None = None) -> NDArray[np.float32]:
    if array.ndim == 0 or (count is not None and len(array) != count) or array.dtype.kind not in "fiub":
        raise ModelError(
            f"{setting}: `{name}` must hold numbers for each entry, shape (entries, ...), got {array.dtype} of shape "
            f"{array.shape}."
        )
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float32)
    if not np.isfinite(numbers).all():
        entry = int(np.argmin(np.isfinite(numbers).reshape(len(array), -1).all(axis=1)))
        raise ModelError(f"{setting}: entry {entry} of `{name}` is not finite in float32: leave it out or correct it.")
    return np.asarray(numbers)


def _classes(name: str, labels: Any, count: int) -> tuple[NDArray[np.int32], int]:
    if labels.shape != (count,) or labels.dtype.kind not in "iu" or labels.min(initial=0) < 0:
        raise ModelError(
            f"model.data.labels: `{name}` must hold the integer class of each of the {count} entries, counted from 0, "
            f"got {labels.dtype} of shape {labels.shape}."
        )
    if labels.max(initial=0) < 1:
        raise ModelError(f"model.data.labels: `{name}` holds one class alone: two or more are needed.")
    return labels.astype(np.int32), int(labels.max()) + 1
