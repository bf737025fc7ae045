"""What the engine costs: beside a bare loop, on a second worker, and for each run of a model that costs nothing.

    python examples/digits/train.py
    python benchmarks/engine.py [--small]

1. Studies of the digits' network (digits.py) on one worker, from the first block to the last map, over as many passes
   of the network alone in a compiled loop. Two loops in this process stand between: the passes with their quantities,
   and the same of perturbed images. So the ratio is a product: quantities, perturbing, and the rest, which is the
   engine's: reducing, Dask and maps. `wall_over_bare_loop` is of two corruptions that cost next to nothing,
   brightness and contrast; names with `eight_corruptions` are of the example as it is, with rotations, blur and noise.
2. Two workers over one, for a base point of 10 ms that keeps a processor busy, and for one that sleeps; beside them
   `speedup_of_machine`, two processes over one that compute and have nothing to do with an engine.
3. 81,920 runs (10,240 with --small), as many as in the record of Melissa, each a field of 1e4 cells that costs
   no more than to write it, p = 6, on two workers. Scheduler and workers are processes of their own. The overhead of a
   run is the wall time less what the model alone takes on two workers, over the runs. Bytes moved between processes,
   states and messages, stand beside the 2p + 3 fields of 8 bytes a base point that would go to Melissa's server.
   `record_share` is the time that it takes to write the table of tasks at once, over the wall time.

The last line is JSON.
"""

import argparse
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr
import zarr
from digits import bare_loop, composed_loop, the_study, whole_study
from models import computes
from processes import HERE, Cluster, Meter, two_workers

import dnnsa
from dnnsa.api import plan
from dnnsa.cluster import Local
from dnnsa.engine import Job
from dnnsa.engine.block import draws, runs
from dnnsa.engine.network import network_evaluator
from dnnsa.store import TASKS, write_tasks
from dnnsa.view.progress import Quiet

CELLS, P = 10_000, 6


def of_function(call: str, factors: str, base_points: int, replicates: int = 4) -> dnnsa.Study:
    """A study of one of the models beside this file; factors are one letter each."""
    return dnnsa.Study(
        directory=HERE,
        name=call,
        factors={name: {"kind": "uniform", "low": 0, "high": 1} for name in factors},
        design={"kind": "saltelli", "base_points": base_points, "replicates": replicates},
        model={"kind": "function", "call": f"models:{call}"},
        estimators=[{"kind": "sobol"}],
    )


def points_of(study: dnnsa.Study, block: int):
    """Each factor's values in the runs of one block after the other."""
    job = Job(study, study.digests())
    share = study.design.base_points // study.design.replicates
    for replicate in range(study.design.replicates):
        for start in range(0, share, block):
            yield runs(job, draws(job).points(replicate, start, block))


def nominal_loop(study: dnnsa.Study) -> float:
    """Seconds of all passes with their quantities, of images that nothing has happened to."""
    kept = ("factors", "model", "cases", "weights", "quantities")
    untouched = SimpleNamespace(perturb=(), **{part: getattr(study, part) for part in kept})
    evaluator = network_evaluator(untouched, study.directory, study.digests())
    blocks = list(points_of(study, 64))
    evaluator.run(blocks[0])
    began = time.perf_counter()
    for values in blocks:
        evaluator.run(values)
    return time.perf_counter() - began


def efficiency(study: dnnsa.Study) -> dict[str, float]:
    """Ratios of a study of the digits' network to the loops that do less and less of it, the least of three of each."""
    passes = study.design.base_points * study.layout.runs * study.cases.count
    each = {
        "study, 1 worker, blocks to maps": lambda: whole_study(study, 1)[1],
        "loop of perturbed passes, with quantities": lambda: composed_loop(study),
        "loop of nominal passes, with quantities": lambda: nominal_loop(study),
        "bare loop": lambda: bare_loop(study, passes),
    }
    rounds = [[measure() for measure in each.values()] for _ in range(3)]  # side by side: the machine is noisy
    seconds = dict(zip(each, map(min, zip(*rounds, strict=True)), strict=True))
    whole, perturbed, nominal, bare = seconds.values()
    print(f"{passes} forward passes of the digits' network, {len(study.factors)} factors")
    for name, spent in seconds.items():
        print(f"  {name:42s} {spent:8.2f} s {passes / spent:10.0f} passes/s {spent / bare:6.2f} x bare")
    return {
        "wall_over_bare_loop": whole / bare,
        "of_quantities": nominal / bare,
        "of_perturbing": perturbed / nominal,
        "wall_over_perturbed_loop": whole / perturbed,
    }


