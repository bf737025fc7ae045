"""Trajectories move one group at a time by half the levels, and never leave the open cube."""

import itertools

import numpy as np
import pytest
from SALib.analyze import morris as salib

from dnnsa.designs import Morris
from dnnsa.layout import Layout, apart

GROUPS = [(0,), apart(4), (0, 0), (0, 1, 0, 2, 1)]
EVERY = pytest.mark.parametrize("levels", [2, 4, 6, 10, 2**32])


def moves(points, groups):
    """Steps of each factor, ``(size, g, p)``, and which factors belong to each group, ``(g, p)``."""
    return np.diff(points, axis=1), np.arange(max(groups) + 1)[:, None] == np.array(groups)


@pytest.mark.parametrize("groups", GROUPS)
@EVERY
def test_every_run_moves_one_group_by_a_half_in_each_member_and_each_group_moves_once(groups, levels):
    steps, members = moves(Morris(base_points=1024, levels=levels).points(groups, 0, 0, 256), groups)
    assert set(np.abs(steps).flat) <= {0, 0.5}
    for trajectory in steps != 0:  # (g, p)
        np.testing.assert_array_equal(np.unique(trajectory, axis=0), np.unique(members, axis=0))


@EVERY
def test_points_are_the_middles_of_the_levels(levels):
    """To two roundings of numbers below 1: half of a level, and what .5 takes away from it."""
    points = Morris(base_points=1024, levels=levels).points(apart(4), 0, 0, 256)
    off = points * levels - 1 / 2
    np.testing.assert_allclose(off, np.round(off), rtol=0, atol=levels * 2.0**-52)
    assert points.min() > 0
    assert points.max() < 1


@pytest.mark.parametrize("levels", [2, 4, 6, 10])
def test_all_levels_are_used_alike_by_every_factor_in_every_run(levels):
    """Within five standard errors of a count, sqrt(n q (1 - q)) with q = 1 / levels."""
    n = 4096
    points = Morris(base_points=n, replicates=1, levels=levels).points((0, 1, 1), 0, 0, n)
    used = np.floor(points * levels)[..., None] == np.arange(levels)  # (n, g + 1, p, levels)
    np.testing.assert_allclose(used.sum(axis=0), n / levels, rtol=0, atol=5 * np.sqrt(n / levels * (1 - 1 / levels)))


def test_groups_move_in_every_order_alike():
    """Within five standard errors of a count, sqrt(n q (1 - q)) with q = 1/6."""
    n = 4096
    steps, _ = moves(Morris(base_points=n, replicates=1).points(apart(3), 0, 0, n), apart(3))
    orders = np.argmax(steps != 0, axis=2)  # (n, 3) which factor each step moves
    for order in itertools.permutations(range(3)):
        assert abs((orders == order).all(axis=1).sum() - n / 6) < 5 * np.sqrt(n / 6 * 5 / 6)


def test_members_of_a_group_move_each_in_its_own_direction():
    """All four pairs of directions, each within five standard errors of a count, sqrt(n q (1 - q)) with q = 1/4."""
    n = 4096
    steps = np.diff(Morris(base_points=n, replicates=1).points((0, 0), 0, 0, n), axis=1)[:, 0]  # (n, 2)
    for pair in itertools.product((-0.5, 0.5), repeat=2):
        assert abs((steps == pair).all(axis=1).sum() - n / 4) < 5 * np.sqrt(n / 4 * 3 / 4)


def test_factors_start_independently_of_each_other():
    """Correlations of 4,096 starts within five standard errors, 1/sqrt(n)."""
    starts = Morris(base_points=4096, replicates=1).points(apart(6), 0, 0, 4096)[:, 0]
    assert np.abs(np.corrcoef(starts, rowvar=False) - np.eye(6)).max() < 5 / np.sqrt(4096)


COEFFICIENTS = np.array([3.0, -2.0, 0.0, 0.5])


def test_a_linear_functions_elementary_effects_are_its_coefficients():
    points = Morris(base_points=64).points(apart(4), 1, 0, 16)
    steps = np.diff(points, axis=1)  # (16, 4, 4)
    moved = np.argmax(steps != 0, axis=2)  # (16, 4)
    effects = np.diff(points @ COEFFICIENTS, axis=1) / steps.sum(axis=2)
    np.testing.assert_allclose(effects, COEFFICIENTS[moved], rtol=0, atol=1e-14)


def test_salib_finds_the_coefficients_of_a_linear_function():
    """SALib divides by the step of its own grid of levels, which has 0 and 1: levels / (2 (levels - 1)), not 1/2."""
    names = [f"x{k}" for k in range(4)]
    problem = {"num_vars": 4, "names": names, "bounds": [[0, 1]] * 4}
    x = Morris(base_points=64, levels=4).points(apart(4), 1, 0, 16).reshape(-1, 4)
    found = salib.analyze(problem, x, x @ COEFFICIENTS, num_levels=4, seed=1)
    ratio = (4 / (2 * 3)) / (1 / 2)
    np.testing.assert_allclose(np.asarray(found["mu"], float) * ratio, COEFFICIENTS, rtol=0, atol=1e-14)
    np.testing.assert_allclose(np.asarray(found["mu_star"], float) * ratio, np.abs(COEFFICIENTS), rtol=0, atol=1e-14)
    np.testing.assert_allclose(np.asarray(found["sigma"], float), 0, atol=1e-14)


def test_the_points_are_the_runs():
    morris = Morris(base_points=64)
    assert morris.layout((0, 1, 0)) == Layout("trajectory", (0, 1, 0))
    assert morris.column(1, (0, 1, 0), np.array([[5, 7, 7]])).tolist() == [[5, 7, 7]]


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (5, "`levels` must be an even number from 2 to 2**32, got 5: use 4"),
        (1, "`levels` must be an even number from 2 to 2**32, got 1: use 2"),
        (0, "`levels` must be an even number from 2 to 2**32, got 0: use 2"),
        (-4, "`levels` must be an even number from 2 to 2**32, got -4: use 2"),
        (2**32 + 2, "`levels` must be an even number from 2 to 2**32, got 4294967298: use 4294967296"),
    ],
)
def test_levels_that_have_no_half_are_refused_with_a_number_that_has(levels, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Morris(base_points=64, levels=levels)
    assert str(error.value) == message
