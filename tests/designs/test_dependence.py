"""Which columns are told to be dependent, and which are left alone."""

import numpy as np
import pytest
from SALib.sample import sobol as salib_sample
from scipy.stats import norm, qmc

from dnnsa.designs import Saltelli
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
    left, right, correlation, _ = dependent(u, (0, 1, 2, 3))
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
    assert dependent(u, (0, 0, 1)) == (1, 1, pytest.approx(1), True)


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


def salib(p, n, seed):
    """A and B of a table of SALib, ``(n, 2, p)``."""
    problem = {"num_vars": p, "names": [f"x{k}" for k in range(p)], "bounds": [[0.0, 1.0]] * p}
    rows = salib_sample.sample(problem, n, calc_second_order=False, seed=seed).reshape(n, p + 2, p)
    return rows[:, [0, -1]]


def replicated(p, n, seed):
    """Points of our own design, four replicates of it."""
    design = Saltelli(base_points=n, replicates=4, seed=seed)
    return np.concatenate([design.points(tuple(range(p)), replicate, 0, n // 4) for replicate in range(4)])


def correlated(rho, n, sides, p, seed):
    """Columns 0 and 1 of a Gaussian copula of correlation rho."""
    z = np.random.default_rng(seed).normal(size=(n, sides, p))
    z[..., 1] = rho * z[..., 0] + np.sqrt(1 - rho**2) * z[..., 1]
    return norm.cdf(z)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("p", "n"), [(40, 64), (40, 128), (100, 32), (100, 64), (100, 128)])
def test_tables_of_salib_of_many_factors_are_sound(p, n, seed):
    """Few points of many columns have pairs that go together by .75, and factors that do at A and B by .8."""
    assert dependent(salib(p, n, seed), tuple(range(p))) is None


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("p", "n"), [(40, 256), (200, 1024)])
def test_points_of_our_own_design_of_many_factors_are_sound(p, n, seed):
    assert dependent(replicated(p, n, seed), tuple(range(p))) is None


@pytest.mark.parametrize(("p", "n"), [(8, 32), (40, 64), (100, 128), (200, 1024)])
def test_a_sample_of_one_sobol_sequence_of_many_factors_is_sound(p, n):
    u = qmc.Sobol(p, rng=1).random(n)[:, None]
    assert dependent(u, tuple(range(p))) is None


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize(
    ("rho", "n", "p", "found"),
    [
        (0.3, 100, 3, False),
        (0.9, 100, 3, True),
        (0.9, 100, 40, False),
        (0.5, 1000, 3, True),
        (0.5, 1000, 40, True),
        (0.9, 1000, 100, True),
        (1.0, 100, 100, True),
    ],
)
def test_what_is_told_of_correlated_factors(sides, rho, n, p, found):
    u = correlated(rho, n, sides, p, seed=1)
    assert (dependent(u, tuple(range(p))) is not None) == found


@pytest.mark.parametrize(("n", "limit"), [(1600, 0.25), (400, 0.99)])
def test_many_columns_at_few_points_have_a_higher_limit(n, limit):
    """Of 100 columns, 4 p / n; the turned ranks of `test_six_deviations_of_chance_are_the_limit`, either side of it."""
    for above in (True, False):
        r = limit + (0.004 if above else -0.004)
        u = draws(n, 1, 100)
        turned = round(((1 - r) * n * (n**2 - 1) / 2) ** (1 / 3))
        u[:, 0, 0] = u[:, 0, 1] = np.arange(n)
        u[:turned, 0, 0] = u[:turned, 0, 0][::-1]
        assert (dependent(u, tuple(range(100))) is not None) == above


@pytest.mark.parametrize(("hit", "found"), [(1, False), (2, True)])
def test_a_and_b_are_told_if_a_quarter_of_the_factors_go_together(hit, found):
    u = draws(400, 2, 8)
    noise = np.random.default_rng(2).random((400, hit))
    u[:, 1, :hit] = 0.6 * u[:, 0, :hit] + 0.4 * noise  # rank correlation .83 or so
    pair = dependent(u, tuple(range(8)))
    assert (pair is not None) == found
    assert pair is None or pair.left == pair.right < hit


def test_one_factor_of_many_that_is_the_same_at_a_and_at_b_is_found():
    u = draws(400, 2, 40)
    u[:, 1, 7] = u[:, 0, 7]
    assert dependent(u, tuple(range(40)))[:2] == (7, 7)


@pytest.mark.parametrize("p", [2, 3, 8])
@pytest.mark.parametrize("how", ["of two sequences", "one after the other"])
@pytest.mark.parametrize("seed", range(3))
def test_separate_sequences_are_found_from_128_points_on(p, how, seed):
    first, second = qmc.Sobol(p, rng=seed), qmc.Sobol(p, rng=seed + 1000)
    u = np.stack([first.random(128), (second if how == "of two sequences" else first).random(128)], axis=1)
    pair = dependent(u, tuple(range(p)))
    assert pair.left == pair.right


def test_a_constant_column_goes_with_nothing():
    u = draws(100, 2, 2)
    u[:, :, 0] = 0.5
    assert dependent(u, (0, 1)) is None


def test_a_b_made_of_the_columns_of_a_is_found():
    """x2, x3, x1 of a as x1, x2, x3 of b: each factor is independent of itself, and A and B are one point."""
    a = np.random.default_rng(0).random((1000, 3))
    pair = dependent(np.stack([a, np.roll(a, 1, axis=1)], axis=1), (0, 1, 2))
    assert pair.across
    assert pair.left != pair.right
