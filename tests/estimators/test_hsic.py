"""The criterion of independence: what it finds, what it does not, and that its tables merge to the bit."""

import json
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy.stats import qmc

from dnnsa.estimators import dyadic
from dnnsa.estimators.base import FLAGS, Block
from dnnsa.estimators.hsic import Goal, Hsic
from dnnsa.factors import Choice, Uniform
from dnnsa.layout import PICK_FREEZE, SAMPLE, TRAJECTORY, Layout

EPS = 2.0**-52
PAIRS = Layout(PICK_FREEZE, (0, 1))
DRAWS = Layout(SAMPLE, (0, 1))
THREE = Layout(SAMPLE, (0, 1, 2))
HSIC = Hsic()


def block(x, y):
    """A block of points ``(n, p)``, NaN where a factor is inactive, and of an output ``(n, *shape)``."""
    at = np.where(np.isnan(x), 0.3, x)[:, None]
    return Block(y[:, None], at, at, active=~np.isnan(x)[:, None])


def states(estimator, x, y, layout, replicates):
    empty = estimator.init(layout, y.shape[1:])
    pieces = zip(np.array_split(x, replicates), np.array_split(y, replicates), strict=True)
    return [estimator.update(empty, block(*piece)) for piece in pieces]


def results(x, y, estimator=HSIC, layout=None, replicates=1, resolution=EPS):
    layout = layout or Layout(SAMPLE, tuple(range(x.shape[1])))
    maps = estimator.finalize(states(estimator, x, y, layout, replicates), layout, resolution).maps
    return {name: one.array for name, one in maps.items()}


def points(n, p=2, seed=0):
    return np.random.default_rng(seed).random((n, p))


