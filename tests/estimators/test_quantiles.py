"""Quantiles, within the error that they tell."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.quantiles import Quantiles
from tests.estimators.reductions import DRAWS, EPS, PAIRS, as_draws, blocks, results, states

EXACT = (1 / 64, 0.25, 0.5, 0.75, 63 / 64)  # their products with a count are not rounded
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e300, -1.7e308, 1.7e308]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-1000, 1000).map(lambda k: 1e8 + k * 1e-9),
    st.integers(-8, 8).map(float),
)


@given(values=st.lists(VALUES, min_size=1, max_size=30), bins=st.sampled_from([8, 32]))
@example(values=[-1.7e308, 1.7e308], bins=8)
@example(values=[1e-20, 1.0], bins=8)
@settings(deadline=None, max_examples=300)
def test_the_error_told_bounds_the_distance_to_the_empirical_quantile(values, bins):
    maps = results(Quantiles(bins=bins, probabilities=EXACT), as_draws(values))
    empirical = np.quantile(values, EXACT, method="inverted_cdf")
    told, error = maps["quantiles"].array, maps["quantiles_error"].array
    # the difference of two doubles of one bin may itself be rounded, by half of its last place
    assert (np.abs(told - empirical) <= error * (1 + EPS)).all()
    assert (told[1:] >= told[:-1]).all()
    assert ((min(values) <= told) & (told <= max(values))).all()


def test_the_error_is_a_bin_wide_and_no_wider_than_the_range():
    y = np.stack([np.linspace(0, 100, 50), np.full(50, 0.1), [0.0, 1.0] * 25], axis=1)
    maps = results(Quantiles(), as_draws(y))
    assert maps["quantiles_error"].array.tolist() == [1, 0, 1 / 64]


def test_a_constant_is_its_own_quantile_to_the_bit():
    maps = results(Quantiles(), as_draws(np.full(50, 0.1)), replicates=2)
    for name in ("quantiles", "quantiles_lower", "quantiles_upper"):
        assert maps[name].array.tolist() == [0.1] * 5
    assert maps["status"].array == FLAGS["no_variance"]


def test_quantiles_inside_a_bin_are_interpolated():
    y = as_draws((np.arange(1024) + 0.5) / 1024)  # 8 bins of 128 values
    maps = results(Quantiles(bins=8, probabilities=(1 / 16, 0.5, 0.9)), y)
    # the smallest and the largest value, half a step inside, end the first bin and the last
    expected = [1 / 2048 + 0.5 * (1 / 8 - 1 / 2048), 0.5, 7 / 8 + 0.2 * (1 / 8 - 1 / 2048)]
    np.testing.assert_allclose(maps["quantiles"].array, expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int32, bool])
def test_outputs_of_any_type_have_quantiles(dtype):
    y = (np.random.default_rng(0).normal(size=(400, 4, 3)) * 3).astype(dtype)
    estimator = Quantiles(probabilities=EXACT)
    done = estimator.finalize(states(estimator, blocks(y, [100] * 4), PAIRS), PAIRS, EPS)
    x = y[:, :2].reshape(800, 3).astype(np.float64)
    off = done.maps["quantiles"].array - np.quantile(x, EXACT, axis=0, method="inverted_cdf")
    assert (np.abs(off) <= done.maps["quantiles_error"].array).all()
    assert done.maps["quantiles"].leading == ("probability",)
    assert done.coords["probability"].tolist() == list(EXACT)
    assert done.maps["n"].array.tolist() == [400] * 3


def test_one_far_value_widens_the_bins_and_the_error_says_so():
    x = np.random.default_rng(0).normal(size=1000)
    near, far = (results(Quantiles(), as_draws(v))["quantiles_error"].array for v in (x, np.append(x, 1e6)))
    assert near <= 1 / 16
    assert far >= 1e6 / 128


def test_intervals_hold_as_often_as_they_say():
    y = np.random.default_rng(0).normal(size=(2000, 1, 400))  # 400 repetitions, a cell each
    probabilities = (0.25, 0.5, 0.9)
    maps = results(Quantiles(probabilities=probabilities), y, replicates=10)
    for row, probability in enumerate(probabilities):
        true = stats.norm.ppf(probability)
        held = (maps["quantiles_lower"].array[row] <= true) & (true <= maps["quantiles_upper"].array[row])
        assert 0.917 <= held.mean() <= 0.983, probability  # .95 and three standard errors of 400 repetitions


def test_no_value_has_no_quantile_and_its_neighbour_has():
    y = np.stack([np.full(4, np.nan), np.arange(4.0)], axis=-1)
    maps = results(Quantiles(probabilities=(0.5,)), as_draws(y), DRAWS)
    np.testing.assert_array_equal(np.isnan(maps["quantiles"].array), [[True, False]])
    np.testing.assert_array_equal(np.isnan(maps["quantiles_error"].array), [True, False])


@pytest.mark.parametrize("probabilities", [(), (0.0, 0.5), (0.5, 1.0), (0.5, 0.5), (0.5, 0.25), (float("nan"),)])
def test_probabilities_that_do_not_increase_between_0_and_1_are_refused(probabilities):
    with pytest.raises(ValueError, match="`probabilities` must be one or more numbers between 0 and 1 in incr") as told:
        Quantiles(probabilities=probabilities)
    assert str(told.value).endswith(f"{list(probabilities)}: for the smallest and the largest value use `extrema`")
