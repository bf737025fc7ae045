"""A study on hundreds of workers: how busy the scheduler and the client are, and how much of the ideal rate is left.

    python benchmarks/many_workers.py [--small]

100 and 300 workers (50 with --small) of one thread each are real ones, all in one process; the scheduler is in a
process of its own, and `dnnsa.run` in this one. A block of the study sleeps, the longer the more workers there are, so
that two cores can host them all: 25 blocks end in a second. Its state is one cell. Ideal is every worker asleep all the
time; there are eight blocks for each worker, so that none must be idle at the end, and replicates are many for that
alone. The rate is from the first block to the last map, `steady` between a tenth and nine tenths of the base points.
`busy` is CPU time over wall time, of the scheduler also before the study, idle: what it spends on a task is beyond
that. All workers share the interpreter lock of their process. The last line is JSON.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from processes import HERE, Meter, many_workers

import dnnsa

IDLE = 5.0  # seconds


def the_study(workers: int, call: str) -> dnnsa.Study:
    """Eight blocks for each worker."""
    factors = {name: {"kind": "uniform", "low": 0, "high": 1} for name in "ab"}
    return dnnsa.Study(
        directory=HERE,
        name="many_workers",
        factors=factors,
        design={"kind": "saltelli", "base_points": 8 * workers * 64, "replicates": workers // 2},
        model={"kind": "function", "call": f"models:{call}"},
    )


def steady(done: list[tuple[float, int]]) -> float:
    """Base points a second between a tenth and nine tenths of them."""
    seconds, points = np.array(done).T
    first, last = np.searchsorted(points, (0.1 * points[-1], 0.9 * points[-1]))
    return float((points[last] - points[first]) / (seconds[last] - seconds[first]))


def measure(workers: int, seconds: int) -> dict[str, Any]:
    """A study whose blocks take so many seconds."""
    study = the_study(workers, f"sleeps_{seconds}s")
    with many_workers(workers) as cluster, tempfile.TemporaryDirectory() as folder:
        before = cluster.spent()
        time.sleep(IDLE)
        idle = cluster.spent().since(before)
        meter = Meter(cluster)
        dnnsa.run(study, cluster.client, Path(folder) / "out.zarr", reporter=meter)
        spent = meter.spent()
    blocks, slept = study.design.base_points // 64, seconds / 64 / workers  # seconds of a base point, all asleep
    return {
        "wall_s": round(spent.wall, 2),
        "rate_over_ideal": round(study.design.base_points / spent.wall * slept, 3),
        "steady_over_ideal": round(steady(meter.done) * slept, 3),
        "tasks_a_second": round(spent.tasks / spent.wall),
        "tasks_a_block": round(spent.tasks / blocks, 2),
        "idle_scheduler_busy": round(idle.scheduler / idle.wall, 3),
        "scheduler_busy": round(spent.scheduler / spent.wall, 3),
        "client_busy": round(spent.client / spent.wall, 3),
        "worker_process_busy": round(spent.workers / spent.wall, 3),
        "scheduler_us_a_task": round(1e6 * (spent.scheduler - idle.scheduler / idle.wall * spent.wall) / spent.tasks),
        "client_us_a_task": round(1e6 * spent.client / spent.tasks),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="50 workers")
    rows: dict[str, Any] = {}
    for workers in (50,) if arguments.parse_args().small else (100, 300):
        key = f"{workers} workers, blocks of {workers // 25} s"
        rows[key] = measure(workers, workers // 25)
        print(key)
        for measured, value in rows[key].items():
            print(f"  {measured:22s} {value:>10}", flush=True)
    worst = {
        "rate_over_ideal": min(row["rate_over_ideal"] for row in rows.values()),
        "steady_over_ideal": min(row["steady_over_ideal"] for row in rows.values()),
        "scheduler_busy": max(row["scheduler_busy"] for row in rows.values()),
    }
    print(json.dumps(worst | {"details": rows}))


if __name__ == "__main__":
    main()
