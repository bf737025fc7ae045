"""Which rows of a pick-freeze table are which runs, and whether they hold what those runs should."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs.cells import line
from dnnsa.designs.saltelli import Saltelli
from dnnsa.layout import PICK_FREEZE, Groups, Layout

Order = Literal["salib", "openturns"]
ORDERS: tuple[Order, ...] = ("salib", "openturns")
Rows = NDArray[np.intp]  # (base_points, runs) of A, B, E_1 ..., C_1 ...
Columns = Mapping[str, NDArray[Any]]  # factor -> (rows,) numbers that are equal where the values are


def arranged(factor: int, groups: Groups, values: NDArray[Any], second_order: bool) -> NDArray[Any]:
    """Values of one factor at a and b, ``(size, 2)``, arranged by run, ``(size, runs)``."""
    return Saltelli(base_points=1, replicates=1, second_order=second_order).column(factor, groups, values)


def rows_of(count: int, groups: Groups, order: Order, second_order: bool) -> Rows | None:
    """The rows of each base point's runs, ``(base_points, runs)``; None if base points are not whole."""
    runs = _stored(groups, order, second_order)
    if count % runs:
        return None
    rows = np.arange(count)
    if order == "openturns":
        return rows.reshape(runs, -1).T
    return rows.reshape(-1, runs)[:, [0, runs - 1, *range(1, runs - 1)]]


def _stored(groups: Groups, order: Order, second_order: bool) -> int:
    """Rows of a base point. Of two factors C_1 is E_2 and C_2 is E_1, and OpenTURNS leaves them out."""
    halved = order == "openturns" and groups == (0, 1)
    return Layout(PICK_FREEZE, groups, second_order and not halved).runs


def miscounted(path: Path, count: int, groups: Groups, order: Order, second_order: bool) -> str:
    """What to say of a table whose base points are not whole."""
    p, runs = max(groups) + 1, _stored(groups, order, second_order)
    return (
        f"{path} has {count} rows, which is no multiple of the {runs} runs of a base point (`order: {order}`, "
        f"`second_order: {_yaml(second_order)}`): {p} factors or groups have p + 2 = {p + 2} without second order and "
        f"2p + 2 = {2 * p + 2} with it."
    )


def misfit(path: Path, columns: Columns, rows: Rows, groups: Groups, second_order: bool) -> str | None:
    """What to say of the first row that is not what A and B make of it; None if all are."""
    for base_point, run, factor in _wrong(columns, rows, groups, second_order):
        name = list(columns)[factor]
        return (
            f"{line(path, int(rows[base_point, run]))} should be {_name(run, groups)} of base point {base_point}, "
            f"counted from 0, and has not in column `{name}` what {_source(run, factor, groups)} has: "
            f"{_advice(columns, groups)}"
        )
    return None


def _wrong(columns: Columns, rows: Rows, groups: Groups, second_order: bool) -> Iterator[tuple[int, int, int]]:
    """For each factor that does not fit, the first base point and run where it does not, and the factor."""
    for factor, column in enumerate(columns.values()):
        stored = column[rows]  # (base_points, runs)
        wrong = stored != arranged(factor, groups, stored[:, :2], second_order)[:, : stored.shape[1]]
        if wrong.any():
            base_point, run = np.argwhere(wrong)[0]
            yield int(base_point), int(run), factor


def _advice(columns: Columns, groups: Groups) -> str:
    """Which settings the rows do fit."""
    count = len(next(iter(columns.values())))
    for order, second_order in product(ORDERS, (False, True)):
        rows = rows_of(count, groups, order, second_order)
        if rows is not None and not any(True for _ in _wrong(columns, rows, groups, second_order)):
            return f"the table fits `order: {order}` with `second_order: {_yaml(second_order)}`."
    return "the table fits no order, with or without second order: see that it was made for the groups of the factors."


def _yaml(value: bool) -> str:
    return "true" if value else "false"


def _name(run: int, groups: Groups) -> str:
    p = max(groups) + 1
    return f"E_{run - 1}" if run < 2 + p else f"C_{run - 1 - p}"


def _source(run: int, factor: int, groups: Groups) -> str:
    """Which of A and B a run has a factor from."""
    p = max(groups) + 1
    exchanged = (run - 2) % p == groups[factor]
    return "B" if exchanged == (run < 2 + p) else "A"
