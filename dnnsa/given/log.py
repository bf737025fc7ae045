"""A log as columns: what varied, what came out, which rows are of use, and what has to be told of it."""

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.errors import InputError
from dnnsa.study import TAKEN

FEWEST = 40  # rows
MOST_LEVELS = 64  # of a column of text
STATE, DONE, OPEN = "state", "COMPLETE", ("RUNNING", "WAITING")  # Optuna's, of a trial
PARAMETER = "params_"
RESERVED = (*TAKEN, "row", "runs", "quarantine")  # names that a store, or the study of a log, has taken
Array = NDArray[np.float64]


class Input(NamedTuple):
    """A column of the log that varied."""

    name: str  # a Python name
    values: NDArray[Any]  # (rows,) float64, or text, or truth values
    logarithm: bool = False  # whether its logarithm of base ten stands here

    @property
    def ordered(self) -> bool:
        """Whether it is of numbers: else its values are alike or not."""
        return bool(self.values.dtype.kind == "f")


@dataclass(frozen=True)
class Log:
    """Rows of which every input is known, in the order of the log."""

    inputs: tuple[Input, ...]
    outputs: Mapping[str, Array]  # (rows,) each, NaN where the run gave nothing
    notes: tuple[str, ...]  # what the user has to know

    @property
    def rows(self) -> int:
        return len(self.inputs[0].values)


def read(
    data: Any,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    log: Sequence[str] = (),
    first: int | None = None,
) -> Log:
    """The log of a .csv file, of a DataFrame, or of a mapping from names to columns.

    Of a table of Optuna's (``study.trials_dataframe()``) the inputs are its ``params_`` and the output its ``value``
    unless given; trials that are not ``COMPLETE`` gave nothing: the value of a pruned one is that of another epoch.

    Parameters
    ----------
    inputs, outputs
        Names of columns.
    log
        Columns, inputs or outputs, of which the logarithm of base ten is taken.
    first
        Take so many rows only, the first ones.

    Raises
    ------
    InputError
        A column is not there or cannot be used, or too few rows are left.
    """
    table, notes = _table(data), []
    if first is not None:
        table = table.head(first)
    trials = STATE in table and any(str(column).startswith(PARAMETER) for column in table)
    if trials:
        table, told = _finished(table)
        notes += told
    inputs, outputs = _chosen(table, inputs, outputs, trials)
    table = table.reset_index(drop=True)
    for name in log:
        if name not in (*inputs, *outputs):
            raise InputError(f"log: `{name}` is none of the inputs and outputs: {_listed((*inputs, *outputs))}.")
    missing = {name: _missing(table[name]) for name in inputs}
    lost = np.any(list(missing.values()), axis=0)
    if lost.any():
        where = _listed(name for name, at in missing.items() if at.any())
        notes.append(
            f"{_share(lost)} have no value of {where} and are left out: all that follows is of the others. If an input "
            "is missing where it plays no part, leave its column out, or analyse those rows by themselves."
        )
    table = table[~lost]
    names = _python_names([*inputs, *outputs])
    columns = [_input(names[name], name, table[name], name in log) for name in inputs]
    constant = [one for one in columns if len(np.unique(one.values)) < 2]
    if constant:
        notes.append(f"{_listed(one.name for one in constant)} never varied: nothing can be said of them.")
    if len(table) < FEWEST:
        raise InputError(f"a log needs {FEWEST} rows of which all inputs are known, got {len(table)}.")
    if len(constant) == len(columns):
        raise InputError(f"inputs: none of {_listed(inputs)} varies.")
    found = dict(_output(names[name], name, table[name], trials, table, name in log) for name in outputs)
    return Log(tuple(one for one in columns if one not in constant), found, tuple(notes))


