"""The pick-freeze design exchanges one group of columns at a time."""

import numpy as np
import pytest
from SALib.sample import sobol as salib

from dnnsa.designs import Saltelli
from dnnsa.designs.sequences import SEQUENCES, sobol
from dnnsa.layout import Layout, apart

GROUPS = [(0,), apart(2), apart(3), (0, 0), (0, 1, 0), (0, 1, 1, 2, 0)]


def matrix(design, groups, points):
    """Values of all runs, ``(size, runs, p)``."""
    columns = [design.column(k, groups, points[:, :, k]) for k in range(len(groups))]
    return np.stack(columns, axis=-1)


def exchanged(into, other, groups, group):
    """``into``, with the columns of one group from ``other``; both ``(size, p)``."""
    return np.where(np.array(groups) == group, other, into)


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("second_order", [False, True])
def test_runs_are_a_then_b_then_a_with_one_group_of_b_then_b_with_one_of_a(groups, second_order):
    design = Saltelli(base_points=8, replicates=2, second_order=second_order)
    points = design.points(groups, 1, 0, 2)
    a, b = points[:, 0], points[:, 1]
    of_a = [exchanged(a, b, groups, group) for group in range(max(groups) + 1)]
    of_b = [exchanged(b, a, groups, group) for group in range(max(groups) + 1)]
    expected = np.stack([a, b, *of_a, *(of_b if second_order else [])], axis=1)
    np.testing.assert_array_equal(matrix(design, groups, points), expected)


def test_the_columns_of_three_factors_in_two_groups_by_hand():
    design = Saltelli(base_points=4, second_order=True)
    values = np.array([["a", "b"]], dtype=object)
    columns = ["".join(design.column(k, (0, 1, 0), values)[0]) for k in range(3)]
    assert columns == ["abbaab", "ababba", "abbaab"]
    assert "".join(Saltelli(base_points=4).column(0, (0,), values)[0]) == "abb"


@pytest.mark.parametrize("groups", [groups for groups in GROUPS if groups != (0, 0)])  # SALib drops a single group
@pytest.mark.parametrize("second_order", [False, True])
def test_the_runs_are_salibs_in_another_order(groups, second_order):
    """SALib's rows of a base point are A, E_1 ... E_g, [C_1 ... C_g,] B; here on SALib's own points."""
    p, g = len(groups), max(groups) + 1
    problem = {"num_vars": p, "names": [f"x{k}" for k in range(p)], "bounds": [[0, 1]] * p}
    problem |= {"groups": [f"group {k}" for k in groups]} if g < p else {}
    theirs = salib.sample(problem, 8, calc_second_order=second_order, seed=1).reshape(8, -1, p)
    points = np.stack([theirs[:, 0], theirs[:, -1]], axis=1)
    ours = matrix(Saltelli(base_points=8, replicates=1, second_order=second_order), groups, points)
    np.testing.assert_array_equal(ours, theirs[:, [0, -1, *range(1, theirs.shape[1] - 1)]])


def test_the_layout_says_what_the_runs_are():
    assert Saltelli(base_points=8).layout((0, 1, 0)) == Layout("pick-freeze", (0, 1, 0), random=False)
    pairs = Saltelli(base_points=8, second_order=True)
    assert pairs.layout((0, 1)) == Layout("pick-freeze", (0, 1), second_order=True, random=False)


def test_a_base_point_is_one_point_of_a_sequence_of_twice_the_columns():
    points = Saltelli(base_points=128, seed=3).points(apart(3), 1, 8, 4)
    np.testing.assert_array_equal(points, sobol(6, 3, 1, 8, 4).reshape(4, 2, 3))


def test_groups_and_second_order_do_not_change_the_points():
    one, other = Saltelli(base_points=64), Saltelli(base_points=64, second_order=True)
    np.testing.assert_array_equal(one.points(apart(3), 0, 0, 8), other.points((0, 0, 1), 0, 0, 8))


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_and_b_are_not_correlated(name):
    """Within five standard errors of independent points, 1/sqrt(n)."""
    points = Saltelli(base_points=4096, replicates=1, sequence=name).points(apart(6), 0, 0, 4096)
    r = np.corrcoef(points.reshape(4096, 12), rowvar=False) - np.eye(12)
    assert np.abs(r).max() < 5 / np.sqrt(4096)


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_total_indices_of_ishigami_are_right_on_every_sequence(name):
    """With A and B of two sequences, ST_1 comes out .18 for .56; here the error is 1/sqrt(n) at most, in five of them.

    Jansen's estimator; indices of Ishigami and Homma (1990) for a = 7, b = .1.
    """
    n = 4096
    design = Saltelli(base_points=n, replicates=1, sequence=name)
    x = np.pi * (2 * matrix(design, apart(3), design.points(apart(3), 0, 0, n)) - 1)
    y = np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])  # (n, p + 2)
    total = ((y[:, :1] - y[:, 2:]) ** 2).mean(axis=0) / (2 * y[:, 0].var())
    np.testing.assert_allclose(total, [0.5576, 0.4424, 0.2437], rtol=0, atol=5 / np.sqrt(n))
