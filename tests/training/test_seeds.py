"""Random numbers of trainings: functions of seed, purpose and place, the same on host and device."""

import numpy as np
import pytest

from dnnsa.models import backend
from dnnsa.threefry import threefry
from dnnsa.training.data import subset
from dnnsa.training.seeds import on_host, orders, table, words


def test_the_host_draws_the_bits_that_a_device_draws():
    from keras import ops

    backend.start()
    key, counter = words(-(2**40) + 12345), (np.arange(300, dtype=np.uint32), np.full(300, 2**31, np.uint32))
    device = threefry(tuple(map(ops.convert_to_tensor, key)), tuple(map(ops.convert_to_tensor, counter)))
    for mine, theirs in zip(on_host(key, counter), device, strict=True):
        np.testing.assert_array_equal(mine, ops.convert_to_numpy(theirs))


def test_a_narrow_kernel_is_a_corner_of_a_wide_one():
    np.testing.assert_array_equal(table(7, 1, 20, 10), table(7, 1, 64, 128)[:20, :10])


def test_kernels_are_uniform_and_differ_by_layer_and_by_all_bits_of_the_seed():
    drawn = [table(seed, layer, 100, 100) for seed, layer in ((0, 0), (0, 1), (1, 0), (2**32, 0), (-1, 0))]
    for one in drawn:
        assert abs(one.mean()) < 0.02
        assert one.std() == pytest.approx(np.sqrt(1 / 3), abs=0.01)
        assert -1 < one.min() < one.max() < 1
    assert np.abs(np.corrcoef([one.ravel() for one in drawn]) - np.eye(5)).max() < 0.04


def test_the_order_of_an_epoch_does_not_depend_on_which_are_drawn_with_it():
    whole = orders(3, range(6), 50)
    np.testing.assert_array_equal(np.concatenate([orders(3, range(2), 50), orders(3, range(2, 6), 50)]), whole)
    assert (np.sort(whole, axis=1) == np.arange(50)).all()
    assert len({tuple(order) for order in whole}) == 6


def test_a_subset_begins_a_larger_one_and_differs_by_seed():
    assert sorted(subset(0, 40)) == list(range(40))
    assert (subset(0, 40) != subset(1, 40)).any()
