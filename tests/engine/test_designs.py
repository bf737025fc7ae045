"""Every design and every kind of state on real workers: right in the store, and the same bits whatever happens."""

import signal

import numpy as np
import pytest

import dnnsa
from dnnsa.cluster import Local
from dnnsa.engine import plan_of, probe
from dnnsa.engine.tasks import leaf
from dnnsa.engine.tree import Node
from dnnsa.errors import Interrupted, ModelError
from dnnsa.view.progress import Quiet
from tests.engine.test_drive import Watch, committed, job, reduced, same
from tests.studies import UNIFORM, study

# The factors are uniform on [-1/2, 1/2]: variance 1/12, and 1/144 of a product of two.


@pytest.fixture(scope="module")
def one_worker():
    with Local(workers=1).open() as client:
        yield client


def run(client, folder, source, **settings):
    return dnnsa.run(study(folder, source, **settings), client, folder / "out.zarr", reporter=Quiet())


def design(kind, base_points=4096, **other):
    return {"kind": kind, "base_points": base_points, **other}


def kinds(*names, **settings):
    return [{"kind": name, **settings} for name in names]


# in the store ---------------------------------------------------------------------------------------------------------


def test_groups_are_the_factors_of_the_store(client, tmp_path):
    """V = 13/144 of the group {x1, x2} and 48/144 of x3, nothing of both."""
    grouped = {**UNIFORM, "group": "g"}
    factors = {"x1": grouped, "x3": UNIFORM, "x2": grouped}
    source = "def f(x1, x2, x3): return x1 + x1 * x2 + 2 * x3"
    output = run(client, tmp_path, source, factors=factors, design=design("saltelli", 16384))["output"]
    assert output["factor"].values.tolist() == ["g", "x3"]
    for index in ("S1", "ST"):
        np.testing.assert_allclose(output[index], [13 / 61, 48 / 61], atol=0.01)
    assert int(output["n"]) == 16384


def test_second_order_indices_stand_in_the_store_by_pairs(client, tmp_path):
    """V = 1/144 of x1 with x2 alone and 12/144 of x3; a field, so that it has aggregated ones too."""
    source = "def f(x1, x2, x3): return (x1 * x2 + x3)[:, None] * np.array([1.0, 10.0])"
    made = run(client, tmp_path, source, p=3, design=design("saltelli", 16384, second_order=True))["output"]
    assert made["S2"].dims == ("factor", "factor_2", "dim_0")
    assert made["factor_2"].values.tolist() == ["x1", "x2", "x3"]
    expected = np.zeros((3, 3))
    np.fill_diagonal(expected, np.nan)
    expected[0, 1] = expected[1, 0] = 1 / 13
    for cell in range(2):
        np.testing.assert_allclose(made["S2"][..., cell], expected, atol=0.01)
        np.testing.assert_array_equal(made["S2"][..., cell], made["S2"][..., cell].T)
    np.testing.assert_allclose(made["S2_aggregated"], expected, atol=0.01)
    assert ((made["S2_lower"] <= made["S2_upper"]) | np.isnan(made["S2"])).all()


def test_a_sample_has_what_needs_no_exchange(client, tmp_path):
    """V = 1/12 of x1 and 4/12 of x2, 5/12 in all; the sum's density is 1/2 from -1/2 to 1/2.

    Tolerances are 5 standard errors of 16,384 independent runs: of the mean sqrt(5/12 / n), of the variance 0.01 of it,
    of quantiles sqrt(p (1 - p) / n) / 0.5 with a bin of 3/64 besides, of shares sqrt(p (1 - p) / n).
    """
    estimators = [
        *kinds("moments", "binned", "hsic", "extrema", "histogram"),
        {"kind": "quantiles", "probabilities": [0.25, 0.5, 0.75]},
        {"kind": "exceedance", "thresholds": [0.0, 0.5]},
    ]
    source = "def f(x1, x2): return x1 + 2 * x2"
    drawn = design("sample", 16384, sequence="monte_carlo")
    made = run(client, tmp_path, source, design=drawn, estimators=estimators)["output"]
    assert made["mean"] == pytest.approx(0, abs=0.025)
    assert made["variance"] == pytest.approx(5 / 12, rel=0.05)
    np.testing.assert_allclose(made["S1_binned"], [0.2, 0.8], atol=0.04)
    np.testing.assert_allclose(made["quantiles"], [-0.5, 0, 0.5], atol=0.08)
    assert made["probability"].values.tolist() == [0.25, 0.5, 0.75]
    assert made["threshold"].values.tolist() == [0, 0.5]
    assert int(made["histogram"].sum()) == 16384
    np.testing.assert_allclose(made["exceedance"], [0.5, 0.25], atol=0.02)
    assert (made["hsic_p"] < 1e-6).all()
    assert float(made["minimum"]) < -1.45
    assert float(made["maximum"]) > 1.45
    assert int(made["n"]) == 16384
    assert int(made["status"]) == 0


