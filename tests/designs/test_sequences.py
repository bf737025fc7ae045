"""Sobol' points are addressed by number, inside the open cube, and even."""

import numpy as np
import pytest

from dnnsa.designs.sequences import sobol


@pytest.mark.parametrize("size", [1, 2, 4, 16])
def test_points_do_not_depend_on_the_size_of_their_blocks(size):
    pieces = [sobol(6, 3, 0, start, size) for start in range(0, 64, size)]
    np.testing.assert_array_equal(np.concatenate(pieces), sobol(6, 3, 0, 0, 64))


def test_no_coordinate_is_zero_or_one():
    points = sobol(20, 0, 0, 0, 2**14)
    assert points.min() >= 2.0**-33
    assert points.max() <= 1 - 2.0**-33


def test_each_column_has_one_point_in_every_interval_of_a_power_of_two():
    points = sobol(5, 1, 0, 256, 256)
    assert all(np.unique(np.floor(column * 256)).size == 256 for column in points.T)


def test_replicates_and_seeds_are_scrambled_differently():
    drawn = [sobol(4, seed, replicate, 0, 32) for seed in (0, 1) for replicate in (0, 1)]
    assert len({points.tobytes() for points in drawn}) == 4


def test_a_far_point_is_that_of_the_sequence_drawn_from_its_beginning():
    np.testing.assert_array_equal(sobol(2, 0, 0, 2**16, 4), sobol(2, 0, 0, 0, 2**17)[2**16 : 2**16 + 4])
