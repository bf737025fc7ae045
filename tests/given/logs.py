"""Logs of runs whose truth is known: first-order indices .80, .06 and .00 of x1, x2 and x3, the rest chance."""

import numpy as np
import pandas as pd

from dnnsa.estimators import Binned, Block
from dnnsa.layout import SAMPLE, Layout, apart

NAMES = ("x1", "x2", "x3")
TRUTH = (0.80, 0.06, 0.00)


def outcome(x, rng):
    """Of rows of the unit cube, ``(n, 3)``."""
    z = np.sqrt(12) * (x - 0.5)
    return np.sqrt(0.8) * z[:, 0] + np.sqrt(0.06) * z[:, 1] + np.sqrt(0.14) * rng.normal(size=len(x))


def drawn(n, seed=0):
    """A log as it should be: inputs drawn independently of each other."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 3))
    return pd.DataFrame(x, columns=NAMES).assign(y=outcome(x, rng))


def failing(n, seed=0):
    """The same, but runs in which x1 and x3 are large together gave nothing."""
    log = drawn(n, seed)
    return log.assign(y=log.y.where(log.x1 + log.x3 < 1))


def searched(n, seed=0, step=0.05):
    """An adaptive log: each run is tried next to the best so far, the lowest."""
    rng = np.random.default_rng(seed)
    x, y, best = np.empty((n, 3)), np.empty(n), 0
    for k in range(n):
        tried = x[best] + step * rng.normal(size=3) if k else rng.random(3)
        x[k] = np.clip(1 - np.abs(1 - np.abs(tried)), 0, 1)
        y[k] = outcome(x[k : k + 1], rng)[0]
        best = k if y[k] < y[best] else best
    return pd.DataFrame(x, columns=NAMES).assign(y=y)


def naive(log, names=NAMES, y=None, bins=16):
    """What somebody finds who asks no questions: indices of ranks, from the rows that have an output."""
    y = log.y if y is None else y
    kept = np.isfinite(y)
    x = (log.loc[kept, list(names)].rank() - 0.5) / kept.sum()
    estimator, layout = Binned(bins=bins), Layout(SAMPLE, apart(len(names)))
    u = x.to_numpy()[:, None]
    state = estimator.update(estimator.init(layout, ()), Block(y[kept].to_numpy()[:, None], u, u))
    return estimator.finalize([state], layout, 2.0**-52).maps["S1_binned"].array
