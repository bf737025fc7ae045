"""The laws that SALib has too are the same laws, its parameters for ours."""

import numpy as np
import pytest

from dnnsa.factors import LogNormal, LogUniform, Normal, Triangular, TruncNormal, Uniform, Weibull
from tests.factors.examples import U, name

SAME = [
    (Uniform(low=-2, high=3), "unif", [-2, 3]),
    (LogUniform(low=1e-3, high=10), "logunif", [1e-3, 10]),
    (Normal(mean=3, sd=0.5), "norm", [3, 0.5]),
    (LogNormal(mean=-1, sd=0.7), "lognorm", [-1, 0.7]),
    (TruncNormal(mean=3, sd=0.5, low=2.5, high=5), "truncnorm", [2.5, 5, 3, 0.5]),
    (Triangular(low=-1, mode=0.5, high=3), "triang", [-1, 3, 0.375]),
    (Weibull(shape=0.8, scale=3), "weibull", [0.8, 3]),
]


@pytest.mark.parametrize(("factor", "dist", "bounds"), SAME, ids=name)
def test_salibs_law_is_ours(factor, dist, bounds):
    from SALib.util import scale_samples

    problem = {"num_vars": 1, "names": ["x"], "bounds": [bounds], "dists": [dist]}
    theirs = scale_samples(U[:, np.newaxis].copy(), problem)[:, 0]
    np.testing.assert_allclose(factor.ppf(U), theirs, rtol=1e-12, atol=1e-12)
