"""The laws that every estimator obeys, whatever it estimates, with splits chosen by hypothesis."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnnsa.estimators import KINDS

P, SHAPE = 2, (3,)
ESTIMATORS = [kind() for kind in KINDS.values()]
SIZES = st.lists(st.integers(0, 6), min_size=1, max_size=6)


def runs(n, seed=0, offset=3.0):
    """Outputs of pick-freeze runs, ``(n, P + 2, *SHAPE)``."""
    return np.random.default_rng(seed).normal(size=(n, P + 2, *SHAPE)) + offset


def frozen(state):
    for array in state:
        np.asarray(array).flags.writeable = False
    return state


def stream(estimator, y, sizes):
    state = frozen(estimator.init(P, SHAPE))
    for piece in np.split(y, np.cumsum(sizes)[:-1]):
        state = frozen(estimator.update(state, piece))
    return state


def same(left, right, rtol=1e-11):
    for one, other in zip(left, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-11)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@given(sizes=SIZES)
@settings(deadline=None)
def test_merging_equals_streaming(estimator, sizes):
    y = runs(sum(sizes))
    empty = estimator.init(P, SHAPE)
    parts = [frozen(estimator.update(empty, piece)) for piece in np.split(y, np.cumsum(sizes)[:-1])]
    same(reduce(estimator.merge, parts), stream(estimator, y, [len(y)]))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@given(sizes=SIZES)
@settings(deadline=None)
def test_grouping_does_not_matter_to_rounding(estimator, sizes):
    y = runs(sum(sizes))
    empty = estimator.init(P, SHAPE)
    parts = [frozen(estimator.update(empty, piece)) for piece in np.split(y, np.cumsum(sizes)[:-1])]
    same(reduce(estimator.merge, parts), reduce(lambda right, left: estimator.merge(left, right), parts[::-1]))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_empty_state_changes_nothing_to_the_bit(estimator):
    empty = frozen(estimator.init(P, SHAPE))
    state = stream(estimator, runs(5), [2, 3])
    for merged in (estimator.merge(empty, state), estimator.merge(state, empty), estimator.update(state, runs(0))):
        for one, other in zip(merged, state, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_outputs_are_not_changed(estimator):
    y = runs(4)
    y[1, 2, 0] = np.nan
    y.flags.writeable = False
    estimator.update(estimator.init(P, SHAPE), y)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_cell_does_not_depend_on_its_neighbours(estimator):
    y = runs(32)
    spoilt = y.copy()
    spoilt[:, :, 0] = 7.0
    spoilt[3, 1, 1] = np.nan
    states = [[stream(estimator, z, [20, 12])] for z in (y, spoilt)]
    clean, other = (estimator.finalize(state, 2.0**-52).maps for state in states)
    for name in clean:
        np.testing.assert_array_equal(clean[name].array[..., 2], other[name].array[..., 2], err_msg=name)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_base_point_with_a_value_that_is_not_finite_is_used_whole_or_not_at_all(estimator):
    y = runs(32)
    y[5, 3, 1] = np.inf
    spoilt = estimator.finalize([stream(estimator, y, [32])], 2.0**-52).maps
    without = estimator.finalize([stream(estimator, np.delete(y, 5, axis=0), [31])], 2.0**-52).maps
    assert spoilt["n"].array.tolist() == [32, 31, 32]
    assert spoilt["status"].array.tolist() == [0, 1, 0]
    for name in set(spoilt) - {"n", "status"}:
        np.testing.assert_allclose(spoilt[name].array[..., 1], without[name].array[..., 1], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, bool])
def test_sums_are_kept_in_double_precision_whatever_the_outputs_are(estimator, dtype):
    y = (runs(64) * 3).astype(dtype)
    for one, other in zip(stream(estimator, y, [64]), stream(estimator, y.astype(np.float64), [64]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_base_point_gives_no_number(estimator):
    maps = estimator.finalize([estimator.init(P, SHAPE)] * 3, 2.0**-52).maps
    assert all(np.isnan(maps[name].array).all() for name in set(maps) - {"n", "status"})
    assert (maps["status"].array & 2).all()
