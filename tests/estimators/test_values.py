"""The values of a block that are independent draws, tile by tile."""

import numpy as np
import pytest

from dnnsa.estimators import tiles
from dnnsa.estimators.covariance import Covariance
from dnnsa.estimators.exceedance import Exceedance
from dnnsa.estimators.extrema import Extrema
from dnnsa.estimators.histogram import Histogram
from dnnsa.estimators.moments import Moments
from dnnsa.estimators.quantiles import Quantiles
from tests.estimators.reductions import DRAWS, EPS, PAIRS, WALKS, bits, block, frozen, merged, results, states

ESTIMATORS = [
    Moments(),
    Extrema(),
    Exceedance(thresholds=(2.5, 3.0)),
    Histogram(bins=16),
    Quantiles(bins=16),
    Covariance(quantity="output", other="z"),
]
each = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: estimator.kind)


def outputs(n, shape=(5,), runs=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, runs, *shape)) + 3


@each
def test_runs_that_are_not_independent_draws_are_refused(estimator):
    with pytest.raises(ValueError, match="needs runs that are independent draws") as told:
        estimator.init(WALKS, (3,))
    assert str(told.value) == (
        f"`{estimator.kind}` needs runs that are independent draws of the factors: "
        "use `design: {kind: sample}` or `saltelli`"
    )


@each
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3)])
def test_tiles_change_no_bit(estimator, shape, monkeypatch):
    y, z = outputs(9, shape), outputs(9, shape, seed=1)
    y[2, 3] = np.nan
    parts = [block(y[:4], z=z[:4]), block(y[4:], 0, 4, z=z[4:])]
    whole = merged(estimator, states(estimator, parts, PAIRS))
    told = estimator.finalize([whole, whole], PAIRS, EPS).maps
    for tile in (1, 40, 80):  # one cell, then two of the cells of a histogram of 16 bins, then four
        monkeypatch.setattr(tiles, "TILE", tile)
        assert bits(merged(estimator, states(estimator, parts, PAIRS))) == bits(whole)
        for name, value in estimator.finalize([whole, whole], PAIRS, EPS).maps.items():
            assert value.array.tobytes() == told[name].array.tobytes(), name


@each
@pytest.mark.parametrize("n", [3, 200])  # NumPy adds more than 8 values of a lone column in another order
def test_a_cell_by_itself_has_the_bits_it_has_among_others(estimator, n):
    y, z = outputs(n), outputs(n, seed=1)
    among = states(estimator, [block(y, z=z)], PAIRS)[0]
    for cell in range(5):
        alone = states(estimator, [block(y[..., cell], z=z[..., cell])], PAIRS)[0]
        for one, other in zip(alone, among, strict=True):
            other = other[..., cell] if other.ndim else other
            assert one.tobytes() == np.ascontiguousarray(other).tobytes()


@each
def test_an_array_in_another_order_of_memory_gives_the_same_bits(estimator):
    y, z = outputs(20, (4, 3)), outputs(20, (4, 3), seed=1)
    turned = (np.asfortranarray(y), np.asfortranarray(z))
    (plain,), (other,) = (states(estimator, [block(a, z=b)], PAIRS) for a, b in ((y, z), turned))
    assert bits(plain) == bits(other)


@each
def test_only_runs_that_are_independent_draws_count(estimator):
    y, z = outputs(20), outputs(20, seed=1)
    changed = y.copy()
    changed[:, 2:] = 100
    (one,), (other,) = (states(estimator, [block(a, z=z)], PAIRS) for a in (y, changed))
    assert bits(one) == bits(other)
    first = y.copy()
    first[:, 1] = 100
    (one,), (other,) = (states(estimator, [block(a, z=z)], DRAWS) for a in (y, first))
    assert bits(one) == bits(other)


