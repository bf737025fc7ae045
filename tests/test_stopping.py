"""A study is sure when enough cells of each quantity have narrow intervals."""

import numpy as np
import pytest

from dnnsa.estimators import Block, Sobol
from dnnsa.estimators.base import LEFT_OUT, NO_VARIANCE, TOO_FEW, Map
from dnnsa.layout import Layout, apart
from dnnsa.stopping import Narrow, Stop, least, narrow, sure

STOP = Stop(half_width=0.1, max_base_points=1024)
NAN = np.nan


def maps(status=None, leading=("factor",), **widths):
    """Maps of these half-widths, ``(*leading, *shape)``, each with its bounds, and of soundness unless given."""
    found = {}
    for name, half in widths.items():
        half = np.asarray(half, dtype=float)
        found[name] = Map(leading, np.full_like(half, 0.5))
        found[f"{name}_lower"] = Map(leading, 0.5 - half)
        found[f"{name}_upper"] = Map(leading, 0.5 + half)
    shape = half.shape[len(leading) :]
    status = np.zeros(shape, dtype=np.uint8) if status is None else np.asarray(status, dtype=np.uint8)
    return found | {"status": Map((), status), "n": Map((), np.ones(shape))}


def test_a_cell_is_narrow_when_all_factors_of_all_named_maps_are():
    s1 = [[0.01, 0.2, 0.01, 0.01], [0.01, 0.01, 0.01, 0.3]]  # (factor, cell)
    total = [[0.01, 0.01, 0.2, 0.01], [0.01, 0.01, 0.01, 0.3]]
    assert narrow(maps(S1=s1, ST=total), STOP) == Narrow(1, 4)
    assert narrow(maps(S1=s1, ST=total), Stop(half_width=0.1, max_base_points=1024, of=("ST",))) == Narrow(2, 4)


def test_half_a_width_is_half_the_distance_of_bounds_that_lie_anyhow():
    found = maps(S1=[[0.0, 0.0]])
    found["S1_lower"] = Map(("factor",), np.array([[0.25, 0.125]]))
    found["S1_upper"] = Map(("factor",), np.array([[0.5, 0.5]]))
    assert narrow(found, Stop(half_width=0.125, max_base_points=4)) == Narrow(1, 2)  # up to it and no further


def test_an_interval_without_width_is_narrow():
    assert narrow(maps(S1=[0.0, 0.0]), STOP) == Narrow(1, 1)


def test_a_cell_without_variance_does_not_count():
    found = maps(status=[0, NO_VARIANCE, NO_VARIANCE | LEFT_OUT, LEFT_OUT], S1=[[0.01, NAN, NAN, 0.01]])
    assert narrow(found, STOP) == Narrow(2, 2)
    found = maps(status=[NO_VARIANCE] * 3, S1=[[NAN] * 3])
    assert narrow(found, STOP) == Narrow(0, 0)


def test_any_other_cell_without_an_interval_is_not_narrow():
    assert narrow(maps(S1=[[NAN, NAN, NAN]]), STOP) == Narrow(0, 3)
    assert narrow(maps(status=[TOO_FEW, 0], S1=[[NAN, 0.01], [0.01, 0.01]]), STOP) == Narrow(1, 2)


def test_an_infinite_bound_is_not_narrow():
    found = maps(ST_bound=[[0.01, 0.01]])
    for side in ("lower", "upper"):
        found[f"ST_bound_{side}"].array[0, 0] = np.inf
    assert narrow(found, Stop(half_width=0.1, max_base_points=4, of=("ST_bound",))) == Narrow(1, 2)


def test_a_scalar_quantity_is_one_cell():
    assert narrow(maps(S1=[0.01, 0.02], ST=[0.01, 0.02]), STOP) == Narrow(1, 1)
    assert narrow(maps(S1=[0.01, 0.02], ST=[0.01, 0.2]), STOP) == Narrow(0, 1)


def test_cells_may_have_any_dimensions():
    half = np.full((2, 3, 4, 5), 0.01)
    half[1, 0, 2, 3] = 0.2
    assert narrow(maps(S1=half), STOP) == Narrow(59, 60)
    assert narrow(maps(S1=half[:, :0]), STOP) == Narrow(0, 0)


def test_a_map_of_pairs_has_no_diagonal():
    second = Stop(half_width=0.1, max_base_points=1024, of=("S2",))
    half = np.full((3, 3, 2), 0.01)  # (factor, factor_2, cell)
    half[np.diag_indices(3)] = NAN
    half[0, 2, 1] = half[2, 0, 1] = 0.2
    assert narrow(maps(leading=("factor", "factor_2"), S2=half), second) == Narrow(1, 2)


