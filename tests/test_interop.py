"""SALib's problems and results, OpenTURNS's laws, and long tables."""

import re
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import openturns as ot
import pandas as pd
import pytest
import xarray as xr
from SALib import ProblemSpec
from SALib.analyze import sobol as salib_analysis
from SALib.plotting.bar import plot as bar_plot
from SALib.plotting.morris import horizontal_bar_plot
from SALib.sample import sobol as salib_sample
from SALib.util import scale_samples

import dnnsa
from dnnsa import designs, factors
from dnnsa.errors import InputError
from dnnsa.interop import from_bounds, from_openturns, from_salib, to_pandas, to_salib, to_salib_problem
from tests.view import trees

U = (np.arange(200) + 0.5) / 200
PROBLEM = {
    "names": ["u", "l", "n", "ln", "tn", "t", "w"],
    "num_vars": 7,
    "dists": ["unif", "logunif", "norm", "lognorm", "truncnorm", "triang", "weibull"],
    "bounds": [[-1, 3], [0.1, 10], [5, 2], [0.5, 0.25], [-1.0, 2.0, 0.5, 1.5], [1.0, 3.0, 0.25], [1.5, 2.0]],
}


def laws(found):
    return {name: factors.KINDS[law["kind"]](**law) for name, law in found.items()}


def study(**found):
    """What of a study is asked here."""
    return SimpleNamespace(factors=laws(found))


