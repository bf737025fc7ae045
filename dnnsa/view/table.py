"""What ``dnnsa show`` prints: a header, a table for each quantity, and what is in quarantine."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from dnnsa.view import luck
from dnnsa.view import results as read
from dnnsa.view.columns import factor_tables
from dnnsa.view.plain import as_json
from dnnsa.view.rows import remarks, statistics_table
from dnnsa.view.text import count, duration, percent

__all__ = ["as_json", "summary"]

FIRST = 3  # entries of the quarantine that are shown
STATUS_STYLE = {"complete": "bold green", "running": "bold yellow", "interrupted": "bold yellow", "stopped": "bold red"}
FLAG_TEXT = {
    "base_points_left_out": "left out base points with a run that is not finite",
    "too_few_base_points": "used too few base points: what needs more of them is missing",
    "no_variance": "{do} not vary: no variance, no index",
    "overflow": "overflowed: scale the quantity down",
}


def summary(results: read.Results) -> RenderableType:
    """A study's results as text, to be printed by rich: readable in 80 columns and without colours.

    Parameters
    ----------
    results
        The ``xarray.DataTree`` of a store, complete or not.
    """
    parts: list[RenderableType] = [_header(results)]
    for name, dataset in read.quantities(results).items():
        parts += [Text(), *_quantity(name, dataset, results.attrs)]
    quarantine = read.quarantined(results)
    return Group(*parts, *_quarantine(quarantine))


def _header(results: read.Results) -> Text:
    attrs = results.attrs
    status = str(attrs["status"])
    text = Text.assemble((str(attrs["name"]), "bold"), "  ", (status, STATUS_STYLE.get(status, "bold")))
    asked = count(int(attrs["base_points"]), "base point", "base points")
    text.append(f"\n{attrs['base_points_done']} of {asked} done")
    if out := int(attrs["base_points_quarantined"]):
        text.append(f", {out} in quarantine", "red")
    if retried := int(attrs.get("retried", 0)):
        text.append(f", {retried} retried")
    if "seconds" in attrs:
        text.append(f", in {duration(float(attrs['seconds']))}")
    if attrs.get("finished"):
        text.append(f"\nfinished {attrs['finished']}")
    if runs := read.kept(results):
        waiting = runs.runs > runs.kept + runs.failed
        text.append(f"\nruns: {runs.kept}{f' of {runs.runs}' if waiting else ''} kept, {runs.failed} failed")
    if stop := attrs.get("stop"):
        text.append_text(_stop(stop))
    if others := read.differing(attrs.get("machines", [])):
        text.append("\nran on machines that differ: last bits may too", "yellow")
        for machine, told in zip(attrs["machines"], others, strict=True):
            text.append(f"\n  {count(int(machine['base_points']), 'base point', 'base points')}: {told}", "yellow")
    if status == "running":
        text.append("\nno results yet: a run is at work", "yellow")
    elif status != "complete":
        text.append("\nno results yet: `dnnsa run` of the same study goes on from here", "yellow")
    elif (level := read.level(results)) is not None:
        text.append(f"\nin brackets: intervals of {100 * level:g} %", "dim")
    return text


def _stop(stop: Mapping[str, Any]) -> Text:
    """Whether the study is as sure as it was asked to be."""
    asked = f"{percent(stop['narrow'])} of cells within {stop['half_width']:g} ({percent(stop['cells'])} asked)"
    return Text(f"\nsure: {asked}") if stop["sure"] else Text(f"\nstopped at max_base_points: {asked}", "yellow")


def _quantity(name: str, dataset: Any, attrs: Mapping[str, Any]) -> Iterator[RenderableType]:
    dims = read.dims(dataset)
    shape = ", ".join(f"{dim}: {dataset.sizes[dim]}" for dim in dims)
    yield Text.assemble((name, "bold underline"), f" ({shape})" if shape else "")
    tables = [*factor_tables(dataset), statistics_table(dataset)]
    for number, table in enumerate(table for table in tables if table is not None):
        yield from (Text(), table) if number else (table,)
    floor = luck.floor(attrs, dataset)
    lines = [luck.told(floor, dataset)] if floor else []
    for line in [*lines, *remarks(dataset), *_flags(dataset, int(attrs["base_points_done"]))]:
        yield _indented(Text(line))


def _flags(dataset: Any, done: int) -> list[str]:
    """A sentence for each flag that is set somewhere."""
    if "status" not in dataset:
        return []
    status = dataset["status"]
    lines = []
    for flag, n in read.flag_counts(status).items():
        who = f"{n} of {count(status.size, 'cell', 'cells')}" if status.ndim else "it"
        said = FLAG_TEXT.get(flag, f"{{have}} the flag `{flag}`").format(
            have="has" if n == 1 else "have", do="does" if n == 1 else "do"
        )
        if flag == "base_points_left_out" and "n" in dataset:
            said += f"; at least {read.extent(dataset['n']).low:.0f} of {done} were used"
        lines += [f"{who} {said}"] if n else []
    return lines


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)


def _quarantine(entries: list[dict[str, Any]]) -> Iterator[RenderableType]:
    if not entries:
        return
    yield Text(f"\n{count(len(entries), 'base point', 'base points')} in quarantine", "bold red")
    for entry in entries[:FIRST]:
        text = Text.assemble(f"replicate {entry['replicate']}, number {entry['number']}: ", (entry["cause"], "red"))
        for point in ("a", "b"):
            if values := ", ".join(f"{name} {value}" for name, value in entry[point].items()):
                text.append(f"\n  {point}: {values}", "dim")
        yield _indented(text)
    if len(entries) > FIRST:
        yield Text(f"  and {len(entries) - FIRST} more: `dnnsa show --json` lists all, with tracebacks", "dim")
