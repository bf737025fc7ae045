"""A log as a study like any other: its tables and its study file, in a folder."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.given.log import Input
from dnnsa.reading import write

INPUTS, OUTPUTS, STUDY, STORE, ROW = "inputs.csv", "outputs.csv", "study.yaml", "study.zarr", "row"
PARTS = range(10, 3, -1)  # replicates that are tried: as many equal parts as leave out the fewest rows
A_BIN = 25  # rows in a bin, at least, of 4 to 16
MOST_BINS = 1024


def parts_of(rows: int) -> int:
    """Into how many equal parts, as replicates, some rows are cut: what is left over is left out."""
    return min(PARTS, key=lambda parts: rows % parts)


def write_study(
    folder: Path, name: str, inputs: Sequence[Input], outputs: Mapping[str, NDArray[Any]], heading: Sequence[str]
) -> Path:
    """Write the two tables and the study file; a row's number is a factor beside the inputs.

    Parameters
    ----------
    outputs
        Quantities, ``(rows,)`` each.
    heading
        Lines that stand above the study, as comments.
    """
    rows = len(next(iter(outputs.values())))
    columns = {one.name: one.values for one in inputs} | {ROW: np.arange(rows)}
    _write_csv(folder / INPUTS, columns)
    _write_csv(folder / OUTPUTS, outputs)
    path = folder / STUDY
    comments = "".join(f"# {line}\n" for line in heading)
    path.write_text(comments + write(_document(name, inputs, rows)), encoding="utf-8")
    return path


def _document(name: str, inputs: Sequence[Input], rows: int) -> dict[str, Any]:
    few = int(np.clip(rows // A_BIN, 4, 16))
    return {
        "name": name,
        "factors": {one.name: _law(one) for one in inputs} | {ROW: {"kind": "integers", "low": 0, "high": rows - 1}},
        "design": {"kind": "external", "path": INPUTS, "pattern": "sample", "replicates": parts_of(rows)},
        "model": {"kind": "recorded", "path": OUTPUTS, "row": ROW},
        "estimators": [
            {"kind": "binned", "bins": _apart(inputs, few, rows // 8)},
            {"kind": "hsic", "bins": _apart(inputs, max(few, 8), MOST_BINS)},
            {"kind": "main_effects", "parts": few},
            {"kind": "moments"},
        ],
        "max_failed": 1,
    }


def _law(one: Input) -> dict[str, Any]:
    """What the column says: a number as likely as often as it stands there, or texts with their shares."""
    if one.ordered:
        law = {"kind": "empirical", "path": INPUTS, "column": one.name}
        return law | ({"unit": "log10"} if one.logarithm else {})
    levels, counts = np.unique(one.values.astype(str), return_counts=True)
    values: list[Any] = [level == "True" for level in levels] if one.values.dtype.kind == "b" else levels.tolist()
    return {"kind": "choice", "values": values, "probabilities": (counts / counts.sum()).tolist()}


def _apart(inputs: Sequence[Input], bins: int, most: int) -> int:
    """So many bins, doubled, that values of columns of few share none; no more than there may be."""
    while 2 * bins <= most and any(_shared(one, bins) for one in inputs):
        bins *= 2
    return bins


def _shared(one: Input, bins: int) -> bool:
    values = one.values if one.ordered else one.values.astype(str)
    counts = np.unique(values, return_counts=True)[1]
    if one.ordered and len(counts) > bins:
        return False
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    return len(np.unique(np.floor(middle * bins))) < len(counts)


def _write_csv(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        out.writerows(zip(*(_cells(values) for values in columns.values()), strict=True))


def _cells(values: NDArray[Any]) -> list[str]:
    """All digits of a number, so that it is read back as it is."""
    if values.dtype.kind == "f":
        return [repr(float(value)) for value in values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values.tolist()]
