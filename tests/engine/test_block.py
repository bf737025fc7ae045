"""A block is a pure function of the study and a number, and loses no more base points than fail."""

import numpy as np
import pytest

from dnnsa.engine import Job, plan_of, probe
from dnnsa.engine.block import draws, guarded
from dnnsa.engine.plan import Field
from dnnsa.engine.probing import time_block
from dnnsa.engine.tasks import leaf, merge
from dnnsa.engine.tree import Node, fold
from dnnsa.errors import ModelError
from tests.studies import study

LINE = "def f(x1, x2): return x1 + 2 * x2"


def job(folder, source, **settings):
    made = study(folder, source, **settings)
    return Job(made, made.digests())


def test_a_probe_sees_the_quantities(tmp_path):
    source = "def f(x1, x2): return {'a': x1, 'b': np.stack([x1, x2], axis=1).astype('float32')}"
    fields = probe(job(tmp_path, source)).fields
    assert {name: (field.shape, field.dtype, field.dims) for name, field in fields.items()} == {
        "a": ((), "float64", ()),
        "b": ((2,), "float32", ("dim_0",)),
    }


@pytest.mark.parametrize(
    ("source", "model", "message"),
    [
        (
            "def f(x1, x2): raise ValueError('no')",
            {},
            "model: the first base point raised ValueError: no (model.py, line 2). Its first run",
        ),
        ("def f(x1): return x1", {}, "model: the first base point raised TypeError: f() got an unexpected keyword"),
        ("def f(x1, x2): return x1[:-1]", {}, "quantity `output`: has shape (3,) for 4 runs: its first dimension"),
        ("def f(x1, x2): return 1.0", {}, "quantity `output`: has shape () for 4 runs: its first dimension must be"),
        ("def f(x1, x2): return {}", {}, "model: returned no quantity: return an array, or a mapping"),
        ("def f(x1, x2): return x1 + 1j", {}, "quantity `output`: holds complex128, not real numbers."),
        ("def f(x1, x2): return x1.astype(str)", {}, "not real numbers."),
        ("def f(x1, x2): return np.ones((4, 0))", {}, "has shape (4, 0), which holds no cell."),
        ("def f(x1, x2): return {'a b': x1}", {}, "quantity `a b`: must be named by a Python name"),
        (
            "class E(Exception):\n    def __init__(self, a, b): pass\n    def __str__(self): raise ValueError\n"
            "def f(x1, x2): raise E(1, 2)",
            {},
            "model: the first base point raised E, whose message raises ValueError (model.py, line 5)",
        ),
        ("import sys\ndef f(x1, x2): sys.exit('bye')", {}, "model: the first base point raised SystemExit: bye"),
        (LINE, {"dims": {"output": ["x"]}}, "model.dims.output: ['x'] names 1 dimensions of 0, shape ()."),
        (LINE, {"dims": {"outptu": []}}, "model.dims.outptu: the model returns no quantity `outptu`, only ['output']."),
        (
            "def f(x1, x2): return np.ones((4, 3))",
            {"dims": {"output": ["x"]}, "coords": {"x": [1, 2]}},
            "model.coords.x: 2 values for dimension `x` of size 3.",
        ),
    ],
)
def test_what_is_no_model_is_told_at_the_first_base_point(tmp_path, source, model, message):
    with pytest.raises(ModelError) as error:
        probe(job(tmp_path, source, model={"kind": "function", "call": "model:f", **model}))
    assert message in str(error.value)


def outputs(made, fields):
    return guarded(made, draws(made).points(0, 0, 64), fields)


def test_a_block_has_the_runs_of_its_base_points(tmp_path):
    made = job(tmp_path, LINE)
    fields = probe(made).fields
    y, failures, _ = outputs(made, fields)
    at = draws(made).points(0, 0, 64).values
    assert y["output"].shape == (64, 4)
    np.testing.assert_array_equal(y["output"][:, 0], at["x1"][:, 0] + 2 * at["x2"][:, 0])
    np.testing.assert_array_equal(y["output"][:, 2], at["x1"][:, 1] + 2 * at["x2"][:, 0])
    assert failures == []


def test_a_base_point_that_raises_is_the_only_one_lost(tmp_path):
    source = "def f(x1, x2):\n    if (x1 > 0.45).any(): raise ValueError('too hot')\n    return x1 + x2"
    made = job(tmp_path, source)
    fields = probe(made).fields
    y, failures, _ = outputs(made, fields)
    hot = (draws(made).points(0, 0, 64).values["x1"] > 0.45).any(axis=1)
    assert 0 < hot.sum() < 32
    assert [failure.number for failure in failures] == np.flatnonzero(hot).tolist()
    assert np.isnan(y["output"][hot]).all()
    assert np.isfinite(y["output"][~hot]).all()
    assert failures[0].cause == "ValueError: too hot"
    assert "raise ValueError('too hot')" in failures[0].traceback
    assert max(float(failures[0].a["x1"]), float(failures[0].b["x1"])) > 0.45