def test_trajectories_have_the_effects_of_single_factors_and_of_groups(client, tmp_path):
    source = "def f(x1, x2): return x1 + 3 * x2"
    made = run(client, tmp_path, source, design=design("morris", 64), estimators=kinds("morris"))["output"]
    np.testing.assert_allclose(made["mu"], [1, 3], rtol=1e-12)
    np.testing.assert_allclose(made["mu_star"], [1, 3], rtol=1e-12)
    np.testing.assert_allclose(made["sigma"], 0, atol=1e-12)


GRADIENT = """
SCALE = np.array([1.0, 10.0, 100.0])
def f(x1, x2):
    y = (x1 + 3 * x2 * x2)[:, None] * SCALE
    dy = np.stack([np.ones_like(x1), 6 * x2], axis=1)[:, :, None] * SCALE
    return {"y": y, "dy": dy}
"""
DGSM = {"kind": "dgsm", "quantity": "y", "gradient": "dy"}


@pytest.mark.parametrize("kind", ["sample", "saltelli"])
def test_derivatives_are_handed_in_as_a_quantity_beside(client, tmp_path, monkeypatch, kind):
    """E (dy/dx2)^2 = 36/12 = 3 in units of the scale squared; V = 1/12 + 9/180, C = 1/pi^2. Parts of one row each."""
    monkeypatch.setattr("dnnsa.engine.plan.PART_BYTES", 100)
    estimators = [DGSM, *kinds("moments", of=["y"])]
    made = run(client, tmp_path, GRADIENT, design=design(kind), estimators=estimators)
    assert set(made.children) == {"y"}
    scale = np.array([1.0, 10.0, 100.0]) ** 2
    nu = np.array([[1.0], [3.0]])
    np.testing.assert_allclose(made["y"]["dgsm"], nu * scale, rtol=0.01)
    np.testing.assert_allclose(made["y"]["ST_bound"], np.tile(nu / np.pi**2 / (1 / 12 + 9 / 180), 3), rtol=0.01)
    assert (made["y"]["status"] == 0).all()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x1, x2): return {'y': x1}", "estimators[0]: no quantity `dy`: did you mean `y`?"),
        (
            "def f(x1, x2): return {'y': x1, 'dy': np.ones((len(x1), 3))}",
            "estimators[0]: `dy` has shape (3,) beside `y` of shape (): it must have a dimension of "
            "factors before that of the quantity, (2,).",
        ),
    ],
)
def test_a_gradient_that_is_none_is_told_at_the_first_base_point(tmp_path, source, message):
    with pytest.raises(ModelError) as error:
        probe(job(tmp_path, source, estimators=[DGSM]))
    assert str(error.value) == message


def test_an_estimator_of_a_quantity_that_the_model_does_not_return_is_told(tmp_path):
    source = "def f(x1, x2): return {'speed': x1, 'noise': x2}"
    with pytest.raises(ModelError, match=r"^estimators\[0\]: no quantity `sped`: did you mean `speed`\?$"):
        probe(job(tmp_path, source, estimators=kinds("sobol", of=["sped"])))


TWO = """
WEIGHT = np.arange(1.0, 5)
def f(x1, x2): return {"y": (x1 + x2)[:, None] * WEIGHT, "z": (x1 - 2 * x2)[:, None] * WEIGHT, "w": x2}
"""


def test_two_quantities_have_their_covariance_cell_by_cell(client, tmp_path, monkeypatch):
    """cov = (1 - 2) / 12 in units of the weight squared; correlation -1 / sqrt(2 * 5)."""
    monkeypatch.setattr("dnnsa.engine.plan.PART_BYTES", 100)
    estimators = [{"kind": "covariance", "quantity": "y", "other": "z"}]
    made = run(client, tmp_path, TWO, design=design("sample"), estimators=estimators)
    assert set(made.children) == {"y"}
    weight = np.arange(1.0, 5) ** 2
    np.testing.assert_allclose(made["y"]["covariance_z"], -weight / 12, rtol=0.02)
    np.testing.assert_allclose(made["y"]["correlation_z"], -np.ones(4) / np.sqrt(10), rtol=0.02)


