"""Large fields: states in files, outputs of a block in a file, and the same bits."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dnnsa.engine import plan_of, probe
from dnnsa.engine.scratch import InFile, InMemory
from tests.engine.test_drive import FIELD, ROOT, job, reduced, same


@pytest.fixture
def small_limits(monkeypatch):
    """Have a field of five cells be a large one, in this process; workers are told by the plan."""

    def limit(**settings):
        for name, value in settings.items():
            monkeypatch.setattr(f"dnnsa.engine.plan.{name}", value)

    return limit


def test_outputs_in_a_file_are_those_in_memory(tmp_path, small_limits):
    small_limits(PART_BYTES=300)
    source = (
        "def f(x1, x2): return {'a': np.stack([x1] * 5, 1).astype('f4'), 'b': (x1 > 0), 'da': np.ones((len(x1), 2, 5))}"
    )
    made = job(tmp_path, source, estimators=[{"kind": "sobol"}, {"kind": "dgsm", "quantity": "a", "gradient": "da"}])
    plan = plan_of(made, probe(made).fields)
    rng = np.random.default_rng(0)
    with (tmp_path / "file").open("w+b") as file:
        memory, disk = InMemory(plan), InFile(plan, made.study.estimators, file)
        for size in (16, 16, 3):
            outputs = {
                "a": rng.normal(size=(size, 4, 5)).astype("f4"),
                "b": rng.random((size, 4)) > 0.5,
                "da": rng.normal(size=(size, 4, 2, 5)),
            }
            memory.add(outputs)
            disk.add(outputs)
        slabs = [slab for part in plan.parts for slab in part]
        assert len(slabs) > 5
        for slab in slabs:
            for name in {slab.quantity, "da" if slab.quantity == "a" else slab.quantity}:
                np.testing.assert_array_equal(memory.read(slab, name), disk.read(slab, name))


@pytest.mark.harm("Size and speed", "States in files, outputs of a block in a file, many parts to a state", "bits")
def test_states_in_files_and_outputs_in_files_change_no_bit(client, tmp_path, small_limits):
    expected = None
    for name, limits in {
        "memory": {},
        "states": {"SPILLED_BYTES": 100},
        "all": {"SPILLED_BYTES": 100, "MEMORY_VALUES": 100, "PART_BYTES": 300},
    }.items():
        small_limits(**limits)
        (tmp_path / name).mkdir()
        made = job(tmp_path / name, FIELD, base_points=1024)
        plan = plan_of(made, probe(made).fields)
        assert plan.in_files == (name != "memory")
        maps, _ = reduced(client, made, tmp_path / name, commit_every=0.5)
        whole = {key: np.concatenate([part[key] for part in maps.values()], axis=-1) for key in ("S1", "ST", "mean")}
        expected = expected or whole
        same({"": expected}, {"": whole})


MEASURED = """
import resource, sys
from pathlib import Path
import dnnsa
from dnnsa.cluster import Local
from dnnsa.view.progress import Quiet
from tests.studies import study

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

if __name__ == "__main__":
    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    source = "def f(x1, x2): return np.exp(3 * x1)[:, None] * np.cos(np.arange(1000) * x2[:, None])"
    with Local(workers=1).open() as client:
        dnnsa.run(study(folder, source, base_points=size), client, folder / f"{size}.zarr", reporter=Quiet())
        print(peak(), *client.run(peak).values())
"""


@pytest.mark.harm(
    "Size and speed",
    "16 times the base points: peak memory within a tenth",
    "rest",
)
def test_memory_does_not_grow_with_base_points(tmp_path):
    """The client, which holds the scheduler too, and the worker, at 16 times the base points: within a tenth."""
    script = tmp_path / "measured.py"
    script.write_text(MEASURED, encoding="utf-8")
    peaks = []
    for size in (2048, 32768):
        command = [sys.executable, script, tmp_path, str(size)]
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True, check=True
        )
        peaks.append([int(number) for number in done.stdout.split()])
    (client, worker), (longer_client, longer_worker) = peaks
    assert longer_client < 1.1 * client
    assert longer_worker < 1.1 * worker


@pytest.mark.harm("Size and speed", "A million cells, p = 8, two workers of 1 GB, client below 500 MB", "rest")
def test_a_field_of_a_million_cells_is_reduced_by_two_workers_of_a_gigabyte():
    """3.7 GB of outputs and 300 MB of states a replicate; the client stays below 500 MB."""
    command = [sys.executable, ROOT / "benchmarks" / "large_field.py", "--small"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["completed"], told
    assert told["client_below_500_mb"], told
