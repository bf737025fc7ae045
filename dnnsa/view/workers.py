"""What `dnnsa cluster` prints: a worker beside this process, and what is asked of a batch system."""

from collections.abc import Mapping
from typing import Any

from dnnsa.cluster import Checked, Seen, Shown


def check_table(checked: Checked) -> Any:
    """A worker beside this process, as a rich table; what differs is marked."""
    from rich.table import Table
    from rich.text import Text

    here, there = checked.here, checked.there
    table = Table("", "worker", "here", "", title="check", title_justify="left")
    table.add_row("host", there.host, here.host, "")
    pairs: Mapping[str, tuple[str | None, str | None]] = {
        "Python": (there.python, here.python),
        **{name: (version, here.versions[name]) for name, version in there.versions.items()},
    }
    for name, (worker, mine) in pairs.items():
        mark = "" if worker == mine else Text("differs", style="yellow")
        table.add_row(name, worker or "not installed", mine or "not installed", mark)
    visible = "" if there.visible is None else f" (CUDA_VISIBLE_DEVICES={there.visible})"
    table.add_row("GPUs", (there.gpus_problem or ", ".join(there.gpus) or "none") + visible, "", "")
    table.add_row("working folder", _seen(checked.folder), checked.folder.path, "")
    table.add_row("scratch folder", f"{checked.scratch.path}: {_seen(checked.scratch)}", "", "")
    return table


def origin(shown: Shown) -> str:
    """Which settings of a job script are not the profile's, and how often it is submitted."""
    lines = [f"{key}: {value}" for key, value in shown.from_dask.items()]
    left_out = [f"{key}: {value} (left out: `workers_per_job` says it)" for key, value in shown.left_out.items()]
    told = [f"submitted {'once' if shown.jobs == 1 else f'{shown.jobs} times'} at first"]
    told += ["from dask's configuration:", *(f"  {line}" for line in lines + left_out)] if lines + left_out else []
    return "\n".join(told)


def _seen(seen: Seen) -> str:
    return seen.problem or f"read and written, {seen.free / 1e9:.3g} GB free"