def noise(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def binned(y, bins=64):
    """Numbers of the aligned bins of all values of one cell, by trying widths from a fine one up."""
    exponent = -40
    while np.floor(y.max() / 2.0**exponent) - np.floor(y.min() / 2.0**exponent) >= bins:
        exponent += 1
    return np.floor(y / 2.0**exponent)


def gram(values, bandwidth):
    n = len(values)
    h = np.eye(n) - 1 / n
    return h @ np.exp(-0.5 * ((values[:, None] - values) / bandwidth) ** 2) @ h


@pytest.mark.parametrize("offset", [0.0, -1e3])
def test_it_is_the_sum_over_all_pairs_of_binned_values(offset):
    x = points(150)
    y = np.sin(6 * x[:, 0]) + 0.3 * noise(150) + offset
    maps, at = results(x, y), binned(y)
    ky = gram(at, at.std(ddof=1))
    for k in range(2):
        kx = gram((np.floor(x[:, k] * 16) + 0.5) / 16, 12**-0.5)
        np.testing.assert_allclose(maps["hsic"][k], (kx * ky).mean(), rtol=1e-12)
        r2 = (kx * ky).sum() / np.sqrt((kx * kx).sum() * (ky * ky).sum())
        np.testing.assert_allclose(maps["hsic_r2"][k], r2, rtol=1e-12)


@pytest.mark.parametrize("estimator", [HSIC, Hsic(goal=Goal())])
@pytest.mark.parametrize("n", [50, 200, 1000])
def test_p_values_of_an_output_that_depends_on_nothing_are_uniform(n, estimator):
    p = results(points(n), noise(n, 2000), estimator)["hsic_p"]
    # 4,000 values, the two factors' almost independent: .05 and .5 have standard errors of .0034 and .008. The gamma
    # law adds an error of its own, of .005 and .02 as measured when it was chosen.
    assert abs((p < 0.05).mean() - 0.05) < 3 * 0.0034 + 0.005
    assert abs((p < 0.5).mean() - 0.5) < 3 * 0.008 + 0.02


def test_points_more_even_than_chance_make_p_values_larger_never_smaller():
    p = []
    for seed in range(20):
        x = qmc.Sobol(2, seed=seed).random(256)
        p.append(results(x, np.sin(6 * x[:, 1]))["hsic_p"])
    assert (np.array(p)[:, 0] > 0.5).all()
    assert (np.array(p)[:, 1] < 1e-6).all()


@pytest.mark.parametrize(
    "output",
    [
        lambda x, e: x[:, 0] + e,
        lambda x, e: (x[:, 0] - 0.5) ** 2 * 8 + e,  # no correlation
        lambda x, e: e * (0.3 + x[:, 0]),  # no effect on the mean, only on the spread
        lambda x, e: 8 * (x[:, 0] - 0.5) * (x[:, 1] - 0.5) + 0.1 * e,  # first-order index 0: only together with x2
    ],
)
def test_dependence_of_any_form_is_found(output):
    x = points(500, 3)
    maps = results(x, output(x, noise(500)))
    assert maps["hsic_p"][0] < 1e-3
    assert maps["hsic_p"][2] > 0.05
    assert maps["hsic_r2"][0] > maps["hsic_r2"][2]


def test_levels_of_a_choice_are_alike_or_not_with_nothing_between():
    choice = Choice(values=("a", "b", "c"))
    level = np.random.default_rng(2).integers(0, 3, 90)
    x = np.stack([(level + 0.5) / 3, points(90)[:, 0]], axis=1)
    y = np.array([0.0, 5.0, 0.1])[level] + noise(90)
    layout = Layout(SAMPLE, (0, 1), laws=(choice, Uniform(low=0, high=1)))
    h = np.eye(90) - 1 / 90
    ky = gram(binned(y), binned(y).std(ddof=1))
    kx = h @ (level[:, None] == level) @ h
    np.testing.assert_allclose(results(x, y, layout=layout)["hsic"][0], (kx * ky).mean(), rtol=1e-12)


def test_levels_that_would_share_a_bin_are_refused_with_what_works():
    rare = Choice(values=(1, 2, 3), probabilities=(0.96, 0.02, 0.02))
    layout = Layout(SAMPLE, (0, 1), laws=(Uniform(low=0, high=1), rare))
    with pytest.raises(ValueError, match=r"`bins` must be so many .* got 16, too few for factor 2: use 64"):
        HSIC.init(layout, ())
    Hsic(bins=64).init(layout, ())


def test_an_inactive_factor_is_in_a_bin_of_its_own():
    x = points(400)
    off = x[:, 1] < 0.5
    y = np.where(off, 3.0, 0.0) + noise(400)
    x[:, 0] = np.where(off, np.nan, x[:, 0])  # that x1 is inactive matters, its value does not
    assert results(x, y)["hsic_p"][0] < 1e-6
    active = results(x[~off], y[~off])
    assert active["hsic_p"][0] > 0.05
    kx = np.exp(-6 * ((np.floor(x[:, 0] * 16)[:, None] - np.floor(x[:, 0] * 16)) / 16) ** 2)  # sd^2 = 1/12
    kx = np.where(off[:, None] | off, 1.0 * (off[:, None] & off), kx)
    h = np.eye(400) - 1 / 400
    ky = gram(binned(y), binned(y).std(ddof=1))
    np.testing.assert_allclose(results(x, y)["hsic"][0], ((h @ kx @ h) * ky).mean(), rtol=1e-12)


def test_the_goal_finds_the_factor_that_decides_the_best_quartile():
    x = points(800, 3)
    best = x[:, 0] < 0.25
    # x1 decides who is best; x2 only by how much the others fail
    loss = np.where(best, 0.0, 1.0 + 3 * x[:, 1]) + 0.02 * noise(800)
    of_goal, of_value = (results(x, loss, estimator) for estimator in (Hsic(goal=Goal()), HSIC))
    assert abs(of_goal["hsic_share"] - best.mean()) < 0.02
    assert of_goal["hsic_p"][0] < 1e-30
    assert (of_goal["hsic_p"][1:] > 0.05).all()
    assert of_value["hsic_p"][1] < 1e-6


def test_the_share_taken_is_the_nearest_that_the_bins_allow():
    values = np.repeat([0.0, 1.0, 2.0, 10.0], [30, 15, 15, 40])
    x = points(100)
    goals = [
        ("lowest", 0.25, 0.3),
        ("lowest", 0.4, 0.45),
        ("lowest", 0.01, 0.3),
        ("highest", 0.25, 0.4),
        ("highest", 0.99, 0.7),
    ]
    for of, asked, taken in goals:
        assert results(x, values, Hsic(goal=Goal(share=asked, of=of)))["hsic_share"] == pytest.approx(taken, rel=1e-15)


def test_the_lowest_of_an_output_are_the_highest_of_its_opposite():
    x, y = points(200), np.random.default_rng(4).integers(0, 40, 200).astype(float)  # each value a bin of its own
    low = results(x, y, Hsic(goal=Goal(share=0.3)))
    high = results(x, -y, Hsic(goal=Goal(share=0.3, of="highest")))
    for name in ("hsic", "hsic_r2", "hsic_p", "hsic_share"):
        np.testing.assert_allclose(low[name], high[name], rtol=1e-12)


@pytest.mark.parametrize(("scale", "shift"), [(2.0**-30, 0.0), (2.0**900, 0.0), (1.0, 5.0), (0.5, -64.0)])
def test_a_power_of_two_and_a_shift_by_whole_bins_change_no_bit(scale, shift):
    x, y = points(100), np.round(noise(100) * 2**10) / 2**10  # sums with the shifts are exact; bins are 1/8 wide
    one, other = results(x, y), results(x, (y + shift) * scale)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


VALUES = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1, 1e300, -1e300, 5e-324, -5e-324, 3.5, 1e-9, np.nan, np.inf])


