"""The cells of a table that was made elsewhere: a column a factor, of values of the factor's own type."""

import csv
import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from dnnsa import layout
from dnnsa.errors import ModelError

SETTING = "design.path"
MOST_INTEGER = 2**62  # magnitude of the values of an integer factor
EDGES = np.array([2.0**-33, 1 - 2.0**-33])  # about where a law's values end
Cells = Sequence[str] | NDArray[Any]  # a column, as text or as numbers
Parsed = tuple[NDArray[Any], NDArray[np.bool_]]  # values, and which of them the cells really say, (rows,) each


class Law(layout.Law, Protocol):
    """The distribution of a factor, both ways."""

    def cdf(self, values: NDArray[Any]) -> NDArray[Any]:
        """Distribution function, of a discrete law the middle of a value's share; NaN for what the law cannot give."""
        ...


class _Choice(Protocol):
    @property
    def values(self) -> tuple[Any, ...]: ...

    def array(self) -> NDArray[Any]: ...


class Column(NamedTuple):
    """What a factor is in every row."""

    values: NDArray[Any]  # (rows,) of the type that the law's own values have
    u: NDArray[np.float64]  # (rows,) the law's distribution function of them


def read(path: Path, laws: Mapping[str, Law]) -> dict[str, Column]:
    """The columns of a table, one for each factor, in the order of the factors.

    Parameters
    ----------
    path
        A ``.csv`` file with a header of the factors' names in any order, or an ``.npy`` file of numbers with a column
        a factor, in the order of the factors.

    Raises
    ------
    ModelError
        The file is damaged, has other columns, or a cell that is no value of its factor; the message names the cell.
    """
    cells = READERS[path.suffix](path, tuple(laws))
    if not len(next(iter(cells.values()))):
        raise ModelError(f"{SETTING}: {path} has no rows: a table has at least one base point.")
    return {name: _column(path, name, law, cells[name]) for name, law in laws.items()}


def line(path: Path, row: int) -> str:
    """Where a row stands, for messages: lines count from 1, the header's; rows of an array from 0."""
    return f"line {row + 2} of {path}" if path.suffix == ".csv" else f"row {row}, counted from 0, of {path}"


def _column(path: Path, name: str, law: Law, cells: Cells) -> Column:
    values, sound = TYPES.get(law.kind, _floats)(law, cells)  # (rows,) each
    u = np.asarray(law.cdf(values), dtype=np.float64)
    bad = ~sound | ~np.isfinite(u)
    if bad.any():
        row = int(np.argmax(bad))
        raise ModelError(
            f"{SETTING}: {line(path, row)} must hold {_wanted(law)} in column `{name}`, got `{cells[row]}`: correct "
            "the table or the factor's law."
        )
    return Column(values, u)


def _wanted(law: Law) -> str:
    if law.kind == "choice":
        return f"one of {', '.join(f'`{_spelt(value)}`' for value in cast(_Choice, law).values)}"
    low, high = law.ppf(EDGES)
    number = "an integer" if law.kind == "integers" else "a finite number"
    return f"{number} that its law (`{law.kind}`, about {low:.6g} to {high:.6g}) can give"


def _floats(law: Law, cells: Cells) -> Parsed:
    if isinstance(cells, np.ndarray):
        x = cells.astype(np.float64)
    else:
        x = np.array([_number(cell) for cell in cells], dtype=np.float64)
    return x, np.isfinite(x)


def _integers(law: Law, cells: Cells) -> Parsed:
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iu":
        sound = np.abs(cells.astype(np.float64)) < MOST_INTEGER
        return np.where(sound, cells, 0).astype(np.int64), sound
    whole = [_integer(cell) for cell in cells]
    values = np.array([0 if number is None else number for number in whole], dtype=np.int64)
    return values, np.array([number is not None for number in whole], dtype=bool)


def _choices(law: Law, cells: Cells) -> Parsed:
    choice = cast(_Choice, law)
    listed = cells.tolist() if isinstance(cells, np.ndarray) else cells
    numbers = {cell: _which(cell, choice.values) for cell in set(listed)}  # cell -> number of the value, or -1
    chosen = np.array([numbers[cell] for cell in listed], dtype=np.int64)
    return choice.array()[np.maximum(chosen, 0)], chosen >= 0


