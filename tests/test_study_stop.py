"""What a study says of when to stop, of what a task is and of how long a run may take."""

import pytest

from dnnsa import Study
from dnnsa.errors import StudyError
from dnnsa.reading import read_text
from dnnsa.stopping import Stop
from tests.studies import parts

STOP = {"half_width": 0.02, "max_base_points": 4096}  # of studies that begin with 256
MORRIS = {"design": {"kind": "morris", "base_points": 256}, "estimators": [{"kind": "morris"}]}
ONE = {"kind": "saltelli", "base_points": 256, "replicates": 1}
FISHER = [{"kind": "sobol", "estimator": "martinez", "intervals": "fisher"}, {"kind": "moments"}]


def problems(**changes):
    with pytest.raises(StudyError) as error:
        Study(**parts(**changes))
    return list(error.value.problems)


def test_unless_given_tasks_are_blocks_and_the_study_is_of_a_fixed_size():
    study = Study(**parts())
    assert (study.granularity, study.time_limit, study.stop) == ("block", None, None)


def test_the_keys_are_read():
    study = Study(**parts(granularity="run", time_limit=30, stop=STOP))
    assert (study.granularity, study.time_limit) == ("run", 30)
    assert study.stop == Stop(half_width=0.02, max_base_points=4096, of=("S1", "ST"), cells=0.95)


def test_they_are_written_and_read_again():
    study = Study(**parts(granularity="run", time_limit=0.5, stop={**STOP, "of": ["ST"], "cells": 1}))
    again = Study(**read_text(study.to_yaml()))
    assert again == study
    assert again.stop.of == ("ST",)
    assert Study(**parts(stop=study.stop)).stop == study.stop  # the class may stand for its settings


def test_what_says_when_to_give_up_makes_no_other_study():
    digest = Study(**parts()).digest
    assert Study(**parts(time_limit=1, stop=STOP, max_failed=0.5, name="other")).digest == digest
    assert Study(**parts(granularity="run")).digest != digest


def test_a_study_has_the_one_of_any_fixed_size():
    study = Study(directory="/some/where", **parts(stop=STOP, time_limit=3, granularity="run"))
    bigger = study.at(1024)
    assert bigger == Study(directory="/some/where", **parts(base_points=1024, time_limit=3, granularity="run"))
    assert bigger.digest != study.digest
    assert study.at(256).digest == study.digest
    assert study.stop is not None  # the study itself is as it was


def test_a_study_of_no_size_that_its_design_can_have_is_refused():
    with pytest.raises(StudyError) as error:
        Study(**parts()).at(1000)
    assert error.value.problems == (
        "design: `base_points` must be a power of two multiple of `replicates` (4), got 1000: use 512 or 1024.",
    )


@pytest.mark.parametrize("most", [256, 512, 4096])
def test_base_points_may_be_doubled_any_number_of_times(most):
    assert Study(**parts(stop={**STOP, "max_base_points": most})).stop.max_base_points == most


@pytest.mark.parametrize(
    ("changes", "of"),
    [
        ({}, ["S1"]),
        ({}, ["mean", "kurtosis"]),
        ({"design": {"kind": "saltelli", "base_points": 256, "second_order": True}}, ["S2"]),
        (MORRIS, ["mu_star"]),
        ({"design": ONE, "estimators": FISHER}, ["S1", "ST"]),
    ],
)
def test_whatever_has_intervals_may_be_what_must_be_narrow(changes, of):
    assert Study(**parts(**changes, stop={**STOP, "of": of})).stop.of == tuple(of)