def test_maps_that_nothing_leads_are_of_cells_alone():
    mean = Stop(half_width=0.1, max_base_points=1024, of=("mean",))
    assert narrow(maps(leading=(), mean=[0.01, 0.2]), mean) == Narrow(1, 2)
    assert narrow(maps(leading=(), mean=0.01), mean) == Narrow(1, 1)


def test_maps_that_a_quantity_does_not_have_are_passed_over():
    both = Stop(half_width=0.1, max_base_points=1024, of=("ST", "mu_star"))
    assert narrow(maps(ST=[[0.01, 0.2]]), both) == Narrow(1, 2)
    assert narrow(maps(S1=[[0.01, 0.2]]), both) == Narrow(0, 0)


def test_counting_changes_nothing():
    found = maps(leading=("factor", "factor_2"), S2=np.full((2, 2, 3), 0.2))
    for map_ in found.values():
        map_.array.flags.writeable = False
    assert narrow(found, Stop(half_width=0.1, max_base_points=4, of=("S2",))) == Narrow(0, 3)


@pytest.mark.parametrize("second_order", [False, True])
def test_the_maps_of_an_estimator_are_counted(second_order):
    """A cell of a sum of two inputs, which is soon known, one of their product, and one that is constant."""
    layout, rng = Layout("pick-freeze", apart(2), second_order), np.random.default_rng(0)
    states = []
    for _ in range(4):
        a, b = rng.uniform(-0.5, 0.5, size=(2, 256, 2))
        runs = [a, b, *(np.where(np.arange(2) == k, b, a) for k in range(2))]
        runs += [np.where(np.arange(2) == k, a, b) for k in range(2)] if second_order else []
        x = np.stack(runs, axis=1)  # (256, runs, 2)
        y = np.stack([x.sum(axis=2), np.exp(8 * x.prod(axis=2)) * 30, np.ones(x.shape[:2])], axis=2)
        states.append(Sobol().update(Sobol().init(layout, (3,)), Block(y, x, x)))
    found = Sobol().finalize(states, layout, 2.0**-52).maps
    of = ("S1", "ST", "S2") if second_order else ("S1", "ST")
    wide = np.array([(found[f"{name}_upper"].array - found[f"{name}_lower"].array) / 2 for name in of[:2]])
    easy, hard = wide[..., 0].max(), wide[..., 1].max()  # of all factors
    assert easy < hard
    between = Stop(half_width=(easy + hard) / 2, max_base_points=1024, of=of[:2])
    assert narrow(found, between) == Narrow(1, 2)
    assert narrow(found, Stop(half_width=10.0, max_base_points=1024, of=of)) == Narrow(2, 2)
    assert narrow(found, Stop(half_width=1e-9, max_base_points=1024, of=of)) == Narrow(0, 2)


def test_counts_of_slabs_add_up():
    assert Narrow(1, 2).plus(Narrow(3, 5)) == Narrow(4, 7)


def test_a_study_is_sure_when_each_quantity_is():
    assert sure({"y": Narrow(95, 100)}, STOP)
    assert not sure({"y": Narrow(94, 100)}, STOP)
    assert not sure({"y": Narrow(100, 100), "z": Narrow(0, 1)}, STOP)
    assert sure({"y": Narrow(1, 1), "z": Narrow(19, 20)}, STOP)


def test_quantities_without_cells_do_not_decide_but_some_quantity_must():
    assert sure({"y": Narrow(1, 1), "constant": Narrow(0, 0)}, STOP)
    assert not sure({"constant": Narrow(0, 0)}, STOP)
    assert not sure({}, STOP)


@pytest.mark.parametrize("hundredths", range(1, 101))
def test_a_share_that_is_just_enough_is_enough(hundredths):
    stop = Stop(half_width=0.1, max_base_points=4, cells=hundredths / 100)  # .55 * 100 is above 55
    assert sure({"y": Narrow(hundredths, 100)}, stop)
    assert not sure({"y": Narrow(hundredths - 1, 100)}, stop)


def test_the_least_share_is_that_of_the_quantity_farthest_from_sure():
    assert least({"y": Narrow(3, 4), "z": Narrow(1, 2), "constant": Narrow(0, 0)}) == 0.5
    assert least({}) == 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"half_width": 0.0}, "`half_width` must be above 0, got 0"),
        ({"half_width": -0.5}, "`half_width` must be above 0, got -0.5"),
        ({"half_width": NAN}, "`half_width` must be above 0, got nan"),
        ({"cells": 0.0}, "`cells` must be above 0 and at most 1, got 0"),
        ({"cells": 1.5}, "`cells` must be above 0 and at most 1, got 1.5"),
        ({"of": ()}, "`of` must name at least one map, such as `ST`, got []"),
    ],
)
def test_settings_that_mean_nothing_are_refused(given, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Stop(**({"half_width": 0.1, "max_base_points": 4} | given))
    assert str(error.value) == message
