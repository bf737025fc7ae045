"""Moments against SciPy's, at offsets that break naive sums."""

import numpy as np
import pytest
from scipy import stats

from dnnsa.estimators import Moments
from dnnsa.estimators.base import FLAGS

EPS = 2.0**-52


def results(y, cuts=(10, 30, 77)):
    estimator = Moments()
    empty = estimator.init(2, y.shape[2:])
    return estimator.finalize([estimator.update(empty, piece) for piece in np.split(y, cuts)], EPS).maps


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_are_those_of_the_values_of_a_and_b(offset):
    y = np.random.default_rng(0).gamma(2, size=(100, 4, 3)) + offset
    x = y[:, :2].reshape(200, 3)
    maps = results(y)
    np.testing.assert_allclose(maps["mean"].array, x.mean(axis=0))
    np.testing.assert_allclose(maps["variance"].array, x.var(axis=0, ddof=1), rtol=1e-8)
    np.testing.assert_allclose(maps["skewness"].array, stats.skew(x), rtol=1e-6)
    np.testing.assert_allclose(maps["kurtosis"].array, stats.kurtosis(x, fisher=False), rtol=1e-6)
    assert maps["n"].array.tolist() == [100] * 3


def test_a_constant_has_no_variance_and_no_shape():
    maps = results(np.full((100, 4), 0.3))
    assert maps["variance"].array == 0
    assert np.isnan(maps["kurtosis"].array)
    assert maps["status"].array == FLAGS["no_variance"]
