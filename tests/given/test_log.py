"""Logs as they come: CSV, DataFrames, Optuna's trials; what cannot be used is named."""

import numpy as np
import pandas as pd
import pytest

from dnnsa.errors import InputError
from dnnsa.given.log import read

N = 60
RNG = np.random.default_rng(0)


def table(**columns):
    return pd.DataFrame({"a": RNG.random(N), "b": RNG.random(N), "y": RNG.random(N), **columns})


def trials():
    """As Optuna's ``study.trials_dataframe()`` writes it."""
    states = ["COMPLETE"] * (N - 6) + ["FAIL"] * 2 + ["PRUNED"] * 2 + ["RUNNING", "WAITING"]
    return pd.DataFrame(
        {
            "number": range(N),
            "value": np.where(np.array(states) == "FAIL", np.nan, np.arange(N)),
            "datetime_start": "2026-01-01 00:00:00",
            "params_lr": 10 ** RNG.uniform(-5, 0, N),
            "params_optimizer": ["sgd", "adam"] * (N // 2),
            "params_batch norm": [True, False] * (N // 2),
            "state": states,
        }
    )


def test_a_csv_file_and_a_frame_and_a_mapping_are_one_log(tmp_path):
    data = table(kind=["u", "v w"] * (N // 2))
    data.to_csv(tmp_path / "log.csv", index=False)
    logs = [read(one, ["a", "kind"], ["y"]) for one in (tmp_path / "log.csv", data, dict(data.items()))]
    for log in logs:
        np.testing.assert_array_equal(log.inputs[0].values, data.a)
        assert log.inputs[1].values.tolist() == data.kind.tolist()
        np.testing.assert_array_equal(log.outputs["y"], data.y)
        assert [one.ordered for one in log.inputs] == [True, False]
        assert log.notes == ()


@pytest.mark.parametrize("as_csv", [False, True])
def test_trials_of_optuna_are_known_and_only_complete_ones_have_a_value(tmp_path, as_csv):
    data = trials()
    if as_csv:
        data.to_csv(tmp_path / "trials.csv")  # with its index, as pandas writes it
        data = tmp_path / "trials.csv"
    log = read(data, log=["params_lr"])
    assert [one.name for one in log.inputs] == ["lr", "optimizer", "batch_norm"]
    assert log.inputs[0].logarithm
    assert -5 <= log.inputs[0].values.min() < log.inputs[0].values.max() <= 0
    assert log.inputs[2].values.dtype == bool
    assert log.rows == N - 2
    assert np.isnan(log.outputs["value"]).sum() == 4  # two failed, two pruned
    assert log.notes == (f"2 of {N} rows (3.33 %) are of trials that run or wait, and are left out.",)


def test_rows_without_an_input_are_left_out_and_told():
    data = table()
    data.loc[:5, "b"] = np.nan
    data.loc[6, "a"] = np.inf
    log = read(data, ["a", "b"], ["y"])
    assert log.rows == N - 7
    assert log.notes[0].startswith("7 of 60 rows (11.7 %) have no value of `a`, `b` and are left out: all that follows")


def test_an_input_that_never_varied_is_told():
    log = read(table(c=3.0), ["a", "c"], ["y"])
    assert [one.name for one in log.inputs] == ["a"]
    assert log.notes == ("`c` never varied: nothing can be said of them.",)


def test_names_become_names_of_python():
    data = table(
        **{"learning rate": RNG.random(N), "1st": RNG.random(N), "row": RNG.random(N), "lambda": RNG.random(N)}
    )
    log = read(data, ["learning rate", "1st", "row", "lambda"], ["y"])
    assert [one.name for one in log.inputs] == ["learning_rate", "_1st", "_row", "_lambda"]


def test_the_logarithm_of_an_output_has_a_name_of_its_own():
    log = read(table(), ["a"], ["y"], log=["y"])
    assert list(log.outputs) == ["log10_y"]


def test_the_first_rows_can_be_taken_alone():
    assert read(table(), ["a"], ["y"], first=45).rows == 45


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"inputs": ["a"]}, "outputs: must name one column or more, of `a`, `b`, `y`."),
        ({"inputs": ["q"], "outputs": ["y"]}, "inputs: there is no column `q`: the log has `a`, `b`, `y`."),
        ({"inputs": ["a", "y"], "outputs": ["y"]}, "`y` stands twice: a column is an input or an output, once."),
        ({"inputs": ["a"], "outputs": ["y"], "log": ["b"]}, "log: `b` is none of the inputs and outputs: `a`, `y`."),
        (
            {"inputs": ["a"], "outputs": ["y"], "first": 30},
            "a log needs 40 rows of which all inputs are known, got 30.",
        ),
    ],
)
def test_what_does_not_hold_is_refused(given, message):
    with pytest.raises(InputError) as told:
        read(table(), **given)
    assert str(told.value) == message


def test_columns_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"inputs: `id` has 80 different texts: an input is a number, or one of 64"):
        read({"id": [f"run {k}" for k in range(80)], "y": range(80)}, ["id"], ["y"])
    with pytest.raises(InputError, match=r"log: `a` must be above 0 in every row, got -1."):
        read(table(a=-1.0), ["a", "b"], ["y"], log=["a"])
    with pytest.raises(
        InputError, match=r"there is no file .*nothing.csv: give a .csv file with a header, a row a run"
    ):
        read(tmp_path / "nothing.csv", ["a"], ["y"])
