"""Points are addressed by number, inside the open cube, and even."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from dnnsa.designs.sequences import (
    MOST_COLUMNS,
    SEQUENCES,
    STRATA,
    draw,
    enough,
    halton,
    latin_hypercube,
    monte_carlo,
    sobol,
)

ALL = pytest.mark.parametrize("sequence", SEQUENCES.values())
ANY_SIZE = pytest.mark.parametrize("sequence", [halton, latin_hypercube, monte_carlo])


@ALL
@given(st.integers(0, 6), st.integers(0, 2**32 - 1), st.integers(0, 9), st.integers(0, 2))
def test_points_do_not_depend_on_the_size_of_their_blocks(sequence, power, seed, number, replicate):
    size = 2**power
    halves = [sequence(3, seed, replicate, (2 * number + half) * size, size) for half in (0, 1)]
    np.testing.assert_array_equal(np.concatenate(halves), sequence(3, seed, replicate, 2 * number * size, 2 * size))


@ANY_SIZE
@given(st.integers(0, 2**31), st.integers(0, 300), st.integers(1, 300))
def test_a_point_depends_on_its_number_alone(sequence, start, before, size):
    np.testing.assert_array_equal(
        sequence(2, 0, 1, start + before, size), sequence(2, 0, 1, start, before + size)[before:]
    )


@ALL
def test_a_far_point_is_that_of_the_sequence_drawn_from_its_beginning(sequence):
    np.testing.assert_array_equal(sequence(2, 0, 0, 2**16, 4), sequence(2, 0, 0, 0, 2**17)[2**16 : 2**16 + 4])


@ALL
@pytest.mark.parametrize("columns", [1, 7])
def test_a_block_has_a_row_for_each_point(sequence, columns):
    assert sequence(columns, 0, 0, 8, 4).shape == (4, columns)


@ALL
def test_no_coordinate_is_zero_or_one(sequence):
    points = sequence(20, 0, 0, 0, 2**14)
    assert points.min() > 0
    assert points.max() < 1


@ANY_SIZE  # SciPy's Sobol' sequence takes a minute to come so far
def test_the_last_points_of_the_longest_replicate_are_points_like_others(sequence):
    points = sequence(20, 0, 0, 2**32 - 2**10, 2**10)
    assert points.min() > 0
    assert points.max() < 1
    assert all(np.unique(column).size == 2**10 for column in points.T)


def test_coordinates_are_the_middles_of_cells():
    for points in (sobol(3, 0, 0, 0, 256), latin_hypercube(3, 0, 0, 0, 256)):
        np.testing.assert_array_equal(points * 2**32 % 1, 0.5)
    np.testing.assert_array_equal(monte_carlo(3, 0, 0, 0, 256) * 2**52 % 1, 0.5)


@ALL
def test_replicates_and_seeds_are_drawn_differently_and_each_always_alike(sequence):
    keys = list(itertools.product((0, 1, 2, 2**32 - 1), (0, 1, 2)))
    drawn = {sequence(4, *key, 0, 32).tobytes() for key in keys}
    assert len(drawn) == len(keys)
    assert {sequence(4, *key, 0, 32).tobytes() for key in keys} == drawn


def spread(points):
    return qmc.discrepancy(points, method="CD")


@pytest.mark.parametrize("sequence", [sobol, halton, latin_hypercube])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_points_are_more_even_than_independent_ones(sequence, seed):
    """By the centred L2 discrepancy of 256 points of 4 columns, against the most even of 20 independent samples."""
    best = min(spread(monte_carlo(4, seed, replicate, 0, 256)) for replicate in range(20))
    assert spread(sequence(4, seed, 0, 256, 256)) < best


@ALL
def test_columns_are_uniform_and_not_correlated(sequence):
    """Within five standard errors of independent points: 1/sqrt(n) of a correlation, 1/sqrt(12 n) of a mean."""
    n = 4096
    points = sequence(12, 0, 0, 0, n)
    assert np.abs(np.corrcoef(points, rowvar=False) - np.eye(12)).max() < 5 / np.sqrt(n)
    assert np.abs(points.mean(axis=0) - 1 / 2).max() < 5 / np.sqrt(12 * n)


def test_each_column_of_sobol_has_one_point_in_every_interval_of_a_power_of_two():
    points = sobol(5, 1, 0, 256, 256)
    assert all(np.unique(np.floor(column * 256)).size == 256 for column in points.T)


def test_sobols_columns_are_those_of_scipys_direction_numbers():
    assert qmc.Sobol.MAXDIM == MOST_COLUMNS
    with pytest.raises(ValueError, match=str(MOST_COLUMNS)):
        sobol(MOST_COLUMNS + 1, 0, 0, 0, 1)


def test_sobols_points_are_those_of_earlier_releases():
    """Kept from release 0.1.0: other bits would be other results for the same study."""
    kept = [[1410597663, 7508268541, 8088807237], [5735185807, 4232980331, 1224133691]]
    np.testing.assert_array_equal(sobol(3, 5, 2, 8, 2) * 2**33, kept)


@pytest.mark.parametrize("powers", [(8, 0, 0), (0, 5, 0), (0, 0, 3), (3, 2, 1)])
def test_halton_has_one_point_in_every_box_of_powers_of_the_first_primes(powers):
    """2**a 3**b 5**c consecutive points, from a multiple of that: the property that defines the sequence."""
    sides = np.array([2, 3, 5]) ** powers
    boxes = sides.prod()
    for start in (0, 7 * boxes):
        points = halton(3, 4, 1, int(start), int(boxes))
        assert len(np.unique(np.floor(points * sides), axis=0)) == boxes


def test_the_last_of_many_columns_of_halton_is_in_the_prime_that_it_should_be():
    """The 1,000th prime is 7919: that many points have one in each of as many intervals, one more has not."""
    column = halton(1000, 0, 0, 0, 7919)[:, -1]
    assert np.unique(np.floor(column * 7919)).size == 7919


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_halton_permutes_the_digits_of_scipys(digits):
    """What has the same leading digits there has the same leading digits here, and what has others has others."""
    plain = qmc.Halton(3, scramble=False).random(1000) + 1e-9  # which are rounded down from 1/3
    ours = halton(3, 0, 0, 0, 1000)
    for column, base in enumerate((2, 3, 5)):
        cells = np.floor(base**digits * np.stack([plain[:, column], ours[:, column]]))  # (2, 1000)
        assert len(np.unique(cells, axis=1).T) == base**digits


@pytest.mark.parametrize("number", [0, 1, 9])
def test_every_latin_hypercube_has_one_point_in_each_stratum_of_each_column(number):
    points = latin_hypercube(5, 0, 1, number * STRATA, STRATA)
    np.testing.assert_array_equal(np.sort(np.floor(points * STRATA), axis=0), np.arange(STRATA)[:, None].repeat(5, 1))


def test_latin_hypercubes_that_follow_each_other_differ():
    strata = np.floor(latin_hypercube(2, 0, 0, 0, 3 * STRATA) * STRATA).reshape(3, STRATA, 2)
    assert len({cube[:, column].tobytes() for cube in strata for column in (0, 1)}) == 6


def test_points_of_a_latin_hypercube_lie_anywhere_in_their_strata():
    """The mean place of 4,096 points in their strata, within five standard errors of the middle."""
    within = latin_hypercube(1, 0, 0, 0, 4096) * STRATA % 1
    assert abs(within.mean() - 1 / 2) < 5 / np.sqrt(12 * 4096)
    assert abs(within.var() - 1 / 12) < 5 / np.sqrt(180 * 4096)


@pytest.mark.parametrize(("columns", "points"), [(1, 2), (2, 4), (8, 32), (16, 64), (32, 128), (200, 512)])
def test_from_enough_points_on_no_two_columns_of_sobol_share_their_first_bits(columns, points):
    assert enough(columns) == points
    for size, apart in ((points, True), (points // 2, False)):
        bits = 2.0 * (sobol(columns, 3, 1, 0, size) > 0.5) - 1  # (size, columns)
        alike = np.abs(bits.T @ bits) == size
        assert (alike.sum() == columns) == (apart or columns == 1)


def test_fewer_points_have_their_dimensions_in_another_order_in_each_replicate():
    """Columns 9 and 25 of 32 agree among 64 points, whatever the scrambling: a coin would never be exchanged."""
    few = [draw("sobol", 32, 64, 1, replicate, 0, 64) > 0.5 for replicate in range(4)]  # (64, 32) each
    alike = [np.abs((2.0 * bits - 1).T @ (2.0 * bits - 1)) == 64 for bits in few]
    assert all(one.sum() > 32 for one in alike)  # some pairs agree in each
    assert np.logical_and.reduce(alike).sum() == 32  # and no column with another in all
    np.testing.assert_array_equal(draw("sobol", 32, 128, 1, 0, 0, 64), sobol(32, 1, 0, 0, 64))
