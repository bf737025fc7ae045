"""Models of the benchmarks, as functions of the factors: what a run costs is known, what it answers hardly matters."""

import time
from functools import cache, partial

import numpy as np

BASE_POINT = 0.010  # seconds of a base point, of two factors and so of four runs


def sleeps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A base point takes 10 ms, in which the processor is free: an accelerator, a licence, a file system."""
    time.sleep(len(a) / 4 * BASE_POINT)
    return a + 2 * b


def computes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A base point takes 10 ms of a processor: this thread's own time, so a crowded machine takes longer."""
    ends = time.thread_time() + len(a) / 4 * BASE_POINT
    while time.thread_time() < ends:
        pass
    return a + 2 * b


def _sleeps_long(block: float, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    time.sleep(len(a) / 4 / 64 * block)
    return a + 2 * b


sleeps_2s, sleeps_4s, sleeps_12s = (partial(_sleeps_long, seconds) for seconds in (2, 4, 12))  # a block of 64


def field(**factors: np.ndarray) -> np.ndarray:
    """1e4 cells in float64, for the price of writing them: ``(n, 10000)``."""
    return np.multiply.outer(sum(factors.values()), _positions((10_000,)))


def _polynomial(shape: tuple[int, ...], **factors: np.ndarray) -> np.ndarray:
    """A polynomial of the place in a field, the factors its coefficients: ``(n, *shape)`` in float32, in place."""
    n = len(next(iter(factors.values())))
    out, place = np.empty((n, *shape), np.float32), _positions(shape, np.float32)
    for run, y in enumerate(out):
        y[...] = 0
        for values in factors.values():
            y *= place
            y += float(values[run])
    return out


field_1e6, field_1e7 = partial(_polynomial, (1000, 1000)), partial(_polynomial, (2500, 4000))


def _surrogate(cells: int, **factors: np.ndarray) -> np.ndarray:
    """A network of one hidden layer of 64, from the factors to a field: ``(n, cells)`` in float32."""
    x = np.stack(list(factors.values()), axis=1).astype(np.float32)  # (n, p)
    hidden, out = _weights(x.shape[1], cells)
    return np.tanh(x @ hidden) @ out


surrogate_1e4, surrogate_1e6 = partial(_surrogate, 10_000), partial(_surrogate, 1_000_000)


@cache
def _weights(p: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal(shape, dtype=np.float32) for shape in ((p, 64), (64, cells)))


@cache
def _positions(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    return np.linspace(0.5, 1, int(np.prod(shape)), dtype=dtype).reshape(shape)
