"""Every law inverts its distribution function and refuses what is no law."""

import numpy as np
import pytest
from scipy import stats

from dnnsa.factors import KINDS, Choice, Integers, LogUniform, Normal, Uniform

U = np.linspace(0, 1, 1001)[1:-1]
EXTREMES = np.array([2.0**-33, 1 - 2.0**-33])

CONTINUOUS = [
    (Uniform(low=-2, high=3), stats.uniform(-2, 5)),
    (LogUniform(low=1e-5, high=10), stats.loguniform(1e-5, 10)),
    (Normal(mean=3, sd=0.5), stats.norm(3, 0.5)),
]


@pytest.mark.parametrize(("factor", "law"), CONTINUOUS)
def test_a_continuous_law_is_the_inverse_of_scipys_distribution_function(factor, law):
    np.testing.assert_allclose(law.cdf(factor.ppf(U)), U, rtol=1e-10)


@pytest.mark.parametrize("factor", [factor for factor, _ in CONTINUOUS] + [Integers(low=-3, high=4)])
def test_a_law_is_finite_and_keeps_order_to_the_ends_of_the_unit_interval(factor):
    x = factor.ppf(np.concatenate([EXTREMES[:1], U, EXTREMES[1:]]))
    assert np.isfinite(x).all()
    assert (np.diff(x) >= 0).all()


@pytest.mark.parametrize("factor", [factor for factor, _ in CONTINUOUS])
def test_a_law_gives_the_same_bits_however_its_argument_is_cut(factor):
    whole = factor.ppf(U)
    np.testing.assert_array_equal(np.concatenate([factor.ppf(U[i : i + 1]) for i in range(len(U))]), whole)


def test_integers_include_both_ends_and_are_equally_likely():
    values, counts = np.unique(Integers(low=2, high=5).ppf(np.linspace(0, 1, 4001)[:-1] + 1e-9), return_counts=True)
    assert values.tolist() == [2, 3, 4, 5]
    assert counts.tolist() == [1000] * 4
    assert values.dtype == np.int64


def test_a_choice_keeps_its_values_types_and_probabilities():
    choice = Choice(values=("relu", None, 3), probabilities=(0.5, 0.25, 0.25))
    drawn = choice.ppf((np.arange(1000) + 0.5) / 1000).tolist()
    assert [drawn.count(value) for value in ("relu", None, 3)] == [500, 250, 250]


def test_a_choice_of_numbers_is_an_array_of_numbers():
    assert Choice(values=(1, 2.5)).ppf(np.array([0.1, 0.9])).dtype == np.float64
    assert Choice(values=(True, False)).ppf(np.array([0.1, 0.9])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("uniform", {"low": 2, "high": 1}, "`low` must be below `high`, got low: 2 and high: 1"),
        ("uniform", {"low": 1, "high": 1}, "`low` must be below `high`, got low: 1 and high: 1"),
        ("loguniform", {"low": 0, "high": 1}, "`low` must be above 0 for a loguniform factor, got low: 0"),
        ("normal", {"mean": 0, "sd": 0}, "`sd` must be above 0, got sd: 0"),
        ("integers", {"low": 3, "high": 3}, "`low` must be below `high`, got low: 3 and high: 3"),
        ("choice", {"values": (1,)}, "`values` must hold at least two values, got [1]"),
        ("choice", {"values": (1, 1)}, "`values` must all be different, got [1, 1]"),
        (
            "choice",
            {"values": (1, 2), "probabilities": (1.0,)},
            "`probabilities` must be one for each of the 2 values, got 1",
        ),
        ("choice", {"values": (1, 2), "probabilities": (0.5, 0.6)}, "`probabilities` must sum to 1, got a sum of 1.1"),
        ("choice", {"values": (1, 2), "probabilities": (0.0, 1.0)}, "`probabilities` must be above 0, got [0.0, 1.0]"),
    ],
)
def test_what_is_no_law_is_refused_in_words(kind, settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        KINDS[kind](**settings)
    assert str(error.value) == message
