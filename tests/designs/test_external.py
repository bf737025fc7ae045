"""Tables made elsewhere: what is read of them, and what is refused."""

import re

import numpy as np
import openturns as ot
import pytest
from SALib.sample import latin as salib_latin
from SALib.sample import sobol as salib_sample
from scipy.stats import qmc

from dnnsa.designs.external import External
from dnnsa.errors import ModelError
from dnnsa.factors import Choice, Integers, LogUniform, Normal, Uniform
from dnnsa.files import digest
from dnnsa.layout import PICK_FREEZE, Layout

N = 64
LAWS = {
    "x1": Uniform(low=-1.0, high=3.0),
    "x2": LogUniform(low=0.1, high=10.0),
    "x3": Normal(mean=5.0, sd=2.0),
}
BOUNDS = [[-1.0, 3.0], [0.1, 10.0], [5.0, 2.0]]


def problem(p=3, groups=None):
    found = {"names": list(LAWS)[:p], "num_vars": p, "bounds": BOUNDS[:p], "dists": ["unif", "logunif", "norm"][:p]}
    return found | ({"groups": groups} if groups else {})


def salib(second_order=False, p=3, groups=None):
    return salib_sample.sample(problem(p, groups), N, calc_second_order=second_order, seed=1)


def openturns(second_order=False, p=3):
    laws = [ot.Uniform(-1.0, 3.0), ot.LogUniform(np.log(0.1), np.log(10.0)), ot.Normal(5.0, 2.0)]
    ot.RandomGenerator.SetSeed(1)
    return np.array(ot.SobolIndicesExperiment(ot.JointDistribution(laws[:p]), N, second_order).generate())


