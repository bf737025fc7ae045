"""Intervals from replicates."""

import numpy as np
from scipy import stats

from dnnsa.estimators.base import Ratio
from dnnsa.estimators.intervals import aggregated, all_but_one, correlation_interval


def test_each_replicate_is_left_out_once():
    for count in range(2, 7):
        letters = "abcdef"[:count]
        kept = all_but_one(list(letters), lambda left, right: left + right)
        assert kept == [letters.replace(letter, "") for letter in letters]
    assert all_but_one(["a"], lambda left, right: left + right) == []


def test_the_interval_is_students_on_fishers_scale():
    deleted = np.tanh(np.array([0.4, 0.5, 0.6]))
    low, high = correlation_interval(np.tanh(0.5), deleted, 0.9)
    half = np.sqrt(2 / 3 * 0.02) * stats.t.ppf(0.95, 2)
    np.testing.assert_allclose([low, high], np.tanh([0.5 - half, 0.5 + half]))


def test_the_jackknife_covers_a_correlation_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held, trials, count, rho = 0, 400, 10, 0.6
    for _ in range(trials):
        x = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=(count, 50))
        r = np.corrcoef(x.reshape(-1, 2), rowvar=False)[0, 1]
        deleted = [np.corrcoef(np.delete(x, j, axis=0).reshape(-1, 2), rowvar=False)[0, 1] for j in range(count)]
        low, high = correlation_interval(r, np.array(deleted), 0.95)
        held += low <= rho <= high
    assert 0.92 <= held / trials <= 0.98  # 95 % within three standard errors of 400 trials


def test_correlations_of_one_do_not_make_infinities():
    low, high = correlation_interval(np.array(1.0), np.array([1.0, 1 - 1e-16, 0.999]), 0.95)
    assert np.isfinite([low, high]).all()
    assert low <= 1.0 <= high + 1e-12


def test_an_aggregated_index_is_a_ratio_of_sums():
    ratio = Ratio(np.array([[1.0, 3.0]] * 4), np.full((4, 2), 4.0), complement=False)
    np.testing.assert_array_equal(aggregated(ratio, 0.95), [[0.25, 0.75]] * 3)
    np.testing.assert_array_equal(aggregated(ratio._replace(complement=True), 0.95), [[0.75, 0.25]] * 3)


def test_bounds_of_a_total_index_are_those_of_its_correlation_exchanged():
    sums = np.array([[0.5], [0.4], [0.5], [0.6]])
    first, total = (Ratio(sums, np.ones((4, 1)), complement) for complement in (False, True))
    value, low, high = aggregated(first, 0.95)
    np.testing.assert_array_equal(aggregated(total, 0.95), [1 - value, 1 - high, 1 - low])
    assert low < value < high


def test_a_field_without_variance_has_no_aggregated_index():
    value, low, _ = aggregated(Ratio(np.zeros((3, 2)), np.zeros((3, 2)), False), 0.95)
    assert np.isnan([value, low]).all()
