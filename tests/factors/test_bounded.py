"""Laws of a bounded interval: their ends, and what is no law."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from dnnsa.factors import KINDS, Beta, LogUniform, Triangular

LEFT, RIGHT = 2.0**-33, 1 - 2.0**-33


@pytest.mark.parametrize("mode", [-1, 0.5, 3])
def test_the_mode_is_a_value_below_which_lies_its_share(mode):
    factor = Triangular(low=-1, mode=mode, high=3)
    assert factor.cdf(np.array([-1, mode, 3])).tolist() == [0, (mode + 1) / 4, 1]


def test_a_triangular_law_ends_where_its_density_does():
    """(x - low)**2 / (span (mode - low)) is the distribution function on the left, and so on the right."""
    x = Triangular(low=0, mode=1, high=4).ppf(np.array([LEFT, RIGHT]))
    np.testing.assert_allclose([x[0] ** 2 / 4, (4 - x[1]) ** 2 / 12], [LEFT, LEFT], rtol=1e-6)  # 4 - x has few digits


def test_a_beta_law_of_equal_shapes_is_symmetric_about_the_middle():
    factor = Beta(a=3, b=3, low=10, high=20)
    u = np.array([LEFT, 0.1, 0.25, 0.5])
    np.testing.assert_allclose(factor.ppf(u) + factor.ppf(1 - u), 30, rtol=1e-14)


@given(low=st.floats(1e-300, 1e300), width=st.floats(1e-12, 1e-9))
def test_a_narrow_loguniform_law_does_not_leave_its_interval_by_rounding(low, width):
    factor = LogUniform(low=low, high=low * (1 + width))
    x = factor.ppf(np.array([LEFT, 0.5, RIGHT]))
    assert ((x >= factor.low) & (x <= factor.high)).all()
    assert np.isfinite(factor.cdf(x)).all()


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("uniform", {"low": 2, "high": 1}, "`low` must be below `high`, got low: 2 and high: 1"),
        ("uniform", {"low": 1, "high": 1}, "`low` must be below `high`, got low: 1 and high: 1"),
        (
            "uniform",
            {"low": -1e308, "high": 1e308},
            "`high` - `low` must be a finite number, got low: -1e+308 and high: 1e+308",
        ),
        ("loguniform", {"low": 0, "high": 1}, "`low` must be above 0 for a loguniform factor, got low: 0"),
        ("loguniform", {"low": 2, "high": 1}, "`low` must be below `high`, got low: 2 and high: 1"),
        ("triangular", {"low": 2, "mode": 2, "high": 1}, "`low` must be below `high`, got low: 2 and high: 1"),
        (
            "triangular",
            {"low": 0, "mode": 2, "high": 1},
            "`mode` must be from `low` to `high`, got low: 0, mode: 2 and high: 1",
        ),
        (
            "triangular",
            {"low": 0, "mode": -1, "high": 1},
            "`mode` must be from `low` to `high`, got low: 0, mode: -1 and high: 1",
        ),
        ("beta", {"a": 0, "b": 1}, "`a` must be above 0, got a: 0"),
        ("beta", {"a": 1, "b": -2}, "`b` must be above 0, got b: -2"),
        ("beta", {"a": 1, "b": 1, "low": 1}, "`low` must be below `high`, got low: 1 and high: 1"),
        (
            "loguniform",
            {"low": 0.1, "high": float(np.nextafter(0.1, 1))},
            "`low`, `high` must give different finite numbers above 0, got low: 0.1, high: 0.1: values from 0.1 to 0.1",
        ),
        (
            "beta",
            {"a": 1e-15, "b": 1},
            "`a`, `b`, `low`, `high` must give different finite numbers, got a: 1e-15, b: 1, low: 0, high: 1: values "
            "from 0 to 0",
        ),
    ],
)
def test_what_is_no_law_is_refused_in_words(kind, settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        KINDS[kind](**settings)
    assert str(error.value) == message
