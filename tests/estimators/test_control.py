"""Control variates: exact for a linear model, whatever the points; never another estimate where they do not hold."""

from typing import Any

import numpy as np
import pytest

from dnnsa.designs import Saltelli
from dnnsa.estimators import Block, Sobol
from dnnsa.layout import PICK_FREEZE, Layout, apart

SLOPES = np.array([3.0, -1.0, 0.0, 0.5])


def indices(f: Any, design: Saltelli, groups: Any, **settings: Any) -> Any:
    layout, share = design.layout(groups), design.base_points // design.replicates
    estimator, states = Sobol(**settings), []
    for replicate in range(design.replicates):
        u = design.points(groups, replicate, 0, share)
        x = np.array([design.column(k, groups, u[..., k]) for k in range(len(groups))])  # (p, n, runs)
        states.append(estimator.update(estimator.init(layout, ()), Block(f(x), u, u)))
    return {name: one.array for name, one in estimator.finalize(states, layout, 2.0**-52).maps.items()}


def linear(x: Any) -> Any:
    return np.tensordot(SLOPES, x, axes=1) + 100


@pytest.mark.parametrize("form", ["corrected", "martinez", "jansen", "janon", "saltelli2010"])
@pytest.mark.parametrize("sequence", ["sobol", "monte_carlo"])
def test_a_linear_model_has_its_exact_indices_from_sixteen_points(form: Any, sequence: Any) -> None:
    """S = ST = beta^2 / sum beta^2; the other forms see means of A and B that are not equal, and divide as they do."""
    design = Saltelli(base_points=16, replicates=2, seed=1, sequence=sequence)
    found = indices(linear, design, apart(4), estimator=form, control="linear")
    exact = SLOPES**2 / (SLOPES**2).sum()
    tolerance = 1e-12 if form in ("corrected", "martinez") else 0.2
    for index in ("S1", "ST"):
        np.testing.assert_allclose(found[index], exact, atol=tolerance)
    if form in ("corrected", "martinez"):
        np.testing.assert_allclose(found["ST_upper"] - found["ST_lower"], 0, atol=1e-9)


def test_groups_and_pairs_of_a_linear_model_are_exact() -> None:
    design = Saltelli(base_points=32, replicates=2, seed=2, second_order=True)
    found = indices(linear, design, (0, 1, 0, 2), control="linear")
    variance = np.array([9.0, 1.0, 0.25]) / 10.25  # of the groups: the first has the slopes 3 and 0
    np.testing.assert_allclose(found["S1"], variance, atol=1e-9)
    np.testing.assert_allclose(found["ST"], variance, atol=1e-9)
    pairs = found["S2"][np.triu_indices(3, 1)]
    np.testing.assert_allclose(pairs, 0, atol=1e-9)


def test_a_factor_that_does_nothing_has_zero_to_the_bit_and_one_that_does_all_has_one() -> None:
    design = Saltelli(base_points=64, replicates=4, seed=0)
    found = indices(lambda x: np.exp(3 * x[1]), design, apart(3), control="linear")
    assert found["ST"].tolist() == [0.0, 1.0, 0.0]
    assert found["S1"].tolist() == [0.0, 1.0, 0.0]


def test_the_error_of_a_nearly_linear_model_of_many_factors_is_a_fraction() -> None:
    """Of 32 factors from 128 points: exact ST are 1/32 and a little more. Less than half of the error without."""

    def bent(x: Any) -> Any:
        return x.sum(axis=0) + 0.3 * (x[0] - 0.5) * (x[1] - 0.5)

    errors = {"none": [], "linear": []}
    exact = np.full(32, 1 / 12)
    exact[:2] += 0.09 / 144
    exact /= 32 / 12 + 0.09 / 144
    for seed in range(10):
        design = Saltelli(base_points=128, replicates=4, seed=seed)
        for control, found in errors.items():
            found.append(indices(bent, design, apart(32), control=control)["ST"] - exact)
    rms = {control: float(np.sqrt(np.mean(np.square(found)))) for control, found in errors.items()}
    assert rms["linear"] < 0.3 * rms["none"]


def test_with_a_base_point_left_out_it_is_as_without_control() -> None:
    def failing(x: Any) -> Any:
        y = np.sin(3 * x[0]) + x[1]
        y[5, 2] = np.nan
        return y

    design = Saltelli(base_points=64, replicates=4, seed=3)
    for index in ("S1", "ST"):
        plain = indices(failing, design, apart(2))
        np.testing.assert_array_equal(indices(failing, design, apart(2), control="linear")[index], plain[index])


def test_what_knows_nothing_of_control_is_refused() -> None:
    with pytest.raises(ValueError, match="`intervals: fisher` knows nothing of `control: linear`"):
        Sobol(estimator="martinez", intervals="fisher", control="linear")


def test_without_control_a_state_keeps_nothing_of_the_points() -> None:
    layout = Layout(PICK_FREEZE, apart(3))
    plain, known = Sobol().init(layout, (5,)), Sobol(control="linear").init(layout, (5,))
    assert sum(np.size(leaf) for leaf in plain) == 1 + 1 + (4 * 3 + 5) * 5
    assert sum(np.size(leaf) for leaf in known) == 1 + 1 + (5 * 3 + 5) * 5 + 6 + 36 + 3