def bits(state):
    return [(array.shape, array.dtype.str, array.tobytes()) for array in map(np.asarray, state)]


@given(y=st.lists(VALUES | st.floats(-4, 4), min_size=1, max_size=12), data=st.data())
@settings(deadline=None, max_examples=60)
def test_the_state_is_that_of_the_set_of_values_to_the_bit(y, data):
    y, x = np.array(y), points(len(y))
    order = data.draw(st.permutations(range(len(y))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(y)), max_size=4)))
    empty = HSIC.init(DRAWS, ())
    parts = [np.array(order[a:b], int) for a, b in pairwise([0, *cuts, len(y)])]
    pieces = [HSIC.update(empty, block(x[part], y[part])) for part in parts]
    for piece in pieces:
        for leaf in piece:
            leaf.flags.writeable = False
    whole = HSIC.update(empty, block(x, y))
    assert bits(reduce(HSIC.merge, pieces)) == bits(whole)
    assert bits(reduce(lambda right, left: HSIC.merge(left, right), pieces[::-1])) == bits(whole)
    assert bits(HSIC.merge(empty, whole)) == bits(HSIC.merge(whole, empty)) == bits(whole)
    assert whole.counts.sum(axis=(0, 2)).tolist() == [np.isfinite(y).sum()] * 2


def test_a_negative_zero_is_a_zero():
    pieces = [HSIC.update(HSIC.init(DRAWS, ()), block(points(1), np.array([zero]))) for zero in (0.0, -0.0)]
    assert bits(HSIC.merge(*pieces)) == bits(HSIC.merge(*pieces[::-1]))
    assert bits(pieces[0]) == bits(pieces[1])


def test_all_values_of_a_cell_share_one_grid_whatever_the_factor():
    x, y = points(60), noise(60) * 100
    state = HSIC.update(HSIC.init(DRAWS, ()), block(x, y))
    at = binned(y) - binned(y).min()
    for k in range(2):
        expected = np.zeros((64, 17), np.int64)
        np.add.at(expected, (at.astype(int), np.floor(x[:, k] * 16).astype(int)), 1)
        np.testing.assert_array_equal(state.counts[:, k], expected)


def test_only_the_first_independent_runs_are_read_with_their_points():
    x, y = points(60).reshape(20, 3, 2), noise(20, 4)
    both = HSIC.update(HSIC.init(PAIRS, ()), Block(y, x, x))
    apart = HSIC.update(HSIC.init(DRAWS, ()), block(x[:, :2].reshape(40, 2), y[:, :2].reshape(40)))
    np.testing.assert_array_equal(both.counts, apart.counts)
    maps = HSIC.finalize([both], PAIRS, EPS).maps
    assert maps["n"].array == 20
    np.testing.assert_array_equal(maps["hsic"].array, HSIC.finalize([apart], DRAWS, EPS).maps["hsic"].array)


def test_a_base_point_that_is_not_finite_is_left_out_of_its_cell_alone():
    x, y = points(50), noise(50, 3)
    y[7, 1] = np.nan
    maps, without = results(x, y), results(np.delete(x, 7, axis=0), np.delete(y, 7, axis=0))
    assert maps["n"].tolist() == [50, 49, 50]
    assert maps["status"].tolist() == [0, FLAGS["base_points_left_out"], 0]
    alone = results(x, y[:, :1])
    for name in ("hsic", "hsic_r2", "hsic_p"):
        np.testing.assert_array_equal(maps[name][:, 1], without[name][:, 1])
        np.testing.assert_array_equal(maps[name][:, :1], alone[name])


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_fewer_than_four_values_give_no_number(n):
    maps = results(points(n), noise(n, 2), Hsic(goal=Goal()), replicates=2)
    assert all(np.isnan(maps[name]).all() for name in set(maps) - {"n", "status"})
    assert maps["status"].tolist() == [FLAGS["too_few_base_points"]] * 2


