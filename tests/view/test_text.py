"""Numbers and times as people read them."""

import numpy as np
import pytest

from dnnsa.view.text import bounded, chance, decimals, duration, measured, number, ranged


def test_numbers_have_the_digits_that_their_intervals_deserve():
    assert decimals(np.array([0.28]), np.array([0.34])) == 3
    assert decimals(np.array([0.1]), np.array([0.5])) == 2
    assert decimals(np.array([0.3]), np.array([0.3002])) == 4
    assert decimals(np.array([np.nan]), np.array([np.nan])) == 3
    assert [number(v, 3) for v in (0.12345, -0.0001, np.nan)] == ["0.123", "0.000", "-"]
    assert number(12345.6) == "1.235e+04"
    assert bounded(0.5, np.nan, np.nan) == "0.5"


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ((3.5, 3.46, 3.54), "3.500 [3.460, 3.540]"),
        ((1013.25, 1012.9, 1013.6), "1013.25 [1012.90, 1013.60]"),
        ((5000.0, 4000.0, 6000.0), "5000 [4000, 6000]"),
        ((-0.001, -0.3, 0.3), "0.00 [-0.30, 0.30]"),
        ((2.5e-7, 2.4e-7, 2.6e-7), "2.50e-07 [2.40e-07, 2.60e-07]"),
        ((2.5e9, 2.4e9, 2.6e9), "2.50e+09 [2.40e+09, 2.60e+09]"),
        ((2.0, 2.0, 2.0), "2 [2, 2]"),
        ((0.0, 0.0, 0.0), "0 [0, 0]"),
        ((2.5, np.nan, np.nan), "2.5"),
        ((np.inf, np.inf, np.inf), "inf [inf, inf]"),
        ((np.nan, np.nan, np.nan), "-"),
        ((4.25, 4.25 - 1e-15, 4.25 + 1e-15), "4.25000000 [4.25000000, 4.25000000]"),
    ],
)
def test_a_measured_value_has_two_digits_of_its_half_width_in_any_unit(interval, text):
    assert measured(*interval) == text


def test_rounding_is_no_effect_beside_what_is_one():
    assert measured(3.6e-15, 3.5e-15, 3.7e-15, 8.0) == "0.0000 [0.0000, 0.0000]"
    assert measured(3.6e-15, 3.6e-15, 3.6e-15, 8.0) == "0.0000 [0.0000, 0.0000]"
    assert measured(3.6e-15, 3.5e-15, 3.7e-15, 4e-15) == "3.60e-15 [3.50e-15, 3.70e-15]"


def test_small_p_values_are_not_told_apart():
    assert [chance(p) for p in (0.0421, 0.0011, 0.0009, 0.0, np.nan)] == ["0.042", "0.001", "< 0.001", "< 0.001", "-"]


def test_a_range_of_nothing_is_a_dash():
    assert ranged(0.5, 0.25, 0.75) == "0.5 (0.25 to 0.75)"
    assert ranged(0.5, 0.25, 0.75, 2) == "0.50 (0.25 to 0.75)"
    assert ranged(np.nan, np.nan, np.nan) == "-"


def test_times_are_in_the_units_that_they_deserve():
    times = [duration(s) for s in (0.81, 9.96, 59.7, 133.2, 12000)]
    assert times == ["0.8 s", "10 s", "1 min 0 s", "2 min 13 s", "3 h 20 min"]
