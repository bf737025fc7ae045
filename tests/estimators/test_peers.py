"""The numbers of SALib, OpenTURNS and SciPy from the same runs, and what goes wrong with theirs and not with ours.

Numbers of peers are met to 1e-10 of a variance. Both sides sum about 1e3 products of outputs that are at most 1e4 times
their standard deviation: rounding is 1e3 x 1e4 x 2**-53 = 1e-9 at worst, and its root over the number of terms, 4e-11,
when roundings are independent of each other.
"""

import pickle
import subprocess
import sys
from functools import reduce
from itertools import pairwise

import numpy as np
import openturns as ot
import pytest
from SALib.analyze import sobol as salib_analysis
from SALib.sample import sobol as salib_sample
from scipy.stats import sobol_indices

from dnnsa.estimators import Block, Sobol
from dnnsa.estimators.base import FLAGS
from dnnsa.layout import PICK_FREEZE, Layout, apart

EPS = 2.0**-52
TO = {"rtol": 0, "atol": 1e-10}
N = 64
FORMS = ["corrected", "martinez", "jansen", "janon", "saltelli2010"]
OFFSETS = [0.0, 1e4]


def ishigami(x):
    x = np.pi * (2 * x - 1)
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def g_function(x):
    a = np.arange(x.shape[-1])
    return np.prod((np.abs(4 * x - 2) + a) / (1 + a), axis=-1)


FUNCTIONS = [(ishigami, 3), (g_function, 1), (g_function, 2), (g_function, 3), (g_function, 8)]
NAMES = ["ishigami", "g1", "g2", "g3", "g8"]
functions = pytest.mark.parametrize(("f", "p"), FUNCTIONS, ids=NAMES)


def problem(p, groups=None):
    names = [f"x{k}" for k in range(p)]
    return {"names": names, "num_vars": p, "bounds": [[0.0, 1.0]] * p} | ({"groups": groups} if groups else {})


def from_salib(y, g, second_order):
    """SALib's base-point-major outputs as ``(n, runs)`` of A, B, E_1 ..., C_1 ...: its B comes last."""
    rows = y.reshape(-1, g * (1 + second_order) + 2)
    return np.concatenate([rows[:, :1], rows[:, -1:], rows[:, 1:-1]], axis=1)


def from_openturns(y, p, n):
    """OpenTURNS's block-major outputs; of two inputs it leaves out C, which is E the other way round."""
    rows = np.asarray(y).reshape(-1, n).T  # (n, runs)
    return np.concatenate([rows, rows[:, :1:-1]], axis=1) if p == 2 else rows


def to_openturns(y):
    """``(n, runs)`` block by block, as a sample of one output."""
    return ot.Sample(y.T.reshape(-1, 1))


def blocks(y, cuts=3):
    """As a study sends them: some base points at a time."""
    edges = np.linspace(0, len(y), cuts + 1).astype(int)
    return [Block(y[i:j], np.empty((j - i, 2, 0)), np.empty((j - i, 2, 0))) for i, j in pairwise(edges)]


def layout_of(y, g):
    return Layout(PICK_FREEZE, apart(g), second_order=y.shape[1] == 2 * g + 2)


def state_of(sobol, y, g):
    """The state of runs ``(n, runs, *shape)``: each block folded by itself, then merged."""
    start = sobol.init(layout_of(y, g), y.shape[2:])
    return reduce(sobol.merge, (sobol.update(start, block) for block in blocks(y)))


def indices(y, g, estimator="corrected", intervals="replicates"):
    """Ours by name, of g groups."""
    sobol = Sobol(estimator=estimator, intervals=intervals)
    done = sobol.finalize([state_of(sobol, y, g)], layout_of(y, g), EPS)
    return {name: found.array for name, found in done.maps.items()}


def runs(f, p, second_order=False, offset=0.0, seed=1):
    x = salib_sample.sample(problem(p), N, calc_second_order=second_order, seed=seed)
    return from_salib(f(x) + offset, p, second_order)


