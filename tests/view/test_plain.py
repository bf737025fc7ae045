"""The JSON of ``dnnsa show --json``."""

import json
from typing import Any

import numpy as np
import xarray as xr

from dnnsa.view.table import as_json

from .trees import cases, machine, moments_only, quantity, quarantine, runs, stop, tree


def through_text(results: xr.DataTree) -> dict[str, Any]:
    value = as_json(results)
    read = json.loads(json.dumps(value, allow_nan=False))
    assert read == value  # nothing but what JSON can say: no tuples, no keys that are numbers
    return read


def test_variables_have_the_names_of_the_store_and_factors_are_keys():
    value = through_text(tree(output=quantity()))
    assert value["quantities"]["output"]["S1"] == {"rotation": 0.1, "shift_x": 0.3, "blur": 0.2}
    assert value["quantities"]["output"]["ST_lower"]["rotation"] == 0.17
    assert value["quantities"]["output"]["mean"] == 0.5
    assert value["quantities"]["output"]["factors"]["shift_x"] == {"unit": "px", "law": "uniform", "levels": ""}


def test_the_root_attributes_are_there():
    value = through_text(tree(output=quantity()))
    assert (value["name"], value["status"], value["base_points_done"], value["level"]) == (
        "digits",
        "complete",
        4096,
        0.95,
    )
    assert value["files"] == {"model.path": "cd" * 32}
    assert value["quarantine"] == []


def test_maps_are_nested_lists_with_null_for_nan():
    st = [[0.2, np.nan], [0.3, np.nan], [1.1, np.nan]]
    value = through_text(tree(p_true=quantity({"case": 2}, st=st, coords=cases(2))))["quantities"]["p_true"]
    assert value["ST"] == {"rotation": [0.2, None], "shift_x": [0.3, None], "blur": [1.1, None]}
    assert value["dims"] == {"case": 2}
    assert value["coords"] == {"case": [0, 1], "label": ["zero", "one"]}
    assert value["flags"]["no_variance"] == 1
    assert value["largest_ST"]["blur"] == {"value": 1.1, "at": {"case": 0, "label": "zero"}}
    assert value["over_cells"]["variance"] == {"low": 0, "mean": 0.03125, "high": 0.0625}
    assert value["S1_aggregated"].keys() == {"rotation", "shift_x", "blur"}


def test_large_maps_are_left_out_with_a_note():
    data = quantity({"y": 100, "x": 50}).assign(mu_star=(("factor", "y", "x"), np.ones((3, 100, 50))))
    value = through_text(tree(heat=data))["quantities"]["heat"]
    assert "ST" not in value
    assert len(value["mean"]) == 100
    assert value["S1_aggregated"]["rotation"] > 0
    assert value["over_cells"]["mu_star"]["high"] == {"rotation": 1, "shift_x": 1, "blur": 1}
    assert "ST" not in value["over_cells"]
    names = "S1, S1_lower, S1_upper, ST, ST_lower, ST_upper, mu_star"
    assert value["note"] == f"left out, since they have more than 10000 values: {names}"


def test_the_quarantine_has_tracebacks_and_factor_values():
    (first, _) = through_text(tree(output=quantity(), quarantine=quarantine(2)))["quarantine"]
    assert first == {
        "replicate": 0,
        "number": 10,
        "cause": "ValueError: a [bold] cause",
        "traceback": "Traceback (most recent call last):\n ...",
        "a": {"rotation": "0.0", "shift_x": "1.0", "blur": "2.0"},
        "b": {"rotation": "0.0", "shift_x": "1.0", "blur": "2.0"},
    }


def test_infinities_and_dates_can_be_written():
    days = np.array(["2025-11-21", "2025-11-22"], dtype="datetime64[ns]")
    data = quantity({"time": 2}, coords={"time": days})
    data["variance"][0] = np.inf
    value = through_text(tree(output=data))["quantities"]["output"]
    assert value["variance"] == [None, 0.0625]
    assert value["coords"]["time"][0].startswith("2025-11-21")
    assert value["largest_ST"]["blur"]["at"]["time"].startswith("2025-11-22")


def test_without_indices_and_without_quantities():
    assert "S1" not in through_text(tree(output=moments_only(quantity())))["quantities"]["output"]
    value = through_text(tree("running"))
    assert (value["quantities"], value["level"]) == ({}, 0.95)


def test_second_order_is_keyed_by_both_factors():
    data = quantity().assign_coords(factor_2=["rotation", "shift_x", "blur"])
    data["S2"] = (("factor", "factor_2"), np.arange(9).reshape(3, 3))
    assert through_text(tree(output=data))["quantities"]["output"]["S2"]["shift_x"]["blur"] == 5


def test_what_has_no_cells_is_never_left_out():
    names = tuple(f"x{k}" for k in range(101))
    data = quantity(factors=names, units=("",) * 101).assign_coords(factor_2=list(names))
    data["S2"] = (("factor", "factor_2"), np.zeros((101, 101)))
    value = through_text(tree(output=data))["quantities"]["output"]
    assert value["S2"]["x100"]["x0"] == 0
    assert "note" not in value


def test_what_leads_the_dimensions_has_its_coordinate():
    data = moments_only(quantity({"case": 2}, coords=cases(2))).assign_coords(threshold=[0.5, 1.5])
    data["exceedance"] = (("threshold", "case"), [[0.25, 0.75], [0.5, np.nan]])
    value = through_text(tree(output=data))["quantities"]["output"]
    assert value["exceedance"] == [[0.25, 0.75], [0.5, None]]
    assert value["coords"]["threshold"] == [0.5, 1.5]
    assert value["dims"] == {"case": 2}
    assert value["over_cells"]["exceedance"] == {"low": [0.25, 0.5], "mean": [0.5, 0.5], "high": [0.75, 0.5]}


def test_what_stopped_it_what_was_tried_again_and_where_it_ran_are_there():
    machines = [machine(4096, "x86_64, AMD EPYC 9654")]
    value = through_text(tree(attrs=stop(True, 0.97) | {"retried": 3, "machines": machines}))
    assert (value["retried"], value["machines"]) == (3, machines)
    assert value["stop"]["sure"] is True
    assert (value["stop"]["narrow"], value["stop"]["of"]) == (0.97, ["ST"])


def test_single_runs_are_counted_and_are_no_quantity():
    value = through_text(tree(output=quantity(), runs=runs(120, 2, 3)))
    assert value["runs"] == {"runs": 125, "kept": 120, "failed": 2}
    assert list(value["quantities"]) == ["output"]
    assert through_text(tree(output=quantity()))["runs"] is None