def write(path, rows, names=tuple(LAWS)):
    """A table as text of all digits, or as an array."""
    if path.suffix == ".npy":
        np.save(path, np.asarray(rows))
    else:
        lines = [",".join(names), *(",".join(str(cell) for cell in row) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
    return path


def load(path, laws=LAWS, groups=None, **settings):
    design = External(path=path.name, **({"pattern": "pick-freeze"} | settings))
    digests = {"design.path": digest(path)}
    return design.load(path.parent, digests, laws, groups or tuple(range(len(laws))))


def refused(path, message, **settings):
    with pytest.raises(ModelError, match=f"^{re.escape(message.format(path=path))}$"):
        load(path, **settings)


@pytest.mark.parametrize("suffix", ["csv", "npy"])
@pytest.mark.parametrize("second_order", [False, True])
def test_a_table_of_salib_gives_its_own_values(tmp_path, suffix, second_order):
    x = salib(second_order)
    table = load(write(tmp_path / f"t.{suffix}", x), second_order=second_order)
    rows = x.reshape(N, -1, 3)
    values = table.values(0, 0, N)
    assert table.base_points == N
    for k, name in enumerate(LAWS):
        np.testing.assert_array_equal(values[name], rows[:, [0, -1], k])  # a and b, to the bit
        np.testing.assert_array_equal(table.unit(0, 0, N)[..., k], LAWS[name].cdf(values[name]))


@pytest.mark.parametrize("order", ["salib", "openturns"])
@pytest.mark.parametrize("second_order", [False, True])
def test_runs_are_the_rows_of_the_table(tmp_path, order, second_order):
    x = salib(second_order) if order == "salib" else openturns(second_order)
    settings = {"order": order, "second_order": second_order}
    table = load(write(tmp_path / "t.npy", x), **settings)
    design = External(path="t.npy", pattern="pick-freeze", **settings)
    runs = np.stack([design.column(k, (0, 1, 2), v) for k, v in enumerate(table.values(0, 0, N).values())], axis=-1)
    rows = x.reshape(N, -1, 3) if order == "salib" else x.reshape(-1, N, 3).swapaxes(0, 1)
    if order == "salib":
        rows = np.concatenate([rows[:, :1], rows[:, -1:], rows[:, 1:-1]], axis=1)
    assert runs.shape[1] == design.layout((0, 1, 2)).runs
    np.testing.assert_array_equal(runs, rows)


def test_openturns_leaves_out_the_second_order_of_two_factors_and_it_is_made_up_for(tmp_path):
    laws = {name: LAWS[name] for name in ("x1", "x2")}
    path = write(tmp_path / "t.csv", openturns(second_order=True, p=2), tuple(laws))
    table = load(path, laws, order="openturns", second_order=True)
    design = External(path="t.csv", pattern="pick-freeze", order="openturns", second_order=True)
    a, b = table.values(0, 0, N)["x1"].T
    assert table.base_points == N
    np.testing.assert_array_equal(design.column(0, (0, 1), np.stack([a, b], 1)), np.stack([a, b, b, a, a, b], axis=1))


def test_groups_of_salib_move_together(tmp_path):
    path = write(tmp_path / "t.csv", salib(True, groups=["g", "h", "g"]))
    assert load(path, groups=(0, 1, 0), second_order=True).base_points == N


def test_a_sample_has_one_point_a_base_point(tmp_path):
    x = salib_latin.sample(problem(), N, seed=1)
    table = load(write(tmp_path / "t.csv", x), pattern="sample")
    assert table.unit(0, 0, N).shape == (N, 1, 3)
    np.testing.assert_array_equal(table.values(0, 0, N)["x2"][:, 0], x[:, 1])


def test_columns_of_text_may_stand_in_any_order(tmp_path):
    path = write(tmp_path / "t.csv", salib()[:, [2, 0, 1]], ("x3", "x1", "x2"))
    straight = load(write(tmp_path / "s.csv", salib()))
    np.testing.assert_array_equal(load(path).unit(0, 0, N), straight.unit(0, 0, N))
    assert list(load(path).values(0, 0, 1)) == list(LAWS)


def test_a_table_does_not_depend_on_how_it_is_cut_and_ends_where_its_file_does(tmp_path):
    table = load(write(tmp_path / "t.npy", salib()[: 5 * 48]), replicates=3)
    pieces = [table.unit(1, start, 5) for start in range(0, 20, 5)]
    assert [len(piece) for piece in pieces] == [5, 5, 5, 1]
    np.testing.assert_array_equal(np.concatenate(pieces), table.u[16:32])
    assert len(table.unit(2, 16, 4)) == len(table.values(2, 90, 4)["x1"]) == 0


def test_what_a_table_gives_cannot_be_changed(tmp_path):
    table = load(write(tmp_path / "t.npy", salib()))
    for array in (table.unit(0, 0, 2), table.values(0, 0, 2)["x1"]):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


@pytest.mark.parametrize("replicates", [1, 2])
def test_only_a_table_of_replicates_is_taken_for_independent_draws(replicates):
    design = External(path="t.csv", pattern="pick-freeze", second_order=True, replicates=replicates)
    assert design.layout((0, 1)) == Layout(PICK_FREEZE, (0, 1), second_order=True, random=replicates > 1)


def test_one_base_point_is_a_table(tmp_path):
    assert load(write(tmp_path / "t.csv", salib()[:5])).base_points == 1


def test_values_have_the_types_of_their_laws(tmp_path):
    laws = {
        "count": Integers(low=1, high=4),
        "kind": Choice(values=("sgd", "adam")),
        "flag": Choice(values=(True, False)),
        "size": Choice(values=(1.0, 2.5, None)),
    }
    rows = [(1, "sgd", "true", "1"), ("3.0", "adam", "False", "2.50"), (4, "sgd", "TRUE", "null")]
    table = load(write(tmp_path / "t.csv", rows, tuple(laws)), laws, pattern="sample")
    values = {name: column[:, 0] for name, column in table.values(0, 0, 3).items()}
    assert {name: column.tolist() for name, column in values.items()} == {
        "count": [1, 3, 4],
        "kind": ["sgd", "adam", "sgd"],
        "flag": [True, False, True],
        "size": [1.0, 2.5, None],
    }
    for name, law in laws.items():
        assert values[name].dtype == law.ppf(np.array([0.5])).dtype
    np.testing.assert_allclose(table.unit(0, 0, 3)[:, 0, 0], [0.125, 0.625, 0.875])


def test_numbers_of_an_array_are_integers_and_choices_where_the_law_says_so(tmp_path):
    laws = {"count": Integers(low=1, high=4), "size": Choice(values=(1, 16))}
    table = load(write(tmp_path / "t.npy", np.array([[1.0, 16.0], [4.0, 1.0]])), laws, pattern="sample")
    values = table.values(0, 0, 2)
    assert values["count"].dtype == values["size"].dtype == np.int64
    assert values["size"].ravel().tolist() == [16, 1]


def test_long_integers_keep_their_digits(tmp_path):
    laws = {"seed": Integers(low=2**60, high=2**60 + 9)}
    table = load(write(tmp_path / "t.csv", [(2**60 + 1,), (2**60 + 2,)], ("seed",)), laws, pattern="sample")
    assert table.values(0, 0, 2)["seed"].ravel().tolist() == [2**60 + 1, 2**60 + 2]


def test_coordinates_of_values_at_the_ends_are_in_the_open_interval(tmp_path):
    laws = {"x": Uniform(low=0.0, high=1.0)}
    table = load(write(tmp_path / "t.csv", [(0.0,), (0.5,), (1.0,)], ("x",)), laws, pattern="sample")
    u = table.unit(0, 0, 3).ravel()
    assert table.values(0, 0, 3)["x"].ravel().tolist() == [0.0, 0.5, 1.0]
    assert ((u > 0) & (u < 1)).all()


def test_a_spreadsheets_mark_and_spaces_after_commas_are_not_part_of_the_names(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x1, x2, x3\n0.5, 1.0, 5\n", encoding="utf-8-sig")
    assert load(path, pattern="sample").values(0, 0, 1)["x2"] == [[1.0]]


# What is refused, and how.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "t.txt"}, "`path` must end in .csv or .npy, got path: t.txt"),
        ({"replicates": 0}, "`replicates` must be at least 1, got 0"),
        (
            {"pattern": "sample", "second_order": True},
            "`second_order` is for `pattern: pick-freeze`, got `second_order: true`: leave it out",
        ),
        (
            {"pattern": "sample", "order": "openturns"},
            "`order` is for `pattern: pick-freeze`, got `order: openturns`: leave it out",
        ),
    ],
)
def test_settings_that_say_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        External(**({"path": "t.csv", "pattern": "pick-freeze"} | settings))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ModelError, match=re.escape(f"design.path: there is no file {tmp_path / 't.csv'}: give the")):
        External(path="t.csv", pattern="sample").files(tmp_path)


