"""A plan follows from the study alone and cuts every cell and every base point once."""

import math

import numpy as np
import pytest

from dnnsa import Study
from dnnsa.engine.plan import BLOCK_VALUES, PART_BYTES, Field, Slab, blocks_a_task, make_plan
from tests.studies import parts


def field(*shape, dtype="float64"):
    return Field(shape, dtype, tuple(f"d{axis}" for axis in range(len(shape))), {})


def plan(fields, base_points=4096, p=8):
    study = Study(**parts(p=p, base_points=base_points))
    return make_plan(study.draws({}), study.estimators, fields)


@pytest.mark.parametrize("shape", [(), (7,), (64, 64), (100_000, 3), (3, 1_000_000), (1, 1)])
def test_every_cell_is_in_one_slab(shape):
    planned = plan({"y": field(*shape), "z": field()})
    count = np.zeros(shape, dtype=int)
    for part in planned.parts:
        for slab in part:
            if slab.quantity == "y":
                slab.of(count, 0)[...] += 1
    assert (count == 1).all()
    assert sum(slab.quantity == "z" for part in planned.parts for slab in part) == 1


def test_parts_are_within_their_budget_unless_a_row_is_not():
    planned = plan({"y": field(10_000, 1000)})
    for part in planned.parts:
        assert sum(np.prod(slab.shape(planned.fields["y"])) for slab in part) * planned.cell_bytes["y"] <= PART_BYTES


def test_blocks_are_a_power_of_two_that_the_replicates_hold():
    for base_points in (4, 64, 4096):
        for shape in ((), (64, 64), (10_000_000,)):
            planned = plan({"y": field(*shape)}, base_points)
            assert planned.block * planned.blocks * planned.replicates == base_points
            assert planned.block == 1 or planned.block * planned.runs * planned.cells <= BLOCK_VALUES


def test_a_longer_study_has_the_same_blocks():
    assert plan({"y": field(64, 64)}, 4096).block == plan({"y": field(64, 64)}, 2**20).block


def test_a_task_takes_more_blocks_when_they_are_cheap_and_leaves_work_for_every_slot():
    planned = plan({"y": field()}, 2**16)
    assert blocks_a_task(planned, 100.0, 2) == 0
    assert blocks_a_task(planned, 0.25, 2) == 3
    assert planned.replicates * (planned.blocks >> blocks_a_task(planned, 5e-3, 2)) == 8
    assert blocks_a_task(planned, 100.0, 10**6) == 0


def tasks(planned, block, slots):
    """How many, and the seconds of one."""
    level = blocks_a_task(planned, block, slots)
    return planned.replicates * (planned.blocks >> level), block * 2**level


def test_tasks_are_longer_the_more_slots_one_client_has_to_serve():
    planned = plan({"y": field()}, 2**32)
    for slots in (100, 1000, 10_000):
        count, seconds = tasks(planned, 0.25, slots)
        assert 0.5 < seconds / max(2.0, 2 * slots * 0.002 * planned.tasks_a_leaf) <= 1
        assert count >= 4 * slots


def test_a_small_study_has_as_many_tasks_as_are_handed_out_while_they_run():
    """The least of handing L tasks out, one by one, and of W / L seconds of work."""
    planned = plan({"y": field()}, 2**20)
    each, work = 0.002 * planned.tasks_a_leaf, 0.2 * planned.replicates * planned.blocks
    count, _ = tasks(planned, 0.2, 10_000)
    assert 0.5 < count / math.sqrt(work / each) <= 1
    assert tasks(planned, 1e-9, 2)[0] == planned.replicates  # it takes longer to ask than to do


def test_the_state_counts_what_an_estimator_keeps():
    planned = plan({"y": field(10)}, p=3)
    # Sobol': 2 (p + 2) + 2 p + 1 numbers a cell; moments: five. Each has two numbers for all cells, reckoned to each.
    assert planned.state_bytes == 8 * 10 * (4 * 3 + 5 + 2 + 5 + 2)


def test_resolution_is_that_of_the_outputs():
    assert field(dtype="float32").resolution == 2.0**-23
    assert field(dtype="int64").resolution == 2.0**-52


def test_a_slab_of_a_scalar_is_all_of_it():
    assert Slab("y", 0, 1).of(np.ones((4, 3)), 2).shape == (4, 3)
    assert Slab("y", 0, 1).shape(field()) == ()