def test_laws_of_salib_give_its_values():
    scaled = scale_samples(np.repeat(U[:, None], 7, axis=1), dict(PROBLEM))
    for k, (name, law) in enumerate(laws(from_salib(PROBLEM)).items()):
        # SciPy's inverse of the truncated normal is not ours; both are within a few roundings of the spread.
        np.testing.assert_allclose(law.ppf(U), scaled[:, k], rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_problem_without_laws_is_uniform():
    found = from_salib({"names": ["a", "b"], "bounds": np.array([[0, 1], [2, 5]])})
    assert found == {
        "a": {"kind": "uniform", "low": 0.0, "high": 1.0},
        "b": {"kind": "uniform", "low": 2.0, "high": 5.0},
    }


def test_a_problem_spec_is_a_problem():
    spec = ProblemSpec({"names": ["a", "b"], "bounds": [[0, 1], [2, 5]], "outputs": ["y"]})
    assert from_salib(spec) == from_salib({"names": ["a", "b"], "bounds": [[0, 1], [2, 5]]})


def test_groups_are_kept_and_a_factor_by_itself_has_none():
    found = from_salib({"names": list("abcd"), "bounds": [[0, 1]] * 4, "groups": ["g", "b", "g", "h"]})
    assert [law.get("group") for law in found.values()] == ["g", None, "g", "h"]
    of_a = from_salib({"names": list("ab"), "bounds": [[0, 1]] * 2, "groups": ["a", "a"]})
    assert [law.get("group") for law in of_a.values()] == ["a", "a"]


def test_a_triangle_of_two_numbers_begins_at_0():
    found = from_salib({"names": ["t"], "dists": ["triang"], "bounds": [[3, 0.5]]})
    assert found["t"] == {"kind": "triangular", "low": 0.0, "mode": 1.5, "high": 3.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bounds": [[0, 1]]}, "`bounds` must be one for each of the 2 `names`, got 1."),
        ({"dists": ["unif"]}, "`dists` must be one for each of the 2 `names`, got 1."),
        ({"groups": ["g"]}, "`groups` must be one for each of the 2 `names`, got 1."),
        ({"num_vars": 3}, "`num_vars` must be the number of `names`, 2, got 3."),
        ({"names": ["a", "a"]}, "`names` must all be different, got `a` 2 times."),
        (
            {"dists": ["unif", "cauchy"]},
            "`b`: there is no law `cauchy`: use one of `unif`, `logunif`, `norm`, `lognorm`, `truncnorm`, `triang`, "
            "`weibull`.",
        ),
        (
            {"dists": ["unif", "truncnorm"]},
            "`b`: `truncnorm` has 4 numbers in `bounds`, got [2.0, 5.0].",
        ),
        (
            {"dists": ["unif", "triang"], "bounds": [[0, 1], [2, 5, 3]]},
            "`b`: the peak of `triang` must be a share of its interval, from 0 to 1, got 3.",
        ),
        (
            {"dists": ["unif", "weibull"], "bounds": [[0, 1], [2, 5, 3]]},
            "`b`: the law `weibull` of dnnsa begins at 0, got a location of 3: give a location of 0 and add it to the "
            "factor in the model.",
        ),
        ({"bounds": [[0, 1], [5, 2]]}, "`b`: `low` must be below `high`, got low: 5 and high: 2."),
    ],
)
def test_a_problem_that_does_not_hold_is_refused(change, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        from_salib({"names": ["a", "b"], "bounds": [[0, 1], [2, 5]]} | change)


def test_bounds_are_uniform_factors():
    assert from_bounds([[0, 1], (2, 5)]) == from_salib({"names": ["x1", "x2"], "bounds": [[0, 1], [2, 5]]})
    assert list(from_bounds([[0, 1]], ["speed"])) == ["speed"]


@pytest.mark.parametrize(
    ("bounds", "names", "message"),
    [
        ([[0, 1]], ["a", "b"], "`names` must be one for each of the 1 pairs of bounds, got 2."),
        ([[0, 1, 2]], None, "`x1`: `unif` has 2 numbers in `bounds`, got [0.0, 1.0, 2.0]."),
        ([[1, 1]], ["a"], "`a`: `low` must be below `high`, got low: 1 and high: 1."),
    ],
)
def test_bounds_that_do_not_hold_are_refused(bounds, names, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        from_bounds(bounds, names)


def test_an_interval_of_openturns_has_uniform_factors():
    assert from_openturns(ot.Interval([0, 2], [1, 5])) == from_bounds([[0, 1], [2, 5]])
    with pytest.raises(InputError, match=r"^an interval of factors must be finite, got"):
        from_openturns(ot.Interval([0.0], [1.0], [True], [False]))


OPENTURNS = [
    ot.Uniform(-1, 3),
    ot.LogUniform(-1, 2),
    ot.Normal(5, 2),
    ot.LogNormal(0.5, 0.25),
    ot.TruncatedNormal(0.5, 1.5, -1, 2),
    ot.Triangular(1, 1.5, 3),
    ot.Beta(2, 3, -1, 4),
    ot.WeibullMin(2, 1.5),
    ot.Gumbel(2, 1),
    ot.TruncatedDistribution(ot.Gumbel(558, 1013), 500.0, 3000.0),
    ot.TruncatedDistribution(ot.Normal(30, 7.5), 15.0, ot.TruncatedDistribution.LOWER),
    ot.TruncatedDistribution(ot.Normal(30, 7.5), 40.0, ot.TruncatedDistribution.UPPER),
    ot.TruncatedDistribution(ot.LogNormal(0, 1), 0.5, 2.0),
    ot.TruncatedDistribution(ot.WeibullMin(2, 1.5), 0.5, 2.0),
]


@pytest.mark.parametrize("law", OPENTURNS, ids=repr)
def test_laws_of_openturns_give_its_quantiles(law):
    """OpenTURNS inverts some distribution functions by a search that stops at 1e-10 or so; ours are formulas."""
    ours = laws(from_openturns(law, ["x"]))["x"]
    theirs = np.array([law.computeQuantile(u)[0] for u in U])
    np.testing.assert_allclose(ours.ppf(U), theirs, rtol=1e-8, atol=1e-8)


def test_a_joint_law_of_openturns_has_its_names():
    joint = ot.JointDistribution(OPENTURNS[:3])
    joint.setDescription(["Q", "Ks", "Zv"])
    assert list(from_openturns(joint)) == ["Q", "Ks", "Zv"]
    assert from_openturns(joint)["Ks"]["kind"] == "loguniform"


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (
            ot.JointDistribution([ot.Normal()] * 2, ot.NormalCopula(2)),
            None,
        ),
        (
            ot.JointDistribution([ot.Normal()] * 2, ot.ClaytonCopula(2.0)),
            "the copula of JointDistribution is not independent: factors of dnnsa are independent of each other. Draw "
            "the table with OpenTURNS, exchanging dependent inputs together, read it with `design: {kind: external}`, "
            "and give dependent inputs the same `group`.",
        ),
        (
            ot.Student(3),
            "`X0`: there is no law `Student`: use one of `Uniform`, `LogUniform`, `Normal`, `LogNormal`, "
            "`TruncatedNormal`, `Triangular`, `Beta`, `WeibullMin`, `Gumbel`.",
        ),
        (
            ot.LogNormal(0, 1, 2),
            "`X0`: the law `lognormal` of dnnsa begins at 0, got a location of 2: give a location of 0 and add it to "
            "the factor in the model.",
        ),
        (
            ot.TruncatedDistribution(ot.Student(3), 0.0, 1.0),
            "`X0`: there is no law `Student`: use one of",
        ),
        (
            ot.TruncatedDistribution(ot.Triangular(0, 1, 2), 0.5, 1.0),
            "`X0`: `TruncatedDistribution` can be of `Normal`, `LogNormal`, `WeibullMin` or `Gumbel`, got "
            "`Triangular`.",
        ),
    ],
    ids=["independent", "copula", "law", "location", "inner law", "inner"],
)
def test_what_openturns_has_and_we_have_not_is_refused(thing, message):
    if message is None:
        assert len(from_openturns(thing)) == 2  # a copula of Gauss without correlation
        return
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        from_openturns(thing)