@functions
@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("offset", OFFSETS)
def test_saltelli2010_is_salib(f, p, second_order, offset):
    x = salib_sample.sample(problem(p), N, calc_second_order=second_order, seed=1)
    y = f(x) + offset
    theirs = salib_analysis.analyze(problem(p), y, calc_second_order=second_order, num_resamples=2, seed=1)
    ours = indices(from_salib(y, p, second_order), p, "saltelli2010")
    np.testing.assert_allclose(ours["S1"], theirs["S1"], **TO)
    np.testing.assert_allclose(ours["ST"], theirs["ST"], **TO)
    if second_order:
        upper = np.triu_indices(p, 1)
        np.testing.assert_allclose(ours["S2"][upper], theirs["S2"][upper], **TO)
        np.testing.assert_allclose(ours["S2"], ours["S2"].T, rtol=0, atol=1e-15)  # S_j and S_k are taken away in turn


def test_saltelli2010_is_salib_for_groups():
    grouped = problem(8, groups=list("abacbacd"))
    x = salib_sample.sample(grouped, N, calc_second_order=True, seed=1)
    y = g_function(x)
    theirs = salib_analysis.analyze(grouped, y, calc_second_order=True, num_resamples=2, seed=1)
    ours = indices(from_salib(y, 4, True), 4, "saltelli2010")
    upper = np.triu_indices(4, 1)
    np.testing.assert_allclose(ours["S1"], theirs["S1"], **TO)
    np.testing.assert_allclose(ours["ST"], theirs["ST"], **TO)
    np.testing.assert_allclose(ours["S2"][upper], theirs["S2"][upper], **TO)


OPENTURNS = {"martinez": ot.MartinezSensitivityAlgorithm, "jansen": ot.JansenSensitivityAlgorithm}


def openturns_design(p, second_order):
    law = ot.JointDistribution([ot.Uniform(0, 1)] * p)
    ot.RandomGenerator.SetSeed(1)
    return ot.SobolIndicesExperiment(law, N, second_order).generate()


def agree_with_openturns(y, p, theirs, estimator):
    """First and total, and second order where y has the runs of it."""
    ours = indices(y, p, estimator)
    np.testing.assert_allclose(ours["S1"], theirs.getFirstOrderIndices(), **TO)
    np.testing.assert_allclose(ours["ST"], theirs.getTotalOrderIndices(), **TO)
    if "S2" in ours:
        second = np.array(theirs.getSecondOrderIndices())
        apart_from_itself = ~np.eye(p, dtype=bool)
        np.testing.assert_allclose(ours["S2"][apart_from_itself], second[apart_from_itself], **TO)


@functions
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("estimator", OPENTURNS)
def test_martinez_and_jansen_are_openturns_in_every_order(f, p, offset, estimator):
    x = openturns_design(p, second_order=True)
    y = f(np.array(x)) + offset
    theirs = OPENTURNS[estimator](x, ot.Sample(y[:, None]), N)
    agree_with_openturns(from_openturns(y, p, N), p, theirs, estimator)


@functions
@pytest.mark.parametrize("estimator", OPENTURNS)
def test_martinez_and_jansen_are_openturns_without_second_order(f, p, estimator):
    y = runs(f, p)
    theirs = OPENTURNS[estimator](ot.Sample(y.size, p), to_openturns(y), N)
    agree_with_openturns(y, p, theirs, estimator)


@pytest.mark.parametrize("estimator", OPENTURNS)
def test_runs_of_salib_give_the_numbers_of_openturns(estimator):
    y = runs(ishigami, 3, second_order=True)
    theirs = OPENTURNS[estimator](ot.Sample(y.size, 3), to_openturns(y), N)
    agree_with_openturns(y, 3, theirs, estimator)


def test_runs_of_openturns_give_the_numbers_of_salib():
    y = from_openturns(ishigami(np.array(openturns_design(3, second_order=True))), 3, N)
    salib_order = np.concatenate([y[:, :1], y[:, 2:], y[:, 1:2]], axis=1).ravel()
    theirs = salib_analysis.analyze(problem(3), salib_order, calc_second_order=True, num_resamples=2, seed=1)
    ours = indices(y, 3, "saltelli2010")
    for name in ("S1", "ST"):
        np.testing.assert_allclose(ours[name], theirs[name], **TO)