def test_what_is_masked_is_missing(tmp_path):
    made = job(tmp_path, "def f(x1, x2): return np.ma.masked_array(x1 + x2, x1 > 0.45)")
    y, failures, _ = outputs(made, probe(made).fields)
    hot = draws(made).points(0, 0, 64).values["x1"] > 0.45
    assert [failure.number for failure in failures] == np.flatnonzero(hot.any(axis=1)).tolist()
    assert np.isnan(y["output"][hot[:, 0], 0]).all()


@pytest.mark.harm("Runs of the model", "Outputs whose shape follows the number of runs", "told")
def test_outputs_that_change_with_the_number_of_runs_are_refused_at_the_first_block(tmp_path):
    made = job(tmp_path, "def f(x1, x2): return x1[:, None] - x2[None, :]")
    with pytest.raises(ModelError) as error:
        time_block(made, probe(made).fields)
    assert str(error.value) == (
        "model: quantity `output`: the outputs change with the number of runs: shape (256, 256) for 256 runs, where "
        "(256, 4) was expected."
    )


def test_values_that_are_not_finite_are_told_by_base_point(tmp_path):
    made = job(tmp_path, "def f(x1, x2): return np.stack([x1, np.where(x2 > 0.45, np.nan, x2)], axis=1)")
    y, failures, _ = outputs(made, probe(made).fields)
    bad = np.isnan(y["output"]).any(axis=(1, 2))
    assert [failure.number for failure in failures] == np.flatnonzero(bad).tolist()
    told = np.isnan(y["output"][failures[0].number]).sum()
    assert failures[0].cause == f"{told} of 8 values of `output` are NaN or infinite"


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (
            "def f(x1, x2): return x1 if len(x1) == 4 and x1[0] < 0.3 else x1[:-1]",
            "BadOutputs: `output` has shape (3,) for 4 runs, where (4,) was expected",
        ),
        (
            "def f(x1, x2): return x1 if len(x1) == 4 and x1[0] < 0.3 else {'other': x1}",
            "BadOutputs: quantities ['other'] where there were ['output'] at first",
        ),
    ],
)
def test_outputs_that_change_their_shape_later_are_failures(tmp_path, source, cause):
    made = job(tmp_path, source)
    _, failures, _ = outputs(made, {"output": Field((), "float64", (), {})})
    assert {failure.cause for failure in failures} == {cause}


DGSM = [{"kind": "dgsm", "quantity": "y", "gradient": "dy"}]


@pytest.mark.parametrize(
    ("source", "p", "estimators", "message"),
    [
        (
            "def f(x1, x2): return {'y': np.ones((len(x1), 4)), 'dy': np.ones((len(x1), 4))}",
            2,
            DGSM,
            "estimators[0]: `dy` has shape (4,) beside `y` of shape (4,): it must have a dimension of factors before "
            "that of the quantity, (2, 4).",
        ),
        (
            "def f(x1): return {'y': x1, 'dy': x1}",
            1,
            DGSM,
            "estimators[0]: `dy` has shape () beside `y` of shape (): it must have a dimension of factors before that "
            "of the quantity, (1,).",
        ),
        (
            "def f(x1, x2): return {'y': x1, 'z': np.stack([x1, x2], axis=1)}",
            2,
            [{"kind": "covariance", "quantity": "y", "other": "z"}],
            "estimators[0]: `z` has shape (2,) beside `y` of shape (): it must have the same shape, ().",
        ),
        (
            "def f(x1, x2): return {'y': x1, 'z': x2}",
            2,
            [{"kind": "covariance", "quantity": "y", "other": "zz"}],
            "estimators[0]: no quantity `zz`: did you mean `z`?",
        ),
        (
            "def f(x1, x2): return {'y': x1, 'z': x2}",
            2,
            [{"kind": "moments", "of": ["yy"]}],
            "estimators[0]: no quantity `yy`: did you mean `y`?",
        ),
    ],
)
def test_what_an_estimator_reads_is_checked_on_the_first_base_point(tmp_path, source, p, estimators, message):
    made = job(tmp_path, source, p=p, estimators=estimators)
    with pytest.raises(ModelError) as told:
        probe(made)
    assert str(told.value) == message


def test_a_task_of_several_blocks_has_the_bits_of_single_ones(tmp_path):
    made = job(tmp_path, "def f(x1, x2): return np.exp(3 * x1) * x2", base_points=2048)
    plan = plan_of(made, probe(made).fields)
    assert plan.blocks == 8

    def states(level, number):
        return leaf(made, plan, Node(0, 1, level, number), {}, 60.0, None, False, "").states[0]

    singles = [states(0, number) for number in range(8)]
    folded = fold(singles, lambda left, right: merge(made, plan, Node(0, 1, 0, 0), left, right, None))
    whole = states(3, 0)
    for ours, theirs in zip(whole[0], folded[0], strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
