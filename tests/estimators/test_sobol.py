"""Sobol' indices against closed forms, whatever the form, and what they say of cells that have none."""

import numpy as np
import pytest

from dnnsa.designs import Saltelli
from dnnsa.estimators import Block, Sobol
from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.indices import FORMS
from dnnsa.estimators.intervals import aggregated
from dnnsa.layout import PICK_FREEZE, SAMPLE, Layout, apart

EPS = 2.0**-52
A = np.array([1.0, 2.0, 0.0])


def product(x):
    """x1 + 2 x2 + x1 x2 of centred uniforms, x3 inert; variance 1/12 + 4/12 + 1/144."""
    return x[..., 0] + 2 * x[..., 1] + x[..., 0] * x[..., 1]


V = np.array([12, 48, 0]) / 144
VT = np.array([13, 49, 0]) / 144
S1, ST = V / (61 / 144), VT / (61 / 144)


LAYOUT = Layout(PICK_FREEZE, apart(3))


def replicates(f, base_points=4096, replicates=4, groups=(0, 1, 2), second_order=False):
    """States of a function of centred uniforms, ``f(x)`` with x of shape (n, runs, p)."""
    design = Saltelli(base_points=base_points, replicates=replicates, second_order=second_order)
    share = base_points // replicates
    states = []
    for replicate in range(replicates):
        u = design.points(groups, replicate, 0, share)
        x = np.stack([design.column(k, groups, u[:, :, k] - 0.5) for k in range(len(groups))], axis=-1)
        y = f(x)  # (n, runs, *shape)
        states.append(Sobol().update(Sobol().init(design.layout(groups), y.shape[2:]), Block(y, u, u)))
    return states


def finalize(states, layout=LAYOUT, eps=EPS, **settings):
    return Sobol(**settings).finalize(states, layout, eps)


def test_indices_meet_their_closed_form():
    maps = finalize(replicates(product)).maps
    np.testing.assert_allclose(maps["S1"].array, S1, atol=0.01)
    np.testing.assert_allclose(maps["ST"].array, ST, atol=0.003)


def test_intervals_hold_the_closed_form_and_are_narrow():
    maps = finalize(replicates(product)).maps
    for name, exact in (("S1", S1), ("ST", ST)):
        low, high = maps[f"{name}_lower"].array, maps[f"{name}_upper"].array
        assert ((low <= exact) & (exact <= high)).all()
        assert (high - low < 0.1).all()
        assert (low <= maps[name].array).all()
        assert (maps[name].array <= high).all()


def test_a_factor_that_does_nothing_has_indices_of_zero_exactly_with_no_width():
    maps = finalize(replicates(product)).maps
    for index in ("S1", "ST"):
        assert [maps[name].array[2] for name in (index, f"{index}_lower", f"{index}_upper")] == [0.0, 0.0, 0.0]


def test_a_factor_that_does_everything_has_indices_of_one():
    maps = finalize(replicates(lambda x: x[..., 0])).maps
    for index in ("S1", "ST"):
        assert [maps[name].array[0] for name in (index, f"{index}_lower", f"{index}_upper")] == [1.0, 1.0, 1.0]
        assert [maps[name].array[2] for name in (index, f"{index}_lower", f"{index}_upper")] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("offset", [1e4, 1e8, -1e8])
def test_an_offset_does_not_move_the_indices(offset):
    plain = finalize(replicates(product)).maps
    moved = finalize(replicates(lambda x: product(x) + offset)).maps
    for name in ("S1", "ST", "S1_lower", "ST_upper"):
        np.testing.assert_allclose(moved[name].array, plain[name].array, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-150, 1e-7, 1e150])
def test_a_scale_does_not_move_the_indices(scale):
    plain = finalize(replicates(product)).maps
    scaled = finalize(replicates(lambda x: product(x) * scale)).maps
    np.testing.assert_allclose(scaled["ST"].array, plain["ST"].array, rtol=1e-9, atol=1e-12)
    assert (scaled["status"].array == 0).all()


def test_a_constant_cell_has_no_index_and_says_why():
    def f(x):
        return np.stack([product(x), np.full(x.shape[:-1], 0.1)], axis=-1)

    done = finalize(replicates(f))
    assert np.isnan(done.maps["ST"].array[:, 1]).all()
    assert np.isfinite(done.maps["ST"].array[:, 0]).all()
    assert done.maps["status"].array.tolist() == [0, FLAGS["no_variance"]]


