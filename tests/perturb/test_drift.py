"""Drift in the units of its channel: a line, and a walk whose spread grows with the square root of time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops

from dnnsa.errors import ModelError
from dnnsa.perturb import Drift
from dnnsa.perturb.base import Data

ENTRIES = np.random.default_rng(0).normal(size=(30, 9, 2)) * [1, 50] + [0, 1000]
SPREAD = ENTRIES.std(axis=(0, 1))


def added(part: Drift, entries: Any = ENTRIES, rows: int = 4000, **values: Any) -> Any:
    """In standard deviations of the channel, to one input in all rows."""
    inputs = np.repeat(ENTRIES[:1], rows, axis=0)
    tensors = {name: ops.convert_to_tensor(array) for name, array in values.items()}
    apply = part.bind(Data(entries, lambda *_: ENTRIES, Path(), {}))
    result = apply(ops.convert_to_tensor(inputs), tensors, ops.convert_to_tensor(np.zeros(rows, np.int32)))
    return (ops.convert_to_numpy(result) - inputs) / SPREAD


def test_a_slope_is_reached_at_the_last_step_in_standard_deviations_of_the_channel() -> None:
    result = added(Drift(slope="slope"), rows=2, slope=np.array([1.5, -1.0]))
    expected = np.array([1.5, -1.0])[:, None, None] * np.linspace(0, 1, 9)[:, None]
    np.testing.assert_allclose(result, np.broadcast_to(expected, result.shape), atol=1e-10)


def test_a_walk_spreads_with_the_square_root_of_time_and_apart_in_each_channel() -> None:
    result = added(Drift(walk=0.7, seed="seed"), seed=np.arange(4000))
    np.testing.assert_allclose(result[:, 0], 0, atol=1e-12)
    expected = 0.7 * np.sqrt(np.arange(1, 9) / 8)
    np.testing.assert_allclose(result[:, 1:].std(axis=0), np.stack([expected] * 2, axis=1), rtol=0.05)  # 4.5 errors
    moves = np.diff(result, axis=1).reshape(4000, -1)
    assert np.abs(np.corrcoef(moves.T) - np.eye(16)).max() < 0.08  # 5 standard errors


def test_one_seed_is_one_walk_at_every_size() -> None:
    small, large = (added(Drift(walk=size, seed=7), rows=1) for size in (0.1, 1.0))
    np.testing.assert_allclose(large, 10 * small, atol=1e-9)


def test_a_walk_below_zero_is_a_failed_run_and_refused_as_a_constant() -> None:
    assert np.isnan(added(Drift(walk="walk"), rows=2, walk=np.array([-0.1, np.nan]))).all()
    with pytest.raises(ValueError, match="`walk` must be 0 or more, got -1"):
        Drift(walk=-1.0)


def test_a_file_with_nan_has_no_standard_deviation() -> None:
    holed = ENTRIES.copy()
    holed[3, 3, 0] = np.nan
    with pytest.raises(ModelError) as error:
        added(Drift(slope=1.0), holed)
    assert str(error.value) == "drift needs finite numbers in every input of the file, and there is NaN or infinity."


def test_seeds_are_integers() -> None:
    with pytest.raises(ModelError, match=r"^seed: factor `seed` must give integers, got float64"):
        added(Drift(walk=1.0, seed="seed"), rows=1, seed=np.array([0.5]))