def test_a_problem_comes_back_as_it_went():
    back = to_salib_problem(study(**from_salib(PROBLEM)))
    assert back["names"] == PROBLEM["names"]
    assert back["dists"] == PROBLEM["dists"]
    assert back["bounds"] == [pytest.approx(numbers, rel=1e-15) for numbers in PROBLEM["bounds"]]
    assert "groups" not in back


def test_groups_go_to_salib():
    found = from_salib({"names": list("abc"), "bounds": [[0, 1]] * 3, "groups": ["g", "b", "g"]})
    assert to_salib_problem(study(**found))["groups"] == ["g", "b", "g"]


@pytest.mark.parametrize(
    "law",
    [
        {"kind": "integers", "low": 1, "high": 4},
        {"kind": "gumbel", "loc": 0.0, "scale": 1.0},
        {"kind": "normal", "mean": 0.0, "sd": 1.0, "low": 0.0},
        {"kind": "triangular", "low": 0.0, "mode": 1.0, "high": 1.0},
    ],
)
def test_of_a_law_that_salib_has_not_its_samplers_stop(law):
    problem = to_salib_problem(study(x=law, y={"kind": "uniform", "low": 0.0, "high": 1.0}))
    assert problem == {"names": ["x", "y"], "num_vars": 2}
    with pytest.raises(KeyError, match="bounds"):
        salib_sample.sample(problem, 4)


# Results


def results(second_order=True):
    """Indices of SALib as a tree of ours, so that they can be compared with what SALib says itself."""
    problem = {"names": list("abc"), "num_vars": 3, "bounds": [[0.0, 1.0]] * 3}
    x = salib_sample.sample(problem, 64, seed=1, calc_second_order=second_order)
    theirs = salib_analysis.analyze(problem, x[:, 0] + x[:, 1] * x[:, 2], calc_second_order=second_order, seed=1)
    variables = {}
    for name, dims in {"S1": ("factor",), "ST": ("factor",), "S2": ("factor", "factor_2")}.items():
        if name in theirs:
            value, half = (symmetric(theirs[key]) for key in (name, f"{name}_conf"))
            variables |= {
                name: (dims, value),
                f"{name}_lower": (dims, value - half),
                f"{name}_upper": (dims, value + half),
            }
    coords = {"factor": trees.text("abc")} | ({"factor_2": trees.text("abc")} if second_order else {})
    return trees.tree(q=xr.Dataset(variables, coords)), theirs


def symmetric(found):
    """A matrix with the same on both sides of its diagonal, and 0 on it."""
    return np.nan_to_num(np.where(np.isnan(found), found.T, found)) if np.ndim(found) == 2 else found


@pytest.mark.parametrize("second_order", [False, True])
def test_results_are_those_of_salib(second_order):
    tree, theirs = results(second_order)
    ours = to_salib(tree, "q")
    assert list(ours) == list(theirs)
    assert type(ours) is type(theirs)
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-15)  # NaN where SALib has NaN
    for our, their in zip(ours.to_df(), theirs.to_df(), strict=True):
        pd.testing.assert_frame_equal(our, their)


