"""What ``dnnsa show`` prints of the factors: a row each, a column a statistic, and pairs of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from dnnsa.view import results as read
from dnnsa.view.effects import curve, has_curves, part_place
from dnnsa.view.text import bounded, chance, decimals, measured, number, place, ranged

PAIRS = 10  # of factors, at most
STYLE = {"S1": "blue", "ST": "magenta"}
SHARES = (
    "S1",
    "ST",
    "S2",
    "ST_bound",
    "activity",
    "activity_bound",
    "hsic_r2",
    "S1_binned",
)  # without a unit: as many decimals in all rows
CHANCES = ("hsic_p",)


def plain_table() -> Table:
    """No edge, and a line under the header."""
    return Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="", show_edge=False, pad_edge=False)


def factor_tables(dataset: Any) -> Iterator[Table]:
    """A table for each family of statistics that the quantity has."""
    for family in read.families(dataset):
        yield _family(dataset, family)
    if read.summarised("S2", dataset) in dataset:
        yield _pairs(dataset)
    if has_curves(dataset):
        yield _ends(dataset)


def _family(dataset: Any, family: list[str]) -> Table:
    dims, table = read.dims(dataset), plain_table()
    table.add_column("\nfactor" if dims else "factor", overflow="fold")
    columns = [[Text(label) for label in read.factor_labels(dataset)]]
    digits, largest = _digits(dataset, family), _largest(dataset, family)
    for name in family:
        over, texts = _column(dataset, name, digits, largest)
        table.add_column(Text(f"{over}\n{name}" if dims else name), style=STYLE.get(name, ""))
        columns.append([Text(text) for text in texts])
    if dims and "ST" in family:
        names = read.where(dataset, (0,) * len(dims))
        table.add_column(Text(f"largest ST\nat {', '.join(names)}"), overflow="fold")
        columns.append([_peak(peak, dataset) for peak in read.peaks(dataset["ST"])])
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    return table


def _digits(dataset: Any, names: list[str]) -> int:
    """Decimals for the shares of a table."""
    summaries = [read.summarised(name, dataset) for name in names if name in SHARES]
    found = [read.interval(name, dataset) for name in summaries if name in dataset]
    return decimals(*np.concatenate([bounds for _, *bounds in found], axis=1)) if found else 3


def _largest(dataset: Any, names: list[str]) -> float:
    """The largest of the values that have a unit, which is the same in a table."""
    found = [dataset[name].values for name in names if name not in SHARES and not read.dims(dataset)]
    return max((float(np.abs(values)[np.isfinite(values)].max(initial=0)) for values in found), default=0.0)


def _column(dataset: Any, name: str, digits: int, largest: float) -> tuple[str, list[str]]:
    """What stands above a statistic's name, and the text for each factor."""
    summary, share = read.summarised(name, dataset), name in SHARES
    if summary not in dataset:
        rows = zip(*read.extent(dataset[name], 1), strict=True)
        return "over cells", [ranged(mean, low, high, digits if share else None) for low, mean, high in rows]
    over = "aggregated" if read.dims(dataset) else ""
    if name in CHANCES:
        return over, [chance(float(p)) for p in dataset[summary].values]
    rows = zip(*read.interval(summary, dataset), strict=True)
    return over, [bounded(*row, digits) if share else measured(*row, largest) for row in rows]


def _peak(peak: read.Peak, dataset: Any) -> Text:
    at = f" at {place(read.where(dataset, peak.cell))}" if peak.cell else ""
    return Text.assemble((number(peak.value, 2), STYLE["ST"]), at)


def _pairs(dataset: Any) -> Table:
    """Second order: the largest first, whichever its sign, those that are surely not 0 marked."""
    names = read.factor_labels(dataset)
    value, low, high = read.interval(read.summarised("S2", dataset), dataset)  # (factor, factor_2) each
    first, second = np.triu_indices(len(names), 1)
    order = np.argsort(-np.nan_to_num(np.abs(value[first, second]), nan=-1), kind="stable")
    digits = decimals(low[first, second], high[first, second])
    over = "aggregated " if read.dims(dataset) else ""
    table = plain_table()
    table.add_column("pair", overflow="fold")
    table.add_column(f"{over}S2" + ("" if np.isnan(low).all() else ", * where the interval excludes 0"))
    for i, k in [(first[at], second[at]) for at in order[:PAIRS]]:
        mark = " *" if low[i, k] > 0 or high[i, k] < 0 else ""
        text = bounded(value[i, k], low[i, k], high[i, k], digits) + mark
        table.add_row(Text(f"{names[i]}, {names[k]}"), Text(text))
    if len(order) > PAIRS:
        table.add_row(Text(f"and {len(order) - PAIRS} smaller", "dim"), Text("`dnnsa show --json` lists all", "dim"))
    return table


def _ends(dataset: Any) -> Table:
    """Where the mean is lowest and highest, of each factor."""
    table = plain_table()
    for title in ("factor", "lowest mean", "where", "highest mean", "where"):
        table.add_column(title, overflow="fold")
    largest = float(np.nanmax(np.abs(dataset["main_effect"].values), initial=0))
    for k, name in enumerate(read.factor_labels(dataset)):
        one = curve(dataset, k)
        cells = [Text(name)]
        for found in (np.argmin, np.argmax) if np.isfinite(one.value).any() else ():
            at = int(found(np.where(np.isfinite(one.value), one.value, np.inf if found is np.argmin else -np.inf)))
            cells += [Text(_give_or_take(one.value[at], one.lower[at], one.upper[at], largest))]
            cells += [Text(part_place(one, at))]
        table.add_row(*cells)
    return table


def _give_or_take(value: float, low: float, high: float, largest: float) -> str:
    """``3.50 +- 0.04``, half of the interval's width; without it where there is none."""
    half = (high - low) / 2
    if not half > 0:
        return number(value)
    return f"{measured(value, low, high, largest).split(' ')[0]} +- {half:.2g}"
