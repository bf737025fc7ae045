"""Moments against SciPy's, at offsets that break naive sums."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.moments import Moments
from tests.estimators.reductions import DRAWS, EPS, PAIRS, as_draws, block, blocks, frozen, results, states

SIZES = st.lists(st.integers(0, 6), min_size=1, max_size=6)


def streamed(y, sizes, layout=PAIRS):
    parts = states(Moments(), blocks(y, sizes), layout)
    return Moments().finalize([reduce(Moments().merge, parts)], layout, EPS).maps


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_are_those_of_the_values_of_a_and_b(offset):
    y = np.random.default_rng(0).gamma(2, size=(100, 4, 3)) + offset
    x = y[:, :2].reshape(200, 3)
    maps = streamed(y, [10, 20, 47, 23])
    # rounding of a value, eps offset = 2e-10 at 1e6, against deviations of 1: to the powers 1, 2, 3, 4
    np.testing.assert_allclose(maps["mean"].array, x.mean(axis=0))
    np.testing.assert_allclose(maps["variance"].array, x.var(axis=0, ddof=1), rtol=1e-8)
    np.testing.assert_allclose(maps["skewness"].array, stats.skew(x), rtol=1e-6)
    np.testing.assert_allclose(maps["kurtosis"].array, stats.kurtosis(x, fisher=False), rtol=1e-6)
    assert maps["n"].array.tolist() == [100] * 3


def test_moments_of_a_bernoulli_sample_are_exact():
    y = as_draws(np.array([True] * 3 + [False] * 9))  # p = 1/4
    maps = streamed(y, [5, 7], DRAWS)
    exact = {"mean": 1 / 4, "variance": 12 / 11 * 3 / 16, "skewness": 2 / 3**0.5, "kurtosis": 7 / 3}
    for name, value in exact.items():
        np.testing.assert_allclose(maps[name].array, value, rtol=1e-14, err_msg=name)


def test_the_kurtosis_of_a_uniform_law_is_1_8():  # Melissa: 15,000
    y = as_draws((np.arange(1000) + 0.5) / 1000)
    maps = streamed(y, [64] * 15 + [40], DRAWS)
    np.testing.assert_allclose(maps["kurtosis"].array, 1.8, rtol=1e-5)  # 1000 points: short of it by 2 / 1000^2
    np.testing.assert_allclose(maps["skewness"].array, 0, atol=1e-13)


def test_the_variance_survives_an_offset_of_1e8():  # raw sums of powers: -6.1
    x = np.random.default_rng(0).normal(size=1000)
    maps = streamed(as_draws(x + 1e8), [64] * 15 + [40], DRAWS)
    # each value was rounded by eps 1e8 / 2 = 1e-8
    np.testing.assert_allclose(maps["variance"].array, x.var(ddof=1), rtol=1e-7)


@pytest.mark.parametrize("value", [0.0, 0.3, -1e8, 1e-60])
def test_a_constant_has_no_variance_and_no_shape(value):
    y = np.full((100, 4, 2), value)
    y[:, :, 1] = np.random.default_rng(0).normal(size=(100, 4))
    maps = streamed(y, [64, 36])
    assert maps["variance"].array[0] <= (4 * EPS * value) ** 2
    assert np.isnan(maps["kurtosis"].array[0])
    assert np.isfinite(maps["kurtosis"].array[1])
    assert maps["status"].array.tolist() == [FLAGS["no_variance"], 0]


@pytest.mark.parametrize("scale", [1e-7, 1e-60])
def test_a_small_field_is_not_a_dead_one(scale):  # an absolute floor of 1e-12 makes it one
    x = np.random.default_rng(0).normal(size=(100, 4)) + 2
    maps = streamed(x * scale, [64, 36])
    np.testing.assert_allclose(maps["variance"].array, scale**2 * x[:, :2].var(ddof=1), rtol=1e-12)
    np.testing.assert_allclose(maps["kurtosis"].array, stats.kurtosis(x[:, :2].ravel(), fisher=False), rtol=1e-12)
    assert maps["status"].array == 0


@pytest.mark.parametrize("scale", [1e-85, 1e-79, 1e90])  # at 1e-79 they are there, with few digits
def test_fourth_powers_beyond_the_range_of_doubles_are_told(scale):
    maps = streamed(np.random.default_rng(0).normal(size=(100, 4)) * scale, [64, 36])
    assert not np.isfinite(maps["kurtosis"].array)
    assert maps["status"].array == FLAGS["overflow"]


def test_values_too_large_to_add_are_told():
    maps = streamed(np.full((4, 4), 1.7e308), [4])
    assert maps["status"].array == FLAGS["overflow"]


@pytest.mark.parametrize(("layout", "few"), [(DRAWS, FLAGS["too_few_base_points"]), (PAIRS, 0)])
def test_one_value_has_a_mean_and_no_variance(layout, few):
    maps = results(Moments(), np.arange(4.0)[None] + 3, layout)
    assert maps["mean"].array == np.arange(3.0, 3 + layout.independent).mean()
    np.testing.assert_array_equal(maps["variance"].array, np.nan if few else 0.5)
    assert maps["status"].array == few


@given(sizes=SIZES, offset=st.sampled_from([0.0, 1e6]))
@settings(deadline=None)
def test_merging_equals_streaming_and_grouping_does_not_matter_to_rounding(sizes, offset):
    y = np.random.default_rng(1).normal(size=(sum(sizes), 4, 3)) + offset
    estimator, parts = Moments(), list(map(frozen, states(Moments(), blocks(y, sizes), PAIRS)))
    left = reduce(estimator.merge, parts)
    right = reduce(lambda after, before: estimator.merge(before, after), parts[::-1])
    once = estimator.update(estimator.init(PAIRS, (3,)), block(y))
    one_by_one = reduce(estimator.update, blocks(y, sizes), estimator.init(PAIRS, (3,)))
    for other in (right, once, one_by_one):
        for a, b in zip(left, other, strict=True):
            # some tens of deviations of order 1, whose means are known to eps offset = 2e-10 at 1e6
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11 + 1e-13 * offset)


def test_the_interval_of_the_mean_is_students_across_replicates():
    y = np.random.default_rng(0).normal(size=(8, 1))
    maps = results(Moments(level=0.9), y, replicates=8)
    half = stats.sem(y[:, 0]) * stats.t.ppf(0.95, 7)
    np.testing.assert_allclose(maps["mean_lower"].array, y.mean() - half, rtol=1e-12)
    np.testing.assert_allclose(maps["mean_upper"].array, y.mean() + half, rtol=1e-12)


def test_intervals_hold_as_often_as_they_say():
    # 400 repetitions, a cell each: of a normal law with mean 2 and variance 9, ten replicates of 50 draws
    y = np.random.default_rng(0).normal(2, 3, size=(500, 1, 400))
    maps = results(Moments(), y, replicates=10)
    for name, true in (("mean", 2), ("variance", 9)):
        held = (maps[f"{name}_lower"].array <= true) & (true <= maps[f"{name}_upper"].array)
        assert 0.917 <= held.mean() <= 0.983, name  # .95 and three standard errors of 400 repetitions


def test_the_first_block_of_a_large_mean_meets_an_empty_state_without_a_loss():
    x = np.random.default_rng(0).gamma(2, size=200) + 1e10  # the fourth power of the mean, not of the deviations,
    maps = streamed(as_draws(x * 1e70), [0, 100, 0, 100], DRAWS)  # is beyond the range of doubles
    np.testing.assert_allclose(maps["kurtosis"].array, stats.kurtosis(x, fisher=False), rtol=1e-5)  # eps 1e10 = 2e-6
    np.testing.assert_allclose(maps["skewness"].array, stats.skew(x), rtol=1e-5)
    assert maps["status"].array == 0
