"""What a study says of its factors' groups and conditions: one line for each thing that is wrong."""

import pytest

from dnnsa import Study
from dnnsa.errors import StudyError
from dnnsa.factors import Range
from tests.studies import parts

U = {"kind": "uniform", "low": 0, "high": 1}
OPT = {"kind": "choice", "values": ["sgd", "adam"]}
LAYERS = {"kind": "integers", "low": 1, "high": 4}
NULL = {"kind": "choice", "values": [0, "all", None, True]}


def problems(**factors):
    with pytest.raises(StudyError) as error:
        Study(**parts(factors=factors))
    return list(error.value.problems)


@pytest.mark.parametrize(
    ("parent", "condition", "problem"),
    [
        (OPT, {"lo": 1}, ": unknown key `lo`: did you mean `low`?"),
        (OPT, {"low": 1, "x": 2}, ": unknown key `x`: use one of `low`, `high`."),
        (OPT, {}, ": a range in `when` needs `low`, `high` or both."),
        (U, {"low": "x"}, '.low: must be a valid number, got "x".'),
        (U, {"low": 2, "high": 1}, ": `low` must not be above `high`, got low: 2 and high: 1."),
        (U, float("nan"), ": must be a finite number, got NaN."),
        (
            OPT,
            [["sgd"]],
            '[0]: must be a valid string, a valid integer, a valid number or a valid boolean, got ["sgd"].',
        ),
        (OPT, "adma", ': `a` is never "adma": use some of ["sgd", "adam"].'),
        (OPT, ["sgd", "x"], ': `a` is never "x": use some of ["sgd", "adam"].'),
        (OPT, {"low": 0}, ": `a` is never in this range: this factor is never active."),
        (NULL, False, ': `a` is never false: use some of [0, "all", null, true].'),
        (NULL, 1, ': `a` is never 1: use some of [0, "all", null, true].'),
        (NULL, {"low": 1}, ": `a` is never in this range: this factor is never active."),
        (LAYERS, 5, ": `a` is never 5: use some of the integers from 1 to 4."),
        (LAYERS, 1.5, ": `a` is never 1.5: use some of the integers from 1 to 4."),
        (LAYERS, True, ": `a` is never true: use some of the integers from 1 to 4."),
        (LAYERS, {"low": 2.2, "high": 2.8}, ": `a` is never in this range: this factor is never active."),
        (LAYERS, {"low": 4.5}, ": `a` is never in this range: this factor is never active."),
        (U, 0.5, ": `a`, a uniform factor, meets single values never: give a range, such as {low: 0.5}."),
        (U, [0.5], ": `a`, a uniform factor, meets single values never: give a range, such as {low: 0.5}."),
        (U, {"low": 1}, ": `a` is never in this range: this factor is never active."),
        (U, {"low": 0.5, "high": 0.5}, ": `a` is never in this range: this factor is never active."),
        (
            {"kind": "lognormal", "mean": 0, "sd": 1},
            {"high": 0},
            ": `a` is never in this range: this factor is never active.",
        ),
    ],
)
def test_a_condition_that_cannot_hold_is_told_in_one_line(parent, condition, problem):
    assert problems(a=parent, b={**U, "when": {"a": condition}}) == [f"factors.b.when.a{problem}"]


@pytest.mark.parametrize(
    ("parent", "condition"),
    [
        (OPT, "sgd"),
        (OPT, ["sgd", "adam"]),
        (NULL, None),
        (NULL, [None, True]),
        (NULL, {"low": 0}),
        (LAYERS, 4),
        (LAYERS, 4.0),
        (LAYERS, {"low": 3}),
        (LAYERS, {"low": 4, "high": 4}),
        (U, {"low": 0.5}),
        (U, {"high": 1e-9}),
        ({"kind": "empirical", "path": "x.csv"}, 3),  # its file is not read yet
    ],
)
def test_a_condition_that_can_hold_is_accepted(parent, condition):
    when = Study(**parts(factors={"a": parent, "b": {**U, "when": {"a": condition}}})).factors["b"].when
    expected = tuple(condition) if isinstance(condition, list) else condition
    assert when == {"a": Range(**condition) if isinstance(condition, dict) else expected}


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("a", 'factors.b.when: must be a mapping such as {name: ...}, got "a".'),
        ({}, "factors.b: `when` must name at least one other factor, got {}."),
        ({"a": []}, "factors.b: `when` must list at least one value of `a`, got []."),
        ({"opt": "sgd"}, "factors.b.when.opt: no factor `opt`: use one of `a`, `c`."),
        ({"c1": "sgd"}, "factors.b.when.c1: no factor `c1`: did you mean `c`?"),
    ],
)
def test_a_condition_on_nothing_is_told(when, problem):
    assert problems(a=OPT, b={**U, "when": when}, c=U) == [problem]


