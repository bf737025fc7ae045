"""What benchmarks claim to compute alike: the sums of a block, where the outputs are."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dnnsa.estimators.fold import fold

FOLD = Path(__file__).parents[1] / "benchmarks" / "fold.py"
SUMS = ("n", "mean", "m2", "c_ae", "c_be", "c_ab")


@pytest.fixture
def on_device(monkeypatch):
    """The fold in TensorFlow, compiled by XLA, without the benchmark's hold on threads and cores."""
    pytest.importorskip("openturns")
    pytest.importorskip("iterative_stats")
    monkeypatch.setattr("os.environ", {})
    monkeypatch.setattr("os.sched_setaffinity", lambda *_: None, raising=False)
    spec = importlib.util.spec_from_file_location("benchmarks_fold", FOLD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.on_device


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sums_of_a_block_are_the_same_on_the_device(on_device, dtype):
    """To 1e-12 of the sums of squares: 16 terms of rounding 1e-16, and a mean of twice the standard deviation."""
    y = (np.random.default_rng(0).normal(size=(16, 6, 40)) + 2).astype(dtype)
    y[3, 2, ::7], y[5, 0, 3], y[:, 1, 5] = np.nan, np.inf, np.nan  # cell 5 has no base point
    ours, theirs = fold(y, False), dict(zip(SUMS, on_device(tf.constant(y)), strict=True))
    scale = np.maximum(ours.m2.max(axis=0), 1.0)  # (cells,)
    assert theirs["n"].numpy().tolist()[:6] == [15, 16, 16, 15, 16, 0]
    for name in SUMS:
        np.testing.assert_allclose(theirs[name].numpy() / scale, getattr(ours, name) / scale, rtol=0, atol=1e-12)


def test_a_wrong_sum_would_be_seen(on_device):
    """A and B exchanged: the test above can fail."""
    y = np.random.default_rng(0).normal(size=(16, 6, 40))
    theirs = on_device(tf.constant(y[:, [1, 0, 2, 3, 4, 5]]))
    assert np.abs(theirs[3].numpy() - fold(y, False).c_ae).max() > 1e-3
