"""Runs that were made before: outputs of a file, a row a run, in the place of a model."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from dnnsa.errors import ModelError
from dnnsa.files import verify
from dnnsa.models.base import Array, Digests, Evaluator, Outputs, Values, the_file
from dnnsa.settings import settings

SETTING = "model.path"
MISSING = ("", "nan")  # cells of a run that failed


@settings
class Recorded:
    """Outputs of runs that were made elsewhere: nothing is run, and a factor says which row of the file is meant.

    With ``design: {kind: external, pattern: sample}`` whose table has the row's number as a column, the study is of a
    log: `dnnsa analyse` writes such studies. Of other designs the rows that they ask for mean nothing.
    """

    kind: Literal["recorded"] = "recorded"
    path: str
    """A .csv file with a header, a column a quantity and a row a run, relative to the study."""
    row: str = "row"
    """The factor that says which row, from 0."""

    def __post_init__(self) -> None:
        if Path(self.path).suffix != ".csv":
            raise ValueError(f"`path` must end in .csv, got path: {self.path}")

    def files(self, directory: Path) -> Mapping[str, Path]:
        return {SETTING: the_file(SETTING, directory, self.path, "a .csv file of outputs")}

    def load(self, directory: Path, digests: Digests) -> Evaluator:
        """Read the outputs.

        Raises
        ------
        ModelError
            The file is another one or damaged, has no rows, or a cell is no number.
        """
        path = directory / self.path
        verify(SETTING, path, digests)
        columns = _read(path)

        def run(values: Values) -> Outputs:
            if self.row not in values:
                raise ModelError(f"model.row: there is no factor `{self.row}`: name the one that numbers the rows.")
            rows = np.asarray(values[self.row])
            count = len(next(iter(columns.values())))
            if rows.dtype.kind not in "iu" or rows.min(initial=0) < 0 or rows.max(initial=0) >= count:
                raise ModelError(
                    f"model.row: `{self.row}` must be integers from 0 to {count - 1}, the rows of {path}, got "
                    f"{rows.min():g} to {rows.max():g}."
                )
            return {name: column[rows] for name, column in columns.items()}

        return Evaluator(run, {}, {})


def _read(path: Path) -> dict[str, Array]:
    """The columns, NaN where a run gave nothing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ModelError(f"{SETTING}: {path} cannot be read as text with commas ({error}): save it as CSV.") from error
    if not rows or any(len(row) != len(header) for row in rows):
        raise ModelError(f"{SETTING}: {path} must have a header, and below it rows of {len(header)} cells.")
    return {name: _numbers(path, name, [row[k] for row in rows]) for k, name in enumerate(header)}


def _numbers(path: Path, name: str, cells: list[str]) -> Array:
    try:
        return np.array([np.nan if cell.strip().lower() in MISSING else float(cell) for cell in cells])
    except ValueError as error:
        raise ModelError(f"{SETTING}: column `{name}` of {path} must hold numbers ({error}).") from error
