"""Binned indices against the analysis of variance, closed forms and the laws of estimators."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from dnnsa.estimators import tiles
from dnnsa.estimators.base import FLAGS, Block
from dnnsa.estimators.binned import Binned
from dnnsa.layout import PICK_FREEZE, SAMPLE, TRAJECTORY, Layout, apart

EPS = 2.0**-52
PAIRS = Layout(PICK_FREEZE, apart(2))


def runs(n, layout=PAIRS, shape=(3,), seed=0):
    """Outputs of all runs and coordinates of the independent ones; a linear function, differently in each cell."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, layout.independent, len(layout.groups)))
    y = rng.normal(size=(n, layout.runs, *shape)) + 3
    y[:, : layout.independent] += 4 * x[..., 0].reshape(n, layout.independent, *(1,) * len(shape))
    return y, x


def state_of(y, x, layout=PAIRS, cuts=(), estimator=Binned()):  # noqa: B008
    state = estimator.init(layout, y.shape[2:])
    for one, other in zip(np.split(y, cuts), np.split(x, cuts), strict=True):
        state = estimator.update(state, Block(one, other, other))
    return state


def results(y, x, layout=PAIRS, cuts=(), estimator=Binned(), resolution=EPS):  # noqa: B008
    state = state_of(y, x, layout, cuts, estimator)
    return {name: m.array for name, m in estimator.finalize([state], layout, resolution).maps.items()}


def frozen(state):
    for array in state:
        array.flags.writeable = False
    return state


def same(left, right):
    for one, other in zip(left, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def sample(f, x):
    """Blocks of one run each: y = f(x), with x of shape ``(n, p)``."""
    return f(x)[:, None], x[:, None], Layout(SAMPLE, apart(x.shape[1]))


def test_levels_in_bins_of_their_own_give_the_analysis_of_variance():
    rng = np.random.default_rng(0)
    levels = np.array([0.02, 0.5, 0.85, 0.98])
    which = rng.integers(4, size=300)
    y = which % 3 + rng.normal(size=300)
    maps = results(y[:, None], levels[which][:, None, None], Layout(SAMPLE, apart(1)), cuts=(7, 100))
    f = stats.f_oneway(*(y[which == level] for level in range(4))).statistic
    between, within = 3, 296  # degrees of freedom
    np.testing.assert_allclose(maps["S1_binned"], between * (f - 1) / (between * f + within), rtol=1e-12)  # Kelley


def test_runs_a_and_b_are_one_sample():
    y, x = runs(50)
    both = results(y, x, cuts=(20,))["S1_binned"]
    flat = results(y[:, :2].reshape(100, 1, 3), x.reshape(100, 1, 2), Layout(SAMPLE, apart(2)))["S1_binned"]
    np.testing.assert_allclose(both, flat, rtol=1e-12)


def test_bins_are_even_in_probability():
    x = (np.arange(40) + 0.5) / 40
    y, _, layout = sample(lambda x: np.floor(4 * x[:, 0]), x[:, None])
    for bins, exact in ((4, True), (8, True), (5, False)):  # 4 steps: seen by 4 and 8 bins, not by 5
        index = results(y, x[:, None, None], layout, estimator=Binned(bins=bins))["S1_binned"]
        assert (abs(index[0] - 1) < 1e-12) == exact


def test_a_factor_without_effect_has_an_index_of_mean_0():
    n, repetitions, bins = 128, 400, 16
    rng = np.random.default_rng(0)
    found = []
    for _ in range(repetitions):
        y, x, layout = sample(lambda x: rng.normal(size=len(x)), rng.random((n, 1)))
        found.append(results(y, x, layout, estimator=Binned(bins=bins))["S1_binned"][0])
    sd = np.sqrt(2 * bins) / n  # as the docstring says
    assert abs(np.mean(found)) < 4 * sd / np.sqrt(repetitions)
    assert np.std(found) == pytest.approx(sd, rel=0.15)  # 4 standard errors of 1 / sqrt(2 repetitions)
    assert min(found) < 0  # and is not clipped


@pytest.mark.parametrize("bins", [4, 16])
def test_what_a_linear_factor_loses_inside_its_bins_is_as_stated(bins):
    x = (np.arange(2**14) + 0.5) / 2**14
    y, z, layout = sample(lambda x: 5 * x[:, 0], x[:, None])
    index = results(y, z, layout, estimator=Binned(bins=bins))["S1_binned"][0]
    assert 1 - index == pytest.approx(1 / bins**2, rel=5e-3)  # (N - 1) / (N - b) is 1 to a thousandth


def test_the_ishigami_function():
    x = qmc.Sobol(3, rng=np.random.default_rng(0)).random_base2(14)

    def ishigami(x):
        a, b, c = (2 * np.pi * (x.T - 0.5)).reshape(3, -1)
        return np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)

    index = results(*sample(ishigami, x))["S1_binned"]
    exact = np.array([0.313905191147811, 0.442411144790040, 0.0])
    # Inside a bin of width h = 2 pi / 16 the square of a slope, averaged over the bin, is lost times h^2 / 12: of
    # cosine 1.29 % of the index of x_1, of the doubled frequency in sin^2 5.1 % of that of x_2.
    lost = exact * np.array([1, 4, 0]) * (np.pi / 8) ** 2 / 12
    np.testing.assert_allclose(index, exact - lost, atol=4e-3)  # chance: 2 (1 - S) sqrt(S / N) < 7e-3, less on Sobol'


