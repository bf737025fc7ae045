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
SHOWN = ("best", "t50", "class")  # of each series


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
    table.title, table.title_justify = f"{series}, one threshold at a time halved or doubled", "left"
    for name in ("class", "runs", "share", "least", "most"):
        table.add_column(name, justify="left" if name == "class" else "right")
    done = trail[f"{series}.class"][trail["state"] == "done"]
    counts = done.value_counts()
    for name, share in shares.items():
        count = done.isna().sum() if name == "none" else counts.get(name, 0)
        table.add_row(name, str(count), _percent(share.iloc[0]), *_ends(share))
    return table


def _ends(share: Any) -> tuple[str, str]:
    """The least and the largest share of a class, with the thresholds that make them so; nothing if none do."""
    if share.isna().all() or share.min() == share.max():
        return "", ""
    least, most = (f"{_percent(share[change])}, {change}" for change in (share.idxmin(), share.idxmax()))
    return least, most


def _head(trail: Any) -> Table:
    """The first runs: features and class of each series."""
    columns = [name for name in trail if name.startswith("validation_") and name.rpartition(".")[2] in SHOWN]
    table = plain_table()
    for name in ("run", *(name.removeprefix("validation_").replace(".", "\n") for name in columns)):
        table.add_column(name, justify="right")
    for run, row in trail.head(FIRST).iterrows():
        table.add_row(str(run), *(_shown(row[name]) for name in columns))
    return table


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else number(float(value))


def _percent(share: float) -> str:
    return "-" if share != share else f"{100 * share:.1f} %"