def test_noise_in_the_last_bit_of_single_precision_is_no_variance():
    def f(x):
        return (1 + 1e-7 * product(x)).astype(np.float32)

    maps = finalize(replicates(f), eps=float(np.finfo(np.float32).eps)).maps
    assert np.isnan(maps["S1"].array).all()


def test_small_probabilities_are_not_taken_for_dead():
    maps = finalize(replicates(lambda x: 1e-12 * (1 + product(x)))).maps
    np.testing.assert_allclose(maps["ST"].array, ST, atol=0.003)


def test_an_overflow_is_told():
    maps = finalize(replicates(lambda x: 1e200 * product(x))).maps
    assert maps["status"].array & FLAGS["overflow"]
    assert np.isnan(maps["S1"].array).all()


def test_one_replicate_has_indices_and_no_intervals():
    maps = finalize(replicates(product, replicates=1)).maps
    assert np.isfinite(maps["S1"].array).all()
    assert np.isnan(maps["S1_lower"].array).all()


def test_a_higher_level_is_wider():
    states = replicates(product)
    narrow, wide = (finalize(states, level=level).maps for level in (0.5, 0.99))
    assert (wide["S1_lower"].array[:2] < narrow["S1_lower"].array[:2]).all()


def test_aggregated_sums_weigh_cells_by_their_variance():
    def f(x):
        return np.stack([x[..., 0], 3 * x[..., 1]], axis=-1)

    ratio = finalize(replicates(f)).ratios["ST"]
    np.testing.assert_allclose(aggregated(ratio, 0.95)[0], [0.1, 0.9, 0], atol=1e-3)
    assert ratio.numerator.shape == (5, 3)


@pytest.mark.parametrize("index", ["S1", "ST"])
@pytest.mark.parametrize("f", [product, lambda x: x[..., 0] + 0.02 * x[..., 1]])
def test_an_aggregated_index_of_equal_cells_is_theirs_with_their_interval(index, f):
    done = finalize(replicates(lambda x: np.stack([f(x)] * 3, axis=-1), base_points=1024))
    cells = [done.maps[name].array[:, 0] for name in (index, f"{index}_lower", f"{index}_upper")]
    np.testing.assert_allclose(aggregated(done.ratios[index], 0.95), cells, rtol=1e-9, atol=1e-12)


def test_a_cell_without_an_index_does_not_spoil_the_aggregated_one():
    def f(x):
        return np.stack([product(x), np.full(x.shape[:-1], 7.0), 1e200 * product(x)], axis=-1)

    def alone(x):
        return product(x)[..., None]

    whole, part = (aggregated(finalize(replicates(g)).ratios["ST"], 0.95) for g in (f, alone))
    np.testing.assert_allclose(whole, part, rtol=1e-12)


def test_a_level_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"`level` must be between 0 and 1, got 95"):
        Sobol(level=95)


@pytest.mark.parametrize("estimator", FORMS)
def test_every_form_meets_the_closed_form_of_each_order(estimator):
    """.003 for a smooth function of 3 x 2 coordinates on 4 x 1024 Sobol' points, where Monte Carlo errs by .02."""
    layout = Layout(PICK_FREEZE, apart(3), second_order=True)
    maps = finalize(replicates(product, second_order=True), layout, estimator=estimator).maps
    np.testing.assert_allclose(maps["S1"].array, S1, atol=0.003)
    np.testing.assert_allclose(maps["ST"].array, ST, atol=0.003)
    s2 = np.full((3, 3), np.nan)
    s2[0, 1] = s2[1, 0] = 1 / 61
    s2[[0, 1, 2, 2], [2, 2, 0, 1]] = 0
    np.testing.assert_allclose(maps["S2"].array, s2, atol=0.003)
    assert maps["S2"].leading == ("factor", "factor_2")


def test_second_order_of_the_default_form_is_the_sharpest():
    layout = Layout(PICK_FREEZE, apart(3), second_order=True)
    states = replicates(product, second_order=True)
    pairs, exact = ([0, 0, 1], [1, 2, 2]), [1 / 61, 0, 0]
    errors = {
        form: np.abs(finalize(states, layout, estimator=form).maps["S2"].array[pairs] - exact).max() for form in FORMS
    }
    assert 10 * errors["corrected"] < min(error for form, error in errors.items() if form != "corrected")
    assert finalize(states, layout).maps["S2_lower"].array[0, 1] > 0.015