def test_a_file_that_has_changed_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", salib())
    design = External(path="t.csv", pattern="pick-freeze")
    assert design.files(tmp_path) == {"design.path": path}
    with pytest.raises(ModelError, match="is not the file that the study was started with"):
        design.load(tmp_path, {"design.path": "0" * 64}, LAWS, (0, 1, 2))


def test_second_order_that_the_table_has_not_is_refused_where_salib_computes_on(tmp_path):
    """320 rows of three factors are 64 base points of 5 runs or 40 of 8: SALib gave ST = .78, .46, 1.05."""
    refused(
        write(tmp_path / "t.csv", salib()),
        "design.path: line 3 of {path} should be E_1 of base point 0, counted from 0, and has not in column `x1` what "
        "B has: the table fits `order: salib` with `second_order: false`.",
        second_order=True,
    )


def test_the_wrong_order_is_refused_and_the_right_one_named(tmp_path):
    refused(
        write(tmp_path / "t.npy", openturns(second_order=True)),
        "design.path: row 1, counted from 0, of {path} should be E_1 of base point 0, counted from 0, and has not in "
        "column `x1` what B has: the table fits `order: openturns` with `second_order: true`.",
        second_order=True,
    )


def test_one_cell_that_is_not_what_it_should_be_is_found(tmp_path):
    x = salib(True)
    x[8 * 10 + 5, 1] += 1e-9
    refused(
        write(tmp_path / "t.csv", x),
        "design.path: line 87 of {path} should be C_2 of base point 10, counted from 0, and has not in column `x2` "
        "what A has: the table fits no order, with or without second order: see that it was made for the groups of the "
        "factors.",
        second_order=True,
    )