def _table(data: Any) -> Any:
    import pandas

    if not isinstance(data, str | Path):
        return pandas.DataFrame(data)
    path = Path(data)
    if not path.is_file():
        raise InputError(f"there is no file {path}: give a .csv file with a header, a row a run.")
    try:
        return pandas.read_csv(path, skipinitialspace=True)
    except (ValueError, OSError) as error:  # pandas' own errors are ValueErrors
        raise InputError(f"{path} cannot be read as text with commas ({error}): save it as CSV in UTF-8.") from error


def _finished(table: Any) -> tuple[Any, list[str]]:
    """The trials that are over."""
    waiting = table[STATE].isin(OPEN).to_numpy()
    notes = [f"{_share(waiting)} are of trials that run or wait, and are left out."] if waiting.any() else []
    return table[~waiting], notes


def _chosen(
    table: Any, inputs: Sequence[str] | None, outputs: Sequence[str] | None, trials: bool
) -> tuple[list[str], list[str]]:
    known = [str(column) for column in table.columns]
    if trials:
        inputs = inputs or [name for name in known if name.startswith(PARAMETER)]
        outputs = outputs or [name for name in known if name == "value" or name.startswith("values_")]
    for what, names in (("inputs", inputs), ("outputs", outputs)):
        if not names:
            raise InputError(f"{what}: must name one column or more, of {_listed(known)}.")
        for name in names:
            if name not in known:
                raise InputError(f"{what}: there is no column `{name}`: the log has {_listed(known)}.")
    twice = [name for name in (*inputs, *outputs) if [*inputs, *outputs].count(name) > 1]  # type: ignore[misc]
    if twice:
        raise InputError(f"`{twice[0]}` stands twice: a column is an input or an output, once.")
    return list(inputs or ()), list(outputs or ())


def _missing(column: Any) -> NDArray[np.bool_]:
    import pandas

    if pandas.api.types.is_numeric_dtype(column):
        values: Array = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(~np.isfinite(values))
    return np.asarray(column.isna(), dtype=np.bool_)


def _python_names(columns: Sequence[str]) -> dict[str, str]:
    """A Python name for each column, all different."""
    names: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"\W+", "_", column.removeprefix(PARAMETER)).strip("_") or "column"
        name = f"_{name}" if name[0].isdigit() or keyword.iskeyword(name) or name in RESERVED else name
        while name in names.values():
            name += "_"
        names[column] = name
    return names


def _input(name: str, told: str, column: Any, logarithm: bool) -> Input:
    import pandas

    if pandas.api.types.is_bool_dtype(column) or set(column.unique()) <= {True, False}:
        if logarithm:
            raise InputError(f"log: `{told}` holds truth values: only of numbers above 0.")
        return Input(name, column.to_numpy(dtype=bool))
    if pandas.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64)
        return Input(name, _logarithm(told, values) if logarithm else values, logarithm)
    if logarithm:
        raise InputError(f"log: `{told}` holds text: only of numbers above 0.")
    texts = np.array([" ".join(str(value).split()) for value in column], dtype=object)
    if len(levels := set(texts)) > MOST_LEVELS:
        raise InputError(
            f"inputs: `{told}` has {len(levels)} different texts: an input is a number, or one of {MOST_LEVELS} texts "
            "at most."
        )
    return Input(name, texts)


def _output(name: str, told: str, column: Any, trials: bool, table: Any, logarithm: bool) -> tuple[str, Array]:
    import pandas

    values = pandas.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if trials:
        values = np.where(table[STATE].to_numpy() == DONE, values, np.nan)
    values = np.where(np.isfinite(values), values, np.nan)
    if logarithm:
        return f"log10_{name}", _logarithm(told, values)
    return name, values


def _logarithm(told: str, values: Array) -> Array:
    if (values <= 0).any():
        raise InputError(f"log: `{told}` must be above 0 in every row, got {np.nanmin(values):g}.")
    return np.log10(values)


def _share(which: NDArray[np.bool_]) -> str:
    return f"{which.sum()} of {len(which)} rows ({100 * which.mean():.3g} %)"


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)
