"""The laws that every estimator obeys, whatever it estimates, with splits chosen by hypothesis."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnnsa.estimators import KINDS
from dnnsa.factors import Normal, Uniform
from dnnsa.layout import PICK_FREEZE, SAMPLE, TRAJECTORY, Layout, apart
from tests.estimators.blocks import block, pick_freeze, rows

LAWS = (Uniform(low=0, high=1), Normal(mean=0, sd=1))
SAMPLES = Layout(SAMPLE, apart(2), laws=LAWS)
# Each kind with settings, and the runs that it is for.
CASES = [
    ("sobol", {}, pick_freeze()),
    ("sobol", {"estimator": "martinez", "intervals": "fisher"}, pick_freeze()),
    ("sobol", {"estimator": "jansen"}, pick_freeze(second_order=True)),
    ("sobol", {"estimator": "saltelli2010"}, pick_freeze(second_order=True)),
    ("sobol", {}, Layout("pick-freeze", (0, 1, 0), second_order=True)),
    ("sobol", {"control": "linear"}, pick_freeze()),
    ("sobol", {"control": "linear", "estimator": "jansen"}, Layout("pick-freeze", (0, 1, 0), second_order=True)),
    ("moments", {}, pick_freeze()),
    ("moments", {}, SAMPLES),
    ("extrema", {}, pick_freeze()),
    ("exceedance", {"thresholds": (2.5, 3.5)}, pick_freeze()),
    ("histogram", {"bins": 16}, pick_freeze()),
    ("quantiles", {"bins": 16}, SAMPLES),
    ("covariance", {"quantity": "y", "other": "z"}, pick_freeze()),
    ("morris", {}, Layout(TRAJECTORY, apart(2))),
    ("morris", {}, Layout(TRAJECTORY, (0, 1, 0))),
    ("dgsm", {"quantity": "y", "gradient": "gradient"}, SAMPLES),
    ("active_subspace", {"quantity": "y", "gradient": "gradient"}, SAMPLES),
    ("binned", {"bins": 4}, pick_freeze()),
    ("binned", {"bins": 4}, SAMPLES),
    ("main_effects", {"parts": 4}, pick_freeze()),
    ("main_effects", {"parts": 4}, SAMPLES),
    ("hsic", {"bins": 4, "output_bins": 16}, SAMPLES),
]
COUNTED = {"extrema", "exceedance", "histogram", "quantiles", "hsic"}  # exact: not a bit hangs on the order
UNBOUNDED = {"extrema", "histogram"}
# The most base points of which there is no index yet, by kind and pattern; 0 unless given.
TOO_FEW = {
    ("sobol", PICK_FREEZE): 2,
    ("moments", SAMPLE): 1,
    ("morris", TRAJECTORY): 1,
    ("dgsm", SAMPLE): 1,
    ("active_subspace", SAMPLE): 1,
    ("binned", PICK_FREEZE): 1,
    ("binned", SAMPLE): 2,
    ("hsic", SAMPLE): 2,
}
BOUNDS = ("_lower", "_upper")
EPS = 2.0**-52
every = pytest.mark.parametrize(
    ("estimator", "layout"),
    [pytest.param(KINDS[kind](**given), layout, id=f"{kind}-{n}") for n, (kind, given, layout) in enumerate(CASES)],
)
SIZES = st.lists(st.integers(0, 6), min_size=1, max_size=6)


def runs(estimator, layout, n):
    return block(layout, n, beside=estimator.beside)


def frozen(state):
    for array in state:
        np.asarray(array).flags.writeable = False
    return state


def pieces(of, sizes):
    ends = np.cumsum(sizes)
    return [rows(of, slice(int(end - size), int(end))) for size, end in zip(sizes, ends, strict=True)]


def streamed(estimator, layout, of, sizes):
    state = frozen(estimator.init(layout, (3,)))
    for piece in pieces(of, sizes):
        state = frozen(estimator.update(state, piece))
    return state


def parts(estimator, layout, of, sizes):
    empty = frozen(estimator.init(layout, (3,)))
    return [frozen(estimator.update(empty, piece)) for piece in pieces(of, sizes)]


def same(estimator, left, right):
    for one, other in zip(left, right, strict=True):
        if estimator.kind in COUNTED:
            np.testing.assert_array_equal(one, other)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_every_kind_is_held_to_the_laws():
    assert {kind for kind, _, _ in CASES} == set(KINDS)


@every
@given(sizes=SIZES)
@settings(deadline=None, max_examples=40)
def test_merging_equals_streaming(estimator, layout, sizes):
    of = runs(estimator, layout, sum(sizes))
    merged = reduce(estimator.merge, parts(estimator, layout, of, sizes))
    same(estimator, merged, streamed(estimator, layout, of, [sum(sizes)]))
    same(estimator, merged, streamed(estimator, layout, of, sizes))


@every
@given(sizes=SIZES)
@settings(deadline=None, max_examples=40)
def test_grouping_does_not_matter_to_rounding(estimator, layout, sizes):
    states = parts(estimator, layout, runs(estimator, layout, sum(sizes)), sizes)
    other = reduce(lambda right, left: estimator.merge(left, right), states[::-1])
    same(estimator, reduce(estimator.merge, states), other)


@every
def test_an_empty_state_changes_nothing_to_the_bit(estimator, layout):
    of = runs(estimator, layout, 5)
    empty = frozen(estimator.init(layout, (3,)))
    state = streamed(estimator, layout, of, [2, 3])
    none = rows(of, slice(0, 0))
    for merged in (estimator.merge(empty, state), estimator.merge(state, empty), estimator.update(state, none)):
        for one, other in zip(merged, state, strict=True):
            np.testing.assert_array_equal(one, other)


@every
def test_the_outputs_are_not_changed(estimator, layout):
    of = runs(estimator, layout, 4)
    of.y[1, -1, 0] = np.nan
    for array in (of.y, of.u, of.x, *of.beside.values()):
        array.flags.writeable = False
    estimator.update(estimator.init(layout, (3,)), of)


@every
def test_a_state_holds_nothing_of_the_outputs(estimator, layout):
    of = runs(estimator, layout, 8)
    state = estimator.update(estimator.init(layout, (3,)), of)
    before = [np.array(array) for array in state]
    for array in (of.y, of.u, of.x, *of.beside.values()):
        array[...] = 7.0
    for one, other in zip(state, before, strict=True):
        np.testing.assert_array_equal(one, other)


@every
def test_a_cell_does_not_depend_on_its_neighbours(estimator, layout):
    clean = runs(estimator, layout, 32)
    spoilt = clean._replace(y=clean.y.copy())
    spoilt.y[:, :, 0] = 7.0
    spoilt.y[3, -1, 1] = np.nan
    states = [[streamed(estimator, layout, of, [20, 12])] * 3 for of in (clean, spoilt)]
    left, right = (estimator.finalize(state, layout, EPS).maps for state in states)
    for name in left:
        np.testing.assert_array_equal(left[name].array[..., 2], right[name].array[..., 2], err_msg=name)


@every
def test_a_base_point_with_a_value_that_is_not_finite_is_used_whole_or_not_at_all(estimator, layout):
    if getattr(estimator, "control", "none") != "none":
        pytest.skip("control is for all points or none: tests/estimators/test_control.py")
    of = runs(estimator, layout, 32)
    of.y[5, -1, 1] = np.inf
    # cut so that the others keep their numbers, which `extrema` tells
    spoilt = estimator.finalize([streamed(estimator, layout, of, [32])], layout, EPS).maps
    before, after = rows(of, slice(0, 5)), rows(of, slice(6, 32))
    empty = estimator.init(layout, (3,))
    without = estimator.merge(estimator.update(empty, before), estimator.update(empty, after))
    clean = estimator.finalize([without], layout, EPS).maps
    assert (spoilt["status"].array & 1).tolist() == [0, 1, 0]
    if "n" in spoilt:
        assert spoilt["n"].array.tolist() == [32, 31, 32]
    for name in set(spoilt) - {"n", "status"}:
        one, other = spoilt[name].array[..., 1], clean[name].array[..., 1]
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12, err_msg=name)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, bool])
def test_sums_are_kept_in_double_precision_whatever_the_outputs_are(estimator, layout, dtype):
    of = runs(estimator, layout, 64)
    y = (of.y * 3).astype(dtype)
    states = [streamed(estimator, layout, of._replace(y=z), [64]) for z in (y, y.astype(np.float64))]
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)


@every
def test_no_base_point_gives_no_number(estimator, layout):
    maps = estimator.finalize([estimator.init(layout, (3,))] * 3, layout, EPS).maps
    for name in set(maps) - {"n", "status"}:
        array = maps[name].array
        assert np.isnan(array).all() if array.dtype.kind == "f" else (array <= 0).all(), name
    assert (maps["status"].array & 2).all()


@every
@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_base_points_give_numbers_or_are_told_to_be_too_few(estimator, layout, n):
    state = streamed(estimator, layout, runs(estimator, layout, n), [n])
    maps = estimator.finalize([state, estimator.init(layout, (3,))], layout, EPS).maps
    few = n <= TOO_FEW.get((estimator.kind, layout.pattern), 0)
    assert (maps["status"].array == (2 if few else 0)).all()
    for name in {"n"} & set(maps):
        assert (maps[name].array == n).all()
    for name in set(maps) - {"n", "status", "mean"}:  # a mean there is of any
        array = maps[name].array
        if name.endswith(BOUNDS):
            assert np.isnan(array).all(), name  # of one replicate with base points
        elif array.dtype.kind == "f":
            assert np.isnan(array).all() == few, name


@pytest.mark.parametrize(("estimator", "layout"), [one for one in every.args[1] if one.values[0].kind not in UNBOUNDED])
def test_one_replicate_gives_values_without_bounds_but_those_of_fisher(estimator, layout):
    maps = estimator.finalize([streamed(estimator, layout, runs(estimator, layout, 16), [16])], layout, EPS).maps
    bounds = {name for name in maps if name.endswith(BOUNDS)}
    bounded = {name.removesuffix(end) for name in bounds for end in BOUNDS if name.endswith(end)}
    fisher = getattr(estimator, "intervals", "") == "fisher"
    assert bounds
    assert bounds == {name + end for name in bounded for end in BOUNDS}
    for name in bounded:
        assert np.isfinite(maps[name].array).any(), name
    for name in bounds:
        assert (np.isfinite if fisher else np.isnan)(maps[name].array).all(), name


@every
def test_maps_are_named_alike_with_and_without_base_points(estimator, layout):
    """The store is laid out from the results of no base point."""
    empty = estimator.finalize([estimator.init(layout, ())], layout, 0.0)
    full = estimator.finalize([streamed(estimator, layout, runs(estimator, layout, 16), [16])], layout, EPS)
    assert list(empty.maps) == list(full.maps)
    for name, map_ in full.maps.items():
        assert map_.leading == empty.maps[name].leading
        assert map_.array.shape == (*empty.maps[name].array.shape, 3)
        assert map_.array.dtype == empty.maps[name].array.dtype
    assert list(empty.coords) == list(full.coords)