@each
def test_a_base_point_is_left_out_whole_in_the_cell_where_one_of_its_runs_failed(estimator):
    y, z = outputs(20), outputs(20, seed=1)
    y[4, 3, 2] = np.nan  # of E_2, that no result reads
    spoilt, clean = (
        results(estimator, a, PAIRS, z=b) for a, b in ((y, z), (np.delete(y, 4, axis=0), np.delete(z, 4, axis=0)))
    )
    assert spoilt["status"].array.tolist() == [0, 0, 1, 0, 0]
    for name in set(spoilt) - {"status"}:
        told, expected = spoilt[name].array[..., 2], clean[name].array[..., 2]
        if name.endswith("base_point"):
            expected = expected + (expected >= 4)
        # sums of the same numbers and some zeros, in the same order: nothing is rounded otherwise
        np.testing.assert_array_equal(told, expected, err_msg=name)


@each
def test_the_callers_arrays_are_not_changed_and_states_do_not_follow_them(estimator):
    y, z = outputs(6), outputs(6, seed=1)
    kept = y.copy(), z.copy()
    (state,) = states(estimator, [block(y, z=z)], PAIRS)
    before = bits(state)
    np.testing.assert_array_equal(y, kept[0])
    np.testing.assert_array_equal(z, kept[1])
    y[:], z[:] = 1e9, np.nan
    assert bits(state) == before


@each
def test_states_are_not_changed_by_what_is_done_with_them(estimator):
    parts = [block(outputs(6), z=outputs(6, seed=1)), block(outputs(5, seed=2), 0, 6, z=outputs(5, seed=3))]
    one, other = map(frozen, states(estimator, parts, PAIRS))  # to write to them would raise
    estimator.merge(one, other)
    estimator.update(one, parts[1])
    estimator.finalize([one, other], PAIRS, EPS)


@each
def test_no_base_point_changes_nothing_to_the_bit(estimator):
    y, z = outputs(6), outputs(6, seed=1)
    y[0, 0, 0] = 1e200  # its fourth power overflows: an infinity times a weight of 0 is no number
    empty = estimator.init(PAIRS, (5,))
    (state,) = states(estimator, [block(y, z=z)], PAIRS)
    for same in (estimator.merge(empty, state), estimator.merge(state, empty)):
        assert bits(same) == bits(state)
    assert bits(estimator.update(state, block(y[:0], z=z[:0]))) == bits(state)


@each
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int32, np.uint8, bool])
def test_values_are_reduced_in_double_precision_whatever_the_outputs_are(estimator, dtype):
    y, z = ((outputs(64, seed=seed) > 3) + outputs(64, seed=seed) for seed in (0, 1))
    y, z = y.astype(dtype), z.astype(dtype)
    (given,) = states(estimator, [block(y, z=z)], PAIRS)
    (doubles,) = states(estimator, [block(y.astype(float), z=z.astype(float))], PAIRS)
    assert bits(given) == bits(doubles)


@each
@pytest.mark.parametrize("layout", [PAIRS, DRAWS])
def test_no_base_point_gives_no_number(estimator, layout):
    empty = estimator.init(layout, (3,))
    maps = estimator.finalize([empty] * 3, layout, EPS).maps
    for name in set(maps) - {"n", "n_covariance_z", "status", "histogram"}:
        array = maps[name].array
        assert np.isnan(array).all() if array.dtype.kind == "f" else (array == -1).all(), name
    assert maps["status"].array.tolist() == [2] * 3


@each
def test_one_replicate_gives_no_interval(estimator):
    maps = results(estimator, outputs(8), PAIRS, z=outputs(8, seed=1))
    for name in maps:
        if name.endswith(("_lower", "_upper")):
            assert np.isnan(maps[name].array).all(), name
            assert np.isfinite(maps[name.rsplit("_", 1)[0]].array).all(), name


@pytest.mark.parametrize("kind", [Moments, Quantiles])
@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, float("nan")])
def test_a_level_that_is_no_probability_is_refused(kind, level):
    with pytest.raises(ValueError, match=r"`level` must be between 0 and 1, got"):
        kind(level=level)
