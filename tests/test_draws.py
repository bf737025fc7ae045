"""What every run is given: values by law and design, one canonical value where a factor is inactive."""

from typing import Any

import numpy as np
import pytest
from scipy.special import stdtrit

from dnnsa import Study
from dnnsa.draws import Points, columns, groups_of, in_order
from dnnsa.errors import ModelError
from dnnsa.estimators import Binned, Block, Sobol
from tests.examples.subjects import folded
from tests.studies import parts

U = {"kind": "uniform", "low": 0, "high": 1}
REPLICATES = 8


def study(factors: dict[str, Any], base_points: int = 64, **design: Any) -> Study:
    design = {"kind": "saltelli", "base_points": base_points, "replicates": REPLICATES, **design}
    kind = "morris" if design["kind"] == "morris" else "extrema"
    return Study(**parts(factors=factors, design=design, estimators=[{"kind": kind}]))


def optimiser(*probabilities: float) -> dict[str, Any]:
    return {"kind": "choice", "values": ["sgd", "adam"], "probabilities": list(probabilities)}


M = {**U, "when": {"opt": "sgd"}}
NESTED = {
    "opt": {"kind": "choice", "values": ["sgd", "adam"]},
    "momentum": M,
    # Its condition holds at the momentum's canonical 0.5, which must not make it active.
    "layers": {"kind": "integers", "low": 1, "high": 4, "when": {"momentum": {"low": 0.4}}},
    "act": {"kind": "choice", "values": ["relu", "tanh", None], "when": {"layers": [2, 3], "other": {"high": 0.7}}},
    "other": U,
}
CANONICAL = {"momentum": 0.5, "layers": 3, "act": "relu"}  # medians (the upper one of 1 to 4), and the first of a list


def active(values: dict[str, Any]) -> dict[str, Any]:
    """Where the factors of NESTED are active, written out."""
    momentum = values["opt"] == "sgd"
    layers = momentum & (values["momentum"].astype(float) >= 0.4)
    act = layers & np.isin(values["layers"].astype(int), [2, 3]) & (values["other"].astype(float) <= 0.7)
    return {"momentum": momentum, "layers": layers, "act": act}


# indices of functions whose inactive factors are canonical ------------------------------------------------------------

# With q the probability of sgd and m uniform on [0, 1], canonical 0.5:
# y = 1[sgd] m:  E y = q/2, V = q/3 - q^2/4;  V_opt = Var(1[sgd] / 2) = q(1 - q)/4;  V_m = Var(q m) = q^2/12.
# y = m, that is 0.5 + 1[sgd] (m - 0.5):  V = q/12;  E[y | opt] = 0.5, V_opt = 0;  V_m = q^2/12.
# Two factors: ST_opt = 1 - S_m and ST_m = 1 - S_opt.
FUNCTIONS = {
    "product": (lambda q: q / 3 - q**2 / 4, lambda q: q * (1 - q) / 4, lambda opt, m: (opt == "sgd") * m),
    "itself": (lambda q: q / 12, lambda q: 0.0, lambda opt, m: m),
}


@pytest.mark.parametrize("order", [("opt", "m"), ("m", "opt")])
@pytest.mark.parametrize("q", [0.5, 0.25, 0.875])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_conditional_factors_meet_their_exact_indices(name: str, q: float, order: tuple[str, str]) -> None:
    """Within 5 of the largest standard error of the index, which is small; see `test_reference`."""
    variance, of_opt, function = FUNCTIONS[name]
    first = {"opt": of_opt(q) / variance(q), "m": q**2 / 12 / variance(q)}
    total = {"opt": 1 - first["m"], "m": 1 - first["opt"]}
    laws = {"opt": optimiser(q, 1 - q), "m": M}
    made = study({factor: laws[factor] for factor in order}, base_points=16384, second_order=True)
    maps = folded(made, function, [Sobol()])
    expected = {index: np.array([of[factor] for factor in order]) for index, of in (("S1", first), ("ST", total))}
    together = 1 - sum(first.values())
    expected["S2"] = np.array([[np.nan, together], [together, np.nan]])
    for index, value in expected.items():
        error = np.nanmax(maps[f"{index}_upper"] - maps[f"{index}_lower"]) / 2 / stdtrit(REPLICATES - 1, 0.975)
        assert error < 0.01
        np.testing.assert_allclose(maps[index], value, rtol=0, atol=5 * error + 1e-12, err_msg=index)


def test_a_factor_that_is_never_active_where_it_is_looked_at_has_no_index() -> None:
    """Without sgd the momentum's canonical value is all there is: E equals A to the bit."""
    made = study({"opt": optimiser(0.5, 0.5), "m": M}, base_points=1024)
    maps = folded(made, lambda opt, m: (opt == "adam") * (m + 1), [Sobol()])
    np.testing.assert_array_equal(maps["ST"], [1, 0])
    np.testing.assert_array_equal(maps["S1"], [1, 0])


