"""The fold of pick-freeze runs into sums, beside other packages, other ways to write it, and reading the same bytes.

    pip install dnnsa[bench]
    python benchmarks/fold.py [--small]

Blocks of 64 base points of p = 6 factors: 8 runs of 1e5 and 1e6 cells (2.5e5 with --small), float32 and float64, on
one core. A time is the least CPU time of several, taken in turn, so that a busy machine weighs on all alike. Rates are
GB of outputs a second: `fold` is the sums of one block, `update` is `Sobol.update`, those with their merge into a
running state. `read` is numpy's sum of the same bytes as float64. XLA folds at most 1e5 of the cells, iterative-stats 8
base points of all cells, OpenTURNS (with the copy into its sample) and SALib (with the fewest resamples it takes) 20
single cells of 1,024 base points: rates are by the bytes that each was given.

The last line is JSON: `of_read_bandwidth` is of `fold`, the others of `update`, each the worst of all sizes and dtypes,
larger is better.
"""

import argparse
import json
import logging
import os
import time
from collections.abc import Callable, Iterator

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
os.environ |= dict.fromkeys(THREADS, "1") | {"TF_CPP_MIN_LOG_LEVEL": "3"}  # read when the packages are imported
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

try:
    import openturns
    from iterative_stats.sensitivity.sensitivity_martinez import IterativeSensitivityMartinez
except ImportError as error:
    raise SystemExit(f"{error.name} is not installed: pip install dnnsa[bench]") from error

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from on_device import NAMES, on_device  # noqa: E402
from SALib.analyze import sobol  # noqa: E402

from dnnsa.estimators import Block, Sobol  # noqa: E402
from dnnsa.estimators.fold import fold  # noqa: E402
from dnnsa.layout import PICK_FREEZE, Layout, apart  # noqa: E402

BASE_POINTS, P = 64, 6
PROBLEM = {"num_vars": P, "names": list("abcdef"), "bounds": [[0, 1]] * P}


def blocked_numpy(y: np.ndarray, width: int = 512) -> list[np.ndarray]:
    """The same formulas in NumPy alone, of finite runs: mean, M2, C_AE, C_BE, C_AB; y is ``(n, runs, cells)``."""
    n, runs, cells = y.shape
    out = [np.empty((k, cells)) for k in (runs, runs, runs - 2, runs - 2, 1)]
    for first in range(0, cells, width):
        x = y[:, :, first : first + width]
        m = x.sum(axis=0, dtype=np.float64) / n
        d = x - m
        e = d.sum(axis=0)
        parts = (
            m,
            np.einsum("nrc,nrc->rc", d, d) - e * e / n,
            np.einsum("nc,nrc->rc", d[:, 0], d[:, 2:]) - e[0] * e[2:] / n,
            np.einsum("nc,nrc->rc", d[:, 1], d[:, 2:]) - e[1] * e[2:] / n,
            np.einsum("nc,nc->c", d[:, 0], d[:, 1]) - e[0] * e[1] / n,
        )
        for whole, part in zip(out, parts, strict=True):
            whole[:, first : first + width] = part
    return out


def check(y: np.ndarray) -> float:
    """The largest difference of the fold on a device from ours, relative to the sums of squares; some outputs bad."""
    y = y[:, :, :1000].copy()
    y[3, 2, ::7], y[5, 0, 3] = np.nan, np.inf
    ours, theirs = fold(y, False), on_device(tf.constant(y))
    size = np.sqrt(ours.m2.max(axis=0)) ** 2
    worst = max(float((np.abs(getattr(ours, k) - v.numpy()) / size).max()) for k, v in zip(NAMES, theirs, strict=True))
    if not worst < 1e-12:
        raise SystemExit(f"the fold on a device differs by {worst:.1e} of the sums of squares")
    return worst


def iterative_stats(y: np.ndarray) -> int:
    """Bytes folded into its running state, base point by base point."""
    peer = IterativeSensitivityMartinez(P, y.shape[2])
    for runs in y[:8]:
        peer.increment(runs)
    return y[:8].nbytes


