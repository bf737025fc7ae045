"""Covariance and correlation of two quantities against NumPy's, and where Melissa's went wrong."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.covariance import Covariance
from tests.estimators.reductions import DRAWS, EPS, PAIRS, as_draws, block, blocks, frozen, results, states

ESTIMATOR = Covariance(quantity="y", other="z")
SIZES = st.lists(st.integers(0, 6), min_size=1, max_size=6)


def couple(n, shape=(), rho=0.6, seed=0):
    """Outputs of two quantities whose correlation is rho, ``(n, 4, *shape)`` each."""
    y, e = np.random.default_rng(seed).normal(size=(2, n, 4, *shape))
    return y, rho * y + np.sqrt(1 - rho**2) * e


def test_it_belongs_to_one_quantity_and_reads_the_other():
    assert ESTIMATOR.of == ("y",)
    assert ESTIMATOR.beside == {"z": "same"}


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_covariance_and_correlation_are_numpys(offset):
    y, z = couple(50, (3,))
    maps = results(ESTIMATOR, y + offset, PAIRS, z=z - offset)
    for cell in range(3):
        pair = y[:, :2, cell].ravel(), z[:, :2, cell].ravel()
        # at 1e8 each value was rounded by 1e-8
        np.testing.assert_allclose(maps["covariance_z"].array[cell], np.cov(*pair)[0, 1], rtol=1e-12 + 1e-15 * offset)
        np.testing.assert_allclose(
            maps["correlation_z"].array[cell], np.corrcoef(*pair)[0, 1], rtol=1e-12 + 1e-15 * offset
        )
    assert set(maps) == {
        f"{name}_z{bound}" for name in ("covariance", "correlation") for bound in ("", "_lower", "_upper")
    } | {"n_covariance_z", "status"}


def test_the_correlation_of_a_quantity_with_itself_is_one():  # Melissa: 1.04 at n = 15
    y = np.random.default_rng(0).normal(size=(15, 1))
    maps = results(ESTIMATOR, y, replicates=3, z=y)
    np.testing.assert_allclose(maps["correlation_z"].array, 1, rtol=2 * EPS)
    np.testing.assert_allclose(maps["covariance_z"].array, y.var(ddof=1), rtol=1e-14)
    np.testing.assert_allclose(results(ESTIMATOR, y, z=-3 * y)["correlation_z"].array, -1, rtol=2 * EPS)


def test_values_in_closed_form():
    y, z = as_draws([0.0, 1.0, 2.0, 3.0]), as_draws([1.0, 0.0, 0.0, 3.0])
    maps = results(ESTIMATOR, y, z=z)
    np.testing.assert_allclose(maps["covariance_z"].array, 1, rtol=1e-15)  # (0 + 1/2 - 1/2 + 3) / 3
    np.testing.assert_allclose(maps["correlation_z"].array, 3 / np.sqrt(5 * 6), rtol=1e-15)


def test_a_base_point_counts_where_it_is_finite_in_both():
    y, z = couple(20, (3,))
    y[3, 0, 1] = np.nan
    z[7, 3, 1], z[8, 0, 2] = np.inf, np.nan
    maps = results(ESTIMATOR, y, PAIRS, z=z)
    pairs = [np.delete(a[:, :2, 1], [3, 7], axis=0).ravel() for a in (y, z)]
    np.testing.assert_allclose(maps["covariance_z"].array[1], np.cov(*pairs)[0, 1], rtol=1e-12)
    assert maps["status"].array.tolist() == [0, FLAGS["base_points_left_out"], FLAGS["base_points_left_out"]]


@pytest.mark.parametrize("still", ["y", "z"])
def test_a_constant_has_no_correlation_and_does_not_spoil_its_neighbour(still):
    y, z = couple(64, (2,))
    {"y": y, "z": z}[still][..., 0] = 0.3
    maps = results(ESTIMATOR, y, PAIRS, replicates=4, z=z)
    assert np.isnan(maps["correlation_z"].array).tolist() == [True, False]
    np.testing.assert_allclose(maps["covariance_z"].array[0], 0, atol=1e-15)
    assert maps["status"].array.tolist() == [FLAGS["no_variance"], 0]


@pytest.mark.parametrize(("layout", "few"), [(DRAWS, FLAGS["too_few_base_points"]), (PAIRS, 0)])
def test_one_pair_has_no_covariance(layout, few):
    y = np.array([[0.0, 2, 0, 0]])
    maps = results(ESTIMATOR, y, layout, z=2 * y)
    np.testing.assert_array_equal(maps["covariance_z"].array, np.nan if few else 4)
    assert maps["status"].array == few


@pytest.mark.parametrize("scale", [1e-7, 1e-140, 1e140])
def test_the_correlation_does_not_depend_on_the_units(scale):
    y, z = couple(64)
    plain, scaled = (results(ESTIMATOR, y, PAIRS, z=z * by)["correlation_z"].array for by in (1, scale))
    np.testing.assert_allclose(scaled, plain, rtol=1e-13)


def test_squares_beyond_the_range_of_doubles_are_told():
    y, z = couple(64)
    assert results(ESTIMATOR, y, PAIRS, z=z * 1e200)["status"].array == FLAGS["overflow"]


@given(sizes=SIZES, offset=st.sampled_from([0.0, 1e6]))
@settings(deadline=None)
def test_merging_equals_streaming_and_grouping_does_not_matter_to_rounding(sizes, offset):
    y, z = (a + offset for a in couple(sum(sizes), (3,)))
    parts = blocks(y, sizes, beside={"z": z})
    of = list(map(frozen, states(ESTIMATOR, parts, PAIRS)))
    left = reduce(ESTIMATOR.merge, of)
    right = reduce(lambda after, before: ESTIMATOR.merge(before, after), of[::-1])
    once = ESTIMATOR.update(ESTIMATOR.init(PAIRS, (3,)), block(y, z=z))
    for other in (right, once, reduce(ESTIMATOR.update, parts, ESTIMATOR.init(PAIRS, (3,)))):
        for a, b in zip(left, other, strict=True):
            # some tens of deviations of order 1, whose means are known to eps offset = 2e-10 at 1e6
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11 + 1e-13 * offset)


def test_the_interval_of_the_correlation_holds_as_often_as_it_says():
    y, z = couple(500, (400,))  # 400 repetitions, a cell each
    maps = results(ESTIMATOR, y[:, :1], replicates=10, z=z[:, :1])
    for name, true in (("correlation_z", 0.6), ("covariance_z", 0.6)):
        held = (maps[f"{name}_lower"].array <= true) & (true <= maps[f"{name}_upper"].array)
        assert 0.917 <= held.mean() <= 0.983, name  # .95 and three standard errors of 400 repetitions


def test_a_quantity_beside_itself_is_refused():
    with pytest.raises(ValueError, match="`other` must be another quantity than `quantity`, got `y` twice"):
        Covariance(quantity="y", other="y")
