"""A study on its way in a terminal, from its store alone."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.style import Style
from rich.table import Table
from rich.text import Text

from dnnsa.view.colours import rgb
from dnnsa.view.columns import STYLE, plain_table
from dnnsa.view.table import STATUS_STYLE
from dnnsa.view.text import bounded, count, decimals
from dnnsa.watch.frame import NONE, Frame, Watched, facts
from dnnsa.watch.glimpse import SHARES, Glimpse, Thumbnail
from dnnsa.watch.look import Look

EVERY = 2.0  # seconds between frames
TEXTS, LANES = 68, (11, 41)  # characters: of the columns before it, and from 0 to 1, at least and at most
DIGITS = 3  # at most, so that two indices with their intervals fit in 80 columns
CELLS = 3  # of the widest that are named
COLUMNS = 64  # characters of a map


def watch(path: Path, console: Console, once: bool = False) -> None:
    """Show a study until it is complete or Ctrl-C is pressed; or once.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    store = Watched(path)
    frame = store.frame()
    if once or frame.status == "complete":
        console.print(rendered(frame, time.time(), console))
        return
    with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(rendered(frame, time.time(), console), refresh=True)
            if frame.status == "complete":
                return
            time.sleep(EVERY)
            frame = store.frame()


def rendered(frame: Frame, now: float, console: Console) -> RenderableType:
    """A frame; ``now`` in seconds since 1970. Maps, which are colours alone, are left out where there are none."""
    parts: list[RenderableType] = [
        Text.assemble((frame.name, "bold"), "  ", (frame.status, STATUS_STYLE.get(frame.status, "bold")))
    ]
    if frame.progress:
        line = Table.grid()  # a bar by itself does not end its line
        line.add_row(ProgressBar(max(frame.progress.total, 1), frame.progress.done, width=COLUMNS))
        parts.append(line)
    grid = Table.grid(padding=(0, 2, 0, 0))
    for term, value in facts(frame, now):
        bad = term in ("in quarantine", "failed") and value != NONE
        grid.add_row(Text(term, "dim"), Text(value, "red" if bad else ""))
    return Group(*parts, grid, *_look(frame.look, console))


def _look(look: Look | None, console: Console) -> Iterator[RenderableType]:
    if look is None:
        yield Text("\nindices come with the first checkpoint", "dim")
        return
    for seen in look.quantities:
        if seen.indices:
            yield from _glimpse(seen, look.base_points, console)
    if look.left_out:
        yield Text(f"\ntoo large to be shown on the way: {', '.join(look.left_out)}", "dim")


def _glimpse(seen: Glimpse, base_points: int, console: Console) -> Iterator[RenderableType]:
    shape = ", ".join(f"{dim}: {size}" for dim, size in zip(seen.dims, seen.shape, strict=True))
    yield Text.assemble("\n", (seen.quantity, "bold underline"), f" ({shape})" if shape else "")
    over = "over all cells, " if seen.shape else ""
    yield Text(
        f"{over}from {count(base_points, 'base point', 'base points')}; intervals of {100 * seen.level:g} %", "dim"
    )
    yield _indices(seen, min(max(LANES[0], console.width - TEXTS), LANES[1]))
    for cell in seen.widest[:CELLS]:
        value = bounded(cell.value, cell.lower, cell.upper, 2)
        yield Text(f"  widest: {cell.name} of {cell.factor} at {cell.at(seen.dims)}, {value}", "dim")
    if console.color_system is not None and seen.maps:
        yield _map(seen)


def _indices(seen: Glimpse, lane: int) -> Table:
    """A row a factor: its indices, and where the main one lies with its interval."""
    table = plain_table()
    table.add_column("factor", overflow="fold")
    for name in seen.indices:
        table.add_column(name, style=STYLE.get(name, ""), no_wrap=True)
    share = seen.main in SHARES
    table.add_column(f"{seen.main}, 0 to {'1' if share else f'{seen.span[1]:.3g}'}", style=STYLE.get(seen.main, ""))
    sides = [np.concatenate([index[side] for index in seen.indices.values()]) for side in (1, 2)]
    digits = min(DIGITS, decimals(*sides)) if share else None
    for k in seen.order:
        texts = [bounded(*index.of(k), digits) for index in seen.indices.values()]
        table.add_row(*map(Text, (seen.factors[k], *texts, _lane(seen, k, lane))))
    return table


def _lane(seen: Glimpse, factor: int, length: int) -> str:
    """The main index as a point on a line from 0 to 1, and its interval beside it."""
    value, lower, upper = seen.indices[seen.main].of(factor)
    if np.isnan(value):
        return ""
    most = 1.0 if seen.main in SHARES else seen.span[1]
    low, at, high = (
        int(np.clip(round((length - 1) * v / most), 0, length - 1))
        for v in (value if np.isnan(lower) else lower, value, value if np.isnan(upper) else upper)
    )
    line = [" "] * length
    line[low : high + 1] = ["-"] * (high + 1 - low)
    line[at] = "o"
    return "|" + "".join(line) + "|"


def _map(seen: Glimpse) -> RenderableType:
    """The map of the main index: factors by cells, or that of the first factor, two rows a line."""
    small = seen.maps[0]
    if not small.factor:
        table = Table.grid(padding=(0, 1, 0, 0))
        for k in seen.order:
            table.add_row(Text(seen.factors[k].partition(" [")[0], "dim"), _cells(small.values[k]))
        return table
    return Group(Text(f"map of {seen.main} of {small.factor}", "dim"), *_half_blocks(small, seen.upward))


def _cells(row: np.ndarray) -> Text:
    wide = max(1, COLUMNS // len(row) // 2)
    colours = rgb(np.asarray(row, dtype=float))
    return Text.assemble(*((" " * wide, Style(bgcolor=_hex(colour))) for colour in colours))


def _half_blocks(small: Thumbnail, upward: bool) -> Iterator[Text]:
    values = np.asarray(small.values[::-1] if upward else small.values, dtype=float)
    if len(values) % 2:
        values = np.vstack([values, values[-1:]])
    colours = rgb(values)
    for above, below in zip(colours[::2], colours[1::2], strict=True):
        pairs = zip(above, below, strict=True)
        yield Text.assemble(*(("\N{UPPER HALF BLOCK}", Style(color=_hex(a), bgcolor=_hex(b))) for a, b in pairs))


def _hex(colour: np.ndarray) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
