"""What is printed of the factors: a table for each family of statistics, and the pairs."""

import numpy as np
import pytest

from .trees import bare, bounded, cases, morris, printed, quantity, text, tree, with_second_order

FACTOR = ("factor",)


def lines(results, start, **console):
    """The lines of a table, from the one that starts so to the next empty one."""
    found = printed(results, **console).splitlines()
    first = next(k for k, line in enumerate(found) if line.startswith(start))
    return found[first : found.index("", first)] if "" in found[first:] else found[first:]


def test_pairs_stand_largest_first_and_those_surely_not_0_are_marked():
    data = with_second_order(quantity(), [[np.nan, 0.25, -0.3], [0.25, np.nan, 0.01], [-0.3, 0.01, np.nan]])
    assert lines(tree(output=data), "pair") == [
        "pair                          S2, * where the interval excludes 0",
        "─" * 65,
        "rotation [deg], blur          -0.300 [-0.330, -0.270] *",
        "rotation [deg], shift_x [px]  0.250 [0.220, 0.280] *",
        "shift_x [px], blur            0.010 [-0.020, 0.040]",
    ]


def test_pairs_of_a_field_are_aggregated_and_those_without_a_value_come_last():
    data = with_second_order(quantity({"case": 4}, coords=cases()), np.full((3, 3), np.nan))
    data["S2_aggregated"][1, 2] = 0.1
    found = lines(tree(p_true=data), "pair")
    assert found[0] == "pair                          aggregated S2"
    assert [line.split("  ")[0] for line in found[2:]] == [
        "shift_x [px], blur",
        "rotation [deg], shift_x [px]",
        "rotation [deg], blur",
    ]
    assert found[3].endswith("  -")


def test_of_many_pairs_the_largest_are_shown():
    names = tuple(f"x{k}" for k in range(6))
    data = with_second_order(quantity(factors=names, units=("",) * 6), np.arange(36).reshape(6, 6) / 100)
    found = lines(tree(output=data), "pair")
    assert len(found) == 2 + 10 + 1
    assert found[2].startswith("x4, x5         0.290")
    assert found[-1].split("  ")[0] == "and 5 smaller"


def test_elementary_effects_are_told_in_the_unit_of_the_output():
    data = morris([1234.5, 4e-13, 20], [0.5, 0, 30], 0.2)
    assert lines(tree(output=data), "factor", width=100) == [
        "factor          mu_star                  mu                       sigma",
        "─" * 83,
        "rotation [deg]  1234.5 [1234.3, 1234.7]  1234.5 [1234.3, 1234.7]  0.5 [0.3, 0.7]",
        "shift_x [px]    0.0 [-0.2, 0.2]          0.0 [-0.2, 0.2]          0.0 [-0.2, 0.2]",
        "blur            20.0 [19.8, 20.2]        20.0 [19.8, 20.2]        30.0 [29.8, 30.2]",
    ]


def test_a_group_has_no_sign_and_its_many_units_are_left_out():
    data = morris([2, 1], [np.nan, 0.5], factors=("g", "x"), units=("x1: m; x2: kg", "K"))
    found = lines(tree(output=data), "factor")
    assert found[2].split() == ["g", "2.00", "[1.75,", "2.25]", "2.00", "[1.75,", "2.25]", "-"]
    assert found[3].startswith("x [K]  ")


def test_dependence_has_p_values_without_needless_digits():
    data = bare().assign(bounded("hsic_r2", FACTOR, np.array([0.3, 0.02, np.nan]), 0.01))
    data = data.assign(hsic_p=(FACTOR, [1e-9, 0.4312, np.nan]), **bounded("S1_binned", FACTOR, np.full(3, 0.2), 0.02))
    assert lines(tree(output=data), "factor          hsic_r2")[2:] == [
        "rotation [deg]  0.300 [0.290, 0.310]  < 0.001",
        "shift_x [px]    0.020 [0.010, 0.030]  0.431",
        "blur            -                     -",
    ]
    assert lines(tree(output=data), "factor          S1_binned")[2].endswith("  0.200 [0.180, 0.220]")


def test_bounds_from_derivatives_may_be_infinite():
    bound = bounded("ST_bound", FACTOR, np.array([2.25, np.inf, 0.5]), 0.1)
    data = bare().assign(bound | bounded("dgsm", FACTOR, np.array([7.0, 24.5, np.inf]), 0.25))
    assert lines(tree(output=data), "factor")[2:] == [
        "rotation [deg]  7.00 [6.75, 7.25]     2.25 [2.15, 2.35]",
        "shift_x [px]    24.50 [24.25, 24.75]  inf [inf, inf]",
        "blur            inf [inf, inf]        0.50 [0.40, 0.60]",
    ]


def test_what_nothing_aggregates_has_its_range_over_cells():
    values = np.array([[0.1, 0.3], [np.nan, np.nan], [0.5, np.nan]])
    data = bare({"case": 2}, coords=cases(2)).assign(mu_star=(("factor", "case"), values))
    assert lines(tree(p_true=data), "                over cells") == [
        "                over cells",
        "factor          mu_star",
        "─" * 32,
        "rotation [deg]  0.2 (0.1 to 0.3)",
        "shift_x [px]    -",
        "blur            0.5 (0.5 to 0.5)",
    ]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("dims", [{}, {"case": 4}])
def test_no_line_is_longer_than_the_terminal(width, dims):
    names = tuple(f"a_factor_with_a_long_name_{k}" for k in range(3))
    data = quantity(dims, factors=names, units=("kg m-2 s-1",) * 3)
    data = with_second_order(data, np.full((3, 3), 0.123456))
    shape = (3, *dims.values())
    for name in ("mu_star", "mu", "sigma", "dgsm", "ST_bound", "hsic_r2", "hsic_p"):
        data = data.assign(bounded(name, ("factor", *dims), np.full(shape, -1234.5678), 1e-6))
    found = printed(tree(a=data.assign_coords(label=("factor", text(names)))), width).splitlines()
    assert max(map(len, found)) <= width