def columns(y: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Single cells of 1,024 base points, made of neighbours: ``(1024, runs)``."""
    each = 1024 // len(y)
    for k in range(count):
        yield np.ascontiguousarray(np.moveaxis(y[:, :, k * each : (k + 1) * each], 1, 2)).reshape(1024, P + 2)


def salib(y: np.ndarray) -> int:
    for cell in columns(y, 20):
        rows = cell[:, [0, *range(2, P + 2), 1]].reshape(-1)  # A, E_1 ... E_p, B
        sobol.analyze(PROBLEM, rows, calc_second_order=False, num_resamples=2, seed=0)
    return 20 * 1024 * (P + 2) * y.itemsize


def open_turns(y: np.ndarray) -> int:
    inputs = openturns.Sample(1024 * (P + 2), P)
    for cell in columns(y, 20):
        sample = openturns.Sample(cell.T.reshape(-1, 1).astype(float))
        peer = openturns.MartinezSensitivityAlgorithm(inputs, sample, 1024)
        peer.getFirstOrderIndices(), peer.getTotalOrderIndices()
    return 20 * 1024 * (P + 2) * y.itemsize


def rates(ways: dict[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """GB/s of each, from the least time of several rounds in which they take turns."""
    least: dict[str, float] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.process_time()
            size = way()
            least[name] = min(least.get(name, np.inf), (time.process_time() - began) / size)
    return {name: 1e-9 / seconds for name, seconds in least.items()}


def measure(cells: int, dtype: str, rounds: int) -> dict[str, float]:
    """Rates of all ways on one block."""
    rng = np.random.default_rng(0)
    y = np.empty((BASE_POINTS, P + 2, cells), dtype)
    for row in y:
        row[...] = rng.random((P + 2, cells), dtype=dtype) + rng.random(cells, dtype=dtype)
    estimator, some, none = Sobol(), y[:, :, :100_000], np.empty((BASE_POINTS, 2, P))
    state = estimator.update(estimator.init(Layout(PICK_FREEZE, apart(P)), (cells,)), Block(y, none, none))
    small = tf.constant(some)
    check(y)
    on_device(small)
    return rates(
        {
            "read": lambda: (y.reshape(-1).view(np.float64).sum(), y.nbytes)[1],
            "fold": lambda: (fold(y, False), y.nbytes)[1],
            "update": lambda: (estimator.update(state, Block(y, none, none)), y.nbytes)[1],
            "blocked NumPy": lambda: (blocked_numpy(y), y.nbytes)[1],
            "XLA": lambda: (on_device(small)[0].numpy(), some.nbytes)[1],
            "iterative-stats": lambda: iterative_stats(y),
            "OpenTURNS": lambda: open_turns(y),
            "SALib": lambda: salib(y),
        },
        rounds,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="at most 2.5e5 cells, fewer rounds")
    small = arguments.parse_args().small
    logging.disable()  # iterative-stats has the root logger write every array
    details = []
    for cells in (100_000, 250_000 if small else 1_000_000):
        for dtype in ("float32", "float64"):
            found = measure(cells, dtype, 5 if small else 8)
            print(f"{cells} cells of {dtype}")
            for name, rate in found.items():
                print(f"  {name:16s} {rate:8.3f} GB/s  fold/this {found['fold'] / rate:8.2f}")
            details.append({"cells": cells, "dtype": dtype, "GB/s": {k: round(v, 4) for k, v in found.items()}})
    worst = {
        key: round(min(one["GB/s"][ours] / one["GB/s"][theirs] for one in details), 3)
        for key, ours, theirs in (
            ("vs_iterative_stats", "update", "iterative-stats"),
            ("of_read_bandwidth", "fold", "read"),
            ("vs_openturns", "update", "OpenTURNS"),
            ("vs_salib", "update", "SALib"),
        )
    }
    print(json.dumps(worst | {"details": details}))


if __name__ == "__main__":
    main()