@pytest.mark.parametrize("given", ["name", "only", "group", "dataset"])
def test_a_quantity_may_be_given_in_many_ways(given):
    tree, theirs = results()
    ours = {
        "name": lambda: to_salib(tree, "q"),
        "only": lambda: to_salib(tree),
        "group": lambda: to_salib(tree["q"]),
        "dataset": lambda: to_salib(tree["q"].to_dataset()),
    }[given]()
    np.testing.assert_allclose(ours["ST"], theirs["ST"], atol=1e-15)


def test_salib_draws_our_results(tmp_path):
    mpl.use("Agg")
    ours = to_salib(results()[0])
    axes = ours.plot()
    assert [len(ax.patches) for ax in axes] == [3, 3, 3]
    heights = [patch.get_height() for patch in bar_plot(ours.to_df()[0]).patches]
    np.testing.assert_allclose(heights, ours["ST"])
    axes[0].figure.savefig(tmp_path / "salib.png")
    mpl.pyplot.close("all")


def morris():
    columns = {"mu": [1.0, -2.0, 0.0], "mu_star": [1.0, 2.0, 0.5], "sigma": [0.0, 0.1, 0.6]}
    found = {}
    for name, values in columns.items():
        found |= trees.bounded(name, ("factor",), np.array(values), 0.25)
    return trees.tree(q=xr.Dataset(found, {"factor": trees.text("abc")}))


def test_elementary_effects_are_those_of_salib():
    mpl.use("Agg")
    ours = to_salib(morris(), "q")
    assert list(ours) == ["names", "mu", "mu_star", "sigma", "mu_star_conf"]
    assert ours["names"] == ["a", "b", "c"]
    assert ours["mu_star_conf"].tolist() == [0.25] * 3
    assert ours.to_df().loc["b", "mu"] == -2.0
    ours.plot()
    horizontal_bar_plot(mpl.pyplot.subplots()[1], ours)
    mpl.pyplot.close("all")


def test_a_cell_of_a_field_is_a_quantity_without_dimensions():
    tree = trees.tree(q=trees.quantity({"case": 2, "time": 3}, coords={"time": [0.0, 1.0, 2.0]}))
    cell = to_salib(tree["q"].sel(time=1.0, case=1))
    np.testing.assert_array_equal(cell["ST"], tree["q"]["ST"].values[:, 1, 1])
    np.testing.assert_allclose(cell["ST_conf"], 0.03, rtol=1e-12)


def test_results_without_intervals_have_none():
    data = results()[0]["q"].to_dataset()
    ours = to_salib(data.drop_vars(["S1_lower", "S1_upper"]))
    assert np.isnan(ours["S1_conf"]).all()
    assert np.isfinite(ours["ST_conf"]).all()