@pytest.mark.parametrize(
    ("law", "a", "other", "b"),
    [(Normal(mean=0.0, sd=1.0), "40.0", "41.0", "0.5"), (Choice(values=(1, True, 0)), "1", "true", "0")],
    ids=["values of one coordinate", "1 and true"],
)
def test_values_that_only_seem_the_same_are_told_apart(tmp_path, law, a, other, b):
    """Far out the coordinate is 1 whatever the value, and Python holds 1 and true for equal."""
    laws = {"x1": law, "x2": Uniform(low=0.0, high=1.0)}
    rows = [(a, 0.1), (b, 0.1), (other, 0.2), (b, 0.2)]  # A, E_1, E_2, B
    path = write(tmp_path / "t.csv", rows, ("x1", "x2"))
    with pytest.raises(
        ModelError, match="should be E_2 of base point 0, counted from 0, and has not in column `x1` what A"
    ):
        load(path, laws)


def test_a_table_for_other_groups_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", salib(groups=["g", "g", "h"]))
    with pytest.raises(ModelError, match=r"should be E_1 of base point 0, .* the table fits no order"):
        load(path, groups=(0, 1, 1))


def test_rows_that_are_not_whole_base_points_are_refused(tmp_path):
    refused(
        write(tmp_path / "t.csv", salib()[:-1]),
        "design.path: {path} has 319 rows, which is no multiple of the 5 runs of a base point (`order: salib`, "
        "`second_order: false`): 3 factors or groups have p + 2 = 5 without second order and 2p + 2 = 8 with it.",
    )


def test_base_points_that_replicates_do_not_divide_are_refused(tmp_path):
    refused(
        write(tmp_path / "t.csv", salib()),
        "design.replicates: must divide the 64 base points of {path}, got 3: use 1, which gives no intervals, or a "
        "divisor.",
        replicates=3,
    )


@pytest.mark.parametrize(
    ("cell", "law"),
    [
        ("nan", "a finite number that its law (`uniform`, about -1 to 3) can give"),
        ("inf", "a finite number that its law (`uniform`, about -1 to 3) can give"),
        ("", "a finite number that its law (`uniform`, about -1 to 3) can give"),
        ("one", "a finite number that its law (`uniform`, about -1 to 3) can give"),
        ("1_0", "a finite number that its law (`uniform`, about -1 to 3) can give"),
        ("3.5", "a finite number that its law (`uniform`, about -1 to 3) can give"),
    ],
)
def test_a_cell_that_is_no_value_of_its_factor_is_named(tmp_path, cell, law):
    refused(
        write(tmp_path / "t.csv", [("0.5", "1", "5"), (cell, "1", "5")]),
        f"design.path: line 3 of {{path}} must hold {law} in column `x1`, got `{cell}`: correct the table or the "
        "factor's law.",
        pattern="sample",
    )


@pytest.mark.parametrize("cell", ["1.5", "5", "x", "1e300", "9" * 30, "9" * 5000])
def test_what_is_no_integer_of_the_law_is_named(tmp_path, cell):
    refused(
        write(tmp_path / "t.csv", [(2,), (cell,)], ("n",)),
        "design.path: line 3 of {path} must hold an integer that its law (`integers`, about 1 to 4) can give in column "
        f"`n`, got `{cell}`: correct the table or the factor's law.",
        pattern="sample",
        laws={"n": Integers(low=1, high=4)},
    )