NO_SUCH = "stop.of: no `{}` with an interval among what is estimated"
ALL = ": use one of `S1`, `ST`, `kurtosis`, `mean`, `skewness`, `variance`."
NOTHING = "stop: intervals need `design.replicates` of 2 or more, got 1: there is nothing to be sure by."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"granularity": "runs"}, ["granularity: must be 'block' or 'run', got \"runs\"."]),
        ({"time_limit": 0}, ["time_limit: must be greater than 0, got 0."]),
        ({"time_limit": -1.5}, ["time_limit: must be greater than 0, got -1.5."]),
        ({"time_limit": float("inf")}, ["time_limit: must be a finite number, got Infinity."]),
        ({"time_limit": "1 h"}, ['time_limit: must be a valid number, got "1 h".']),
        ({"stop": {"half_width": 0.1}}, ["stop: `max_base_points` is missing."]),
        ({"stop": {"max_base_points": 256}}, ["stop: `half_width` is missing."]),
        ({"stop": {**STOP, "halfwidth": 1}}, ["stop: unknown key `halfwidth`: did you mean `half_width`?"]),
        ({"stop": {**STOP, "half_width": 0}}, ["stop: `half_width` must be above 0, got 0."]),
        ({"stop": {**STOP, "cells": 0}}, ["stop: `cells` must be above 0 and at most 1, got 0."]),
        ({"stop": {**STOP, "cells": 1.01}}, ["stop: `cells` must be above 0 and at most 1, got 1.01."]),
        ({"stop": {**STOP, "of": []}}, ["stop: `of` must name at least one map, such as `ST`, got []."]),
        ({"stop": {**STOP, "max_base_points": 1e4}}, ["stop.max_base_points: must be a valid integer, got 10000.0."]),
        ({"stop": {**STOP, "of": ["S3"]}}, [NO_SUCH.format("S3") + ALL]),
        ({"stop": {**STOP, "of": ["menan"]}}, [NO_SUCH.format("menan") + ": did you mean `mean`?"]),
        ({"stop": {**STOP, "of": ["S1_lower"]}}, [NO_SUCH.format("S1_lower") + ALL]),
        (
            {**MORRIS, "stop": {**STOP, "of": ["ST"]}},
            [NO_SUCH.format("ST") + ": use one of `mu`, `mu_star`, `sigma`."],
        ),
        ({"design": ONE, "stop": STOP}, [NOTHING]),
        ({"design": ONE, "estimators": FISHER, "stop": {**STOP, "of": ["ST", "mean"]}}, [NOTHING]),
        (
            {"stop": {"half_width": 0.1, "max_base_points": 1000, "of": ["s1"]}, "design": ONE},
            [
                "stop.max_base_points: must be design.base_points, 256, or that doubled some times, got 1000: use 512 "
                "or 1024.",
                NO_SUCH.format("s1") + ALL,
                NOTHING,
            ],
        ),
        (
            {
                "design": {"kind": "external", "path": "table.csv", "pattern": "pick-freeze", "replicates": 4},
                "stop": STOP,
            },
            ["stop: an `external` design has no more base points than its table: leave one of the two out."],
        ),
    ],
)
def test_what_is_wrong_of_them_is_named_with_its_path(changes, told):
    assert problems(**changes) == told


@pytest.mark.parametrize(
    ("most", "use"),
    [
        (255, "256 or 512"),
        (128, "256 or 512"),
        (0, "256 or 512"),
        (-1024, "256 or 512"),
        (257, "256 or 512"),
        (768, "512 or 1024"),
        (1023, "512 or 1024"),
        (1025, "1024 or 2048"),
    ],
)
def test_numbers_that_base_points_never_double_to_are_refused_with_two_that_they_do(most, use):
    message = f"must be design.base_points, 256, or that doubled some times, got {most}: use {use}."
    assert problems(stop={**STOP, "max_base_points": most}) == [f"stop.max_base_points: {message}"]


def test_base_points_need_not_be_a_power_of_two_themselves():
    design = {"kind": "saltelli", "base_points": 96, "replicates": 3}
    assert Study(**parts(design=design, stop={**STOP, "max_base_points": 384})).stop.max_base_points == 384
    assert problems(design=design, stop={**STOP, "max_base_points": 512}) == [
        "stop.max_base_points: must be design.base_points, 96, or that doubled some times, got 512: use 384 or 768."
    ]


def test_no_quantity_may_be_called_like_the_group_of_runs():
    network = {
        "model": {"kind": "keras", "path": "net.keras", "outputs": "probabilities"},
        "cases": {"path": "cases.npz", "labels": "labels"},
        "perturb": [{"kind": "brightness", "delta": "x1"}, {"kind": "contrast", "factor": "x2"}],
        "quantities": {"runs": {"kind": "entropy"}},
    }
    assert problems(**network) == [
        "quantities.runs: a quantity's name must be a Python name, such as `p_true`, none of `factor`, `factor_2`, "
        "`quarantine`, `runs`."
    ]
    uniform = {"kind": "uniform", "low": 0, "high": 1}
    assert problems(factors={"runs": uniform}) == [
        "factors.runs: a factor's name must be a Python name, such as `noise_sd`, none of `factor`, `factor_2`, "
        "`quarantine`, `runs`."
    ]


def test_dear_runs_of_a_round_must_be_part_of_the_next():
    """Four columns: from eight points a replicate on, of four replicates, each round begins with the one before."""
    stop = {"half_width": 0.1, "max_base_points": 256}
    with pytest.raises(StudyError) as told:
        Study(**parts(base_points=16, granularity="run", stop=stop))
    (problem,) = told.value.problems
    assert problem.endswith("16 do not grow to 256 so: use 64 or more.")
    Study(**parts(base_points=64, granularity="run", stop=stop))
