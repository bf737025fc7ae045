"""The text of ``dnnsa show``, as it comes out of a pipe of 80 columns."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from dnnsa.view.results import Peak, extent, peaks, pieces
from dnnsa.view.table import as_json

from .trees import cases, machine, moments_only, printed, quantity, quarantine, runs, stop, text, tree


def test_a_quantity_without_dimensions_is_a_row_a_factor_with_intervals():
    assert printed(tree(output=quantity())) == "\n".join(
        [
            "digits  complete",
            "4096 of 4096 base points done, in 2 min 13 s",
            "finished 2025-11-21T03:02:13Z",
            "in brackets: intervals of 95 %",
            "",
            "output",
            "factor          S1                    ST",
            "─" * 58,
            "rotation [deg]  0.100 [0.070, 0.130]  0.200 [0.170, 0.230]",
            "shift_x [px]    0.300 [0.270, 0.330]  0.600 [0.570, 0.630]",
            "blur            0.200 [0.170, 0.230]  0.400 [0.370, 0.430]",
            "",
            "statistic  value",
            "─" * 17,
            "mean       0.5",
            "variance   0.0625",
            "skewness   0.1",
            "kurtosis   3",
        ]
    )


def test_a_quantity_with_dimensions_has_aggregated_indices_and_the_place_of_the_largest():
    text = printed(tree(p_true=quantity({"case": 4}, coords=cases())))
    assert "p_true (case: 4)" in text
    assert "                aggregated            aggregated            largest ST\n" in text
    assert "factor          S1                    ST                    at case, label\n" in text
    assert "shift_x [px]    0.165 [0.135, 0.195]  0.330 [0.300, 0.360]  0.60 at 3, three" in text
    assert "statistic  mean over cells (lowest to highest)\n" in text
    assert "variance   0.0625 (0.0625 to 0.0625)\n" in text


def test_negative_indices_and_those_above_one_are_shown_as_they_are():
    text = printed(tree(output=quantity(st=[1.02, -0.04, 0.5], s1=[-0.021, 0.1, 0.2])))
    assert "-0.021 [-0.051, 0.009]  1.020 [0.990, 1.050]" in text
    assert "-0.040 [-0.070, -0.010]" in text


def test_what_is_not_a_number_is_a_dash_and_the_cells_are_counted():
    data = quantity({"case": 2}, st=[[0.2, np.nan], [0.3, np.nan], [0.4, np.nan]], coords=cases(2))
    data["ST"][2] = data["S1_aggregated"][2] = data["S1_aggregated_lower"][2] = np.nan
    text = printed(tree(p_true=data))
    assert "blur            -                     0.400 [0.370, 0.430]  -\n" in text
    assert "rotation [deg]  0.100 [0.070, 0.130]  0.200 [0.170, 0.230]  0.20 at 0, zero\n" in text
    assert "1 of 2 cells does not vary: no variance, no index" in text


def test_left_out_base_points_are_said_in_words():
    data = quantity({"case": 2}, coords=cases(2))
    data["status"][1] = 1
    data["n"][1] = 4090
    text = " ".join(printed(tree(p_true=data)).split())
    assert "1 of 2 cells left out base points with a run that is not finite; at least 4090 of 4096 were used" in text


def test_an_output_that_does_not_vary_says_so():
    assert "it does not vary: no variance, no index" in printed(tree(output=quantity(st=[np.nan] * 3)))


def test_a_study_without_sobol_indices_has_its_moments():
    text = printed(tree(output=moments_only(quantity())))
    assert "\noutput\nstatistic  value\n" in text
    assert "factor" not in text


def test_a_store_that_is_not_complete_says_how_to_go_on():
    assert printed(tree("stopped")) == "\n".join(
        [
            "digits  stopped",
            "512 of 4096 base points done, in 2 min 13 s",
            "no results yet: `dnnsa run` of the same study goes on from here",
        ]
    )


def test_a_store_whose_run_is_gone_is_interrupted():
    assert printed(tree("interrupted")) == "\n".join(
        [
            "digits  interrupted",
            "512 of 4096 base points done, in 2 min 13 s",
            "no results yet: `dnnsa run` of the same study goes on from here",
        ]
    )
    assert "\x1b[1;33minterrupted\x1b[0m" in printed(tree("interrupted"), force_terminal=True)


def test_a_store_that_is_written_says_so():
    assert printed(tree("running")).endswith("no results yet: a run is at work")


def test_what_was_tried_again_is_counted():
    assert "done, 2 in quarantine, 3 retried, in 2 min" in printed(tree(attrs={"retried": 3}, quarantine=quarantine()))
    assert "retried" not in printed(tree())


def test_it_is_told_whether_the_study_is_sure():
    sure = "sure: 97 % of cells within 0.02 (95 % asked)"
    assert sure in printed(tree(attrs=stop(True, 0.97))).splitlines()
    unsure = "stopped at max_base_points: 94.9 % of cells within 0.02 (95 % asked)"
    assert unsure in printed(tree(attrs=stop(False, 0.9499))).splitlines()
    assert f"\x1b[33m{unsure}\x1b[0m" in printed(tree(attrs=stop(False, 0.9499)), force_terminal=True)


def test_machines_that_differ_are_named_by_what_differs():
    both = [machine(3072, "x86_64, AMD EPYC 9654"), machine(1024, "x86_64, Intel Xeon 8488C, NVIDIA H200")]
    results = tree(attrs={"machines": both})
    assert printed(results).splitlines()[3:6] == [
        "ran on machines that differ: last bits may too",
        "  3072 base points: AMD EPYC 9654",
        "  1024 base points: Intel Xeon 8488C, NVIDIA H200",
    ]
    assert "\x1b[33mran on machines that differ" in printed(results, force_terminal=True)
    assert "machines" not in printed(tree(attrs={"machines": both[:1]}))


def test_software_that_differs_is_named_and_what_is_missing_too():
    other = machine(1, "x86_64, AMD EPYC 9654", "python 3.11.7, numpy 2.3.4")
    lacking = machine(2, "x86_64", "python 3.11.7")
    lines = printed(tree(attrs={"machines": [other, lacking]})).splitlines()
    assert lines[4:6] == ["  1 base point: AMD EPYC 9654, numpy 2.3.4", "  2 base points: no more than all have"]


def test_single_runs_are_counted_and_are_no_quantity():
    lines = printed(tree(output=quantity(), runs=runs(120, 2))).splitlines()
    assert "runs: 120 kept, 2 failed" in lines
    assert "runs" not in lines
    assert lines[6:] == printed(tree(output=quantity())).splitlines()[5:]
    assert "runs: 60 of 122 kept, 2 failed" in printed(tree("interrupted", runs=runs(60, 2, 60)))


def test_maps_that_are_being_written_are_not_shown_yet():
    assert printed(tree("stopped", output=quantity())) == printed(tree("stopped"))


def test_no_large_map_is_kept_in_memory(tmp_path):
    tree(heat=quantity({"y": 100, "x": 50})).to_zarr(tmp_path / "s.zarr", consolidated=False)
    with xr.open_datatree(tmp_path / "s.zarr", engine="zarr", consolidated=False) as opened:
        printed(opened)
        as_json(opened)
        kept = {name for name, v in opened["heat"].dataset.data_vars.items() if v.ndim == 3 and v.variable._in_memory}
    assert kept == set()


def test_the_quarantine_has_its_first_causes_with_factor_values():
    text = printed(tree(output=quantity(), quarantine=quarantine(5)))
    assert "4096 of 4096 base points done, 5 in quarantine" in text
    assert "5 base points in quarantine\n  replicate 0, number 10: ValueError: a [bold] cause\n" in text
    assert "    a: rotation 0.0, shift_x 1.0, blur 2.0\n" in text
    assert "replicate 3" not in text
    assert "and 2 more: `dnnsa show --json` lists all, with tracebacks" in text


def test_a_base_point_without_a_traceback_leaves_no_empty_line():
    table = quarantine(2).assign(traceback=("base_point", text(["", ""])))
    table["cause"][0] = "its worker died, 3 times"
    assert printed(tree(output=quantity(), quarantine=table)).splitlines()[-7:] == [
        "2 base points in quarantine",
        "  replicate 0, number 10: its worker died, 3 times",
        "    a: rotation 0.0, shift_x 1.0, blur 2.0",
        "    b: rotation 0.0, shift_x 1.0, blur 2.0",
        "  replicate 1, number 11: not finite",
        "    a: rotation 0.1, shift_x 1.1, blur 2.1",
        "    b: rotation 0.1, shift_x 1.1, blur 2.1",
    ]


@pytest.mark.parametrize("dims", [{}, {"case": 4}, {"y": 3, "x": 2}, {"time": 3, "y": 4, "x": 2}])
def test_no_line_is_longer_than_80_columns(dims):
    text = printed(tree(a_quantity_with_a_long_name=quantity(dims), quarantine=quarantine()))
    assert max(map(len, text.splitlines())) <= 80


def test_a_terminal_has_colours_and_a_pipe_has_not():
    results = tree(output=quantity())
    assert "\x1b[" in printed(results, force_terminal=True)
    assert "\x1b[" not in printed(results)


def test_the_largest_value_is_found_in_whichever_stored_chunk_it_is():
    data = quantity({"y": 5, "x": 7}, st=np.random.default_rng(0).random((3, 5, 7)))
    st = data["ST"]
    whole = peaks(st), extent(st)
    st.encoding["chunks"] = (2, 2, 3)
    assert len(list(pieces(st))) == 2 * 3 * 3
    assert peaks(st) == whole[0]
    assert extent(st) == pytest.approx(whole[1])
    np.testing.assert_array_equal(extent(st, 1).high, st.max(("y", "x")))
    np.testing.assert_allclose(extent(st, 1).mean, st.mean(("y", "x")))
    assert peaks(st[:1] * np.nan)[0].cell == ()
    assert np.isnan(Peak(*peaks(st[:1] * np.nan)[0]).value)


def test_a_store_on_disk_reads_like_the_tree_in_memory(tmp_path):
    results = tree(p_true=quantity({"case": 4}, coords=cases()), quarantine=quarantine())
    results.to_zarr(tmp_path / "s.zarr", consolidated=False)
    with xr.open_datatree(tmp_path / "s.zarr", engine="zarr", consolidated=False) as opened:
        assert printed(opened) == printed(results)


def test_tables_load_neither_xarray_nor_matplotlib():
    code = "import sys, dnnsa.view.table; print({'xarray', 'matplotlib', 'zarr', 'dask'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
