"""What runs gave so far: the ends of what is finite, of the first quantity that is one number."""

import math
from types import SimpleNamespace

import numpy as np

from dnnsa.engine.seen import Seen, value_of, watched


def fields(**shapes):
    return {name: SimpleNamespace(shape=shape) for name, shape in shapes.items()}


def test_the_first_quantity_that_is_one_number_a_run_is_watched():
    assert watched(fields(curve=(20,), error=(), loss=())) == "error"
    assert watched(fields(curve=(20,))) == ""


def test_lowest_and_highest_are_told_once_there_is_a_value():
    seen = Seen("error")
    assert seen.told() == ""
    assert seen.and_of([0.5]).told() == "error 0.5 to 0.5"
    assert seen.and_of([0.5, 0.01949]).and_of([0.9]).told() == "error 0.0195 to 0.9"


def test_what_is_not_finite_tells_nothing():
    assert Seen("loss").and_of([math.nan, math.inf]).told() == ""
    assert Seen("loss", 1.0, 2.0).and_of([math.nan, -math.inf]) == Seen("loss", 1.0, 2.0)


def test_a_single_runs_value_is_a_number():
    assert value_of({"error": np.array([0.25]), "curve": np.zeros((1, 3))}, "error") == 0.25
    assert math.isnan(value_of({"curve": np.zeros((1, 3))}, ""))
