"""A column of numbers of a file: of text with commas and a header, or of an array of NumPy."""

import csv
import difflib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dnnsa.errors import ModelError

Array = NDArray[np.float64]
MOST_EXACT = 2**53  # magnitude up to which float64 has every integer


def _of_csv(path: Path, column: str | int | None) -> Array:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # sig: spreadsheets write a byte-order mark
            rows = csv.reader(file, strict=True)
            header = next(rows, [])
            position = _position(path, header, column)
            return np.array(list(_numbers(path, rows, len(header), position)), dtype=np.float64)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError(
            f"path: {path} cannot be read as text with commas ({error}): save it as CSV in UTF-8."
        ) from error


def _position(path: Path, header: Sequence[str], column: str | int | None) -> int:
    listed = ", ".join(f"`{name}`" for name in header)
    if not header:
        raise ModelError(f"path: {path} is empty: give a .csv file with a header and a value in each line below.")
    if column is None:
        if len(header) != 1:
            raise ModelError(f"column: {path} has {len(header)} columns: name one of them, {listed}.")
        if _number(header[0]) is not None:
            raise ModelError(f"path: line 1 of {path} must name its columns, got `{header[0]}`: put a header there.")
        return 0
    times = list(header).count(str(column))
    if times > 1:
        raise ModelError(f"column: {path} has {times} columns `{column}`: names of columns must be different.")
    if not times:
        near = difflib.get_close_matches(str(column), header, n=1)
        raise ModelError(
            f"column: {path} has no column `{column}`: "
            + (f"did you mean `{near[0]}`?" if near else f"it has {listed or 'none'}.")
        )
    return list(header).index(str(column))


def _numbers(path: Path, rows: Iterator[list[str]], width: int, position: int) -> Iterator[float]:
    line = 2  # where the row begins; a quoted cell may hold line ends
    for row in rows:
        if len(row) != width:
            raise ModelError(f"path: line {line} of {path} must have {width} cells as its header, got {len(row)}.")
        number = _number(row[position])
        if number is None:
            raise ModelError(
                f"column: line {line} of {path} must hold a finite number, got `{row[position]}`: correct it or leave "
                "the row out."
            )
        yield number
        line = rows.line_num + 1  # type: ignore[attr-defined]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None  # float reads 1_000


def _of_npy(path: Path, column: str | int | None) -> Array:
    try:
        with path.open("rb") as stream:  # opened here, because NumPy leaves a damaged file open
            array = np.load(stream, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(
            f"path: {path} cannot be read as a plain array ({error}): save it with `numpy.save`, without "
            "Python objects."
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf" or array.ndim not in (1, 2):
        got = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "several arrays"
        raise ModelError(f"path: {path} must hold numbers of shape (rows,) or (rows, columns), got {got}.")
    return _sound(path, array if array.ndim == 1 and column is None else _chosen(path, array, column))


def _chosen(path: Path, array: NDArray[np.generic], column: str | int | None) -> NDArray[np.generic]:
    columns = 1 if array.ndim == 1 else array.shape[1]
    if column is None and columns != 1:
        raise ModelError(f"column: {path} has {columns} columns: give the number of one, from 0.")
    number = int(column or 0)
    if number >= columns:
        raise ModelError(f"column: {path} has no column {number}: the last is {columns - 1}, counted from 0.")
    return array.reshape(len(array), columns)[:, number]


def _sound(path: Path, values: NDArray[np.generic]) -> Array:
    """The values as float64, refused where one is not finite or would lose digits."""
    with np.errstate(over="ignore"):  # of wider floats, to infinity, which is refused
        numbers = values.astype(np.float64)
    exact = np.abs(numbers) <= (MOST_EXACT if values.dtype.kind in "iu" else np.finfo(np.float64).max)  # NaN is not
    if not exact.all():
        row = int(np.argmin(exact))
        raise ModelError(
            f"column: row {row}, counted from 0, of {path} must hold a finite number that float64 has, got "
            f"{values[row]}: correct it or leave the row out."
        )
    return numbers


READERS: dict[str, Callable[[Path, str | int | None], Array]] = {".csv": _of_csv, ".npy": _of_npy}
