"""Histograms that are a function of the set of values, to the bit."""

from collections import Counter
from fractions import Fraction
from math import floor, frexp

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dnnsa.estimators import dyadic
from dnnsa.estimators.base import FLAGS
from tests.estimators.reductions import DRAWS, EPS, as_draws, bits, block, frozen

TINY = 5e-324  # the smallest double
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, TINY, -TINY, 2.5e-308, 1e300, -1e300, 1.7e308, -1.7e308, 1.0, -1.0, 0.1, np.nan]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-1000, 1000).map(lambda k: 1e8 + k * 1e-9),  # a large offset with a small spread
    st.integers(-8, 8).map(float),
)
SETS = st.lists(VALUES, max_size=12)
BINS = st.sampled_from([8, 16, 128])


def exact(values, bins):
    """First bin, exponent and counts, by definition and in rational numbers."""
    largest = max(map(abs, values))
    exponent = max(frexp(largest)[1] - 53, -1074) if largest else -1074
    numbers = [floor(Fraction(value) / Fraction(2) ** exponent) for value in values]
    while max(numbers) - min(numbers) >= bins:
        exponent += 1
        numbers = [floor(Fraction(value) / Fraction(2) ** exponent) for value in values]
    counts = Counter(numbers)
    return min(numbers), exponent, [counts[min(numbers) + k] for k in range(bins)]


def state_of(values, bins):
    """The state of values of one cell, or of cells along the second dimension."""
    values = np.asarray(values, dtype=np.float64)
    return dyadic.update(dyadic.empty("histogram", DRAWS, values.shape[1:], bins), block(as_draws(values)))


@given(values=SETS.filter(lambda values: np.isfinite(values).any()), bins=BINS)
@example(values=[-TINY, 1e300], bins=8)  # -TINY / 2^e is 0 in doubles, and its floor is -1
@example(values=[-1.7e308, 1.7e308], bins=8)
@example(values=[-TINY, TINY], bins=8)
@settings(deadline=None, max_examples=200)
def test_the_histogram_is_the_one_defined(values, bins):
    finite = [value for value in values if np.isfinite(value)]
    state = state_of(values, bins)
    first, exponent = dyadic.grid(state.minimum, state.maximum, bins)
    assert (int(first), int(exponent), state.counts.tolist()) == exact(finite, bins)
    assert (state.minimum, state.maximum, state.n, state.seen) == (min(finite), max(finite), len(finite), len(values))


@given(sets=st.lists(SETS, min_size=1, max_size=5), bins=BINS, data=st.data())
@example(sets=[[-TINY], [1e300]], bins=8, data=None)
@example(sets=[[0.0], [-0.0]], bins=8, data=None)
@example(sets=[[0.0], [1.7e308], [-1.7e308]], bins=8, data=None)
@settings(deadline=None, max_examples=200)
def test_neither_order_nor_grouping_nor_blocks_change_a_bit(sets, bins, data):
    whole = bits(state_of([value for part in sets for value in part], bins))
    waiting = [frozen(state_of(part, bins)) for part in sets]
    while len(waiting) > 1:  # merge any two, in either order
        pick = data.draw(st.permutations(range(len(waiting)))) if data else range(len(waiting))
        one, other = waiting[pick[0]], waiting[pick[1]]
        rest = [state for k, state in enumerate(waiting) if k not in pick[:2]]
        waiting = [*rest, frozen(dyadic.merge(one, other))]
    assert bits(waiting[0]) == whole


def test_streaming_block_after_block_gives_the_bits_of_one_block():
    values = np.random.default_rng(0).standard_cauchy(size=(300, 4, 3))  # each block may widen the bins
    state = dyadic.empty("histogram", DRAWS, (4, 3), 32)
    for piece in np.array_split(values, 23):
        state = dyadic.update(state, block(as_draws(piece)))
    assert bits(state) == bits(state_of(values, 32))


def test_each_cell_has_its_own_grid():
    rng = np.random.default_rng(0)
    columns = np.stack([rng.normal(size=50) * scale for scale in (1e-300, 1e-7, 1, 1e300)], axis=1)
    columns[7, 1] = np.nan
    together = state_of(columns, 16)
    for cell in range(4):
        alone = state_of(columns[:, cell], 16)
        np.testing.assert_array_equal(together.counts[:, cell], alone.counts)
        assert (together.minimum[cell], together.n[cell]) == (alone.minimum, alone.n)
    assert together.counts.sum(axis=0).tolist() == [50, 49, 50, 50]


@pytest.mark.parametrize("bins", [8, 128, 1024])
def test_more_than_half_of_the_bins_span_the_range_of_what_varies(bins):
    rng = np.random.default_rng(0)
    state = state_of(rng.normal(size=(100, 200)) * 10 ** rng.uniform(-200, 200, 200), bins)
    first, exponent = dyadic.grid(state.minimum, state.maximum, bins)
    last = dyadic.bin_numbers(state.maximum, exponent) - first
    assert (last < bins).all()
    assert (last >= bins // 2).all()
    occupied = bins - 1 - (state.counts[::-1] > 0).argmax(axis=0)
    np.testing.assert_array_equal(occupied, last)


def test_flags_tell_what_varies_and_what_was_left_out():
    values = np.array([[0.3, 1.0, np.nan, 1.0], [0.3, 2.0, np.nan, np.nan], [0.3, 3.0, np.nan, np.nan]])
    left_out, few, still = (FLAGS[name] for name in ("base_points_left_out", "too_few_base_points", "no_variance"))
    assert dyadic.status(state_of(values, 8), EPS).tolist() == [still, 0, left_out | few, left_out]


@pytest.mark.parametrize(("bins", "use"), [(0, "8 or 16"), (4, "8 or 16"), (100, "64 or 128"), (-8, "8 or 16")])
def test_a_number_of_bins_that_is_no_power_of_two_is_refused(bins, use):
    with pytest.raises(ValueError, match="`bins` must be a power of two, 8 or more") as told:
        dyadic.check_bins(bins)
    assert str(told.value).endswith(f"got {bins}: use {use}")


def test_zero_has_no_sign():
    state = state_of([-0.0, -0.0], 8)
    assert not np.signbit([state.minimum, state.maximum]).any()
