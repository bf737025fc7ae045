"""Runs for tests of estimators, of any layout."""

import numpy as np

from dnnsa.estimators import Block
from dnnsa.layout import PICK_FREEZE, SAMPLE, TRAJECTORY, Layout, apart


def pick_freeze(p=2, second_order=False):
    return Layout(PICK_FREEZE, apart(p), second_order)


def points(layout, rng, n):
    """Coordinates of the points of n base points, ``(n, points, p)``."""
    p = len(layout.groups)
    if layout.pattern != TRAJECTORY:
        return rng.random((n, 2 if layout.pattern == PICK_FREEZE else 1, p))
    u = np.repeat((rng.integers(2, size=(n, 1, p)) + 0.5) / 4, layout.runs, axis=1)  # on the lower two of four levels
    for row in u:
        for step, group in enumerate(rng.permutation(layout.columns), start=1):
            row[step:, np.equal(layout.groups, group)] += 0.5
    return u


def block(layout, n, shape=(3,), seed=0, beside=(), offset=3.0):
    """A block of normal outputs; those beside are outputs of the same shape, or gradients if they are named so."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, layout.runs, *shape)) + offset
    u = points(layout, rng, n)
    extra = {"gradient": (len(layout.groups), *shape)}
    others = {name: rng.normal(size=(n, layout.runs, *extra.get(name, shape))) for name in beside}
    return Block(y, u, u, beside=others)


def rows(of, chosen):
    """Some base points of a block."""
    start = of.start + (chosen.start or 0) if isinstance(chosen, slice) else of.start
    others = {name: array[chosen] for name, array in of.beside.items()}
    return Block(of.y[chosen], of.u[chosen], of.x[chosen], of.replicate, start, others)


__all__ = ["PICK_FREEZE", "SAMPLE", "TRAJECTORY", "Layout", "apart", "block", "pick_freeze", "points", "rows"]