@pytest.mark.parametrize("offset", OFFSETS)
def test_the_state_holds_the_numbers_of_openturns_saltelli(offset):
    """No form of ours is OpenTURNS's Saltelli, of 2002: ``V_k = sum (B - mu)(E_k - mu)/(n - 1) - (mA - mu)(mB - mu)``.

    It takes the product of the two means of A and B where the form of 2010, ours and SALib's, takes the mean of their
    products, which is what frees it of their chance correlation. It is computed here from our state.
    """
    y = runs(ishigami, 3, offset=offset)
    theirs = ot.SaltelliSensitivityAlgorithm(ot.Sample(y.size, 3), to_openturns(y), N)
    s = state_of(Sobol(), y, 3)
    a, b, *e = s.mean - s.mean.mean(axis=0)
    v = s.m2[0] / (N - 1)
    first = ((s.c_be + N * b * np.array(e)) / (N - 1) - a * b) / v
    total = 1 - ((s.c_ae + N * a * np.array(e)) / (N - 1) - a * a) / v
    np.testing.assert_allclose(first, theirs.getFirstOrderIndices(), **TO)
    np.testing.assert_allclose(total, theirs.getTotalOrderIndices(), **TO)


@pytest.mark.parametrize("offset", OFFSETS)
def test_saltelli2010_is_openturns_mauntz_kucherenko_over_another_variance(offset):
    """Theirs divides the same sum by n - 1 and the variance of A, ours by n and that of A and B; totals have no tie.

    Theirs of the total is ``sum A (A - E_k)``, ours Jansen's.
    """
    y = runs(ishigami, 3, offset=offset)
    theirs = ot.MauntzKucherenkoSensitivityAlgorithm(ot.Sample(y.size, 3), to_openturns(y), N)
    ours = indices(y, 3, "saltelli2010")["S1"] * N * y[:, :2].var() / (N - 1) / y[:, 0].var(ddof=1)
    np.testing.assert_allclose(ours, theirs.getFirstOrderIndices(), **TO)


@pytest.mark.parametrize(("f", "p"), [pair for pair in FUNCTIONS if pair[1] > 1])
@pytest.mark.parametrize("offset", OFFSETS)
def test_saltelli2010_is_scipy_but_for_the_mean_that_it_is_centred_by(f, p, offset):
    """SciPy centres by the mean of A and B, SALib and we by that of all runs, which moves S1 by a product of means.

    The total index is a difference of runs and knows of no centre. SciPy stops at one factor of one output.
    """
    y = runs(f, p, offset=offset)
    a, b, e = y[:, 0], y[:, 1], y[:, 2:].T
    theirs = sobol_indices(func={"f_A": a[None], "f_B": b[None], "f_AB": e[:, None]}, n=N)
    ours = indices(y, p, "saltelli2010")
    moved = (y.mean() - y[:, :2].mean()) * (e.mean(axis=1) - a.mean()) / y[:, :2].var()
    np.testing.assert_allclose(ours["S1"] + moved, theirs.first_order, **TO)
    np.testing.assert_allclose(ours["ST"], theirs.total_order, **TO)


# What goes wrong with peers: facts/peers.md of the project tells where each was seen.


@pytest.mark.parametrize("estimator", FORMS)
def test_one_nan_costs_its_base_point_and_nothing_else(estimator):
    """SALib and SciPy answer 0 for every index, and iterative-stats NaN for ever after."""
    y = runs(ishigami, 3, second_order=True)
    holed = y.copy()
    holed[5, 3] = np.nan
    ours, without = indices(holed, 3, estimator), indices(np.delete(y, 5, axis=0), 3, estimator)
    for name in ("S1", "ST", "S2"):
        np.testing.assert_allclose(ours[name], without[name], rtol=1e-12, atol=1e-14)
    assert ours["n"] == N - 1
    assert ours["status"] == FLAGS["base_points_left_out"]


@pytest.mark.parametrize("estimator", FORMS)
@pytest.mark.parametrize("bad", [7.0, np.nan])
def test_a_constant_or_lost_cell_does_not_spoil_its_neighbours(estimator, bad):
    """OpenTURNS refuses the whole field."""
    y = runs(ishigami, 3, second_order=True)
    ours = indices(np.stack([y, np.full_like(y, bad), y], axis=-1), 3, estimator)
    alone = indices(np.stack([y, y], axis=-1), 3, estimator)
    for name in ("S1", "ST", "S2"):
        np.testing.assert_allclose(ours[name][..., [0, 2]], alone[name], rtol=1e-12)
        assert np.isnan(ours[name][..., 1]).all()


