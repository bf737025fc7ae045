"""What ``dnnsa trail`` prints: how many trainings are of each class, what thresholds do to that, and the first runs."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dnnsa.view.columns import plain_table
from dnnsa.view.text import number

FIRST = 5  # runs that are shown
SHOWN = ("best", "final", "t50", "class")  # of each series


def trail_summary(trail: Any, shares: Any) -> RenderableType:
    """A trail with its shares of classes, as text for rich.

    Parameters
    ----------
    shares
        A row for each series and change of the thresholds, of which the first is none.
    """
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in _parts(trail, shares)))


def _parts(trail: Any, shares: Any) -> Iterator[RenderableType]:
    states = trail["state"].value_counts()
    yield Text(f"{len(trail)} runs: " + ", ".join(f"{states[name]} {name}" for name in states.index if states[name]))
    for series in dict.fromkeys(shares.index.get_level_values(0)):
        yield _classes(trail, series, shares.loc[series])
    yield _head(trail)


def _classes(trail: Any, series: str, shares: Any) -> Table:
    """A row a class, with the least and the largest share of those with a threshold halved or doubled."""
    table = plain_table()
    table.title, table.title_justify = series, "left"
    for name in ("class", "runs", "share", "thresholds halved or doubled"):
        table.add_column(name, justify="left" if name == "class" else "right")
    counts = trail[f"{series}.class"].value_counts()
    for name in shares.columns.drop("runs"):
        table.add_row(name, str(counts.get(name, 0)), _percent(shares[name].iloc[0]), _spread(shares[name]))
    if without := int((trail["state"] == "done").sum() - counts.sum()):
        table.add_row("none: fewer than 4 epochs", str(without), "", "")
    return table


def _spread(share: Any) -> str:
    """From the least to the largest of the shares of a class, with the changes that make them so."""
    if share.isna().all() or share.min() == share.max():
        return "same"
    ends = [(share.min(), share.idxmin()), (share.max(), share.idxmax())]
    return " to ".join(f"{_percent(value)} ({change})" for value, change in ends)


def _head(trail: Any) -> Table:
    columns = [name for name in trail if "." in name and name.rpartition(".")[2] in SHOWN and name.startswith("valid")]
    table = plain_table()
    for name in ("run", *(name.replace("validation_", "") for name in columns)):
        table.add_column(name, justify="right")
    for run, row in trail.head(FIRST).iterrows():
        table.add_row(str(run), *(_shown(row[name]) for name in columns))
    return table


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else number(float(value))


def _percent(share: float) -> str:
    return "-" if share != share else f"{100 * share:.1f} %"