def test_a_group_has_the_index_of_all_its_members_together():
    layout = Layout(PICK_FREEZE, (0, 1, 0))
    maps = finalize(replicates(product, groups=(0, 1, 0)), layout).maps
    np.testing.assert_allclose(maps["S1"].array, S1[:2], atol=0.01)
    np.testing.assert_allclose(maps["ST"].array, ST[:2], atol=0.003)


def test_one_group_of_all_factors_explains_all():
    maps = finalize(replicates(product, groups=(0, 0, 0)), Layout(PICK_FREEZE, (0, 0, 0))).maps
    assert [maps[name].array.tolist() for name in ("S1", "ST", "ST_lower")] == [[1.0], [1.0], [1.0]]


def test_two_base_points_are_too_few_whatever_they_show():
    states = [replicates(product, base_points=2, replicates=1)[0]]
    maps = finalize(states).maps
    assert np.isnan(maps["S1"].array).all()
    assert maps["status"].array == FLAGS["too_few_base_points"]


def test_fishers_interval_is_given_by_name_alone():
    states = replicates(product)
    narrow = finalize(states, estimator="martinez", intervals="fisher").maps
    r, n = narrow["S1"].array[0], 4096
    half = 1.959963984540054 / np.sqrt(n - 3)
    np.testing.assert_allclose(narrow["S1_upper"].array[0], np.tanh(np.arctanh(r) + half), rtol=1e-12)
    np.testing.assert_allclose(narrow["ST"].array[2], 0.0)
    assert narrow["ST_upper"].array[2] == 0.0
    with pytest.raises(ValueError, match=r"`intervals: fisher` is for correlations, .* got estimator: corrected"):
        Sobol(intervals="fisher")


def test_the_state_is_four_numbers_a_factor_and_five_more():
    cells, p = 1000, 3
    y = np.random.default_rng(0).normal(size=(8, p + 2, cells))
    state = Sobol().update(Sobol().init(LAYOUT, (cells,)), Block(y, y, y))
    assert sum(np.size(array) for array in state) == (4 * p + 5) * cells + 2
    y[0, 0, 0] = np.nan
    state = Sobol().update(state, Block(y, y, y))
    assert sum(np.size(array) for array in state) == (4 * p + 6) * cells + 1


def test_runs_that_are_no_pick_freeze_runs_are_refused():
    with pytest.raises(ValueError, match=r"`sobol` needs pick-freeze runs: use `design: {kind: saltelli}`"):
        Sobol().init(Layout(SAMPLE, apart(3)), ())


@pytest.mark.parametrize("seed", range(8))
def test_no_coin_is_certain_to_do_nothing_as_it_is_never_exchanged(seed):
    """Sixteen coins of which each explains 1/16, from few points: an interval without width must hold that."""
    design = Saltelli(base_points=256, seed=seed)
    layout = design.layout(apart(16))
    states = []
    for replicate in range(4):
        u = design.points(apart(16), replicate, 0, 64)
        y = sum(design.column(k, apart(16), u[:, :, k] > 0.5).astype(float) for k in range(16))
        states.append(Sobol().update(Sobol().init(layout, ()), Block(y, u, u)))
    maps = finalize(states, layout).maps
    for index in ("S1", "ST"):
        low, high = maps[f"{index}_lower"].array, maps[f"{index}_upper"].array
        certain = high - low < 1e-9
        np.testing.assert_allclose(maps[index].array[certain], 1 / 16, atol=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_runs_a_and_b_that_do_not_vary_apart_have_no_index_and_say_so(sign):
    """0 / 0, or rounding over rounding, would be any number with a sound status."""
    rng = np.random.default_rng(0)
    states = []
    for _ in range(4):
        a = rng.normal(size=64)
        y = np.stack([a, sign * a * (1 + 1e-15 * rng.normal(size=64)), *rng.normal(size=(3, 64))], axis=1)
        states.append(Sobol().update(Sobol().init(LAYOUT, ()), Block(y, y, y)))
    maps = finalize(states).maps
    assert np.isnan([maps["S1"].array, maps["ST"].array]).all()
    assert maps["status"].array == FLAGS["no_variance"]