@pytest.mark.parametrize("values", [("a", True, None, 1), ("a", True, None, "1", 1)])
def test_what_is_no_choice_or_could_be_two_is_named(tmp_path, values):
    cell = "b" if len(values) == 4 else "1"
    listed = "`a`, `true`, `null`, `1`" + (", `1`" if len(values) == 5 else "")
    refused(
        write(tmp_path / "t.csv", [(cell,)], ("c",)),
        f"design.path: line 2 of {{path}} must hold one of {listed} in column `c`, got `{cell}`: correct the table or "
        "the factor's law.",
        pattern="sample",
        laws={"c": Choice(values=values)},
    )


def test_a_cell_of_an_array_is_named_by_its_row(tmp_path):
    refused(
        write(tmp_path / "t.npy", [[0.5, 1.0, 5.0], [0.5, np.nan, 5.0]]),
        "design.path: row 1, counted from 0, of {path} must hold a finite number that its law (`loguniform`, about 0.1 "
        "to 10) can give in column `x2`, got `nan`: correct the table or the factor's law.",
        pattern="sample",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{path} has no column `x1`: line 1 must name the factors, `x1`, `x2`, `x3`, got nothing."),
        ("x1,x2,x3\n", "{path} has no rows: a table has at least one base point."),
        ("x1,x2\n0,1\n", "{path} has no column `x3`: line 1 must name the factors, `x1`, `x2`, `x3`, got `x1`, `x2`."),
        ("x1,x2,x3,x33\n", "{path} has a column `x33` and there is no such factor: did you mean `x3`?"),
        (
            "0,1,5\n",
            "{path} has a column `0` and there is no such factor: line 1 must name the factors, `x1`, `x2`, `x3`.",
        ),
        ("x1,x2,x2,x3\n", "{path} has 2 columns `x2`: one a factor."),
        (
            "x1,x2,x3\n0,1\n",
            "line 2 of {path} has 2 cells and the header 3: give a cell for each factor.",
        ),
        (
            "x1,x2,x3\n0,1,5\n\n",
            "line 3 of {path} has 0 cells and the header 3: give a cell for each factor.",
        ),
        (
            'x1,x2,x3\n0,1,"5\n"\n',
            "line 2 of {path} goes on in the next one: a row is one line.",
        ),
        (
            'x1,x2,x3\n0,1,"5',
            "{path} cannot be read as text with commas (unexpected end of data): save it as CSV in UTF-8.",
        ),
    ],
)
def test_text_that_is_no_table_is_refused(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    refused(tmp_path / "t.csv", f"design.path: {message}", pattern="sample")


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"x1,x2,x3\n\xff\n")
    with pytest.raises(ModelError, match=r"cannot be read as text with commas .*: save it as CSV in UTF-8\.$"):
        load(tmp_path / "t.csv", pattern="sample")


@pytest.mark.parametrize("array", [np.zeros((4, 2)), np.zeros(3), np.array([["a", "b", "c"]])])
def test_an_array_of_another_form_is_refused(tmp_path, array):
    np.save(tmp_path / "t.npy", array)
    refused(
        tmp_path / "t.npy",
        "design.path: {path} must hold numbers of shape (rows, 3), a column for each factor in the order of the study, "
        f"got {array.dtype} of shape {array.shape}.",
        pattern="sample",
    )


