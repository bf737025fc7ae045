"""What single runs gave: written by the workers that ran them, whole or not at all, and read back."""

import math
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from dnnsa.errors import RunError, StoreError
from dnnsa.files import sync
from dnnsa.store.runs import DONE, FAILED, NOT_RUN, RUNS, array_of

DAMAGED = (RuntimeError, ValueError)  # what decoding raises
TORN = 255  # a state that cannot be read: power was lost before the disk held it, or the disk fails
Numbers = Sequence[int] | NDArray[np.integer]


def write_run(
    path: Path,
    number: int,
    outputs: Mapping[str, NDArray[Any]],
    seconds: float,
    began: float = math.nan,
    worker: str = "",
    host: str = "",
) -> None:
    """Keep the outputs of a run, ``(*shape)`` each; nothing happens where it is done already.

    The disk holds all of them before the state is written: that is the commit.

    Parameters
    ----------
    seconds, began
        How long it took, and when it began, in seconds since 1970.

    Raises
    ------
    RunError
        They cannot be written, such as on a full disk; the run counts as not run.
    """
    with _writing(path, number) as group:
        if _states(path, array_of(group, "state"), [number])[0] == DONE:
            return
        for name, values in outputs.items():
            _write(path, group, name, number, values)
        for name, value in {"seconds": seconds, "began": began, "worker": worker, "host": host, "state": DONE}.items():
            _write(path, group, name, number, value)


def write_failed(path: Path, number: int, cause: str, traceback: str, seconds: float) -> None:
    """Keep why a run failed, in the same way; nothing happens where it is done, or is known to have failed.

    Raises
    ------
    RunError
        It cannot be written.
    """
    with _writing(path, number) as group:
        if _states(path, array_of(group, "state"), [number])[0] in (DONE, FAILED):
            return
        for name, value in {"cause": cause, "traceback": traceback, "seconds": seconds, "state": FAILED}.items():
            _write(path, group, name, number, value)


def run_states(path: Path) -> NDArray[np.uint8]:
    """``NOT_RUN``, ``DONE`` or ``FAILED`` of each run, ``(runs,)``; none before there is a group of runs.

    A state that cannot be read counts as not run: run again, everything is as it should be.
    """
    if not (path / RUNS / "state").exists():
        return np.zeros(0, dtype=np.uint8)
    state = array_of(zarr.open_group(path / RUNS, mode="r"), "state")
    written = {file.name.removeprefix("c.") for file in (path / RUNS / "state").glob("c.*")}
    numbers = [int(name) for name in written if name.isdigit() and int(name) < state.shape[0]]
    states = np.full(state.shape, NOT_RUN, dtype=np.uint8)
    states[numbers] = _states(path, state, numbers)
    return np.where(states == TORN, NOT_RUN, states).astype(np.uint8)


def is_done(path: Path, number: int) -> bool:
    """Whether a run is done, by its own state alone: with those of all, a run would take longer the more there are."""
    state = array_of(zarr.open_group(path / RUNS, mode="r"), "state")
    return bool(_states(path, state, [number])[0] == DONE)


def run_times(path: Path) -> NDArray[np.float64]:
    """When each run that is done or has failed was kept, in no order, in seconds since 1970 by the file system's clock.

    Shape ``(runs that are kept,)``; a store that was copied may have lost them.
    """
    times = []
    for file in (path / RUNS / "state").glob("c.*"):
        if file.name.removeprefix("c.").isdigit():
            with suppress(FileNotFoundError):  # taken away meanwhile
                times.append(file.stat().st_mtime)
    return np.array(times, dtype=np.float64)


def opened_runs(path: Path) -> xr.Dataset | None:
    """The runs of a store, their states in memory and the rest read lazily; None where none are kept.

    While runs come and are added this is what was there at one time.
    """
    try:
        dataset: xr.Dataset = xr.open_zarr(path / RUNS, consolidated=True, chunks=None)
    except (FileNotFoundError, ValueError):  # not laid out yet
        return None
    states = run_states(path)[: dataset.sizes["run"]]
    return dataset.assign(state=("run", states, dataset["state"].attrs))


def read_runs(path: Path, numbers: Numbers) -> dict[str, NDArray[Any]]:
    """Outputs of some runs, ``(len(numbers), *shape)`` of each quantity, NaN of those that are not done.

    Raises
    ------
    StoreError
        What a run gave is missing or damaged.
    """
    group = zarr.open_group(path / RUNS, mode="r")
    distinct, where = np.unique(np.asarray(numbers, dtype=np.int64), return_inverse=True)
    done = _sound(path, array_of(group, "state"), distinct) == DONE
    outputs = {}
    for name in group.attrs["quantities"]:  # type: ignore[union-attr]
        array = array_of(group, str(name))
        values = np.full((len(distinct), *array.shape[1:]), np.nan, dtype=array.dtype)
        values[done] = _read(path, array, distinct[done])
        outputs[str(name)] = values[where]
    return outputs


