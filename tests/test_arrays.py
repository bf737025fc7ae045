"""Entries of rows against NumPy."""

import numpy as np
import pytest
from keras import ops

from dnnsa.arrays import picked


@pytest.mark.parametrize("rest", [(), (3,)])
def test_each_row_gives_its_own_entries(rest: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(5, 7, *rest)).astype("float32")
    at = random.integers(0, 7, (5, 4)).astype("int32")
    found = ops.convert_to_numpy(picked(ops.convert_to_tensor(x), ops.convert_to_tensor(at)))
    np.testing.assert_array_equal(found, x[np.arange(5)[:, None], at])
