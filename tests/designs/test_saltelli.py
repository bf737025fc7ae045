"""The pick-freeze design exchanges one column at a time, and refuses sizes that break its sequence."""

import numpy as np
import pytest
from SALib.sample import sobol as salib

from dnnsa.designs import Saltelli


def matrix(design, p, points):
    """All runs as rows of values, base point by base point, ``(size * (p + 2), p)``."""
    columns = [design.column(k, p, points[:, :, k]).reshape(-1) for k in range(p)]
    return np.stack(columns, axis=1)


def test_runs_are_a_then_b_then_a_with_one_column_of_b():
    design = Saltelli(base_points=8, replicates=2)
    points = design.points(3, 1, 0, 2)
    runs = matrix(design, 3, points).reshape(2, 5, 3)
    a, b = points[:, 0], points[:, 1]
    np.testing.assert_array_equal(runs[:, 0], a)
    np.testing.assert_array_equal(runs[:, 1], b)
    for k in range(3):
        e = a.copy()
        e[:, k] = b[:, k]
        np.testing.assert_array_equal(runs[:, 2 + k], e)


def test_the_runs_are_salibs_in_another_order():
    """SALib's rows of a base point are A, E_1 ... E_p, B; its points are the same construction, scrambled otherwise."""
    names = ["a", "b", "c"]
    problem = {"num_vars": 3, "names": names, "bounds": [[0, 1]] * 3}
    theirs = salib.sample(problem, 8, calc_second_order=False, seed=1).reshape(8, 5, 3)
    points = np.stack([theirs[:, 0], theirs[:, 4]], axis=1)
    ours = matrix(Saltelli(base_points=8, replicates=1), 3, points).reshape(8, 5, 3)
    np.testing.assert_array_equal(ours[:, [0, 2, 3, 4, 1]], theirs)


def test_columns_of_text_are_exchanged_like_numbers():
    values = np.array([["x", "y"]], dtype=object)
    assert Saltelli(base_points=4).column(1, 2, values).tolist() == [["x", "y", "x", "y"]]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_table_does_not_depend_on_the_size_of_its_blocks(size):
    design = Saltelli(base_points=8, replicates=1, seed=3)
    pieces = [design.points(2, 0, start, size) for start in range(0, 8, size)]
    np.testing.assert_array_equal(np.concatenate(pieces), design.points(2, 0, 0, 8))


def test_a_longer_study_contains_the_shorter_ones_points():
    short, long = Saltelli(base_points=32, seed=5), Saltelli(base_points=128, seed=5)
    np.testing.assert_array_equal(long.points(3, 2, 0, 8), short.points(3, 2, 0, 8))


def test_a_and_b_are_not_correlated():
    points = Saltelli(base_points=4096, replicates=1).points(6, 0, 0, 4096)
    r = np.corrcoef(points.reshape(4096, 12), rowvar=False) - np.eye(12)
    assert np.abs(r).max() < 0.02


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"base_points": 1000},
            "`base_points` must be a power of two multiple of `replicates` (4), got 1000: use 512 or 1024",
        ),
        (
            {"base_points": 96, "replicates": 3, "seed": -1},
            "`seed` must be 0 or above, got -1",
        ),
        ({"base_points": 0}, "`base_points` must be a power of two multiple of `replicates` (4), got 0: use 4 or 8"),
        ({"base_points": 64, "replicates": 0}, "`replicates` must be at least 1, got 0"),
    ],
)
def test_a_size_that_breaks_the_sequence_is_refused_with_one_that_works(settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Saltelli(**settings)
    assert str(error.value) == message


def test_replicates_need_not_be_a_power_of_two():
    assert Saltelli(base_points=96, replicates=3).points(2, 2, 16, 16).shape == (16, 2, 2)