class Clock(Quiet):
    """Notes when the first block starts."""

    began = 0.0

    def update(self, progress: object) -> None:
        self.began = self.began or time.perf_counter()


def speedup(call: str, base_points: int) -> float:
    """Wall time on one worker over that on two, from the first block to the last map."""
    seconds = []
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder, Local(workers=workers).open() as client:
            clock = Clock()
            dnnsa.run(of_function(call, "ab", base_points), client, Path(folder) / "out.zarr", reporter=clock)
            seconds.append(time.perf_counter() - clock.began)
    one, two = seconds
    ideal = base_points * 0.010
    print(
        f"a base point {call} for 10 ms: {one:.2f} s, 2 workers {two:.2f} s, ideal {ideal:.2f} s and {ideal / 2:.2f} s"
    )
    return one / two


def speedup_of_machine() -> float:
    """The same of processes that compute and do nothing else: what two processors of this machine are, of one."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        seconds = []
        for processes in (2, 1, 2):  # the first time they start
            began = time.perf_counter()
            wait([pool.submit(computes, np.zeros(2048), np.zeros(2048)) for _ in range(processes)])
            seconds.append(time.perf_counter() - began)
    return 2 * seconds[1] / seconds[2]


def overhead(cluster: Cluster, base_points: int) -> dict[str, Any]:
    """What the engine and the cluster spend on runs that cost nothing."""
    study = of_function("field", "abcdef", base_points, replicates=5)
    evaluator = study.model.load(study.directory, study.digests())
    model = 0.0
    for values in points_of(study, 64):
        began = time.perf_counter()
        evaluator.run(values)
        model += time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        meter = Meter(cluster)
        dnnsa.run(study, cluster.client, Path(folder) / "out.zarr", reporter=meter)
        spent = meter.spent()
        tasks = xr.open_zarr(Path(folder) / "out.zarr" / TASKS, consolidated=False).load()
        record = seconds_of_record(Path(folder) / "again.zarr", tasks)
    made, block = min((plan(study) for _ in range(4)), key=lambda timed: timed[1])  # the first one compiles
    alone = block * base_points / made.block  # seconds of all blocks in one process, without Dask
    count, melissa = base_points * (P + 2), (2 * P + 3) * 8 * CELLS
    moved = (spent.states + spent.messages) / base_points
    print(f"{count} runs of {CELLS} cells, 2 workers: {spent.wall:.2f} s, of the model alone {model:.2f} s")
    print(f"  {alone:.2f} s are the blocks in one process with their reduction, without Dask")
    print(f"  {spent.tasks} tasks; CPU: scheduler {spent.scheduler:.2f} s, client {spent.client:.2f} s")
    print(f"  workers {spent.workers:.2f} s; moved: states {spent.states:.3g} B, messages {spent.messages:.3g} B")
    print(f"  moved for a base point {moved:.0f} B, Melissa's {2 * P + 3} fields {melissa} B")
    print(f"  {1e3 * record:.1f} ms to write the table of {tasks.sizes['task']} tasks")
    return {
        "runs": count,
        "overhead_per_run_us": 1e6 * (spent.wall - model / 2) / count,
        "overhead_per_run_without_dask_us": 1e6 * (alone - model) / 2 / count,
        "tasks": spent.tasks,
        "bytes_per_base_point": moved,
        "bytes_vs_melissa": moved / melissa,
        "scheduler_busy": spent.scheduler / spent.wall,
        "client_busy": spent.client / spent.wall,
        "record_share": record / spent.wall,
    }


def seconds_of_record(path: Path, tasks: Any) -> float:
    """Seconds that it takes to write a table of tasks at once, to the disk."""
    columns = {name: tasks[name].values for name in tasks.data_vars}
    columns["began"] = columns["began"].astype(float)
    rows = [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    zarr.create_group(path)
    began = time.perf_counter()
    write_tasks(path, 0, rows)
    return time.perf_counter() - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="a minute and a half")
    small = arguments.parse_args().small
    found: dict[str, Any] = efficiency(the_study(small, cheap=True))
    found |= {f"{name}_eight_corruptions": ratio for name, ratio in efficiency(the_study(small)).items()}
    found["speedup_2_workers"] = speedup("computes", 1024 if small else 4096)
    found["speedup_2_workers_asleep"] = speedup("sleeps", 1024 if small else 4096)
    found["speedup_of_machine"] = speedup_of_machine()
    with two_workers() as cluster:
        found |= overhead(cluster, 1280 if small else 10_240)
    print(
        json.dumps({name: value if isinstance(value, int) else float(f"{value:.3g}") for name, value in found.items()})
    )


if __name__ == "__main__":
    main()
