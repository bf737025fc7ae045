"""The criterion of a table of counts against plain sums over pairs, all permutations, and OpenTURNS."""

from itertools import permutations

import numpy as np
import openturns
import pytest

from dnnsa.estimators.kernels import Sums, dependence, dirac, gaussian, permutation_moments

ROWS, COLUMNS = 5, 8
SCALES = 1.7, 2.3  # bandwidths, in bins


def kernels():
    rows, columns = (gaussian(np.arange(float(n)), np.asarray(s)) for n, s in zip((ROWS, COLUMNS), SCALES, strict=True))
    return rows, columns


def sample(m, seed=0, slope=1.0):
    """Bins of m values of x and of y, which leans on x by ``slope``."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, ROWS, m)
    return x, np.clip(x * slope + rng.integers(0, COLUMNS - 1, m), 0, COLUMNS - 1).astype(int)


def table(x, y):
    counts = np.zeros((ROWS, COLUMNS), np.int64)
    np.add.at(counts, (x, y), 1)
    return counts


def centred_gram(kernel, bins):
    """The centred kernel between all values, ``(m, m)``, with the centring matrix written out."""
    m = len(bins)
    h = np.eye(m) - 1 / m
    return h @ kernel[np.ix_(bins, bins)] @ h


def plain(x, y):
    """HSIC(x, y), HSIC(x, x), HSIC(y, y) by sums over all pairs of values."""
    k, l = (centred_gram(kernel, bins) for kernel, bins in zip(kernels(), (x, y), strict=True))  # noqa: E741
    return np.array([(k * l).sum(), (k * k).sum(), (l * l).sum()]) / len(x) ** 2


@pytest.mark.parametrize("m", [4, 50, 300])
def test_the_criterion_of_a_table_is_that_of_its_values_pair_by_pair(m):
    x, y = sample(m)
    found = dependence(table(x, y), *kernels())
    xy, xx, yy = plain(x, y)
    np.testing.assert_allclose(found.hsic, xy, rtol=1e-12)
    np.testing.assert_allclose(found.r2, xy / np.sqrt(xx * yy), rtol=1e-12)


def test_the_moments_over_permutations_are_those_of_all_permutations():
    x, y = sample(7, seed=3)
    k, l = (centred_gram(kernel, bins) for kernel, bins in zip(kernels(), (x, y), strict=True))  # noqa: E741
    all_pairings = [(k * l[np.ix_(order, order)]).sum() / 49 for order in map(list, permutations(range(7)))]
    sums = [Sums(np.trace(g) / 7, (g * g).sum() / 49, (np.diag(g) ** 2).sum() / 7) for g in (k, l)]
    mean, variance = permutation_moments(*sums, np.asarray(7))
    np.testing.assert_allclose(mean, np.mean(all_pairings), rtol=1e-12)
    np.testing.assert_allclose(variance, np.var(all_pairings), rtol=1e-12)


def peer(x, y):
    models = []
    for scale in SCALES:
        models.append(openturns.SquaredExponential(1))
        models[-1].setScale([scale])
    as_sample = [openturns.Sample(bins[:, None].astype(float)) for bins in (x, y)]
    return openturns.HSICEstimatorGlobalSensitivity(models, *as_sample, openturns.HSICVStat())


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_the_criterion_is_that_of_openturns(slope):
    x, y = sample(100, slope=slope)
    found, other = dependence(table(x, y), *kernels()), peer(x, y)
    np.testing.assert_allclose(found.hsic, other.getHSICIndices()[0], rtol=1e-10)
    np.testing.assert_allclose(found.r2, other.getR2HSICIndices()[0], rtol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_the_p_value_is_near_that_of_permutations(seed):
    x, y = sample(60, seed=seed, slope=0.3)
    openturns.RandomGenerator.SetSeed(0)
    other = peer(x, y)
    other.setPermutationSize(4000)
    # 4,000 permutations err by .008 (one sd) at most; in eight samples, the gamma law was within .025 of 20,000
    assert abs(dependence(table(x, y), *kernels()).p - other.getPValuesPermutation()[0]) < 0.05


def test_every_table_of_a_stack_is_its_own():
    tables = np.array([table(*sample(40, seed)) for seed in range(3)])
    stacked = dependence(tables, *kernels())
    for number, one in enumerate(tables):
        np.testing.assert_allclose([a[number] for a in stacked], dependence(one, *kernels()), rtol=1e-13)


@pytest.mark.parametrize(
    "counts", [np.zeros((5, 8)), np.eye(5, 8) * [1, 1, 1, 0, 0, 0, 0, 0], np.ones((5, 1)) * np.eye(8)[0]]
)
def test_nothing_comes_of_fewer_than_four_values_or_of_one_bin(counts):
    assert np.isnan(dependence(counts.astype(np.int64), *kernels())).all()


def test_where_all_pairings_are_alike_nothing_is_surprising():
    counts = np.eye(6, dtype=np.int64)  # six values, each a category of its own: any pairing is as good
    found = dependence(counts, dirac(np.arange(6)), dirac(np.arange(6)))
    assert found.p == 1
    np.testing.assert_allclose(found.r2, 1, rtol=1e-12)