def test_levels_that_share_a_bin_are_not_told_apart():
    rng = np.random.default_rng(0)
    which = rng.integers(2, size=200)
    y = which + 0.1 * rng.normal(size=200)
    x = np.where(which, 0.030, 0.032)[:, None, None]
    maps = results(y[:, None], x, Layout(SAMPLE, apart(1)))
    assert np.isnan(maps["S1_binned"]).all()  # one occupied bin says nothing


def test_intervals_come_from_replicates():
    states = [state_of(*runs(400, seed=seed)) for seed in range(8)]
    maps = Binned().finalize(states, PAIRS, EPS).maps
    lower, upper = maps["S1_binned_lower"].array, maps["S1_binned_upper"].array
    exact = np.array([[16 / 12 / (16 / 12 + 1)], [0.0]])
    assert maps["S1_binned"].leading == maps["S1_binned_lower"].leading == ("factor",)
    assert (lower < maps["S1_binned"].array).all()
    assert (upper - lower < 0.1).all()
    assert ((lower - 0.005 < exact) & (exact < upper + 0.005)).mean() > 0.6  # six of 95 %, and the stated loss
    assert maps["n"].array.tolist() == [3200] * 3


@given(sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5))
@settings(deadline=None)
def test_merging_equals_streaming_in_any_grouping(sizes):
    estimator = Binned(bins=3)
    y, x = runs(sum(sizes))
    cuts = np.cumsum(sizes)[:-1]
    pairs = zip(np.split(y, cuts), np.split(x, cuts), strict=True)
    parts = [frozen(state_of(one, other, estimator=estimator)) for one, other in pairs]
    whole = state_of(y, x, estimator=estimator)
    same(reduce(estimator.merge, parts), whole)
    same(reduce(lambda right, left: estimator.merge(left, right), parts[::-1]), whole)
    same(state_of(y, x, PAIRS, cuts, estimator), whole)


def test_an_empty_state_changes_nothing_to_the_bit():
    estimator, (y, x) = Binned(), runs(5)
    state, empty = frozen(state_of(y, x, PAIRS, (2,))), frozen(estimator.init(PAIRS, (3,)))
    for merged in (estimator.merge(empty, state), estimator.merge(state, empty)):
        for one, other in zip(merged, state, strict=True):
            np.testing.assert_array_equal(one, other)
    assert estimator.update(state, Block(y[:0], x[:0], x[:0])) is state


