"""A factor of every law, and what SciPy calls the same law."""

import numpy as np
from scipy import stats

from dnnsa.factors import (
    Beta,
    Choice,
    EmpiricalLaw,
    Gumbel,
    Integers,
    LogNormal,
    LogUniform,
    Normal,
    Triangular,
    TruncNormal,
    Uniform,
    Weibull,
)

# Coordinates as a design has them: odd multiples of 2**-33, both ends included.
U = np.concatenate([[2.0**-33, 2.0**-20], np.arange(1, 1024) / 1024, [1 - 2.0**-20, 1 - 2.0**-33]])

CONTINUOUS = [
    (Uniform(low=-2, high=3), stats.uniform(-2, 5)),
    (LogUniform(low=1e-5, high=10), stats.loguniform(1e-5, 10)),
    (Triangular(low=-1, mode=0.5, high=3), stats.triang(0.375, -1, 4)),
    (Triangular(low=-1, mode=-1, high=3), stats.triang(0, -1, 4)),
    (Triangular(low=-1, mode=3, high=3), stats.triang(1, -1, 4)),
    (Beta(a=2, b=0.7), stats.beta(2, 0.7)),
    (Beta(a=2, b=4, low=-3, high=-1), stats.beta(2, 4, -3, 2)),
    (Normal(mean=3, sd=0.5), stats.norm(3, 0.5)),
    (LogNormal(mean=-1, sd=0.7), stats.lognorm(0.7, scale=np.exp(-1))),
    (Weibull(shape=0.8, scale=3), stats.weibull_min(0.8, scale=3)),
    (Weibull(shape=5, scale=1e-3), stats.weibull_min(5, scale=1e-3)),
    (Gumbel(loc=1013, scale=558), stats.gumbel_r(1013, 558)),
    (Normal(mean=3, sd=0.5, low=2.5, high=5), stats.truncnorm(-1, 4, 3, 0.5)),
    (Normal(mean=3, sd=0.5, high=0), stats.truncnorm(-np.inf, -6, 3, 0.5)),
    (TruncNormal(mean=0, sd=2, low=12, high=20), stats.truncnorm(6, 10, 0, 2)),
]
TRUNCATED = [  # SciPy has no such laws, or not in all digits
    Normal(mean=30, sd=8, low=15),
    LogNormal(mean=-1, sd=0.7, low=0.1, high=2),
    LogNormal(mean=-1, sd=0.7, low=0),
    Weibull(shape=0.8, scale=3, low=1),
    Weibull(shape=5, scale=1e-3, high=2e-3),
    Gumbel(loc=1013, scale=558, low=500, high=3000),
    Gumbel(loc=0, scale=1, low=20),
    Gumbel(loc=0, scale=1, high=-3),
]
DISCRETE = [
    Integers(low=-3, high=4),
    Choice(values=("relu", None, 3), probabilities=(0.5, 0.25, 0.25)),
    Choice(values=(True, 1)),
    EmpiricalLaw(values=np.array([-1.0, 0, 0, 0, 2.5, 2.5, 7])),
]
LAWS = [*(factor for factor, _ in CONTINUOUS), *TRUNCATED, *DISCRETE]


def name(factor: object) -> str | None:
    """What a test shows of a factor."""
    return str(factor) if hasattr(factor, "ppf") else None
