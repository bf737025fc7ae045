"""Which columns are told to be dependent, and which are left alone."""

import numpy as np
import pytest
from scipy.stats import qmc

from dnnsa.designs.dependence import dependent


def ordered(n, swaps):
    """A permutation of n whose rank correlation with the order is 1 less ``12 swaps / (n (n^2 - 1))``."""
    ranks = np.arange(n, dtype=float)
    for k in range(swaps):
        ranks[[2 * k, 2 * k + 1]] = ranks[[2 * k + 1, 2 * k]]
    return ranks


def columns(*sides):
    """``(n, sides, p)`` from a list of columns for each side."""
    return np.stack([np.stack(side, axis=1) for side in sides], axis=1)


def draws(n, sides, p, seed=1):
    return np.random.default_rng(seed).random((n, sides, p))


@pytest.mark.parametrize("sign", [1, -1])
def test_two_columns_of_a_sample_that_go_together_or_against_each_other_are_found(sign):
    u = draws(100, 1, 4)
    u[:, 0, 3] = 0.5 + sign * (u[:, 0, 1] - 0.5)
    left, right, correlation = dependent(u, (0, 1, 2, 3))
    assert (left, right) == (1, 3)
    assert correlation == pytest.approx(sign)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_dependent_is_so_at_a_and_at_b(sign):
    u = draws(100, 2, 3)
    u[:, :, 2] = 0.5 + sign * (u[:, :, 0] - 0.5)
    assert dependent(u, (0, 1, 2))[:2] == (0, 2)


def test_what_goes_together_at_a_alone_or_turns_round_at_b_is_left_alone():
    """So do a few pairs of many columns of a Sobol' sequence."""
    u = draws(100, 2, 3)
    u[:, 0, 2] = u[:, 0, 0]
    assert dependent(u, (0, 1, 2)) is None
    u[:, 1, 2] = 1 - u[:, 1, 0]
    assert dependent(u, (0, 1, 2)) is None


def test_columns_of_one_group_may_go_together():
    u = draws(100, 1, 3)
    u[:, 0, 2] = u[:, 0, 0]
    assert dependent(u, (0, 1, 0)) is None


def test_a_factor_that_is_the_same_at_a_and_at_b_is_found_even_in_a_group():
    u = draws(100, 2, 3)
    u[:, 1, 1] = u[:, 0, 1]
    assert dependent(u, (0, 0, 1)) == (1, 1, pytest.approx(1))


@pytest.mark.parametrize(("n", "found"), [(19, False), (20, True)])
def test_few_draws_say_nothing(n, found):
    u = columns([np.arange(n), np.arange(n)])
    assert (dependent(u, (0, 1)) is not None) == found


@pytest.mark.parametrize(("swaps", "found"), [(6, True), (7, False)])
def test_where_six_deviations_are_more_than_one_99_hundredths_are_dependence(swaps, found):
    """Of 20 draws 6 exchanges of neighbours leave .991 and 7 leave .989."""
    u = columns([np.arange(20), ordered(20, swaps)])
    assert (dependent(u, (0, 1)) is not None) == found


@pytest.mark.parametrize(("turned", "found"), [(59, True), (60, False)])
def test_six_deviations_of_chance_are_the_limit(turned, found):
    """Of 101 draws that is .6; turning the first m ranks round leaves 1 - 2 m (m^2 - 1) / (n (n^2 - 1)): .601, .581."""
    ranks = np.arange(101)
    ranks[:turned] = ranks[:turned][::-1]
    assert (dependent(columns([np.arange(101), ranks]), (0, 1)) is not None) == found


@pytest.mark.parametrize("p", [3, 20])
@pytest.mark.parametrize("n", [16, 64, 1024])
@pytest.mark.parametrize("scramble", [True, False])
def test_points_of_one_sobol_sequence_are_independent(p, n, scramble):
    u = qmc.Sobol(2 * p, scramble=scramble, rng=1).random(n).reshape(n, 2, p)
    assert dependent(u, tuple(range(p))) is None


def test_a_constant_column_goes_with_nothing():
    u = draws(100, 2, 2)
    u[:, :, 0] = 0.5
    assert dependent(u, (0, 1)) is None