def test_a_quantity_has_the_estimators_that_are_of_it(client, tmp_path):
    estimators = [*kinds("sobol", of=["y"]), *kinds("moments", of=["z", "y"]), *kinds("extrema", of=["z"])]
    made = run(client, tmp_path, TWO, design=design("saltelli", 256), estimators=estimators)
    assert set(made.children) == {"y", "z"}
    held = {name: {"S1", "mean", "minimum"} & set(made[name].data_vars) for name in ("y", "z")}
    assert held == {"y": {"S1", "mean"}, "z": {"mean", "minimum"}}


# Standard errors of S1 and ST with 16,384 independent base points are below 0.008 (`NUMERICS`: 0.03 of 1,024).
@pytest.mark.parametrize("sequence", ["sobol", "halton", "latin_hypercube", "monte_carlo"])
def test_every_sequence_meets_the_exact_indices(client, tmp_path, sequence):
    source = "def f(x1, x2): return x1 * x2 + x1 / 2"  # V = 1/144 of both and 3/144 of x1
    made = run(client, tmp_path, source, design=design("saltelli", 16384, sequence=sequence))["output"]
    np.testing.assert_allclose(made["S1"], [0.75, 0], atol=0.04)
    np.testing.assert_allclose(made["ST"], [1, 0.25], atol=0.04)


# bits -----------------------------------------------------------------------------------------------------------------

# The last cell is not finite in some runs: its states count for themselves from the first such block on.
ZOO = """
import time
def f(x1, x2, x3):
    time.sleep(0.02)
    x1, x2, x3 = (x[:, None, None] for x in (x1, x2, x3))
    y = np.exp(3 * x1) * np.cos(np.arange(12).reshape(4, 3) * x2) + x3
    y[:, 3, 2] = np.where(x1[:, 0, 0] > 0.49, np.nan, y[:, 3, 2])
    return {"y": y, "z": y + x2, "s": (x1 * x2)[:, 0, 0], "dy": np.stack([y, y + 1, y + 2], axis=1)}
"""
UNIVARIATE = [
    *kinds("moments", "extrema", "quantiles", of=["y", "s"]),
    {"kind": "exceedance", "thresholds": [0.0, 1.0], "of": ["y"]},
    {"kind": "histogram", "of": ["y"]},
    {"kind": "covariance", "quantity": "y", "other": "z"},
]
SINGLE = [*kinds("binned", "hsic", of=["y"]), {**DGSM}]
GROUPED = {"x1": {**UNIFORM, "group": "g"}, "x2": UNIFORM, "x3": {**UNIFORM, "group": "g"}}
STUDIES = {
    "saltelli": {
        "design": {"kind": "saltelli", "sequence": "monte_carlo"},
        "estimators": [*kinds("sobol", of=["y", "s"]), *UNIVARIATE, *SINGLE],
    },
    "second order of groups": {
        "design": {"kind": "saltelli", "second_order": True},
        "factors": GROUPED,
        "estimators": [*kinds("sobol", of=["y", "s"]), *UNIVARIATE],
    },
    "sample": {"design": {"kind": "sample", "sequence": "monte_carlo"}, "estimators": [*UNIVARIATE, *SINGLE]},
    "morris": {
        "design": {"kind": "morris", "levels": 64},
        "factors": GROUPED,
        "estimators": kinds("morris", of=["y", "s"]),
    },
}


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.harm("People", "Interrupted, resumed with more workers: states of every estimator", "bits", "kept")
def test_every_kind_of_state_has_the_same_bits_with_any_workers_and_after_an_interrupt(
    client, one_worker, tmp_path, monkeypatch, name
):
    monkeypatch.setattr("dnnsa.engine.plan.PART_BYTES", 100)  # a row of a field, a part
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    settings = {"p": 3, **STUDIES[name], "design": {"base_points": 1024, **STUDIES[name]["design"]}}
    made = job(one, ZOO, max_failed=1.0, **settings)
    plan = plan_of(made, probe(made).fields)
    assert len(plan.parts) > 1
    first, outcome = reduced(one_worker, made, one, seconds=1e-9)
    stop = Watch(at=512, act=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted):
        reduced(client, made, two, seconds=100.0, watch=stop, commit_every=0.1)
    assert 0 < committed(two / "checkpoint", plan)[0] < 1024
    again, resumed = reduced(client, made, two, seconds=100.0)
    same(first, again)
    assert [f[:3] for f in outcome.ledger.failures] == [f[:3] for f in resumed.ledger.failures]
    *most, last = first["y-3.npz"]["n"].ravel()
    assert most == [1024, 1024]
    assert 750 < last < 1024
    assert {quantity for quantity, *_ in (file.split("-") for file in first)} == {"y", "s"}
    for quantity, ratios in outcome.ratios.items():
        for index, ratio in ratios.items():
            other = resumed.ratios[quantity][index]
            np.testing.assert_array_equal(ratio.numerator, other.numerator)
            np.testing.assert_array_equal(ratio.denominator, other.denominator)


