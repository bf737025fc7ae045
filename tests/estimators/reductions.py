"""What tests of estimators of independent draws share: layouts, blocks of given outputs, and states to the bit."""

from functools import reduce

import numpy as np

from dnnsa.estimators.base import Block
from dnnsa.layout import Layout

PAIRS = Layout("pick-freeze", (0, 1))  # runs A, B, E_1, E_2: two independent draws
DRAWS = Layout("sample", (0, 1))  # one
WALKS = Layout("trajectory", (0, 1))  # none
EPS = 2.0**-52


def block(y, replicate=0, start=0, **beside):
    """A block of outputs ``(n, runs, *shape)``; these estimators read no coordinates."""
    none = np.empty((len(y), 2, 2))
    return Block(np.asarray(y), none, none, replicate, start, beside)


def as_draws(values):
    """Outputs ``(n, 1, *shape)`` of a design of independent draws."""
    return np.asarray(values)[:, None]


def blocks(y, sizes, replicate=0, beside=None):
    """Consecutive blocks of these sizes, which need not reach the end of ``y``."""
    ends = np.cumsum(sizes)
    cuts = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    others = beside or {}
    return [block(y[cut], replicate, cut.start, **{k: v[cut] for k, v in others.items()}) for cut in cuts]


def states(estimator, parts, layout):
    """The state of each block by itself."""
    return [estimator.update(estimator.init(layout, part.y.shape[2:]), part) for part in parts]


def results(estimator, y, layout=DRAWS, replicates=1, resolution=EPS, **beside):
    """Maps of outputs cut in equal replicates."""
    parts = [
        block(piece, number, 0, **{k: np.array_split(v, replicates)[number] for k, v in beside.items()})
        for number, piece in enumerate(np.array_split(y, replicates))
    ]
    return estimator.finalize(states(estimator, parts, layout), layout, resolution).maps


def bits(state):
    """Everything of a state that a file would hold."""
    return [(array.shape, array.dtype.str, array.tobytes()) for array in map(np.asarray, state)]


def frozen(state):
    """The same state, which nobody can write to."""
    for array in state:
        np.asarray(array).flags.writeable = False
    return state


def merged(estimator, parts):
    return reduce(estimator.merge, map(frozen, parts))
