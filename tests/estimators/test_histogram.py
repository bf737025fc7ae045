"""The histogram as it is told: counts, where they begin and how wide the bins are."""

import numpy as np
import pytest

from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.histogram import Histogram
from tests.estimators.reductions import DRAWS, EPS, PAIRS, as_draws, blocks, results, states


def test_bins_are_aligned_powers_of_two():
    y = as_draws([-3.0, -2.0, -2.0, 0.5, 4.0])
    maps = results(Histogram(bins=8), y)
    assert (maps["histogram_start"].array, maps["histogram_width"].array) == (-3, 1)
    assert maps["histogram"].array.tolist() == [1, 2, 0, 1, 0, 0, 0, 1]
    assert (maps["n"].array, maps["status"].array) == (5, 0)


def test_a_value_that_does_not_fit_doubles_the_width():
    maps = results(Histogram(bins=8), as_draws([-3.0, -2.0, -2.0, 0.5, 5.0]))
    assert (maps["histogram_start"].array, maps["histogram_width"].array) == (-4, 2)
    assert maps["histogram"].array.tolist() == [1, 2, 1, 0, 1, 0, 0, 0]


def test_the_counts_are_numpys_over_the_same_edges():
    y = np.random.default_rng(0).gamma(2, size=(500, 4, 2)).astype(np.float32)
    estimator = Histogram(bins=64)
    done = estimator.finalize(states(estimator, blocks(y, [64] * 7 + [52]), PAIRS), PAIRS, EPS)
    assert done.maps["histogram"].leading == ("bin",)
    assert done.coords["bin"].tolist() == list(range(64))
    for cell in range(2):
        start, width = (done.maps[f"histogram_{name}"].array[cell] for name in ("start", "width"))
        expected, _ = np.histogram(y[:, :2, cell], bins=start + width * np.arange(65))
        np.testing.assert_array_equal(done.maps["histogram"].array[:, cell], expected)
        assert expected.sum() == 1000


def test_a_large_offset_with_a_small_spread_is_resolved_to_the_last_bit():
    spacing = 2.0**-26  # of the doubles near 1e8
    y = as_draws(1e8 + spacing * np.array([0, 1, 1, 5]))
    maps = results(Histogram(bins=8), y)
    assert (maps["histogram_start"].array, maps["histogram_width"].array) == (1e8, spacing)
    assert maps["histogram"].array.tolist() == [1, 2, 0, 0, 0, 1, 0, 0]


def test_truth_values_fall_in_the_first_bin_and_in_another():
    maps = results(Histogram(bins=8), as_draws([False, True, True, False, True]))
    assert (maps["histogram_start"].array, maps["histogram_width"].array) == (0, 0.25)
    assert maps["histogram"].array.tolist() == [2, 0, 0, 0, 3, 0, 0, 0]


def test_no_value_has_no_bins():
    maps = results(Histogram(bins=8), np.full((3, 1), np.nan), DRAWS)
    assert np.isnan([maps["histogram_start"].array, maps["histogram_width"].array]).all()
    assert maps["histogram"].array.tolist() == [0] * 8
    assert maps["status"].array == FLAGS["base_points_left_out"] | FLAGS["too_few_base_points"]


def test_bins_are_a_power_of_two():
    with pytest.raises(ValueError, match="`bins` must be a power of two, 8 or more, got 100: use 64 or 128"):
        Histogram(bins=100)
