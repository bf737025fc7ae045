"""How often a quantity is above a threshold: counts, so the shares are exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.exceedance import Exceedance
from tests.estimators.reductions import DRAWS, EPS, PAIRS, as_draws, bits, block, blocks, merged, results, states


def test_the_share_above_each_threshold_is_exact():
    y = np.zeros((8, 4, 2))
    y[:, 0, 0] = np.arange(8)  # and B stays 0
    y[:, 2:] = 100  # E_1 and E_2 are no independent draws
    found = Exceedance(thresholds=(-1, 2.5, 7))
    done = found.finalize(states(found, blocks(y, [3, 5]), PAIRS), PAIRS, EPS)
    assert done.maps["exceedance"].leading == ("threshold",)
    assert done.maps["exceedance"].array.tolist() == [[1, 1], [5 / 16, 0], [0, 0]]
    assert done.maps["n"].array.tolist() == [8, 8]
    assert done.coords["threshold"].tolist() == [-1, 2.5, 7]


def test_a_value_equal_to_the_threshold_is_not_above_it():
    maps = results(Exceedance(thresholds=(1.0, 2.0)), as_draws([1.0, 2.0, 2.0, 3.0]))
    assert maps["exceedance"].array.tolist() == [3 / 4, 1 / 4]


def test_values_are_compared_in_double_precision():
    y = as_draws(np.full(4, 0.1, np.float32))  # 0.10000000149
    assert results(Exceedance(thresholds=(0.1, 0.1000001)), y)["exceedance"].array.tolist() == [1, 0]


def test_a_base_point_that_failed_is_neither_above_nor_below():
    y = np.array([[1.0, 2, 0, 0], [5, 5, np.nan, 0], [0, 0, 0, 0]])
    maps = results(Exceedance(thresholds=(0.5,)), y, PAIRS)
    assert maps["exceedance"].array.tolist() == [2 / 4]
    assert (maps["n"].array, maps["status"].array) == (2, FLAGS["base_points_left_out"])


@given(sizes=st.lists(st.integers(0, 6), min_size=1, max_size=6), data=st.data())
@settings(deadline=None)
def test_neither_order_nor_grouping_changes_a_bit(sizes, data):
    y = np.random.default_rng(0).normal(size=(sum(sizes), 4, 3))
    found = Exceedance(thresholds=(-0.5, 0.5))
    whole = found.update(found.init(PAIRS, (3,)), block(y))
    parts = states(found, data.draw(st.permutations(blocks(y, sizes))), PAIRS)
    assert bits(merged(found, parts)) == bits(whole)


def test_intervals_hold_as_often_as_they_say():
    y = np.random.default_rng(0).random(size=(1000, 1, 400))  # 400 repetitions, a cell each
    maps = results(Exceedance(thresholds=(0.7,)), y, replicates=10)
    held = (maps["exceedance_lower"].array <= 0.3) & (maps["exceedance_upper"].array >= 0.3)
    assert 0.917 <= held.mean() <= 0.983  # .95 and three standard errors of 400 repetitions


def test_what_never_happened_has_an_interval_of_no_width():
    maps = results(Exceedance(thresholds=(2.0,)), np.zeros((8, 1)), DRAWS, replicates=4)
    for name in ("exceedance", "exceedance_lower", "exceedance_upper"):
        assert maps[name].array.tolist() == [0]


@pytest.mark.parametrize("thresholds", [(), (1.0, 1.0), (2.0, 1.0), (float("nan"),), (0.0, float("inf"))])
def test_thresholds_that_do_not_increase_are_refused(thresholds):
    with pytest.raises(ValueError, match="`thresholds` must be one or more numbers in increasing order, got") as told:
        Exceedance(thresholds=thresholds)
    assert str(told.value).endswith(str(list(thresholds)))


def test_a_level_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="`level` must be between 0 and 1, got 95"):
        Exceedance(thresholds=(0.0,), level=95)
