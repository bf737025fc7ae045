"""The heat equation on a square plate, and its exact index maps.

u_t = D laplace(u), D = 1 m^2/s, on a plate of 10 m a side that is at one temperature everywhere when each side is
brought to a temperature of its own: five inputs. Implicit Euler, dt = 0.01 s, on N x N inner points. The discrete
operator is diagonal in sines, so that k steps are a power of its eigenvalues: no loop over time, and the numbers of a
sparse solver.
"""

import numpy as np
from scipy.fft import dstn, idstn

N = 24  # inner points a side
TIMES = (0.3, 1.0, 5.0)  # s
LENGTH, DIFFUSIVITY, DT = 10.0, 1.0, 0.01  # m, m^2/s, s
NAMES = ("initial", "west", "east", "south", "north")


def solve(initial, west, east, south, north):
    """Temperatures ``(n, time, y, x)`` of n plates, in the unit of the arguments, ``(n,)`` each; y goes north."""
    step = LENGTH / (N + 1)
    wave = 4 / step**2 * np.sin(np.pi * np.arange(1, N + 1) / (2 * (N + 1))) ** 2  # (N,) eigenvalues in one direction
    decay = DIFFUSIVITY * (wave[:, None] + wave)  # (y, x)
    source = np.zeros((len(initial), N, N))  # (n, y, x), what the sides put into the points beside them
    source[:, :, 0] += west[:, None]
    source[:, :, -1] += east[:, None]
    source[:, 0, :] += south[:, None]
    source[:, -1, :] += north[:, None]
    steady = dstn(source * DIFFUSIVITY / step**2, type=1, axes=(1, 2)) / decay
    start = dstn(np.broadcast_to(initial[:, None, None], source.shape), type=1, axes=(1, 2))
    steps = np.rint(np.array(TIMES) / DT)[:, None, None]  # (time, 1, 1)
    left = (1 + DT * decay) ** -steps  # (time, y, x) what is left of the way to the steady state
    return idstn(steady[:, None] + left * (start - steady)[:, None], type=1, axes=(2, 3))


def exact_indices():
    """First- and total-order indices (factor, time, y, x) of equal and independent laws: they are the same numbers.

    The field is linear, u = sum_i T_i phi_i, where phi_i is the field of T_i = 1 and the others 0. So
    S_i = ST_i = phi_i^2 / sum_j phi_j^2.
    """
    squares = solve(*np.eye(len(NAMES))) ** 2
    return squares / squares.sum(axis=0)