# what runs are given --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", [{}, {"second_order": True}, {"kind": "sample"}, {"kind": "morris"}])
def test_an_inactive_factor_has_its_canonical_value_in_every_run(design: dict[str, Any]) -> None:
    draws = study(NESTED, base_points=1024, **design).draws({})
    given = draws.runs(draws.points(0, 0, 128))
    assert {values.shape for values in given.values()} == {(128, draws.layout.runs)}
    for name, where in active(given).items():
        assert where.any()
        assert not where.all()
        assert set(given[name][~where]) == {CANONICAL[name]}
        assert len(set(given[name][where])) > 1


def test_a_mix_of_two_points_is_canonical_by_what_it_holds_itself() -> None:
    """E_opt may have an active momentum where A has none, and the reverse: conditions are met by runs, not points."""
    draws = study(NESTED, base_points=1024).draws({})
    given = draws.runs(draws.points(0, 0, 128))
    on = active(given)["momentum"]  # (128, runs)
    for was, is_ in ((False, True), (True, False)):
        assert ((on[:, 0] == was) & (on[:, 2] == is_)).any()
    idle = ~on[:, 0]
    for values in given.values():  # E_momentum of an A without momentum is that A, in all it is given
        np.testing.assert_array_equal(values[idle, 3], values[idle, 0])


def test_the_child_of_an_inactive_factor_is_inactive_although_the_canonical_value_meets_its_condition() -> None:
    draws = study(NESTED, base_points=1024).draws({})
    given = draws.runs(draws.points(0, 0, 128))
    idle = given["opt"] == "adam"
    assert (given["momentum"][idle] >= 0.4).all()
    assert set(given["layers"][idle]) == {3}
    assert set(given["act"][idle]) == {"relu"}


def test_values_keep_their_types_where_they_are_canonical() -> None:
    draws = study(NESTED).draws({})
    given = draws.runs(draws.points(0, 0, 8))
    kinds = {name: values.dtype.kind for name, values in given.items()}
    assert kinds == {"opt": "O", "momentum": "f", "layers": "i", "act": "O", "other": "f"}


def test_coordinates_are_one_number_for_each_value_of_a_discrete_factor_and_told_apart_where_it_is_inactive() -> None:
    draws = study(NESTED, base_points=1024).draws({})
    points = draws.points(0, 0, 128)
    x, at = draws.x(points), draws.at(points)  # (128, 2, 5), (128, 2) each
    assert x.shape == (128, 2, 5)
    for k, name in enumerate(NESTED):
        on = active(at).get(name, np.ones((128, 2), dtype=bool))
        np.testing.assert_array_equal(draws.active(points)[..., k], on, err_msg=name)
    np.testing.assert_array_equal(x[..., 0], np.where(at["opt"] == "sgd", 0.25, 0.75))
    np.testing.assert_array_equal(x[..., 1], points.u[..., 1])
    np.testing.assert_array_equal(x[..., 2], (points.values["layers"] - 0.5) / 4)
    np.testing.assert_array_equal(x[..., 4], points.u[..., 4])


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_factors_in_the_file_does_not_matter(seed: int) -> None:
    draws = study(NESTED).draws({})
    points = draws.points(0, 0, 8)
    order = np.random.default_rng(seed).permutation(list(NESTED))
    other = study({name: NESTED[name] for name in order}).draws({})
    same = Points(0, 0, points.u, {name: points.values[name] for name in order})
    expected, found = draws.at(points), other.at(same)
    for name in NESTED:
        np.testing.assert_array_equal(found[name], expected[name])


def test_what_a_condition_names_comes_first() -> None:
    laws = study(dict(reversed(NESTED.items()))).factors
    order = in_order(laws)
    assert sorted(order) == sorted(NESTED)
    for name, law in laws.items():
        for other in law.when or {}:
            assert order.index(other) < order.index(name)


def test_drawing_leaves_the_points_as_they_are() -> None:
    draws = study(NESTED).draws({})
    points = draws.points(0, 0, 8)
    for values in points.values.values():
        values.setflags(write=False)
    draws.runs(points)
    draws.x(points)


# designs and groups ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", ["sobol", "halton", "latin_hypercube", "monte_carlo"])
def test_what_a_run_is_given_does_not_depend_on_how_the_table_is_cut(sequence: str) -> None:
    draws = study(NESTED, base_points=512, sequence=sequence).draws({})
    whole = draws.runs(draws.points(1, 0, 64))
    pieces = [draws.runs(draws.points(1, start, 16)) for start in range(0, 64, 16)]
    rows = [draws.runs(draws.points(1, 0, 64).rows(start, start + 16)) for start in range(0, 64, 16)]
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces]), values)
        np.testing.assert_array_equal(np.concatenate([row[name] for row in rows]), values)


