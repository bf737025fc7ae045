"""The smallest and the largest value and the runs that gave them, whatever the order in which they came."""

from itertools import pairwise, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.extrema import Extrema
from tests.estimators.reductions import DRAWS, EPS, PAIRS, as_draws, bits, block, blocks, merged, states

TIED = hnp.arrays(np.float64, (6, 4, 2), elements=st.sampled_from([-1.0, -0.0, 0.0, 2.0, np.nan]))


def found(*parts, layout=PAIRS):
    estimator = Extrema()
    maps = estimator.finalize(states(estimator, parts, layout), layout, EPS).maps
    return {name: value.array.tolist() for name, value in maps.items()}


def test_the_runs_that_gave_the_extremes_are_named():
    y = np.random.default_rng(0).normal(size=(8, 4))
    y[:, 2:] = 1000  # E_1 and E_2 are no independent draws
    y[5, 1], y[2, 0] = -50, 50
    assert found(block(y[:4], 3, 16), block(y[4:], 3, 20)) == {
        "minimum": -50,
        "minimum_replicate": 3,
        "minimum_base_point": 21,
        "minimum_run": 1,
        "maximum": 50,
        "maximum_replicate": 3,
        "maximum_base_point": 18,
        "maximum_run": 0,
        "n": 8,
        "status": 0,
    }


def test_of_equal_values_the_first_run_of_the_first_base_point_of_the_first_replicate_counts():
    def places(*parts):
        told = found(*parts)
        return [told[f"{end}_{part}"] for end in ("minimum", "maximum") for part in ("replicate", "base_point", "run")]

    equal = np.ones((2, 4))
    later = equal.copy()
    later[0] = np.nan
    assert places(block(equal, 1, 0), block(equal, 0, 6), block(equal, 0, 4)) == [0, 4, 0] * 2
    assert places(block(equal, 2, 0), block(later, 1, 8)) == [1, 9, 0] * 2


@given(y=TIED, sizes=st.lists(st.integers(0, 6), min_size=1, max_size=6), data=st.data())
@settings(deadline=None)
def test_neither_order_nor_grouping_changes_a_bit(y, sizes, data):
    estimator = Extrema()
    whole = estimator.update(estimator.init(PAIRS, (2,)), block(y, 1))
    cuts = [0, *sorted(min(6, size) for size in sizes), 6]
    parts = [block(y[a:b], 1, a) for a, b in pairwise(cuts)]
    assert bits(merged(estimator, states(estimator, data.draw(st.permutations(parts)), PAIRS))) == bits(whole)


def test_all_orders_and_both_groupings_of_four_replicates_give_the_same_bits():
    y = np.random.default_rng(0).integers(-2, 3, size=(4, 3, 4, 50)).astype(float)  # ties between replicates
    estimator = Extrema()
    of = states(estimator, [block(part, replicate) for replicate, part in enumerate(y)], PAIRS)
    merge = estimator.merge
    told = set()
    for a, b, c, d in permutations(of):
        told |= {str(bits(merge(merge(a, b), merge(c, d)))), str(bits(merge(a, merge(b, merge(c, d)))))}
    assert len(told) == 1


def test_a_base_point_that_failed_gives_no_extreme():
    y = np.array([[1.0, 2, 3, 4], [-9, 9, np.inf, 0]])
    told = found(block(y))
    assert (told["minimum"], told["maximum"]) == (1, 2)
    assert (told["n"], told["status"]) == (1, FLAGS["base_points_left_out"])


def test_a_constant_is_told_and_one_value_is_not_called_one():
    constant = [FLAGS["no_variance"], 0]
    y = np.stack([np.full((5, 1), 0.3), np.arange(5.0)[:, None]], axis=-1)
    assert found(block(y), layout=DRAWS)["status"] == constant
    assert found(block(y[:1]), layout=DRAWS)["status"] == [0, 0]


def test_what_varies_is_told_by_its_own_size_and_not_by_a_fixed_one():
    noise = np.arange(5.0)[:, None] * np.array([1e-20, EPS])  # a small field, and one that its rounding moves
    told = found(block(as_draws(noise + np.array([0, 1]))), layout=DRAWS)
    assert told["status"] == [0, FLAGS["no_variance"]]


def test_the_extremes_are_those_of_numpy():
    y = np.random.default_rng(0).normal(size=(60, 4, 2, 3)).astype(np.float32)
    told = found(*blocks(y, [7, 0, 53]))
    np.testing.assert_array_equal(told["minimum"], y[:, :2].min(axis=(0, 1)))
    np.testing.assert_array_equal(told["maximum"], y[:, :2].max(axis=(0, 1)))
    runs = y[np.array(told["maximum_base_point"]), np.array(told["maximum_run"]), [[0], [1]], [0, 1, 2]]
    np.testing.assert_array_equal(runs, told["maximum"])
