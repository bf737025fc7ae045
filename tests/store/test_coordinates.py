"""Coordinates of factors: what each is, and what stands for a group of them."""

import dnnsa
from dnnsa.store.coordinates import of_columns, of_factors
from tests.studies import UNIFORM, parts


def coordinates(**factors):
    made = dnnsa.Study(**parts(factors=factors))
    return {key: values.tolist() for key, (_, values) in of_columns(made, {"factor_2"}).items()}


def test_factors_carry_units_laws_and_levels(path):
    coords = dnnsa.open(path)["field"].coords
    assert coords["factor"].values.tolist() == ["x1", "x2"]
    assert coords["unit"].values.tolist() == ["m", ""]
    assert coords["law"].values.tolist()[0] == 'uniform {"low": -0.5, "high": 0.5}'
    assert coords["levels"].values.tolist() == ["", "[0.5, 1, 2]"]


def test_the_law_is_what_a_law_is_and_no_more():
    x1 = {"kind": "normal", "mean": 0, "sd": 1, "low": -2, "unit": "m", "group": "g"}
    x2 = {**UNIFORM, "when": {"x3": "a"}}
    x3 = {"kind": "choice", "values": ["a", "b"]}
    law = coordinates(x1=x1, x2=x2, x3=x3)["law"]
    assert law[1:] == ['uniform {"low": -0.5, "high": 0.5}', 'choice {"values": ["a", "b"]}']
    assert law[0] == 'x1: normal {"mean": 0.0, "sd": 1.0, "low": -2.0}'


def test_a_group_is_one_entry_with_what_its_members_are():
    found = coordinates(x1={**UNIFORM, "unit": "m", "group": "g"}, x2=UNIFORM, x3={**UNIFORM, "group": "g"})
    law = 'uniform {"low": -0.5, "high": 0.5}'
    assert found["factor"] == found["factor_2"] == ["g", "x2"]
    assert found["unit"] == ["x1: m", ""]
    assert found["law"] == [f"x1: {law}; x3: {law}", law]
    assert found["levels"] == ["", ""]


def test_a_group_of_one_goes_by_its_own_name():
    assert coordinates(x1={**UNIFORM, "group": "g"}, x2=UNIFORM)["factor"] == ["g", "x2"]


def test_there_is_a_second_axis_of_factors_where_a_map_has_it():
    made = dnnsa.Study(**parts())
    assert "factor_2" not in of_columns(made, {"factor"})


def test_in_quarantine_each_factor_of_a_group_has_its_own_values():
    made = dnnsa.Study(**parts(factors={"x1": {**UNIFORM, "group": "g"}, "x2": {**UNIFORM, "group": "g"}}))
    assert of_factors(made)["factor"][1].tolist() == ["x1", "x2"]
