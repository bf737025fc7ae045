"""What a screening found, as a table and as the heading of the new study file."""

from typing import Any

import numpy as np
from rich.console import Group
from rich.text import Text

from dnnsa.screening import Bound, Screening
from dnnsa.view.columns import plain_table
from dnnsa.view.text import bounded, count, place

MOST = 40  # inert factors in the table


def screening_summary(found: Screening) -> Any:
    """A row for each factor or group, the largest bound first, and what the study costs before and after."""
    table = plain_table()
    for title in ("factor", "ST is at most", "at", ""):
        table.add_column(title, overflow="fold")
    order = sorted(found.bounds, key=lambda bound: -bound.upper)
    inert = [bound for bound in order if _inert(bound, found)]
    for bound in [one for one in order if not _inert(one, found)] + inert[:MOST]:
        verdict = "inert" if _inert(bound, found) else "kept"
        table.add_row(*map(Text, (_named(bound), _told(bound), _at(bound), verdict)))
    if len(inert) > MOST:
        table.add_row(Text(f"and {len(inert) - MOST} inert ones", "dim"), Text("`dnnsa show` lists all", "dim"))
    return Group(table, Text(""), Text("\n".join(_conclusion(found))))


def heading(found: Screening, source: str) -> str:
    """What was done to a study file, for its top."""
    return (
        f"Screened by dnnsa from {source}: each of {count(len(found.inert), 'factor', 'factors')} has a total index "
        f"below {found.below:g}\nin every cell, by bounds from derivatives in {found.runs:,} runs. They are the group "
        f"`{found.group}`,\nwhose ST is at most {_share(found.together)}: the ST that this study finds of it is the "
        "check."
    )


def _conclusion(found: Screening) -> list[str]:
    if not found.inert:
        return [f"no bound is below {found.below:g}: no study was written."]
    told = [
        f"inert: {count(len(found.inert), 'factor', 'factors')} of {len(found.study.factors)}, below {found.below:g} "
        "in every cell",
        f"group `{found.group}` of them: ST is at most {_share(found.together)}",
        f"runs: {found.before:,} before, {found.after:,} after; {found.runs:,} with derivatives",
    ]
    if found.together >= 1:
        told.append("that bound says nothing: look at the ST itself, or take a lower threshold")
    return told


def _inert(bound: Bound, found: Screening) -> bool:
    return bound.upper < found.below


def _named(bound: Bound) -> str:
    several = "" if bound.factors == (bound.name,) else f" ({count(len(bound.factors), 'factor', 'factors')})"
    return bound.name + several


def _told(bound: Bound) -> str:
    """The bound with its interval, or that there is none."""
    if np.isinf(bound.value):
        return "no bound"
    return bounded(bound.value, bound.lower, bound.upper, _digits(bound.upper))


def _share(value: float) -> str:
    """Never less than it is.

    >>> _share(0.01234), _share(0.0)
    ('0.0124', '0.0000')
    """
    return f"{np.ceil(value * 10.0 ** (digits := _digits(value))) / 10.0**digits:.{digits}f}"


def _digits(value: float) -> int:
    """Three significant ones, or four decimals at most."""
    return 4 if value < 0.1 else 3 if value < 1 else 1


def _at(bound: Bound) -> str:
    if np.isinf(bound.value):
        return ""
    return f"{bound.quantity} {place(bound.place)}".strip()
