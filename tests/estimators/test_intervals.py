"""Intervals from replicates."""

import numpy as np
from scipy import stats

from dnnsa.estimators.base import Map, Ratio
from dnnsa.estimators.intervals import aggregated, estimated, fisher, jackknife, left_out


def test_each_replicate_is_left_out_once():
    for count in range(2, 7):
        letters = "abcdef"[:count]
        kept = left_out(str, list(letters), lambda left, right: left + right)
        assert kept == [letters.replace(letter, "") for letter in letters]
    assert left_out(str, ["a"], lambda left, right: left + right) == []


def test_the_interval_is_students_on_fishers_scale():
    deleted = np.tanh(np.array([0.4, 0.5, 0.6]))
    low, high = jackknife(np.tanh(0.5), deleted, 0.9, "correlation")
    half = np.sqrt(2 / 3 * 0.02) * stats.t.ppf(0.95, 2)
    np.testing.assert_allclose([low, high], np.tanh([0.5 - half, 0.5 + half]))


def test_the_jackknife_covers_a_correlation_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held, trials, count, rho = 0, 400, 10, 0.6
    for _ in range(trials):
        x = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=(count, 50))
        r = np.corrcoef(x.reshape(-1, 2), rowvar=False)[0, 1]
        deleted = [np.corrcoef(np.delete(x, j, axis=0).reshape(-1, 2), rowvar=False)[0, 1] for j in range(count)]
        low, high = jackknife(r, np.array(deleted), 0.95, "correlation")
        held += low <= rho <= high
    assert 0.92 <= held / trials <= 0.98  # 95 % within three standard errors of 400 trials


def test_correlations_of_one_do_not_make_infinities():
    low, high = jackknife(np.array(1.0), np.array([1.0, 1 - 1e-16, 0.999]), 0.95, "correlation")
    assert np.isfinite([low, high]).all()
    assert low <= 1.0 <= high + 1e-12


def test_the_interval_of_a_plain_statistic_is_students():
    deleted = np.array([0.4, 0.5, 0.6])
    low, high = jackknife(np.array(0.5), deleted, 0.9)
    half = np.sqrt(2 / 3 * 0.02) * stats.t.ppf(0.95, 2)
    np.testing.assert_allclose([low, high], [0.5 - half, 0.5 + half])


def test_bounds_of_the_complement_of_a_correlation_are_those_of_the_correlation_exchanged():
    r, deleted = np.array(0.5), np.array([0.4, 0.5, 0.6])
    low, high = jackknife(r, deleted, 0.95, "correlation")
    np.testing.assert_allclose(jackknife(1 - r, 1 - deleted, 0.95, "complement"), [1 - high, 1 - low], rtol=1e-15)


def test_a_mean_of_replicates_has_the_classical_interval():
    """The jackknife of a mean of equal parts is the standard error of the parts' means, exactly."""
    parts = np.random.default_rng(3).normal(size=(8, 40))
    maps = estimated(
        lambda state: {"mean": Map((), np.asarray(state[0] / state[1]))},
        [(part.sum(), part.size) for part in parts],
        lambda left, right: (left[0] + right[0], left[1] + right[1]),
        0.95,
    )
    half = stats.t.ppf(0.975, 7) * parts.mean(axis=1).std(ddof=1) / np.sqrt(8)
    assert list(maps) == ["mean", "mean_lower", "mean_upper"]
    np.testing.assert_allclose(maps["mean_upper"].array - maps["mean"].array, half, rtol=1e-12)


def test_fishers_interval_is_the_textbooks():
    """Fisher (1921): z = atanh r is normal with standard deviation 1 / sqrt(n - 3)."""
    low, high = fisher(np.array(0.5), np.array(103.0), 0.95, "correlation")
    np.testing.assert_allclose([low, high], np.tanh(np.arctanh(0.5) + np.array([-1, 1]) * 0.1959963984540054))


def test_fishers_interval_of_a_correlation_of_one_is_one_and_not_a_difference_of_infinities():
    r = np.array([1.0, 0.3])
    low, high = fisher(r, np.array(10.0), 0.95, "correlation")
    assert (low[0], high[0]) == (1.0, 1.0)
    assert low[1] < 0.3 < high[1]
    assert np.isnan(fisher(r, np.array(3.0), 0.95, "correlation")[0][1])


def ratio(numerator, denominator, scale="correlation"):
    return Ratio(("factor",), np.array(numerator), np.array(denominator), scale)


def test_an_aggregated_index_is_a_ratio_of_sums():
    np.testing.assert_array_equal(aggregated(ratio([[1.0, 3.0]] * 4, np.full((4, 2), 4.0)), 0.95), [[0.25, 0.75]] * 3)


def test_an_aggregated_index_has_the_interval_of_a_cell():
    sums = np.array([[0.5], [0.4], [0.5], [0.6]])
    value, low, high = aggregated(ratio(sums, np.ones((4, 1)), "plain"), 0.95)
    np.testing.assert_array_equal([low, high], jackknife(sums[0], sums[1:], 0.95))
    assert low < value < high


def test_parts_of_a_field_add_up():
    whole = ratio([[3.0]] * 3, [[4.0]] * 3)
    np.testing.assert_array_equal(
        ratio([[1.0]] * 3, [[2.0]] * 3).plus(ratio([[2.0]] * 3, [[2.0]] * 3)).numerator, whole.numerator
    )


def test_a_field_without_variance_has_no_aggregated_index():
    value, low, _ = aggregated(ratio(np.zeros((3, 2)), np.zeros((3, 2))), 0.95)
    assert np.isnan([value, low]).all()
