"""Large fields: states in files, outputs of a block in a file, and the same bits."""

import numpy as np
import pytest

from dnnsa.engine import plan_of, probe
from dnnsa.engine.scratch import InFile, InMemory
from tests.engine.test_drive import FIELD, job, reduced, same


def files(folder):
    return {path.name for path in folder.iterdir()}


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