def test_a_replicate_ends_where_it_ends() -> None:
    draws = study({"a": U}).draws({})
    assert [draws.points(0, start, 8).size for start in (0, 8, 16)] == [8, 0, 0]


def test_factors_of_a_group_move_together() -> None:
    factors = {"a": {**U, "group": "g"}, "b": U, "c": {**U, "group": "g"}, "d": {**U, "group": "h"}}
    made = study(factors, second_order=True)
    assert columns(made.factors) == {"g": ["a", "c"], "b": ["b"], "h": ["d"]}
    assert groups_of(made.factors) == (0, 1, 0, 2)
    assert made.layout.runs == 8
    draws = made.draws({})
    given = draws.runs(draws.points(0, 0, 8))
    of_b = {  # A, B, E_g, E_b, E_h, C_g, C_b, C_h
        "a": [0, 1, 1, 0, 0, 0, 1, 1],
        "b": [0, 1, 0, 1, 0, 1, 0, 1],
        "c": [0, 1, 1, 0, 0, 0, 1, 1],
        "d": [0, 1, 0, 0, 1, 1, 1, 0],
    }
    for name, sources in of_b.items():
        np.testing.assert_array_equal(given[name], given[name][:, sources])
        assert (given[name][:, 0] != given[name][:, 1]).all()


def test_a_law_in_a_file_is_read_once_and_refused_when_the_file_has_changed(tmp_path: Any) -> None:
    path = tmp_path / "ages.csv"
    path.write_text("age\n1\n2\n4\n")
    factors = {"age": {"kind": "empirical", "path": "ages.csv"}, "b": {**U, "when": {"age": {"low": 2}}}}
    settings = parts(factors=factors, design={"kind": "sample", "base_points": 64}, estimators=[{"kind": "extrema"}])
    (tmp_path / "model.py").write_text("def f(age, b): return b")
    made = Study(directory=tmp_path, **settings)
    digests = made.digests()
    draws = made.draws(digests)
    given = draws.runs(draws.points(0, 0, 16))
    assert set(given["age"].ravel()) == {1.0, 2.0, 4.0}
    np.testing.assert_array_equal(given["b"] == 0.5, given["age"] == 1.0)
    path.write_text("age\n1\n2\n5\n")
    with pytest.raises(ModelError, match=r"factors.age.path: .*ages.csv is not the file that the study was started"):
        made.draws(digests)


def test_a_condition_that_no_value_of_a_file_meets_is_told_when_the_file_is_read(tmp_path: Any) -> None:
    (tmp_path / "ages.csv").write_text("age\n1\n2\n4\n")
    (tmp_path / "model.py").write_text("def f(age, b): return b")
    factors = {"age": {"kind": "empirical", "path": "ages.csv"}, "b": {**U, "when": {"age": {"low": 5}}}}
    settings = parts(factors=factors, design={"kind": "sample", "base_points": 64}, estimators=[{"kind": "extrema"}])
    with pytest.raises(ModelError) as error:
        Study(directory=tmp_path, **settings).draws()
    assert str(error.value) == (
        "factors.b.when.age: no value of the file of `age`, 1 to 4, meets it: `b` would never be active."
    )


def test_a_first_order_index_of_bins_is_that_of_the_coordinate_as_sobols_is() -> None:
    """y = b, b active where a >= 1/2: .5 of the variance is b's alone; a bin of inactive runs would say nearly 1."""
    factors = {
        "a": {"kind": "uniform", "low": 0, "high": 1},
        "b": {"kind": "uniform", "low": 0, "high": 1, "when": {"a": {"low": 0.5}}},
    }
    draws = study(factors, base_points=16384, sequence="monte_carlo").draws({})
    states = []
    for replicate in range(draws.replicates):
        points = draws.points(replicate, 0, 16384 // draws.replicates)
        y = draws.runs(points)["b"]
        block = Block(y, points.u, draws.x(points), active=draws.active(points))
        states.append(
            (
                Binned().update(Binned().init(draws.layout, ()), block),
                Sobol().update(Sobol().init(draws.layout, ()), block),
            )
        )
    binned = Binned().finalize([one for one, _ in states], draws.layout, 2.0**-52).maps["S1_binned"].array
    sobol = Sobol().finalize([one for _, one in states], draws.layout, 2.0**-52).maps["S1"].array
    np.testing.assert_allclose(sobol, [0, 0.5], atol=0.04)  # five standard errors, (1 - S^2) / sqrt(n) and less
    np.testing.assert_allclose(binned, [0, 0.5], atol=0.04)