@pytest.mark.harm("Runs of the model", "Runs give NaN in some cells of a field", "told", "rest")
def test_the_last_cell_loses_base_points_and_its_neighbours_do_not(client, tmp_path):
    """What the test above is worth depends on it: states whose counts are one number, and states whose are many."""
    made = job(tmp_path, ZOO, p=3, max_failed=1.0, design=design("saltelli", 1024), estimators=kinds("sobol", of=["y"]))
    maps, outcome = reduced(client, made, tmp_path)
    (found,) = maps.values()
    assert found["n"].ravel().tolist() == [1024] * 11 + [1024 - len(outcome.ledger.failures)]
    assert found["status"].ravel().tolist() == [0] * 11 + [1]
    assert 0 < len(outcome.ledger.failures) < 100


def test_the_count_of_a_state_becomes_one_for_each_cell_when_the_first_base_point_is_left_out(tmp_path):
    made = job(tmp_path, ZOO, p=3, max_failed=1.0, design=design("saltelli", 1024), estimators=kinds("sobol", of=["y"]))
    plan = plan_of(made, probe(made).fields)
    states = [
        leaf(made, plan, Node(0, replicate, 0, number), {}, 60.0, None, False, "")
        for replicate in range(4)
        for number in range(4)
    ]
    shapes = {np.shape(made.states[0][0][0].n): bool(made.report.failures) for made in states}
    assert shapes == {(): False, (4, 3): True}


# types ----------------------------------------------------------------------------------------------------------------


def maps_of(client, folder, expression):
    folder.mkdir()
    source = f"import ml_dtypes\ndef f(x1, x2): return ({expression})"
    made = job(folder, source, base_points=512, design=design("saltelli", 512), estimators=kinds("sobol", "moments"))
    (maps,) = reduced(client, made, folder)[0].values()
    return maps


VALUE = "200 * x1 + 100 * x2 * x2"


@pytest.mark.parametrize(
    ("given", "exact"),
    [
        (f"({VALUE}).astype(ml_dtypes.bfloat16)", f"({VALUE}).astype(ml_dtypes.bfloat16).astype(np.float32)"),
        (f"({VALUE}).astype(np.float16)", f"({VALUE}).astype(np.float16).astype(np.float64)"),
        (f"({VALUE}).astype(np.int8)", f"({VALUE}).astype(np.int8).astype(np.float64)"),
        (f"({VALUE} + 1000).astype(np.uint64)", f"({VALUE} + 1000).astype(np.uint64).astype(np.float64)"),
        ("x1 > x2", "(x1 > x2).astype(np.float64)"),
    ],
)
def test_outputs_of_any_real_type_are_folded_as_the_numbers_they_are(client, tmp_path, given, exact):
    one, other = maps_of(client, tmp_path / "given", given), maps_of(client, tmp_path / "exact", exact)
    assert one["variance"] > 0
    assert one["status"] == 0
    same({"": one}, {"": other})


@pytest.mark.parametrize("dtype", ["np.complex64", "np.dtype('datetime64[s]')", "object", "'S8'"])
def test_outputs_that_are_no_real_numbers_are_refused(tmp_path, dtype):
    source = f"def f(x1, x2): return np.zeros(len(x1), np.int64).astype({dtype})"
    with pytest.raises(ModelError, match=r"^model: quantity `output`: holds .*, not real numbers.$"):
        probe(job(tmp_path, source))
