"""Derivative-based measures against closed forms, and the laws of estimators."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from dnnsa.estimators import tiles
from dnnsa.estimators.base import FLAGS, Block
from dnnsa.estimators.dgsm import Dgsm
from dnnsa.layout import PICK_FREEZE, SAMPLE, TRAJECTORY, Layout, apart

EPS = 2.0**-52
DGSM = Dgsm(quantity="f", gradient="df")


@dataclass(frozen=True)
class Law:
    ppf: Any
    kind: str = "of a test"
    discrete: bool = False


UNIFORM, NORMAL = Law(lambda u: u), Law(special.ndtri)
HEAVY = Law(stats.lognorm(1).ppf, "lognormal")
CHOICE = Law(lambda u: np.floor(3 * u), "choice", discrete=True)


def layout_of(p=2, pattern=PICK_FREEZE, laws=None):
    return Layout(pattern, apart(p), laws=laws or (UNIFORM,) * p)


def runs(n, p=2, shape=(3,), pattern=PICK_FREEZE, seed=0):
    """Outputs ``y = x_1 x_2 + c`` of uniform factors (x_1 alone for one), and their derivatives."""
    layout = layout_of(p, pattern)
    x = np.random.default_rng(seed).random((n, layout.runs, p))
    c = np.arange(np.prod(shape)).reshape(shape) + 1.0
    cells = (..., *(None,) * len(shape))
    y = x.prod(axis=-1)[cells] * c + c
    slopes = (x[..., ::-1] if p == 2 else np.ones_like(x))[cells] * c
    return y, slopes


def state_of(y, slopes, layout, cuts=(), estimator=DGSM):
    state = estimator.init(layout, y.shape[2:])
    for one, other in zip(np.split(y, cuts), np.split(slopes, cuts), strict=True):
        nowhere = np.empty((len(one), 0, 0))
        state = estimator.update(state, Block(one, nowhere, nowhere, beside={"df": other}))
    return state


def results(y, slopes, layout, cuts=(), resolution=EPS):
    maps = DGSM.finalize([state_of(y, slopes, layout, cuts)], layout, resolution).maps
    return {name: m.array for name, m in maps.items()}


def frozen(state):
    for array in state:
        array.flags.writeable = False
    return state


def same(left, right):
    for one, other in zip(left, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("pattern", [PICK_FREEZE, SAMPLE])
def test_the_definition_is_computed(pattern):
    y, slopes = runs(100, pattern=pattern)
    layout = layout_of(pattern=pattern)
    maps, r = results(y, slopes, layout, cuts=(3, 40)), layout.independent
    nu = (slopes[:, :r] ** 2).mean(axis=(0, 1))  # (p, cells)
    np.testing.assert_allclose(maps["dgsm"], nu, rtol=1e-12)
    bound = nu / np.pi**2 / y[:, :r].var(axis=(0, 1), ddof=0) * (100 * r - 1) / (100 * r)
    np.testing.assert_allclose(maps["ST_bound"], bound, rtol=1e-12)
    assert (maps["n_dgsm"] == 100).all()


def test_a_linear_function_of_normal_factors_meets_its_bound():
    n, slopes = 20_000, np.array([2.0, 1.0])
    x = np.random.default_rng(0).normal(size=(n, 1, 2))
    maps = results(x @ slopes, np.broadcast_to(slopes, x.shape), layout_of(2, SAMPLE, (NORMAL, NORMAL)))
    np.testing.assert_allclose(maps["dgsm"], slopes**2, rtol=1e-12)
    np.testing.assert_allclose(maps["ST_bound"], [0.8, 0.2], rtol=5 * np.sqrt(2 / n))  # the variance's relative error


def test_the_bounds_lie_above_the_total_indices_of_a_product():
    n = 50_000
    y, slopes = runs(n, shape=())
    # Of x_1 x_2: V = 1/9 - 1/16 = 7/144, nu = E[x^2] = 1/3, V_T = E[x^2] / 12 = 1/36
    maps = results(y, slopes, layout_of())
    np.testing.assert_allclose(maps["ST_bound"], (1 / 3) / np.pi**2 / (7 / 144), rtol=5 * 2 / np.sqrt(2 * n))
    assert (maps["ST_bound"] > (1 / 36) / (7 / 144)).all()


def test_a_law_of_heavy_tails_bounds_nothing():
    y, slopes = runs(32)
    layout = layout_of(2, laws=(HEAVY, UNIFORM))
    slopes[:, :, 0] = 0  # not even when no derivative was seen to differ from 0
    maps = DGSM.finalize([state_of(*pair, layout) for pair in [(y, slopes)] * 3], layout, EPS).maps
    for name in ("ST_bound", "ST_bound_lower", "ST_bound_upper"):
        assert (maps[name].array[0] == np.inf).all()
    assert np.isfinite(maps["ST_bound"].array[1]).all()
    assert (maps["dgsm"].array[0] == 0).all()


def test_intervals_come_from_replicates():
    layout = layout_of()
    states = [state_of(*runs(200, seed=seed), layout) for seed in range(6)]
    maps = DGSM.finalize(states, layout, EPS).maps
    for name, value in {"dgsm": 1 / 3, "ST_bound": 48 / 7 / np.pi**2}.items():
        scale = np.array([1, 4, 9]) if name == "dgsm" else 1.0
        assert maps[name].leading == maps[f"{name}_upper"].leading == ("factor",)
        lower, upper = maps[f"{name}_lower"].array / scale, maps[f"{name}_upper"].array / scale
        assert (lower < maps[name].array / scale).all()
        assert ((upper - lower) < 0.4 * value).all()


@given(sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5))
@settings(deadline=None)
def test_merging_equals_streaming_in_any_grouping(sizes):
    y, slopes = runs(sum(sizes))
    layout, cuts = layout_of(), np.cumsum(sizes)[:-1]
    pairs = zip(np.split(y, cuts), np.split(slopes, cuts), strict=True)
    parts = [frozen(state_of(one, other, layout)) for one, other in pairs]
    whole = state_of(y, slopes, layout)
    same(reduce(DGSM.merge, parts), whole)
    same(reduce(lambda right, left: DGSM.merge(left, right), parts[::-1]), whole)
    same(state_of(y, slopes, layout, cuts), whole)


def test_an_empty_state_changes_nothing_to_the_bit():
    y, slopes = runs(5)
    state, empty = frozen(state_of(y, slopes, layout_of(), (2,))), frozen(DGSM.init(layout_of(), (3,)))
    for merged in (DGSM.merge(empty, state), DGSM.merge(state, empty)):
        for one, other in zip(merged, state, strict=True):
            np.testing.assert_array_equal(one, other)
    assert DGSM.update(state, Block(y[:0], y[:0], y[:0], beside={"df": slopes[:0]})) is state


@pytest.mark.parametrize(("n", "few"), [(0, True), (1, True), (2, False)])
def test_two_base_points_are_needed(n, few):
    maps = results(*runs(n), layout_of())
    for name in ("dgsm", "ST_bound"):
        assert (np.isnan(maps[name]) == few).all()
    assert (maps["status"] == (FLAGS["too_few_base_points"] if few else 0)).all()


def test_constant_and_spoilt_cells_leave_their_neighbours_alone():
    (y, slopes), layout = runs(32, shape=(4,)), layout_of()
    other_y, other_slopes = y.copy(), slopes.copy()
    other_y[..., 0] = 0.3
    other_y[5, 3, 1] = np.nan  # not a run that is looked at, but one of the base point's
    other_slopes[6, 1, 0, 2] = np.inf
    other_y.flags.writeable = other_slopes.flags.writeable = False
    clean, other = results(y, slopes, layout), results(other_y, other_slopes, layout)
    left_out = FLAGS["base_points_left_out"]
    assert other["status"].tolist() == [FLAGS["no_variance"], left_out, left_out, 0]
    assert other["n_dgsm"].tolist() == [32, 31, 31, 32]
    assert np.isnan(other["ST_bound"][:, 0]).all()
    for name in ("dgsm", "ST_bound"):
        np.testing.assert_array_equal(other[name][:, 3], clean[name][:, 3])
        for cell, gone in ((1, 5), (2, 6)):
            without = results(np.delete(y, gone, axis=0), np.delete(slopes, gone, axis=0), layout)
            np.testing.assert_allclose(other[name][:, cell], without[name][:, cell], rtol=1e-12)


def test_derivatives_at_other_runs_do_not_matter():
    y, slopes = runs(8)
    spoilt = slopes.copy()
    spoilt[:, 2:] = np.nan
    for one, other in zip(state_of(y, slopes, layout_of()), state_of(y, spoilt, layout_of()), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("offset", "scale", "rtol"), [(1e8, 1.0, 1e-6), (0.0, 1e-7, 1e-12), (0.0, 1e80, 1e-12)])
def test_a_bound_does_not_depend_on_the_unit_of_the_outputs(offset, scale, rtol):
    y, slopes = runs(40)
    plain, other = results(y, slopes, layout_of()), results(offset + scale * y, scale * slopes, layout_of())
    np.testing.assert_allclose(other["ST_bound"], plain["ST_bound"], rtol=rtol)  # outputs near 1e8: rounded by 1e-8
    assert (other["status"] == 0).all()


def test_an_overflow_is_told():
    y, slopes = runs(8)
    for outputs, derivatives in ((1e200 * y, slopes), (y, 1e200 * slopes)):
        maps = results(outputs, derivatives, layout_of())
        assert (maps["status"] == FLAGS["overflow"]).all()
        assert np.isnan(maps["dgsm"]).all()
        assert np.isnan(maps["ST_bound"]).all()


def test_single_precision_is_summed_in_double():
    single = [a.astype(np.float32) for a in runs(64)]
    double = [a.astype(np.float64) for a in single]
    for one, other in zip(state_of(*single, layout_of()), state_of(*double, layout_of()), strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_factor_is_enough():
    y, slopes = runs(1000, p=1, shape=())
    bound = results(y, slopes, layout_of(1))["ST_bound"]
    np.testing.assert_allclose(bound, 12 / np.pi**2, rtol=5 / np.sqrt(2000))  # relative sd of V: below 1 / sqrt(N)


def test_tiles_do_not_show(monkeypatch):
    y, slopes = runs(6, shape=(4, 5))
    whole = state_of(y, slopes, layout_of())
    monkeypatch.setattr(tiles, "TILE", 6 * 4 * 7)
    same(state_of(y, slopes, layout_of()), whole)


def test_of_a_factor_without_derivatives_nothing_is_known_and_the_others_are_bounded():
    y, slopes = runs(200)
    mixed = results(y, slopes, layout_of(2, laws=(UNIFORM, CHOICE)))
    plain = results(y, slopes, layout_of(2))
    assert np.isnan(mixed["dgsm"][1]).all()
    assert (mixed["ST_bound"][1] == np.inf).all()
    for name in ("dgsm", "ST_bound"):
        np.testing.assert_array_equal(mixed[name][0], plain[name][0])
    assert (mixed["status"] == 0).all()


def test_the_bound_holds_beside_a_factor_that_jumps():
    """``f = x z`` with x uniform and z 0 or 1: Var f = 5 / 48, ST_x = 2 / 5 and ``C nu / Var f = 24 / (5 pi^2)``."""
    rng = np.random.default_rng(0)
    x, z = rng.random((200_000, 1)), rng.integers(0, 2, (200_000, 1)).astype(float)
    coin = Law(lambda u: np.floor(2 * u), "integers", discrete=True)
    slopes = np.stack([z, np.zeros_like(z)], axis=2)
    bound = results(x * z, slopes, Layout(SAMPLE, apart(2), laws=(UNIFORM, coin)))["ST_bound"]
    np.testing.assert_allclose(bound[0], 24 / (5 * np.pi**2), rtol=0.02)
    assert bound[0] > 2 / 5


def test_it_names_what_it_reads():
    assert DGSM.of == ("f",)
    assert DGSM.beside == {"df": "by factor"}


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (
            layout_of(pattern=TRAJECTORY),
            "`dgsm` needs runs that are independent draws of the factors: use `design: {kind: sample}` or `saltelli`",
        ),
        (
            Layout(PICK_FREEZE, (0, 1, 0), laws=(UNIFORM,) * 3),
            "`dgsm` takes factors one by one and some share a `group`: leave it out; the bounds of its factors add up "
            "to one of the group",
        ),
        (
            layout_of(2, laws=(CHOICE, CHOICE)),
            "`dgsm` needs derivatives, and no factor has any: all are integers, choices or the like",
        ),
        (Layout(PICK_FREEZE, apart(2)), "`dgsm` needs the law of each of 2 factors, got 0"),
    ],
)
def test_what_cannot_be_bounded_is_refused(layout, message):
    with pytest.raises(ValueError) as told:  # noqa: PT011
        DGSM.init(layout, ())
    assert str(told.value) == message


def test_a_level_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="`level` must be between 0 and 1, got 95"):
        Dgsm(quantity="f", gradient="df", level=95.0)
