"""What a study will cost, as a table, before anything is spent."""

from typing import Any

from dnnsa.engine import Plan
from dnnsa.engine.plan import blocks_a_task, window


def plan_table(plan: Plan, seconds: float, network: int = 0) -> Any:
    """Runs, tasks, bytes and time of a study, as a rich table; a block took ``seconds`` in this process.

    Parameters
    ----------
    network
        Bytes of the network that a training leaves; 0 where none is kept.
    """
    from dask.system import CPU_COUNT
    from rich.table import Table

    level = blocks_a_task(plan, seconds, CPU_COUNT)
    blocks = plan.replicates * plan.blocks
    leaves = blocks >> level
    merges = (leaves - plan.replicates) * len(plan.parts)
    table = Table(title="plan", show_header=False, title_justify="left")
    rows = {
        "base points": f"{plan.base_points:,} in {plan.replicates} replicates",
        "runs": f"{plan.base_points * plan.runs:,}, {plan.runs} a base point",
        "quantities": ", ".join(f"{name} {field.shape} {field.dtype}" for name, field in plan.fields.items()),
        "values": f"{_bytes(plan.base_points * plan.runs * plan.cells * 8)} that are never kept",
        "blocks": f"{blocks:,} of {plan.block} base points, {2**level} a task",
        "window": f"{window(CPU_COUNT)} tasks are out at a time on {CPU_COUNT} workers",
        "tasks": f"{leaves:,} of blocks, {merges:,} merges, {len(plan.parts)} to write the maps",
        "state": f"{_bytes(plan.state_bytes)} for each replicate, in {len(plan.parts)} part(s)"
        + (", in files while it runs" if plan.in_files else ""),
        "kept": f"{_bytes(plan.state_bytes * plan.replicates)} of states, for more base points later",
        "memory": f"about {_bytes(_task_bytes(plan))} in each worker beside the model",
        "time": f"about {_seconds(blocks * seconds / CPU_COUNT)} on {CPU_COUNT} workers like this process, "
        "after their start",
    }
    if network:
        runs = plan.base_points * plan.runs
        rows["networks"] = f"{_bytes(network)} of the first, about {_bytes(network * runs)} if all runs are different"
    for key, value in rows.items():
        table.add_row(key, value)
    return table


def _task_bytes(plan: Plan) -> int:
    """Outputs with what estimators need beside them, and the states that are merged or finalized."""
    outputs = 4 * 8 * (plan.at_once if plan.scratch else plan.block) * plan.runs * plan.cells
    if plan.in_files:
        return outputs + 2 * plan.replicates * max(sum(map(plan.slab_bytes, part)) for part in plan.parts)
    return outputs + (plan.levels + 2 * plan.replicates) * plan.state_bytes


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def _seconds(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
