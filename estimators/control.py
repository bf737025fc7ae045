"""Control variates for pick-freeze sums: what a linear model would add to each by chance is taken out of it.

With coordinates u of the unit cube, ``f = c + L + R`` and ``L = sum_j beta_j (u_j - 1/2)``. In the sums of squares and
products of runs, the part of L is known twice: as it fell out at the points that were drawn, and as it is in the mean
over all of them, ``(n - 1) / 12`` times a sum of ``beta_j^2``. Each sum is given the second in place of the first
(Hammersley, Handscomb, Monte Carlo Methods, 1964, section 5.5). Indices of these sums have the error of R; where f is
far from linear, that of f.

The slopes are those that the exchanges show: ``E[(A - E_k) (a_j - b_j)] = beta_j / 6`` for each factor j of group k.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import Array, Block, sound
from dnnsa.estimators.pick_freeze import Control, SobolState
from dnnsa.estimators.tiles import Tile, by_tiles, total


def control(block: Block, groups: Array) -> Control:
    """The sums of one block; ``groups`` (p,) are the numbers of the factors' groups."""
    u = block.u[:, :2] - 0.5  # (n, 2, p) of A and B
    n, _, p = u.shape
    columns = groups.astype(int)
    y, step = block.y[:, : 3 + columns.max()], u[:, 0] - u[:, 1]  # (n, 2 + g, *shape), (n, p)
    (slope,) = by_tiles(partial(_slopes, step=step, columns=columns), (y,), n * y.shape[1], y.shape[2:])
    at = u.reshape(n, 2 * p)
    mean = at.mean(axis=0)
    return Control(slope, mean, (at - mean).T @ (at - mean), groups)


def _slopes(y: NDArray[Any], step: Array, columns: NDArray[np.int64]) -> Tile:
    """Sums of exchange times step, (n, runs, cells) to (p, cells); a base point that is not sound adds nothing."""
    exchange = np.where(sound(y)[:, None], y[:, :1].astype(np.float64) - y[:, 2:], 0.0)  # (n, columns, cells)
    return (np.stack([total(exchange[:, k] * step[:, j, None]) for j, k in enumerate(columns)]),)


def controlled(state: SobolState) -> SobolState:
    """The state with what L added by chance taken out of its sums.

    As it is where base points were left out, since of the others the mean is not known, and where no variance would be
    left, since points are too few for the slopes.
    """
    shape, runs = state.c_ab.shape, len(state.mean)
    beta = _slopes_of(state)  # (p, cells)
    both = np.concatenate([beta, beta])  # (2p, cells)
    reads = _reads(state.groups, runs)  # (runs, 2p)
    exact = (state.seen - 1) / 12 * both * both  # (2p, cells)

    def gap(run: int) -> Array:
        """Of the sums of products of a run with each, (runs, cells): as L has it in the mean, less as it fell out."""
        fell = both * (state.products @ (reads[run, :, None] * both))
        return reads @ (reads[run, :, None] * exact - fell)  # type: ignore[no-any-return]

    g = len(state.c_ae)
    a, b = gap(0), gap(1)
    rest = [gap(run) for run in range(2, runs)]
    own = np.stack([a[0], b[1], *(rest[k][2 + k] for k in range(runs - 2))])  # (runs, cells)
    moved = state._replace(
        m2=state.m2 + own.reshape(state.m2.shape),
        c_ae=state.c_ae + a[2 : 2 + g].reshape(state.c_ae.shape),
        c_be=state.c_be + b[2 : 2 + g].reshape(state.c_be.shape),
        c_ab=state.c_ab + a[1].reshape(shape),
        c_ac=state.c_ac + a[2 + g :].reshape(state.c_ac.shape),
        c_bc=state.c_bc + b[2 + g :].reshape(state.c_bc.shape),
    )
    if len(state.c_ec):
        crossed = np.stack([rest[k][2 + g :] for k in range(g)])  # (g of E, g of C, cells)
        moved = moved._replace(c_ec=state.c_ec + crossed.reshape(state.c_ec.shape))
    good = np.broadcast_to(state.n == state.seen, shape) & (moved.m2 > 0).all(axis=0)
    return SobolState(
        *(np.where(good, new, old) if new is not old else old for new, old in zip(moved, state, strict=True))
    )


def _slopes_of(state: SobolState) -> Array:
    """The linear part beta, (p, cells)."""
    p = len(state.groups)
    spread = state.products + state.seen * np.outer(state.at, state.at)  # sums of products about 1/2
    step = spread[:p, :p] + spread[p:, p:] - spread[:p, p:] - spread[p:, :p]  # of those of a - b
    slope, beta = state.slope.reshape(p, -1), np.zeros((p, state.c_ab.size))
    for group in np.unique(state.groups):
        members = np.flatnonzero(state.groups == group)
        beta[members] = np.linalg.pinv(step[np.ix_(members, members)], hermitian=True) @ slope[members]
    return beta


def _reads(groups: Array, runs: int) -> Array:
    """Whether a run reads each coordinate of a and of b, (runs, 2p): 1 or 0."""
    p = len(groups)
    frozen = groups == np.unique(groups)[:, None]  # (g, p)
    exchanged = np.concatenate([~frozen, frozen], axis=1)  # of E_k
    back = np.concatenate([frozen, ~frozen], axis=1)  # of C_k
    whole = np.repeat(np.eye(2, dtype=bool), p, axis=1)  # of A and B
    return np.concatenate([whole, exchanged, back])[:runs].astype(np.float64)