def read_run_values(path: Path, numbers: Numbers, quantity: str) -> NDArray[Any]:
    """Of one quantity, the outputs of some runs that are done, ``(len(numbers), *shape)``.

    Raises
    ------
    StoreError
        What a run gave is missing or damaged.
    """
    return _read(path, array_of(zarr.open_group(path / RUNS, mode="r"), quantity), np.asarray(numbers, dtype=np.int64))


def failed_runs(path: Path, numbers: Numbers) -> dict[int, tuple[str, str]]:
    """Cause and traceback of those among some runs that failed, by number.

    Raises
    ------
    StoreError
        What is told of a run is missing or damaged.
    """
    group = zarr.open_group(path / RUNS, mode="r")
    distinct = np.unique(np.asarray(numbers, dtype=np.int64))
    failed = distinct[_sound(path, array_of(group, "state"), distinct) == FAILED]
    causes, tracebacks = (_read(path, array_of(group, name), failed).tolist() for name in ("cause", "traceback"))
    return {
        int(number): (str(cause), str(trace)) for number, cause, trace in zip(failed, causes, tracebacks, strict=True)
    }


@contextmanager
def _writing(path: Path, number: int) -> Iterator[zarr.Group]:
    try:
        yield zarr.open_group(path / RUNS, mode="r+")
    except OSError as error:
        raise RunError(
            f"{error.filename or path}: what run {number} gave cannot be written on host {socket.gethostname()}: "
            f"{error.strerror or error}."
        ) from error


def _write(path: Path, group: zarr.Group, name: str, number: int, value: Any) -> None:
    """Write one run's part of an array, also where it is NaN, and have the disk hold it."""
    array = array_of(group, name)
    file = _file(path, array, number)
    config: Any = {"write_empty_chunks": True}  # what is NaN is there; what is missing is lost
    metadata: Any = array.metadata
    whole = zarr.Array(zarr.AsyncArray(metadata, array.store_path, config=config))
    whole[number] = np.asarray(value, dtype=array.dtype)
    sync(file)
    sync(file.parent)


def _file(path: Path, array: zarr.Array[Any], number: int) -> Path:
    """The chunk of one run."""
    return path / RUNS / array.basename / ".".join(["c", str(number), *["0"] * (array.ndim - 1)])


def _states(path: Path, state: zarr.Array[Any], numbers: Numbers) -> NDArray[np.uint8]:
    """States of some runs, ``(len(numbers),)``, some of them ``TORN``.

    Files of the same bytes hold the same state, and Zarr decodes one of each: all of them would take it 4 s for 10,000.
    """
    known: dict[bytes, int] = {}
    states = np.full(len(numbers), NOT_RUN, dtype=np.uint8)
    for place, number in enumerate(numbers):
        file = _file(path, state, int(number))
        if file.exists():
            content = file.read_bytes()
            if content not in known:
                known[content] = _state(state, int(number))
            states[place] = known[content]
    return states


def _state(state: zarr.Array[Any], number: int) -> int:
    try:
        return int(np.asarray(state[number]))
    except DAMAGED:
        return TORN


def _sound(path: Path, state: zarr.Array[Any], numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """States of some runs, ``(len(numbers),)``, all of which can be read."""
    states = _states(path, state, numbers)
    for number in numbers[states == TORN]:
        raise _damaged(_file(path, state, number))
    return states


def _read(path: Path, array: zarr.Array[Any], numbers: NDArray[np.int64]) -> NDArray[Any]:
    """Some runs of an array, ``(len(numbers), *shape)``; the chunks of all of them are there."""
    for number in numbers:
        if not _file(path, array, number).exists():
            raise StoreError(
                f"{_file(path, array, number)}: is missing, and run {number} is done: start again with --overwrite."
            )
    try:
        return np.asarray(array.oindex[numbers])
    except DAMAGED:
        for number in numbers:
            _check(path, array, int(number))
        raise


def _check(path: Path, array: zarr.Array[Any], number: int) -> None:
    try:
        array[number]
    except DAMAGED as error:
        raise _damaged(_file(path, array, number)) from error


def _damaged(file: Path) -> StoreError:
    return StoreError(f"{file}: is damaged, it does not hold what was written: start again with --overwrite.")