def test_a_damaged_array_is_refused(tmp_path):
    (tmp_path / "t.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(ModelError, match="cannot be read as a plain array"):
        load(tmp_path / "t.npy", pattern="sample")


def test_a_column_that_never_varies_is_refused(tmp_path):
    x = salib()
    x[:, 1] = 0.7
    refused(
        write(tmp_path / "t.csv", x),
        "design.path: column `x2` of {path} is `0.7` in every run: a factor varies; leave it out of the factors and of "
        "the table.",
    )


def test_a_rare_value_may_not_be_drawn(tmp_path):
    laws = LAWS | {"x1": Choice(values=("common", "rare"), probabilities=(0.999, 0.001))}
    rows = [("common", *row[1:]) for row in salib()]
    assert load(write(tmp_path / "t.csv", rows), laws).base_points == N


def correlated(r):
    """A sample of the three laws in which the first two have that rank correlation, nearly."""
    z = np.random.default_rng(1).multivariate_normal(np.zeros(3), [[1, r, 0], [r, 1, 0], [0, 0, 1]], size=(N, 2))
    u = np.clip(0.5 + np.arctan(z) / np.pi, 0.01, 0.99)
    return np.stack([law.ppf(u[..., k]) for k, law in enumerate(LAWS.values())], axis=-1)  # (N, 2, p)


def pick_freeze(points):
    a, b = points[:, 0], points[:, 1]
    rows = [a]
    for k in range(3):
        rows.append(a.copy())
        rows[-1][:, k] = b[:, k]
    return np.stack([*rows, b], axis=1).reshape(-1, 3)


def test_dependent_columns_are_refused_with_the_advice_to_group_them(tmp_path):
    path = write(tmp_path / "t.csv", pick_freeze(correlated(0.95)))
    with pytest.raises(ModelError) as raised:
        load(path)
    told = re.sub(r"-?0\.\d{3}", "R", str(raised.value))
    assert told == (
        f"design.path: columns `x1` and `x2` of {path} depend on each other, rank correlation R over 64 base points: "
        "Sobol' indices are of independent factors; put dependent ones in one `group`, whose index is of them "
        "together; of one Sobol' sequence of many columns, take more base points."
    )


def test_dependent_columns_of_a_sample_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"columns `x1` and `x2` of .* depend on each other"):
        load(write(tmp_path / "t.csv", correlated(0.95)[:, 0]), pattern="sample")


def test_dependent_columns_of_one_group_are_taken(tmp_path):
    points = correlated(0.95)
    a, b = points[:, 0], points[:, 1]
    exchanged = (np.stack([b[:, 0], b[:, 1], a[:, 2]], axis=1), np.stack([a[:, 0], a[:, 1], b[:, 2]], axis=1))
    rows = np.stack([a, *exchanged, b], axis=1).reshape(-1, 3)
    assert load(write(tmp_path / "t.csv", rows), groups=(0, 0, 1)).base_points == N


@pytest.mark.parametrize("how", ["of two sequences", "one after the other"])
def test_points_that_are_not_of_one_sequence_are_refused(tmp_path, how):
    """The design that gives Ishigami's first factor a total index of .18 instead of .56."""
    first, second = qmc.Sobol(3, rng=1), qmc.Sobol(3, rng=2)
    u = np.stack([first.random(N), (second if how == "of two sequences" else first).random(N)], axis=1)  # (N, 2, p)
    points = np.stack([law.ppf(u[..., k]) for k, law in enumerate(LAWS.values())], axis=-1)
    with pytest.raises(
        ModelError,
        match=r"is not independent in A and B, rank correlation .* draw A and B as the 2p columns of one sequence, not "
        r"one after the other nor of two sequences nor of each other; if they are, take more base points\.$",
    ):
        load(write(tmp_path / "t.csv", pick_freeze(points)))


@pytest.mark.parametrize("base_points", [64, 128])
def test_a_table_of_salib_of_forty_factors_is_taken(tmp_path, base_points):
    laws = {f"x{k}": Uniform(low=0.0, high=1.0) for k in range(40)}
    problem = {"num_vars": 40, "names": list(laws), "bounds": [[0.0, 1.0]] * 40}
    path = write(tmp_path / "t.npy", salib_sample.sample(problem, base_points, calc_second_order=False, seed=1))
    assert load(path, laws).base_points == base_points