def test_a_constant_cell_has_no_number_and_leaves_its_neighbour_alone():
    x, y = points(50), noise(50, 2)
    y[:, 0] = 0.1
    rounding = y.copy()
    rounding[::2, 0] += 3 * EPS * 0.1
    for field in (y, rounding):
        maps = results(x, field)
        assert np.isnan(maps["hsic"][:, 0]).all()
        assert np.isnan(maps["hsic_p"][:, 0]).all()
        assert maps["status"].tolist() == [FLAGS["no_variance"], 0]
        np.testing.assert_array_equal(maps["hsic"][:, 1], results(x, noise(50, 2))["hsic"][:, 1])


def test_a_factor_that_never_moves_has_no_number_and_says_so():
    x = points(50)
    x[:, 1] = np.nan
    maps = results(x, x[:, 0])
    assert np.isnan([maps[name][1] for name in ("hsic", "hsic_r2", "hsic_p")]).all()
    assert maps["hsic_p"][0] < 1e-6
    assert maps["status"] == FLAGS["no_variance"]


def test_intervals_come_from_replicates_and_only_for_the_criterion():
    x = points(400)
    y = np.sin(6 * x[:, 0]) + 0.3 * noise(400)
    maps = results(x, y, replicates=8)
    assert set(maps) == {f"{a}{b}" for a in ("hsic", "hsic_r2") for b in ("", "_lower", "_upper")} | {
        "hsic_p",
        "n",
        "status",
    }
    assert (maps["hsic_r2_lower"] < maps["hsic_r2"]).all()
    assert (maps["hsic_r2"] < maps["hsic_r2_upper"]).all()
    np.testing.assert_array_equal(maps["hsic"], results(x, y)["hsic"])  # however cut in replicates


def test_a_field_of_many_cells_is_that_of_its_cells():
    x, y = points(30), noise(30, 7, 11)
    field = results(x, y)
    assert field["hsic"].shape == (2, 7, 11)
    np.testing.assert_array_equal(field["hsic_p"][:, 5, 3], results(x, y[:, 5, 3])["hsic_p"])


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, bool])
def test_outputs_of_any_type_are_read_and_not_changed(dtype):
    x, y = points(40), (noise(40, 2) * 3).astype(dtype)
    y.flags.writeable = x.flags.writeable = False
    one, other = (results(x, values) for values in (y, y.astype(np.float64)))
    np.testing.assert_array_equal(one["hsic"], other["hsic"])


def test_a_coordinate_just_below_one_is_active():
    x = np.full((8, 1), np.nextafter(1, 0))
    for bins in range(2, 200):  # no product with it rounds up to the number of bins
        estimator = Hsic(bins=bins)
        state = estimator.update(estimator.init(Layout(SAMPLE, (0,)), ()), block(x, np.arange(8.0)))
        assert state.counts[:, 0].sum(axis=0)[-2:].tolist() == [8, 0]


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (Layout(TRAJECTORY, (0, 1)), "`hsic` needs runs that are independent draws .*`design: {kind: sample}`"),
        (
            Layout(SAMPLE, (0, 0, 1)),
            "`hsic` is of single factors, not of groups: take the factors apart, or use `sobol`",
        ),
    ],
)
def test_runs_that_it_cannot_use_are_refused_with_what_works(layout, message):
    with pytest.raises(ValueError, match=message):
        HSIC.init(layout, ())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bins": 1}, "`bins` must be 2 or more, got 1"),
        ({"output_bins": 48}, "`output_bins` must be a power of two, 8 or more, got 48: use 64"),
        ({"level": 1.0}, "`level` must be between 0 and 1, got 1"),
        ({"goal": {"share": 0.0}}, "`share` must be between 0 and 1, got 0"),
        ({"goal": {"of": "best"}}, "'lowest' or 'highest'"),
    ],
)
def test_a_wrong_setting_is_told_by_name(wrong, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(Hsic).validate_json(json.dumps(wrong))


def test_a_goal_is_read_from_a_study_file():
    read = TypeAdapter(Hsic).validate_json('{"kind": "hsic", "of": ["loss"], "goal": {"share": 0.1, "of": "highest"}}')
    assert read == Hsic(of=("loss",), goal=Goal(share=0.1, of="highest"))


def test_a_state_takes_the_memory_that_is_documented():
    state = HSIC.merge(*states(HSIC, points(8), noise(8, 5), DRAWS, 2))
    assert sum(leaf.nbytes for leaf in state) == 5 * 8 * 2 * 17 * 67 + 16  # and two counters
    assert isinstance(state, dyadic.DyadicState)


def test_points_that_fill_the_cube_evenly_are_refused_as_their_p_values_would_be_wrong():
    with pytest.raises(
        ValueError,
        match=r"`hsic` reckons with the scatter .* use `sequence: monte_carlo` in `design`, or for an external table",
    ):
        Hsic().init(Layout(SAMPLE, (0, 1), random=False), ())