def test_conditions_that_go_round_in_a_circle_are_told_with_the_way_round():
    told = "a factor may be active only under conditions on others."
    half = {"low": 0.5}
    circle = {
        "a": {**U, "when": {"c": half}},
        "b": {**U, "when": {"a": half}},
        "c": {**U, "when": {"b": half}},
        "d": {**U, "when": {"c": half}},
    }
    assert problems(**circle) == [f"factors: conditions go round in a circle, a -> c -> b -> a: {told}"]
    assert problems(a={**U, "when": {"a": half}}) == [f"factors: conditions go round in a circle, a -> a: {told}"]


@pytest.mark.parametrize(
    ("through", "own", "holds"),
    [("sgd", "adam", False), ("sgd", "sgd", True), (["sgd", "adam"], "adam", True)],
)
def test_a_factor_that_needs_another_to_be_two_things_at_once_is_told(through, own, holds):
    factors = {"opt": OPT, "b": {**U, "when": {"opt": through}}, "c": {**U, "when": {"opt": own, "b": {"low": 0.1}}}}
    told = (
        "factors.c.when: it needs `opt` to be two things at once, here and through a factor that it names: it is "
        "never active."
    )
    if holds:
        Study(**parts(factors=factors))
    else:
        assert problems(**factors) == [told]


def test_ranges_that_do_not_meet_are_told():
    factors = {
        "a": U,
        "b": {**U, "when": {"a": {"low": 0.5}}},
        "c": {**U, "when": {"a": {"high": 0.4}, "b": {"low": 0}}},
    }
    assert "needs `a` to be two things at once" in problems(**factors)[0]


def test_many_conditions_one_on_the_other_are_read_at_once():
    """Each on the two before it: followed along every path, there are 2^40 ways."""
    factors = {f"x{k}": U for k in range(2)}
    for k in range(2, 60):
        factors[f"x{k}"] = {**U, "when": {f"x{k - 1}": {"low": 0.1}, f"x{k - 2}": {"low": 0.1}}}
    assert len(Study(**parts(factors=dict(reversed(factors.items())))).factors) == 60


@pytest.mark.parametrize(
    ("groups", "problem"),
    [
        ((None, "a"), "factors.b.group: `a` is the name of a factor: call the group otherwise."),
        (("b", None), "factors.a.group: `b` is the name of a factor: call the group otherwise."),
        (("b", "c"), "factors.a.group: `b` is the name of a factor: call the group otherwise."),
        (
            ("b c", None),
            "factors.a.group: must be a Python name, none of `factor`, `factor_2`, `quarantine`, `runs`, got 'b c'.",
        ),
        (
            ("if", "if"),
            "factors.a.group: must be a Python name, none of `factor`, `factor_2`, `quarantine`, `runs`, got 'if'.",
        ),
        (
            ("factor", None),
            "factors.a.group: must be a Python name, none of `factor`, `factor_2`, `quarantine`, `runs`, got 'factor'.",
        ),
        (("", None), 'factors.a: `group` must be a name, got group: "".'),
        ((3, None), "factors.a.group: must be a valid string, got 3."),
    ],
)
def test_a_group_that_cannot_be_named_so_is_told(groups, problem):
    assert problems(**{name: {**U, "group": group} for name, group in zip("ab", groups, strict=True)}) == [problem]


def test_a_factor_by_itself_whose_name_is_none_is_told_once():
    assert problems(**{"x-1": U}) == [
        "factors.x-1: a factor's name must be a Python name, such as `noise_sd`, none of `factor`, `factor_2`, "
        "`quarantine`, `runs`."
    ]
