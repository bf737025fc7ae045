"""Martinez's indices against closed forms, and what they say of cells that have none."""

import numpy as np
import pytest

from dnnsa.designs import Saltelli
from dnnsa.estimators import Sobol
from dnnsa.estimators.base import FLAGS
from dnnsa.estimators.intervals import aggregated

EPS = 2.0**-52
A = np.array([1.0, 2.0, 0.0])


def product(x):
    """x1 + 2 x2 + x1 x2 of centred uniforms, x3 inert; variance 1/12 + 4/12 + 1/144."""
    return x[..., 0] + 2 * x[..., 1] + x[..., 0] * x[..., 1]


V = np.array([12, 48, 0]) / 144
VT = np.array([13, 49, 0]) / 144
S1, ST = V / (61 / 144), VT / (61 / 144)


def replicates(f, base_points=4096, replicates=4, p=3):
    """States of a function of centred uniforms, ``f(x)`` with x of shape (n, p + 2, p)."""
    design = Saltelli(base_points=base_points, replicates=replicates)
    share = base_points // replicates
    states = []
    for replicate in range(replicates):
        points = design.points(p, replicate, 0, share) - 0.5
        x = np.stack([design.column(k, p, points[:, :, k]) for k in range(p)], axis=-1)  # (n, p + 2, p)
        y = f(x)
        states.append(Sobol().update(Sobol().init(p, y.shape[2:]), y))
    return states


def test_indices_meet_their_closed_form():
    maps = Sobol().finalize(replicates(product), EPS).maps
    np.testing.assert_allclose(maps["S1"].array, S1, atol=0.01)
    np.testing.assert_allclose(maps["ST"].array, ST, atol=0.003)


def test_intervals_hold_the_closed_form_and_are_narrow():
    maps = Sobol().finalize(replicates(product), EPS).maps
    for name, exact in (("S1", S1), ("ST", ST)):
        low, high = maps[f"{name}_lower"].array, maps[f"{name}_upper"].array
        assert ((low <= exact) & (exact <= high)).all()
        assert (high - low < 0.1).all()
        assert (low <= maps[name].array).all()
        assert (maps[name].array <= high).all()


def test_a_factor_that_does_nothing_has_a_total_index_of_zero_exactly_with_no_width():
    maps = Sobol().finalize(replicates(product), EPS).maps
    assert [maps[name].array[2] for name in ("ST", "ST_lower", "ST_upper")] == [0.0, 0.0, 0.0]


def test_a_factor_that_does_everything_has_indices_of_one():
    maps = Sobol().finalize(replicates(lambda x: x[..., 0]), EPS).maps
    assert maps["S1"].array[0] == 1.0
    assert maps["S1_lower"].array[0] == maps["S1_upper"].array[0] == 1.0
    assert np.isfinite(maps["ST_upper"].array).all()


@pytest.mark.parametrize("offset", [1e4, 1e8, -1e8])
def test_an_offset_does_not_move_the_indices(offset):
    plain = Sobol().finalize(replicates(product), EPS).maps
    moved = Sobol().finalize(replicates(lambda x: product(x) + offset), EPS).maps
    for name in ("S1", "ST", "S1_lower", "ST_upper"):
        np.testing.assert_allclose(moved[name].array, plain[name].array, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-150, 1e-7, 1e150])
def test_a_scale_does_not_move_the_indices(scale):
    plain = Sobol().finalize(replicates(product), EPS).maps
    scaled = Sobol().finalize(replicates(lambda x: product(x) * scale), EPS).maps
    np.testing.assert_allclose(scaled["ST"].array, plain["ST"].array, rtol=1e-9, atol=1e-12)
    assert (scaled["status"].array == 0).all()


def test_a_constant_cell_has_no_index_and_says_why():
    def f(x):
        return np.stack([product(x), np.full(x.shape[:-1], 0.1)], axis=-1)

    done = Sobol().finalize(replicates(f), EPS)
    assert np.isnan(done.maps["ST"].array[:, 1]).all()
    assert np.isfinite(done.maps["ST"].array[:, 0]).all()
    assert done.maps["status"].array.tolist() == [0, FLAGS["no_variance"]]


def test_noise_in_the_last_bit_of_single_precision_is_no_variance():
    def f(x):
        return (1 + 1e-7 * product(x)).astype(np.float32)

    maps = Sobol().finalize(replicates(f), float(np.finfo(np.float32).eps)).maps
    assert np.isnan(maps["S1"].array).all()


def test_small_probabilities_are_not_taken_for_dead():
    maps = Sobol().finalize(replicates(lambda x: 1e-12 * (1 + product(x))), EPS).maps
    np.testing.assert_allclose(maps["ST"].array, ST, atol=0.003)


def test_an_overflow_is_told():
    maps = Sobol().finalize(replicates(lambda x: 1e200 * product(x)), EPS).maps
    assert maps["status"].array & FLAGS["overflow"]
    assert np.isnan(maps["S1"].array).all()


def test_one_replicate_has_indices_and_no_intervals():
    maps = Sobol().finalize(replicates(product, replicates=1), EPS).maps
    assert np.isfinite(maps["S1"].array).all()
    assert np.isnan(maps["S1_lower"].array).all()


def test_a_higher_level_is_wider():
    states = replicates(product)
    narrow, wide = (Sobol(level=level).finalize(states, EPS).maps for level in (0.5, 0.99))
    assert (wide["S1_lower"].array < narrow["S1_lower"].array).all()


def test_aggregated_sums_weigh_cells_by_their_variance():
    def f(x):
        return np.stack([x[..., 0], 3 * x[..., 1]], axis=-1)

    ratio = Sobol().finalize(replicates(f), EPS).ratios["ST"]
    np.testing.assert_allclose(aggregated(ratio, 0.95)[0], [0.1, 0.9, 0], atol=1e-3)
    assert ratio.numerator.shape == (5, 3)


@pytest.mark.parametrize("index", ["S1", "ST"])
@pytest.mark.parametrize("f", [product, lambda x: x[..., 0] + 0.02 * x[..., 1]])
def test_an_aggregated_index_of_equal_cells_is_theirs_with_their_interval(index, f):
    done = Sobol().finalize(replicates(lambda x: np.stack([f(x)] * 3, axis=-1), base_points=1024), EPS)
    cells = [done.maps[name].array[:, 0] for name in (index, f"{index}_lower", f"{index}_upper")]
    np.testing.assert_allclose(aggregated(done.ratios[index], 0.95), cells, rtol=1e-9, atol=1e-12)


def test_a_cell_without_an_index_does_not_spoil_the_aggregated_one():
    def f(x):
        return np.stack([product(x), np.full(x.shape[:-1], 7.0), 1e200 * product(x)], axis=-1)

    def alone(x):
        return product(x)[..., None]

    whole, part = (aggregated(Sobol().finalize(replicates(g), EPS).ratios["ST"], 0.95) for g in (f, alone))
    np.testing.assert_allclose(whole, part, rtol=1e-12)


def test_a_level_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"`level` must be between 0 and 1, got 95"):
        Sobol(level=95)