@pytest.mark.parametrize("estimator", FORMS)
def test_an_offset_of_1e8_moves_indices_by_rounding_only(estimator):
    """Raw sums of powers, as in iterative-stats, gave a variance of -6.1. Outputs of sd 4 keep 2**-27 of it here."""
    y, moved = (runs(ishigami, 3, second_order=True, offset=offset) for offset in (0.0, 1e8))
    ours, theirs = indices(moved, 3, estimator), indices(y, 3, estimator)
    for name in ("S1", "ST", "S2"):
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-7)


@pytest.mark.parametrize("estimator", FORMS)
@pytest.mark.parametrize("scale", [2.0**-40, 2.0**-200])
def test_small_outputs_are_not_taken_for_constant(estimator, scale):
    """An absolute floor of 1e-12 under the variance gave S = 0 and ST = 0. Powers of two scale to the bit."""
    y = runs(ishigami, 3, second_order=True)
    ours, small = indices(y, 3, estimator), indices(scale * y, 3, estimator)
    for name in ("S1", "ST", "S2"):
        np.testing.assert_array_equal(small[name], ours[name])


def test_an_index_of_one_has_an_interval_without_width_by_fisher():
    """Melissa answered inf - inf. Covariances off by one, as in iterative-stats, would give 1.04 and not 1."""
    ours = indices(runs(lambda x: x[..., 0], 2), 2, "martinez", "fisher")
    assert [ours[name][0] for name in ("S1", "S1_lower", "S1_upper")] == [1.0, 1.0, 1.0]
    assert [ours[name][1] for name in ("ST", "ST_lower", "ST_upper")] == [0.0, 0.0, 0.0]
    assert np.isfinite(ours["ST_lower"]).all()


def test_jansen_takes_away_what_melissa_added():
    """Of the total index of Ishigami's first factor, .5576, the wrong sign makes 3.28."""
    x = salib_sample.sample(problem(3), 1024, calc_second_order=False, seed=1)
    ours = indices(from_salib(ishigami(x), 3, False), 3, "jansen")
    np.testing.assert_allclose(ours["ST"], [0.5576, 0.4424, 0.2437], atol=0.02)


@pytest.mark.parametrize("estimator", FORMS)
@pytest.mark.parametrize("second_order", [False, True])
def test_a_single_factor_has_indices(estimator, second_order):
    """One column of one factor made iterative-stats stop. All variance is its own: E is B, and C is A.

    A sum over 64 base points in place of an identity, Saltelli's S1 and all ST, is 1 within four standard errors.
    """
    a, b = np.random.default_rng(1).normal(size=(2, N))
    y = np.stack([a, b, b, a][: 4 if second_order else 3], axis=1)
    ours = indices(y, 1, estimator)
    np.testing.assert_allclose(ours["S1"], 1.0, atol=0.5 if estimator == "saltelli2010" else 0)
    np.testing.assert_allclose(ours["ST"], 1.0, atol=0.5)
    if second_order:
        assert np.isnan(ours["S2"]).tolist() == [[True]]


@pytest.mark.parametrize("estimator", FORMS)
def test_a_state_read_back_goes_on_as_if_it_had_never_stopped(estimator):
    """Saltelli's of iterative-stats ignores the state that it is given."""
    y, sobol = runs(ishigami, 3, second_order=True), Sobol(estimator=estimator)
    first, second, third = blocks(y)
    start = sobol.init(layout_of(y, 3), ())
    straight = reduce(sobol.update, (first, second, third), start)
    kept = pickle.dumps(sobol.update(sobol.update(start, first), second))
    again = sobol.update(pickle.loads(kept), third)
    for ours, theirs in zip(again, straight, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_neither_outputs_nor_an_earlier_state_are_changed():
    """Iterative-stats changes the caller's array in place and returns live references as its saved state."""
    y, sobol = runs(ishigami, 3, second_order=True), Sobol()
    first, second, _ = blocks(y)
    state = sobol.update(sobol.init(layout_of(y, 3), ()), first)
    kept = (pickle.dumps(state), y.tobytes())
    sobol.merge(sobol.update(state, second), state)
    assert (pickle.dumps(state), y.tobytes()) == kept


def test_importing_estimators_leaves_the_log_alone():
    """Iterative-stats sets the root logger to DEBUG."""
    code = "import logging, dnnsa.estimators; print(logging.getLogger().level, logging.getLogger().handlers)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{30} []\n"