@pytest.mark.parametrize(
    ("tree", "quantity", "message"),
    [
        (trees.tree(q=trees.quantity()), "p", "`quantity` must be one of `q`, got `p`."),
        (trees.tree(q=trees.quantity(), r=trees.quantity()), None, "`quantity` must be one of `q`, `r`, got none."),
        (
            trees.tree(q=trees.quantity({"case": 2, "time": 3})),
            "q",
            "`q` has `case` and `time`, and SALib has one index a factor: choose a cell, as "
            '`to_salib(results["q"].sel(case=..., time=...))`.',
        ),
        (
            trees.tree(q=trees.moments_only(trees.quantity())),
            "q",
            "`q` has neither Sobol' indices (`S1`, `ST`) nor elementary effects (`mu_star`).",
        ),
    ],
)
def test_what_salib_has_no_place_for_is_refused(tree, quantity, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        to_salib(tree, quantity)


def test_a_long_table_has_a_row_for_each_number():
    tree, theirs = results()
    table = to_pandas(tree)
    assert list(table.columns) == ["quantity", "factor", "factor_2", "index", "value", "lower", "upper"]
    assert table["index"].value_counts().to_dict() == {"S1": 3, "ST": 3, "S2": 3}
    pair = table[(table["factor"] == "b") & (table["factor_2"] == "c")].iloc[0]
    assert pair["index"] == "S2"
    assert pair["value"] == theirs["S2"][1, 2]
    np.testing.assert_allclose(pair["upper"] - pair["lower"], 2 * theirs["S2_conf"][1, 2])
    assert (table["quantity"] == "q").all()


def test_a_long_table_of_a_field_has_its_coordinates():
    data = trees.quantity({"case": 2, "time": 3}, coords=trees.cases(2) | {"time": [0.0, 1.0, 2.0]})
    table = to_pandas(trees.tree(q=data, quarantine=trees.quarantine(), r=trees.quantity()))
    assert set(table.columns) == {
        "quantity",
        "case",
        "time",
        "label",
        "factor",
        "factor_2",
        "index",
        "value",
        "lower",
        "upper",
    }
    cell = table.query("quantity == 'q' and index == 'ST' and factor == 'blur' and time == 2.0 and case == 1").iloc[0]
    assert cell["label"] == "one"
    assert cell["value"] == data["ST"].sel(factor="blur", time=2.0, case=1)
    assert cell["lower"] == data["ST_lower"].sel(factor="blur", time=2.0, case=1)
    mean = table.query("quantity == 'r' and index == 'mean'").iloc[0]
    assert mean["value"] == 0.5
    assert pd.isna(mean["factor"])
    assert pd.isna(mean["lower"])
    assert set(table["quantity"]) == {"q", "r"}
    assert len(table.query("quantity == 'q' and index == 'S1'")) == 18
    assert len(table.query("quantity == 'q' and index == 'S1_aggregated'")) == 3


def test_a_long_table_has_the_covariance_with_a_quantity_that_is_named_like_a_bound():
    named = {"covariance_t_lower": 2.0, "correlation_t_lower": 0.5}
    data = trees.quantity().assign({name: ((), value) for name, value in named.items()})
    table = to_pandas(trees.tree(q=data)).set_index("index")
    assert table.loc[list(named), "value"].to_dict() == named
    assert table.loc[list(named), ["lower", "upper"]].isna().all(axis=None)
    assert not {"S1_lower", "ST_upper"} & {*table.index}


def test_a_long_table_of_one_quantity_is_a_part_of_the_whole():
    tree = trees.tree(q=trees.quantity(), r=trees.quantity())
    part = to_pandas(tree, "r")
    pd.testing.assert_frame_equal(part, to_pandas(tree).query("quantity == 'r'").reset_index(drop=True))
    pd.testing.assert_frame_equal(
        part.drop(columns="quantity"), to_pandas(tree["r"].to_dataset()).drop(columns="quantity")
    )
    with pytest.raises(InputError, match=r"^`quantity` must be one of `q`, `r`, got `s`\.$"):
        to_pandas(tree, "s")


@pytest.mark.skipif("external" not in designs.KINDS, reason="`design: {kind: external}` is not registered")
@pytest.mark.parametrize("second_order", [False, True])
def test_a_study_of_a_table_of_salib_has_the_indices_of_salib(tmp_path, second_order):
    """The runs are the same, and so are the indices but for the rounding of sums of 64 products."""
    problem = {"names": ["x1", "x2", "x3"], "num_vars": 3, "bounds": [[-np.pi, np.pi]] * 3}
    x = salib_sample.sample(problem, 64, calc_second_order=second_order, seed=1)
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    theirs = salib_analysis.analyze(problem, y, calc_second_order=second_order, num_resamples=2, seed=1)
    pd.DataFrame(x, columns=problem["names"]).to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "ishigami.py").write_text(
        "import numpy as np\n"
        "def f(x1, x2, x3):\n"
        "    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)\n"
    )
    study = dnnsa.Study(
        name="ishigami",
        directory=tmp_path,
        factors=from_salib(problem),
        design={"kind": "external", "path": "table.csv", "pattern": "pick-freeze", "second_order": second_order},
        model={"kind": "function", "call": "ishigami:f"},
        estimators=[{"kind": "sobol", "estimator": "saltelli2010"}],
    )
    ours = to_salib(dnnsa.run(study))
    for name in ("S1", "ST", *(["S2"] if second_order else [])):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-10)
        assert np.isnan(ours[f"{name}_conf"]).all()  # one replicate has no interval
