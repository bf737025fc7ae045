"""A sample is one run a base point, on the points of the sequence that is named."""

import numpy as np
import pytest

from dnnsa.designs import Sample
from dnnsa.designs.sequences import SEQUENCES
from dnnsa.layout import Layout


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sample_is_the_sequence_that_it_names(name):
    drawn = Sample(base_points=64, seed=3, sequence=name).points((0, 1, 2), 1, 4, 4)
    np.testing.assert_array_equal(drawn, SEQUENCES[name](3, 3, 1, 4, 4).reshape(4, 1, 3))


def test_groups_change_nothing_of_a_sample():
    sample = Sample(base_points=64)
    np.testing.assert_array_equal(sample.points((0, 0, 1), 0, 0, 8), sample.points((0, 1, 2), 0, 0, 8))


def test_a_base_point_is_one_run():
    sample = Sample(base_points=64)
    assert sample.layout((0, 0, 1)) == Layout("sample", (0, 0, 1), random=False)
    assert sample.column(1, (0, 0, 1), np.array([[5], [7]])).tolist() == [[5], [7]]


def test_only_independent_points_are_called_random():
    sequences = ("sobol", "halton", "latin_hypercube", "monte_carlo")
    assert [Sample(base_points=8, sequence=name).layout((0,)).random for name in sequences] == [False] * 3 + [True]