@pytest.mark.parametrize("n", [0, 1, 2])
def test_as_many_bins_as_values_give_no_number(n):
    y, _ = runs(n)
    x = (np.arange(4 * n).reshape(n, 2, 2) + 0.5) / 8
    maps = results(y, x)
    assert np.isnan(maps["S1_binned"]).all()
    assert (maps["status"] == FLAGS["too_few_base_points"]).all()
    assert (maps["n"] == n).all()


def test_two_base_points_in_two_bins_give_a_number():
    y, _ = runs(2)
    x = np.array([[[0.1, 0.1], [0.9, 0.9]]] * 2)
    maps = results(y, x)
    assert np.isfinite(maps["S1_binned"]).all()
    assert (maps["status"] == 0).all()


def test_constant_and_spoilt_cells_leave_their_neighbours_alone():
    y, x = runs(64)
    spoilt = y.copy()
    spoilt[..., 0] = 0.3
    spoilt[5, 3, 1] = np.nan
    spoilt.flags.writeable = False
    clean, other = results(y, x), results(spoilt, x)
    assert other["status"].tolist() == [FLAGS["no_variance"], FLAGS["base_points_left_out"], 0]
    assert other["n"].tolist() == [64, 63, 64]
    without = results(np.delete(y, 5, axis=0), np.delete(x, 5, axis=0))["S1_binned"]
    assert np.isnan(other["S1_binned"][:, 0]).all()
    np.testing.assert_allclose(other["S1_binned"][:, 1], without[:, 1], rtol=1e-11)
    np.testing.assert_array_equal(other["S1_binned"][:, 2], clean["S1_binned"][:, 2])


@pytest.mark.parametrize(("offset", "scale", "atol"), [(1e8, 1.0, 1e-7), (0.0, 1e-7, 1e-12), (0.0, 1e80, 1e-12)])
def test_an_index_has_no_unit(offset, scale, atol):
    y, x = runs(64)
    maps = results(offset + scale * y, x)
    np.testing.assert_allclose(maps["S1_binned"], results(y, x)["S1_binned"], atol=atol)  # near 1e8: rounded by 1e-8
    assert (maps["status"] == 0).all()


def test_an_overflow_is_told():
    y, x = runs(64)
    maps = results(1e200 * y, x)
    assert (maps["status"] == FLAGS["overflow"]).all()
    assert np.isnan(maps["S1_binned"]).all()


def test_single_precision_is_summed_in_double():
    y, x = runs(64)
    y = y.astype(np.float32)
    for one, other in zip(state_of(y, x), state_of(y.astype(np.float64), x), strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_factor_is_enough():
    y, x = runs(64, Layout(PICK_FREEZE, apart(1)))
    assert results(y, x, Layout(PICK_FREEZE, apart(1)))["S1_binned"].shape == (1, 3)


def test_tiles_do_not_show(monkeypatch):
    y, x = runs(6, shape=(4, 5))
    whole = state_of(y, x)
    monkeypatch.setattr(tiles, "TILE", 34 * 7)
    same(state_of(y, x), whole)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (
            Layout(TRAJECTORY, apart(2)),
            "`binned` needs runs that are independent draws of the factors: use `design: {kind: sample}` or `saltelli`",
        ),
        (
            Layout(PICK_FREEZE, (0, 1, 0)),
            "`binned` takes factors one by one and some share a `group`: leave it out, or use `kind: sobol`",
        ),
    ],
)
def test_runs_that_do_not_fit_are_refused(layout, message):
    with pytest.raises(ValueError) as told:  # noqa: PT011
        Binned().init(layout, ())
    assert str(told.value) == message


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`bins` must be at least 2, got 1"):
        Binned(bins=1)
    with pytest.raises(ValueError, match="`level` must be between 0 and 1, got 1"):
        Binned(level=1.0)
