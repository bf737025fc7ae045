"""A study on 100, 1,000 and 10,000 workers on paper, from what was measured: the table of docs/scale.md.

    python examples/digits/train.py
    python benchmarks/many_workers.py | tee many_workers.txt
    python benchmarks/scale.py many_workers.txt

Seconds of a block are measured here, on one core; what the scheduler and the client spend is read from the last line
of the other benchmark. The formulas are those of docs/scale.md. The table is printed as Markdown, and before it the
constants.
"""

import argparse
import json
import math
import os
from pathlib import Path
from typing import NamedTuple

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1")

from digits import the_study as digits
from distributed.scheduler import heartbeat_interval
from engine import of_function

import dnnsa
from dnnsa.api import plan as timed_plan
from dnnsa.engine import Plan
from dnnsa.engine.plan import blocks_a_task

BASE_POINTS = 2**20
COMMIT = 60.0  # seconds between commits
WORKERS = (100, 1000, 10_000)
HEAD = (
    "study",
    "workers",
    "blocks a task",
    "task, s",
    "tasks of blocks",
    "merges, in tasks + between",
    "all asleep, s",
    "scheduler, s",
    "client, s",
    "share of ideal",
    "task needed, s",
    "states, MB/s",
    "commits, MB/s",
)


class Constants(NamedTuple):
    """CPU seconds, measured."""

    scheduler: float  # of the scheduler, for a task
    client: float  # of the client, for a task
    heartbeat: float  # of the scheduler, for a heartbeat of a worker


def constants(path: Path) -> Constants:
    """From the last line of many_workers.py: the row of the most workers, each task of one block."""
    details = json.loads(path.read_text().splitlines()[-1])["details"]
    name, row = list(details.items())[-1]
    workers = int(name.split()[0])
    beats = row["idle_scheduler_busy"] * heartbeat_interval(workers) / workers
    return Constants(row["scheduler_us_a_task"] * 1e-6, row["client_us_a_task"] * 1e-6, beats)


def studies() -> dict[str, dnnsa.Study]:
    """Of a million base points."""
    cnn = digits(small=True)
    document = {**cnn.document, "design": {**cnn.document["design"], "base_points": BASE_POINTS}}
    return {
        "CNN, 16 images": dnnsa.Study(directory=cnn.directory, **document),
        "surrogate, 1e4 cells": of_function("surrogate_1e4", "abcdef", BASE_POINTS),
        "surrogate, 1e6 cells": of_function("surrogate_1e6", "abcdef", BASE_POINTS),
    }


def row(name: str, plan: Plan, block: float, workers: int, spent: Constants) -> tuple[str, ...]:
    """A line of the table; ``block`` in seconds."""
    level = blocks_a_task(plan, block, workers)
    depth = plan.levels - level
    leaves, task = plan.replicates * 2**depth, block * 2**level
    each = plan.tasks_a_leaf
    free = 1 - spent.heartbeat * workers / heartbeat_interval(workers)  # of the scheduler's time
    asleep = math.ceil(leaves / workers) * task
    scheduler, client = leaves * each * spent.scheduler / free, leaves * each * spent.client
    wall = max(asleep, scheduler, client)
    needed = 2 * workers * each * max(spent.scheduler / free, spent.client)
    moved = leaves * plan.state_bytes * (4 if plan.in_files else 1)
    frontier = 0 if plan.in_files else (2 * workers + plan.replicates * depth) * plan.state_bytes
    numbers = (
        asleep,
        scheduler,
        client,
        leaves * task / workers / wall,
        needed,
        moved / wall / 1e6,
        frontier / COMMIT / 1e6,
    )
    return (
        name,
        f"{workers:,}",
        f"{2**level}",
        f"{task:.2g}",
        f"{leaves:,}",
        f"{level} + {depth}",
        *map(short, numbers),
    )


def short(number: float) -> str:
    """Two digits, and none behind the point of what is large."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("measured", type=Path, help="what many_workers.py has printed")
    spent = constants(arguments.parse_args().measured)
    print(*(f"{name} {1e3 * seconds:.2f} ms" for name, seconds in spent._asdict().items()), sep=", ")
    rows = [HEAD, ("---",) * len(HEAD)]
    for name, study in studies().items():
        plan, block = min((timed_plan(study) for _ in range(3)), key=lambda timed: timed[1])  # the first one compiles
        where = "in files" if plan.in_files else "in memory"
        told = f"{name}: blocks of {plan.block}, {block:.3g} s each; states of {plan.state_bytes / 1e6:.3g} MB"
        print(f"{told}, parts: {len(plan.parts)}, {where}; depth {plan.levels}", flush=True)
        rows += [row(name, plan, block, workers, spent) for workers in WORKERS]
    for line in rows:
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    main()
