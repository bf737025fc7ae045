"""A program as the model: started once for each run, with parameters and results in files."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dnnsa.arrays import Array
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.models.base import Evaluator, Outputs, as_coords, check_coords
from dnnsa.settings import settings

SETTING = "model.command"
TOLD = 2000  # characters of standard error that an error shows, from its end


@settings
class Executable:
    """A program, started without a shell in a fresh folder for each run, that reads factors from a file.

    Its results are quantities by name. A run that fails loses its base point, and nothing else.
    """

    kind: Literal["executable"] = "executable"
    command: tuple[str, ...]
    """The program and its arguments; `{parameters}`, `{results}` and `{directory}` in them are replaced by paths."""
    results: Literal["results.json", "results.npz"] = "results.json"
    """The file that the program writes."""
    timeout: float | None = None
    """Seconds after which a run is ended and has failed; never unless given."""
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the dimensions of a quantity, such as `output: [y, x]`."""
    coords: dict[str, tuple[int | float | str, ...]] = field(default_factory=dict)
    """Coordinates of a dimension, such as `x: [0.0, 0.5, 1.0]`."""

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise ValueError(f"`command` must begin with a program, got {list(self.command)}: such as [./solver]")
        if self.timeout is not None and self.timeout <= 0:
            raise ValueError(f"`timeout` must be more than 0 seconds, got {self.timeout}: leave it out for no limit")
        check_coords(self.dims, self.coords)

    def files(self, directory: Path) -> Mapping[str, Path]:
        beside = ((number, _beside(directory, word)) for number, word in enumerate(self.command))
        found = {f"{SETTING}[{number}]": path for number, path in beside if path is not None}
        program = self.command[0]
        if f"{SETTING}[0]" not in found and ("{directory}" in program or program.startswith(".")):
            raise ModelError(
                f"{SETTING}[0]: there is no file {_path(directory, program)}: give the path of a program from the "
                "study file, or the name of an installed one."
            )
        return found

    def load(self, directory: Path, digests: Digests) -> Evaluator:
        """Find the program, in the process that will start it.

        Raises
        ------
        ModelError
            A file is not the one the study was started with, or the program cannot be started here.
        """
        files = self.files(directory)
        for setting, path in files.items():
            verify(setting, path, digests)
        words = [str(files.get(f"{SETTING}[{number}]", word)) for number, word in enumerate(self.command)]
        if shutil.which(words[0]) is None:
            raise ModelError(
                f"{SETTING}[0]: host {socket.gethostname()} cannot start `{words[0]}`: it is no file that may be "
                "executed (`chmod +x` makes a file one) and no installed program."
            )

        def run(values: Mapping[str, Array]) -> Outputs:
            columns = [column.tolist() for column in values.values()]
            given = [dict(zip(values, row, strict=True)) for row in zip(*columns, strict=True)]
            rows = [self._once(directory, words, one) for one in given]
            return {name: np.stack([row[name] for row in rows]) for name in _alike(rows)}

        return Evaluator(run, self.dims, as_coords(self.coords))

    def _once(self, directory: Path, words: list[str], parameters: dict[str, Any]) -> Outputs:
        """Results of one run."""
        with tempfile.TemporaryDirectory(prefix="dnnsa-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            given, results = folder / "parameters.json", folder / self.results
            given.write_text(json.dumps({key: _value(one) for key, one in parameters.items()}), encoding="utf-8")
            paths = {"{parameters}": given, "{results}": results, "{directory}": directory}
            _run([_filled(word, paths) for word in words], folder, self.timeout)
            if not results.is_file():
                raise RuntimeError(f"{SETTING}: the program ended well and left no file {self.results}")
            return _from_npz(results) if self.results.endswith(".npz") else _from_json(results)


def _path(directory: Path, word: str) -> Path:
    return directory / word.replace("{directory}", str(directory))


def _beside(directory: Path, word: str) -> Path | None:
    """The file of a word of the command, if it is one in the study's folder."""
    path = _path(directory, word)
    try:
        return path if path.is_relative_to(directory) and path.is_file() else None
    except (OSError, ValueError):  # too long for a path, or with characters that no path has
        return None


def _filled(word: str, paths: Mapping[str, Path]) -> str:
    for name, path in paths.items():
        word = word.replace(name, str(path))
    return word


def _value(value: Any) -> Any:
    """A factor's value as JSON has it, which knows no NaN."""
    return None if isinstance(value, float) and value != value else value


def _run(command: list[str], folder: Path, timeout: float | None) -> None:
    """Run a program to its end; when it does not get there, it is ended with all that it started."""
    with tempfile.TemporaryFile() as told:
        started = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            start_new_session=True,
        )
        try:
            status = started.wait(timeout)
        except BaseException as error:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise RuntimeError(f"{SETTING}: the program ran for longer than `timeout`, {timeout:g} s") from None
            raise
        if status:
            told.seek(max(0, told.seek(0, os.SEEK_END) - TOLD))
            words = told.read().decode(errors="replace").strip() or "nothing"
            raise RuntimeError(f"{SETTING}: the program ended with status {status} and said on standard error: {words}")


def _from_json(path: Path) -> Outputs:
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RuntimeError(f"{SETTING}: {path.name} is no JSON: {error}") from None
    if not isinstance(results, dict) or not results:
        raise RuntimeError(f'{SETTING}: {path.name} must hold quantities by name, such as {{"y": 1.5}}')
    return {name: _numbers(path, name, value) for name, value in results.items()}


def _numbers(path: Path, name: str, value: Any) -> Array:
    """A quantity as JSON has it: numbers in lists of equal lengths, null for what is missing."""
    try:
        given = np.array(value)
        if given.dtype.kind in "biuf" or (given.dtype.kind == "O" and not _others(given)):
            return given.astype(np.float64)
    except ValueError:  # lists of different lengths
        pass
    raise RuntimeError(f"{SETTING}: `{name}` in {path.name} is no number, and no lists of numbers of equal lengths")


def _others(given: Array) -> bool:
    return any(not (one is None or isinstance(one, int | float)) for one in given.flat)


def _from_npz(path: Path) -> Outputs:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            results = dict(arrays)
    except Exception as error:  # whatever the file makes NumPy raise
        raise RuntimeError(f"{SETTING}: {path.name} is no .npz file of arrays: {error}") from None
    if not results:
        raise RuntimeError(f"{SETTING}: {path.name} holds no array: give each quantity one, by name")
    return results


def _alike(rows: list[Outputs]) -> list[str]:
    """Names of the quantities, the same in all runs."""
    for row in rows:
        if row.keys() != rows[0].keys():
            raise RuntimeError(f"{SETTING}: a run gave {sorted(row)} where another gave {sorted(rows[0])}")
    return list(rows[0])
