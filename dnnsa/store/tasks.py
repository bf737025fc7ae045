"""The table of tasks: which base points were run where, when, and how long it took."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from dnnsa.files import sync
from dnnsa.store.runs import CHECKED, SINCE, array_of

RECORD = ".record"  # folder of a store that is beside its tree of groups, for what no result depends on
TASKS = f"{RECORD}/tasks"  # a group by itself
ROWS = 4096  # of a chunk
COLUMNS: dict[str, tuple[Any, dict[str, Any]]] = {
    "replicate": (np.int64, {"long_name": "replicate of the design"}),
    "start": (np.int64, {"long_name": "first base point, by its number in the replicate"}),
    "base_points": (np.int64, {"long_name": "base points of the task"}),
    "worker": (str, {"long_name": "name of the worker"}),
    "host": (str, {"long_name": "host of the worker"}),
    "machine": (np.int64, {"long_name": "place in `machines` of the root"}),
    "began": (np.float64, {"long_name": "when the task began", **SINCE}),
    "seconds": (np.float64, {"long_name": "how long it took", "units": "s"}),
    "retried": (np.int64, {"long_name": "attempts that failed and then did not"}),
    "failed": (np.int64, {"long_name": "base points in quarantine"}),
}


def write_tasks(path: Path, start: int, done: Sequence[Any]) -> None:
    """Write the rows of the table of tasks from number ``start`` on; those that stood there belong to no commit.

    Parameters
    ----------
    done
        What has the columns of the table as attributes.
    """
    if not (path / TASKS).exists() or not start:
        _create(path)
    group = zarr.open_group(path / TASKS, mode="r+", use_consolidated=False)
    for name, (dtype, _) in COLUMNS.items():
        array = array_of(group, name)
        array.resize((start + len(done),))
        array[start:] = np.array([getattr(row, name) for row in done], dtype=object if dtype is str else dtype)
        for file in (path / TASKS / name).rglob("*"):
            sync(file)


def read_tasks(path: Path, names: Sequence[str], last: int) -> dict[str, NDArray[Any]]:
    """Columns of the table of tasks, ``(tasks,)`` each: of so many tasks, the last ones, or of none."""
    if not (path / TASKS).exists():
        return {name: np.zeros(0, dtype=COLUMNS[name][0]) for name in names}
    group = zarr.open_group(path / TASKS, mode="r", use_consolidated=False)
    columns = {name: array_of(group, name) for name in names}
    rows = min(column.shape[0] for column in columns.values())  # more may be on the way
    return {name: np.asarray(column[max(0, rows - last) : rows]) for name, column in columns.items()}


def _create(path: Path) -> None:
    group = zarr.create_group(path / TASKS, zarr_format=3, overwrite=True)
    for name, (dtype, attrs) in COLUMNS.items():
        fill: Any = "" if dtype is str else 0
        group.create_array(
            name,
            shape=(0,),
            chunks=(ROWS,),
            dtype=dtype,
            fill_value=fill,
            dimension_names=("task",),
            compressors=CHECKED,
            attributes=attrs,
        )
