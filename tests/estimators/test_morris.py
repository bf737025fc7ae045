"""Elementary effects against SALib, closed forms and the laws of estimators."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import morris as salib_analyze
from SALib.sample import morris as salib_sample

from dnnsa.estimators import tiles
from dnnsa.estimators.base import FLAGS, Block
from dnnsa.estimators.morris import Morris
from dnnsa.layout import PICK_FREEZE, TRAJECTORY, Layout, apart

EPS = 2.0**-52
MAPS = ["mu", "mu_star", "sigma"]


def trajectories(n, groups, seed=0):
    """Points of trajectories with steps of 1/2 on 8 levels, groups in any order, ``(n, g + 1, p)``."""
    rng = np.random.default_rng(seed)
    g = max(groups) + 1
    level = rng.integers(8, size=(n, len(groups)))
    u = np.empty((n, g + 1, len(groups)))
    for i in range(n):
        u[i, 0] = (level[i] + 0.5) / 8
        for run, group in enumerate(rng.permutation(g)):
            moved = np.array(groups) == group
            u[i, run + 1] = np.where(moved, (u[i, run] + 0.5) % 1, u[i, run])
    return u


def product(u, shape=(3,)):
    """``y = u_0 + 2 u_0 u_1 - 3 u_2 ...``, differently in each cell."""
    weights = np.arange(1, u.shape[-1] + 1) * (-1.0) ** np.arange(u.shape[-1])
    y = u @ weights + 2 * u[..., 0] * u[..., -1]
    return y.reshape(*y.shape, *(1,) * len(shape)) ** 2 + 3 + np.arange(np.prod(shape)).reshape(shape)


def state_of(y, u, groups, cuts=()):
    estimator = Morris()
    state = estimator.init(Layout(TRAJECTORY, groups), y.shape[2:])
    for one, other in zip(np.split(y, cuts), np.split(u, cuts), strict=True):
        state = estimator.update(state, Block(one, other, other))
    return state


def results(y, u, groups, cuts=(), resolution=EPS):
    maps = Morris().finalize([state_of(y, u, groups, cuts)], Layout(TRAJECTORY, groups), resolution).maps
    return {name: m.array for name, m in maps.items()}


def frozen(state):
    for array in state:
        array.flags.writeable = False
    return state


def same(left, right):
    for one, other in zip(left, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("num_levels", [4, 6])
def test_salib_says_the_same_of_the_same_runs(num_levels):
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    x = salib_sample.sample(problem, 20, num_levels=num_levels, seed=1)
    u = x.reshape(20, 4, 3)
    y = product(u, ())
    theirs = salib_analyze.analyze(problem, x, y.ravel(), num_levels=num_levels, seed=1)
    ours = results(y, u, apart(3), cuts=(3, 11))
    for name in MAPS:
        np.testing.assert_allclose(ours[name], np.asarray(theirs[name]), rtol=1e-10, err_msg=name)


def test_salib_says_the_same_of_groups():
    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[0, 1]] * 4, "groups": ["g", "h", "g", "i"]}
    x = salib_sample.sample(problem, 20, num_levels=4, seed=1)
    groups = (0, 1, 0, 2)
    u = x.reshape(20, 4, 4)
    y = product(u, ())
    theirs = salib_analyze.analyze(problem, x, y.ravel(), num_levels=4, seed=1)
    ours = results(y, u, groups)
    np.testing.assert_allclose(ours["mu_star"], np.asarray(theirs["mu_star"]), rtol=1e-10)
    np.testing.assert_allclose(ours["sigma"], np.asarray(theirs["sigma"], dtype=float), rtol=1e-10)
    np.testing.assert_allclose(ours["mu"][1:], np.asarray(theirs["mu"])[1:], rtol=1e-10)
    assert np.isnan(ours["mu"]).tolist() == np.isnan(ours["sigma"]).tolist() == [True, False, False]


def test_effects_of_a_linear_function_are_its_slopes():
    u = trajectories(50, apart(3))
    maps = results(5.0 + u @ [2.0, -3.0, 0.0], u, apart(3))
    np.testing.assert_allclose(maps["mu"], [2, -3, 0], atol=1e-13)
    np.testing.assert_allclose(maps["mu_star"], [2, 3, 0], atol=1e-13)
    np.testing.assert_allclose(maps["sigma"], 0, atol=1e-13)
    assert maps["mu_star"][2] == 0  # to the bit: a factor that does nothing changes no bit


def test_a_product_of_two_factors_has_the_spread_of_the_other():
    u = trajectories(20_000, apart(2))
    maps = results(u[..., 0] * u[..., 1], u, apart(2))
    # The effect is the other's coordinate, even on 8 levels of middles: variance (1 - 1/64) / 12
    sd = np.sqrt((1 - 1 / 64) / 12)
    np.testing.assert_allclose(maps["mu"], 0.5, atol=5 * sd / np.sqrt(20_000))
    np.testing.assert_allclose(maps["sigma"], sd, rtol=5 * 0.5 / np.sqrt(20_000))  # kurtosis below 3: relative sd < .7


def test_the_interval_holds_the_value_of_independent_replicates():
    layout = Layout(TRAJECTORY, apart(2))
    states = []
    for replicate in range(6):
        u = trajectories(200, apart(2), seed=replicate)
        states.append(state_of(u[..., 0] * u[..., 1], u, apart(2)))
    maps = Morris().finalize(states, layout, EPS).maps
    for name in MAPS:
        assert maps[name].leading == maps[f"{name}_lower"].leading == ("factor",)
        width = maps[f"{name}_upper"].array - maps[f"{name}_lower"].array
        assert (width > 0).all()
        assert (width < 0.1).all()
    assert (maps["mu"].array > maps["mu_lower"].array).all()
    assert maps["n"].array == 1200
    wider = Morris(level=0.99).finalize(states, layout, EPS).maps
    assert (wider["mu_lower"].array < maps["mu_lower"].array).all()


@given(sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5))
@settings(deadline=None)
def test_merging_equals_streaming_in_any_grouping(sizes):
    estimator, groups = Morris(), (0, 1, 0)
    cuts = np.cumsum(sizes)[:-1]
    u = trajectories(sum(sizes), groups)
    y = product(u)
    parts = [frozen(state_of(a, b, groups)) for a, b in zip(np.split(y, cuts), np.split(u, cuts), strict=True)]
    whole = state_of(y, u, groups)
    same(reduce(estimator.merge, parts), whole)
    same(reduce(lambda right, left: estimator.merge(left, right), parts[::-1]), whole)
    same(state_of(y, u, groups, cuts), whole)


def test_an_empty_state_changes_nothing_to_the_bit():
    estimator, u = Morris(), trajectories(5, apart(2))
    state = frozen(state_of(product(u), u, apart(2), (2,)))
    empty = frozen(estimator.init(Layout(TRAJECTORY, apart(2)), (3,)))
    none = Block(product(u)[:0], u[:0], u[:0])
    for merged in (estimator.merge(empty, state), estimator.merge(state, empty), estimator.update(state, none)):
        for one, other in zip(merged, state, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_base_points_give_no_number(n):
    u = trajectories(n, apart(2))
    maps = results(product(u), u, apart(2))
    assert all(np.isnan(maps[name]).all() for name in MAPS)
    assert (maps["status"] == FLAGS["too_few_base_points"]).all()
    assert (maps["n"] == n).all()


def test_two_base_points_give_numbers():
    u = trajectories(2, apart(2))
    maps = results(product(u), u, apart(2))
    assert all(np.isfinite(maps[name]).all() for name in MAPS)
    assert (maps["status"] == 0).all()


def test_constant_and_spoilt_cells_leave_their_neighbours_alone():
    u = trajectories(32, apart(2))
    y = product(u)
    spoilt = y.copy()
    spoilt[..., 0] = 0.3
    spoilt[5, 1, 1] = np.nan
    spoilt.flags.writeable = False
    clean, other = results(y, u, apart(2)), results(spoilt, u, apart(2))
    assert other["status"].tolist() == [FLAGS["no_variance"], FLAGS["base_points_left_out"], 0]
    assert other["n"].tolist() == [32, 31, 32]
    without = results(np.delete(y, 5, axis=0), np.delete(u, 5, axis=0), apart(2))
    for name in MAPS:
        assert np.isnan(other[name][:, 0]).all()
        np.testing.assert_allclose(other[name][:, 1], without[name][:, 1], rtol=1e-12)
        np.testing.assert_array_equal(other[name][:, 2], clean[name][:, 2])


@pytest.mark.parametrize(("offset", "scale", "rtol"), [(1e8, 1.0, 1e-6), (0.0, 1e-7, 1e-12), (0.0, 1e80, 1e-12)])
def test_effects_move_with_the_scale_of_the_outputs_and_not_with_their_offset(offset, scale, rtol):
    u = trajectories(40, apart(2))
    plain, other = (results(y, u, apart(2)) for y in (product(u), offset + scale * product(u)))
    for name in MAPS:  # outputs near 1e8 are rounded by 1e-8: effects of 1 lose half of their digits
        np.testing.assert_allclose(other[name] / scale, plain[name], rtol=rtol)
    assert (other["status"] == 0).all()


def test_an_overflow_is_told():
    u = trajectories(8, apart(2))
    maps = results(1e200 * product(u), u, apart(2))
    assert (maps["status"] == FLAGS["overflow"]).all()
    assert np.isnan(maps["mu_star"]).all()


def test_single_precision_is_summed_in_double():
    u = trajectories(64, apart(2))
    y = product(u).astype(np.float32)
    single, double = state_of(y, u, apart(2)), state_of(y.astype(np.float64), u, apart(2))
    for one, other in zip(single, double, strict=True):
        np.testing.assert_array_equal(one, other)


def test_rounding_of_single_precision_is_no_effect():
    u = trajectories(64, apart(2))
    y = (np.float32(7.3) + 4e-7 * np.random.default_rng(0).integers(2, size=(64, 3, 1))).astype(np.float32)
    assert np.ptp(y) > 0
    assert results(y, u, apart(2), resolution=2.0**-23)["status"] == FLAGS["no_variance"]


def test_one_factor_is_enough():
    u = trajectories(4, apart(1))
    np.testing.assert_allclose(results(7 * u[..., 0], u, apart(1))["mu"], [7])


def test_tiles_do_not_show(monkeypatch):
    u = trajectories(6, apart(2))
    whole = state_of(product(u, (4, 5)), u, apart(2))
    monkeypatch.setattr(tiles, "TILE", 6 * 3 * 7)
    for one, other in zip(state_of(product(u, (4, 5)), u, apart(2)), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_other_runs_are_refused():
    with pytest.raises(ValueError, match=r"^`morris` needs trajectories of runs: use `design: \{kind: morris\}`$"):
        Morris().init(Layout(PICK_FREEZE, apart(2)), ())


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_level_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match=f"`level` must be between 0 and 1, got {level:g}"):
        Morris(level=level)
