"""Laws of single values: their shares, their types, and what is no law."""

import numpy as np
import pytest

from dnnsa.factors import KINDS, Choice, Integers


def test_integers_include_both_ends_and_are_equally_likely():
    values, counts = np.unique(Integers(low=2, high=5).ppf(np.linspace(0, 1, 4001)[:-1] + 1e-9), return_counts=True)
    assert values.tolist() == [2, 3, 4, 5]
    assert counts.tolist() == [1000] * 4
    assert values.dtype == np.int64


def test_the_number_of_an_integer_is_the_middle_of_its_share():
    assert Integers(low=-1, high=2).cdf(np.array([-1, 0, 1, 2])).tolist() == [0.125, 0.375, 0.625, 0.875]
    assert Integers(low=-1, high=2).cdf(np.array([-1.0, 2.0])).tolist() == [0.125, 0.875]


def test_what_is_no_integer_of_the_law_has_no_number():
    beside = np.array([-2, 3, 2**62, -(2**63)])
    assert np.isnan(Integers(low=-1, high=2).cdf(beside)).all()
    assert np.isnan(Integers(low=-1, high=2).cdf(np.array([0.5, np.nan, 1e30]))).all()
    assert np.isnan(Integers(low=-1, high=2).cdf(np.array([True, "1", None], dtype=object))).all()
    assert np.isnan(Integers(low=-1, high=2).cdf(np.array([True, False]))).all()


def test_large_integers_are_told_apart():
    """2**61 + 1 is no float64."""
    factor = Integers(low=2**61 - 1, high=2**61 + 2)
    assert factor.cdf(np.array([2**61 - 2, 2**61 - 1, 2**61 + 1, 2**61 + 3])).tolist() == pytest.approx(
        [np.nan, 0.125, 0.625, np.nan], nan_ok=True
    )
    assert np.isnan(factor.cdf(np.array([2.0**61 - 512, np.nan]))).all()


def test_the_widest_integers_have_numbers_in_the_open_interval():
    factor = Integers(low=0, high=2**52 - 1)
    middle = factor.cdf(np.array([0, 2**52 - 1]))
    assert 0 < middle[0] < middle[1] < 1


def test_a_choice_keeps_its_values_types_and_probabilities():
    choice = Choice(values=("relu", None, 3), probabilities=(0.5, 0.25, 0.25))
    drawn = choice.ppf((np.arange(1000) + 0.5) / 1000).tolist()
    assert [drawn.count(value) for value in ("relu", None, 3)] == [500, 250, 250]
    assert choice.cdf(np.array([3, None, "relu", "gelu", True], dtype=object)).tolist() == pytest.approx(
        [0.875, 0.625, 0.25, np.nan, np.nan], nan_ok=True
    )


def test_a_choice_of_numbers_is_an_array_of_numbers():
    assert Choice(values=(1, 2.5)).ppf(np.array([0.1, 0.9])).dtype == np.float64
    assert Choice(values=(True, False)).ppf(np.array([0.1, 0.9])).tolist() == [True, False]
    assert Choice(values=(3, 1)).cdf(np.array([1.0, 3.0, 2.0])).tolist() == pytest.approx(
        [0.75, 0.25, np.nan], nan_ok=True
    )


def test_true_is_not_one():
    choice = Choice(values=(True, 1), probabilities=(0.25, 0.75))
    assert [type(value) for value in choice.ppf(np.array([0.1, 0.9])).tolist()] == [bool, int]
    assert choice.cdf(np.array([True, 1], dtype=object)).tolist() == [0.125, 0.625]
    assert choice.cdf(np.array([True, True])).tolist() == [0.125, 0.125]


def test_integers_beside_a_float_lose_no_digits():
    assert Choice(values=(2**53 + 1, 0.5)).ppf(np.array([0.1])).tolist() == [2**53 + 1]
    assert Choice(values=(2**53 + 1, 2**53)).ppf(np.array([0.1])).tolist() == [2**53 + 1]


def test_the_last_value_is_drawn_when_the_decimals_of_the_probabilities_sum_past_one():
    choice = Choice(values=("a", "b", "c"), probabilities=(0.5, 0.5 + 5e-10, 1e-10))
    middle = choice.cdf(np.array(["a", "b", "c"]))
    assert (np.diff(middle) > 0).all()
    assert middle[-1] < 1
    assert choice.ppf(middle).tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("integers", {"low": 3, "high": 3}, "`low` must be below `high`, got low: 3 and high: 3"),
        (
            "integers",
            {"low": 0, "high": 2**52},
            "`low` to `high` must span fewer than 2**52 integers of magnitude below 2**62, got low: 0 and "
            "high: 4503599627370496",
        ),
        ("choice", {"values": (1,)}, "`values` must hold at least two values, got [1]"),
        ("choice", {"values": (1, 1)}, "`values` must all be different, got [1, 1]"),
        ("choice", {"values": (1, 1.0)}, "`values` must all be different, got [1, 1.0]"),
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
