"""What benchmarks claim to compute alike: the sums of a block, where the outputs are; and what they claim to cover."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dnnsa.estimators.fold import fold
from dnnsa.perturb import KINDS


def benchmark(name):
    path = Path(__file__).parents[1] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def device():
    return benchmark("on_device")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sums_of_a_block_are_the_same_on_the_device(device, dtype):
    """To 1e-12 of the sums of squares: 16 terms of rounding 1e-16, and a mean of twice the standard deviation."""
    y = (np.random.default_rng(0).normal(size=(16, 6, 40)) + 2).astype(dtype)
    y[3, 2, ::7], y[5, 0, 3], y[:, 1, 5] = np.nan, np.inf, np.nan  # cell 5 has no base point
    ours, theirs = fold(y, False), device.on_device(tf.constant(y))
    scale = np.maximum(ours.m2.max(axis=0), 1.0)  # (cells,)
    assert theirs[0].numpy().tolist()[:6] == [15, 16, 16, 15, 16, 0]
    for name, sums in zip(device.NAMES, theirs, strict=True):
        np.testing.assert_allclose(sums.numpy() / scale, getattr(ours, name) / scale, rtol=0, atol=1e-12)


def test_the_corruptions_of_the_benchmark_are_all_that_images_have():
    others = {"mask", "function", "feature_noise", "feature_shift", "replace"}
    others |= {"dropout_segment", "time_shift", "warp", "band", "drift"}
    assert {part.kind for part in benchmark("corruptions").PARTS} | others == set(KINDS)