TYPES: dict[str, Callable[[Law, Cells], Parsed]] = {"integers": _integers, "choice": _choices}


def _which(cell: str | float, values: tuple[Any, ...]) -> int:
    """The number of the value that a cell stands for; -1 if there is none, or more than one."""
    found = [k for k, value in enumerate(values) if _stands_for(cell, value)]
    return found[0] if len(found) == 1 else -1


def _stands_for(cell: str | float, value: Any) -> bool:
    if not isinstance(cell, str):
        return isinstance(value, int | float) and not isinstance(value, bool) and bool(cell == value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(cell) == value or cell.strip() == str(value)
    return cell == value if isinstance(value, str) else cell.strip().lower() == _spelt(value)


def _spelt(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> float:
    try:
        return math.nan if "_" in text else float(text)  # float reads 1_000
    except ValueError:
        return math.nan


def _integer(cell: str | float) -> int | None:
    """A whole number, as `3`, `3.0` or `3e0`; all digits of a long one."""
    if isinstance(cell, str) and len(cell) < 40 and cell.strip().removeprefix("-").isdecimal():
        number = int(cell)
    else:
        x = _number(cell) if isinstance(cell, str) else float(cell)
        if not (math.isfinite(x) and x.is_integer()):
            return None
        number = int(x)
    return number if abs(number) < MOST_INTEGER else None


def _of_csv(path: Path, names: tuple[str, ...]) -> dict[str, Cells]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # sig: spreadsheets write a byte-order mark
            rows = csv.reader(file, strict=True, skipinitialspace=True)
            header = next(rows, [])
            _check_header(path, header, names)
            columns: list[list[str]] = [[] for _ in header]
            for number, row in enumerate(rows):
                if len(row) != len(header):
                    raise ModelError(
                        f"{SETTING}: {line(path, number)} has {len(row)} cells and the header {len(header)}: give a "
                        "cell for each factor."
                    )
                if rows.line_num != number + 2:
                    raise ModelError(f"{SETTING}: {line(path, number)} goes on in the next one: a row is one line.")
                for column, cell in zip(columns, row, strict=True):
                    column.append(cell)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError(
            f"{SETTING}: {path} cannot be read as text with commas ({error}): save it as CSV in UTF-8."
        ) from error
    return dict(zip(header, columns, strict=True))


def _check_header(path: Path, header: Sequence[str], names: tuple[str, ...]) -> None:
    expected = ", ".join(f"`{name}`" for name in names)
    for column in header:
        if column not in names:
            near = difflib.get_close_matches(column, names, n=1)
            raise ModelError(
                f"{SETTING}: {path} has a column `{column}` and there is no such factor"
                + (f": did you mean `{near[0]}`?" if near else f": line 1 must name the factors, {expected}.")
            )
        if header.count(column) > 1:
            raise ModelError(f"{SETTING}: {path} has {header.count(column)} columns `{column}`: one a factor.")
    for name in names:
        if name not in header:
            raise ModelError(
                f"{SETTING}: {path} has no column `{name}`: line 1 must name the factors, {expected}, got "
                f"{', '.join(f'`{column}`' for column in header) or 'nothing'}."
            )


def _of_npy(path: Path, names: tuple[str, ...]) -> dict[str, Cells]:
    try:
        with path.open("rb") as stream:  # opened here, because NumPy leaves a damaged file open
            array = np.load(stream, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(
            f"{SETTING}: {path} cannot be read as a plain array ({error}): save it with `numpy.save`, without Python "
            "objects."
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf" or array.shape[1:] != (len(names),):
        got = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "several arrays"
        raise ModelError(
            f"{SETTING}: {path} must hold numbers of shape (rows, {len(names)}), a column for each factor in the order "
            f"of the study, got {got}."
        )
    return {name: array[:, k] for k, name in enumerate(names)}


READERS: dict[str, Callable[[Path, tuple[str, ...]], dict[str, Cells]]] = {".csv": _of_csv, ".npy": _of_npy}
