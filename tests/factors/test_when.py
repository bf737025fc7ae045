"""A condition on another factor holds where its values say so, and one that says nothing is refused."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from dnnsa.factors import Normal, Range, holds

MIXED = np.array(["adam", 1, 1.0, True, None, 2.5, np.nan, np.bool_(True), np.int64(1)], dtype=object)


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("adam", [0]),
        ("1", []),
        (1, [1, 2, 8]),
        (1.0, [1, 2, 8]),
        (True, [3, 7]),
        (None, [4]),
        (("adam", None, 2.5), [0, 4, 5]),
        (Range(low=1), [1, 2, 5, 8]),
        (Range(high=1), [1, 2, 8]),
        (Range(low=1.5, high=2.5), [5]),
        (Range(low=-np.inf, high=np.inf), [1, 2, 5, 8]),
    ],
)
def test_a_condition_holds_for_the_same_value_and_type_only(condition, where):
    assert np.flatnonzero(holds(condition, MIXED)).tolist() == where


@pytest.mark.parametrize(
    ("condition", "values", "where"),
    [
        (1, np.array([True, False]), [False, False]),
        (True, np.array([True, False]), [True, False]),
        (True, np.array([1, 0]), [False, False]),
        (False, np.array([0.0, 1.0]), [False, False]),
        (2, np.array([1.0, 2.0]), [False, True]),
        ((1.0, 3), np.array([1, 2, 3]), [True, False, True]),
        (2.0**53, np.array([2**53, 2**53 + 1]), [True, False]),
        ("a", np.array(["a", "b"]), [True, False]),
        (Range(low=0, high=1), np.array([True, False]), [False, False]),
        (Range(low=0, high=1), np.array([-0.1, 0, 1, 1.1, np.nan]), [False, True, True, False, False]),
        (Range(low=2), np.array([1, 2, 3]), [False, True, True]),
        (Range(low=0), np.array(["a", "b"]), [False, False]),
    ],
)
def test_a_condition_knows_the_dtype_of_its_values(condition, values, where):
    assert holds(condition, values).tolist() == where
    assert holds(condition, values).dtype == bool


@pytest.mark.parametrize("condition", [1, (1, 2), Range(low=1)])
def test_a_condition_is_elementwise(condition):
    table = np.arange(6).reshape(2, 3)
    assert holds(condition, table).shape == (2, 3)
    assert holds(condition, table).ravel().tolist() == [
        holds(condition, table[i, j : j + 1])[0] for i, j in np.ndindex(2, 3)
    ]
    assert holds(condition, table[:0]).shape == (0, 3)


def test_conditions_are_read_strictly_each_as_it_is_written():
    text = '{"mean": 0, "sd": 1, "when": {"a": true, "b": [1, "x", null, 1.0], "c": {"low": 1}, "d": null, "e": "1"}}'
    when = TypeAdapter(Normal).validate_json(text).when
    assert when == {"a": True, "b": (1, "x", None, 1.0), "c": Range(low=1), "d": None, "e": "1"}
    assert [type(value) for value in (when["a"], *when["b"])] == [bool, int, str, type(None), float]


@pytest.mark.parametrize("condition", ['{"lo": 1}', "[[1]]", '[{"low": 1}]', '{"low": "1"}', '{"low": true}'])
def test_what_is_no_condition_is_not_read(condition):
    with pytest.raises(ValidationError):
        TypeAdapter(Normal).validate_json(f'{{"mean": 0, "sd": 1, "when": {{"a": {condition}}}}}')


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "a range in `when` needs `low`, `high` or both"),
        ({"low": 2, "high": 1}, "`low` must not be above `high`, got low: 2 and high: 1"),
    ],
)
def test_a_range_that_says_nothing_or_never_holds_is_refused_in_words(settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Range(**settings)
    assert str(error.value) == message


def test_a_range_of_one_number_is_a_range():
    assert holds(Range(low=2, high=2), np.array([1, 2, 3])).tolist() == [False, True, False]
