"""Single runs are in the store wholly or not at all, whatever dies, and anybody can read those that are there."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr
import zarr

import dnnsa
from dnnsa import store
from dnnsa.errors import ModelError, RunError, StoreError
from dnnsa.store import DONE, FAILED, NOT_RUN, RunField
from dnnsa.store.outcomes import opened_runs
from tests.studies import UNIFORM, parts

FIELDS = {
    "curve": RunField(("t",), (3,), {"t": (("t",), np.array([0.5, 1.0, 2.0]))}, "float32"),
    "number": RunField((), (), {}, "float64"),
}
WRITER = (
    "import sys, os, pathlib\nimport numpy as np\nfrom dnnsa.store import write_run\n"
    "class Dying(dict):\n"
    "    def items(self):\n"
    "        yield 'curve', np.ones(3)\n"
    "        os.kill(os.getpid(), 9)\n"
    "path = pathlib.Path(sys.argv[1])\n"
)


def a_study(**settings):
    return dnnsa.Study(**parts(**settings))


def values(count, seed=0):
    """Of two factors, in ``count`` runs: longer ones begin with shorter ones."""
    x1 = np.random.default_rng(seed).random(100)[:count]
    return {"x1": x1, "x2": np.array(["a", 1, None, True, 0.5] * 20, dtype=object)[:count]}


def outputs(number):
    return {"curve": np.arange(3) + 10.0 * number, "number": np.float64(number)}


def chunk(path, array, number):
    return next((path / "runs" / array).glob(f"c.{number}*"))


def in_a_process(path, code):
    return subprocess.Popen([sys.executable, "-c", WRITER + code, str(path)])


@pytest.fixture
def path(tmp_path):
    """A store with room for ten runs."""
    path = tmp_path / "out.zarr"
    store.create(path, a_study(), {}, 256, datetime.now(UTC))
    store.prepare_runs(path, a_study(), values(10), FIELDS)
    return path


def test_what_a_run_gave_is_read_back(path):
    store.write_run(path, 3, outputs(3), 1.5)
    store.write_run(path, 7, outputs(7), 2.5)
    assert store.run_states(path).tolist() == [DONE if number in (3, 7) else NOT_RUN for number in range(10)]
    found = store.read_runs(path, [7, 3, 7])
    assert found["curve"].dtype == np.float32
    np.testing.assert_array_equal(found["curve"], [[70, 71, 72], [30, 31, 32], [70, 71, 72]])
    np.testing.assert_array_equal(found["number"], [7, 3, 7])


def test_runs_that_are_not_done_read_as_nan(path):
    store.write_run(path, 3, outputs(3), 1.5)
    store.write_failed(path, 4, "ValueError: no", "Traceback", 0.1)
    np.testing.assert_array_equal(store.read_runs(path, [3, 4, 5])["number"], [3, np.nan, np.nan])


def test_a_run_that_failed_says_why(path):
    store.write_failed(path, 4, "ValueError: größer als 1", "Traceback (most recent call last):\n ...", 0.1)
    store.write_run(path, 5, outputs(5), 1.0)
    assert store.run_states(path)[[4, 5, 6]].tolist() == [FAILED, DONE, NOT_RUN]
    assert store.failed_runs(path, range(10)) == {
        4: ("ValueError: größer als 1", "Traceback (most recent call last):\n ...")
    }
    assert store.failed_runs(path, [5, 6]) == {}


def test_one_run_says_by_itself_whether_it_is_done(path):
    store.write_run(path, 3, outputs(3), 1.5)
    store.write_run(path, 4, outputs(4), 1.5)
    store.write_failed(path, 5, "ValueError", "", 0.1)
    chunk(path, "state", 4).write_bytes(b"torn")
    assert [number for number in range(10) if store.is_done(path, number)] == [3]


def test_a_run_that_failed_may_be_done_later_and_one_that_is_done_never_fails(path):
    store.write_failed(path, 4, "ValueError", "", 0.1)
    store.write_run(path, 4, outputs(4), 1.0)
    store.write_failed(path, 4, "ValueError", "", 0.1)
    assert store.run_states(path)[4] == DONE
    np.testing.assert_array_equal(store.read_runs(path, [4])["number"], [4])


def test_a_run_that_is_done_is_not_written_again(path):
    store.write_run(path, 4, outputs(4), 1.0)
    store.write_run(path, 4, outputs(5), 1.0)
    np.testing.assert_array_equal(store.read_runs(path, [4])["number"], [4])


def test_outputs_that_are_nan_are_outputs(path):
    store.write_run(path, 2, {"curve": np.full(3, np.nan), "number": np.array(np.nan)}, 1.0)
    assert store.run_states(path)[2] == DONE
    assert np.isnan(store.read_runs(path, [2])["curve"]).all()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("float16", "float32"),
        ("bfloat16", "float32"),
        ("float32", "float32"),
        ("int32", "float64"),
        ("bool", "float64"),
    ],
)
def test_outputs_are_kept_in_a_type_that_holds_them(tmp_path, given, kept):
    store.create(tmp_path / "out.zarr", a_study(), {}, 256, datetime.now(UTC))
    store.prepare_runs(tmp_path / "out.zarr", a_study(), values(2), {"number": RunField((), (), {}, given)})
    assert store.read_runs(tmp_path / "out.zarr", [0])["number"].dtype == kept


@pytest.mark.harm("Processes", "Two processes write dear runs to one store at the same time", "rest")
def test_two_processes_write_at_the_same_time(path):
    code = (
        "for number in range({}, 10, 2):\n"
        "    write_run(path, number, {{'curve': np.full(3, number), 'number': number}}, 1)"
    )
    writers = [in_a_process(path, code.format(first)) for first in (0, 1)]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert store.run_states(path).tolist() == [DONE] * 10
    np.testing.assert_array_equal(store.read_runs(path, range(10))["number"], np.arange(10))


@pytest.mark.harm("Processes", "A worker is killed between two outputs of a dear run", "kept", "rest")
def test_a_worker_that_is_killed_between_outputs_leaves_no_run(path):
    assert in_a_process(path, "write_run(path, 3, Dying(), 1.0)").wait() == -9
    assert chunk(path, "curve", 3).exists()
    assert store.run_states(path)[3] == NOT_RUN
    assert np.isnan(store.read_runs(path, [3])["curve"]).all()
    store.write_run(path, 3, outputs(3), 1.0)
    np.testing.assert_array_equal(store.read_runs(path, [3])["curve"], [[30, 31, 32]])


@pytest.mark.harm("Commits and files", "The disk loses the mark that a dear run is done", "told", "rest")
def test_a_state_that_the_disk_lost_was_never_committed(path):
    store.write_run(path, 3, outputs(3), 1.0)
    chunk(path, "state", 3).write_bytes(b"")
    with pytest.raises(StoreError, match=r"runs/state/c.3: is damaged"):
        store.read_runs(path, [3])
    assert store.run_states(path)[3] == NOT_RUN
    store.write_run(path, 3, outputs(3), 1.0)
    np.testing.assert_array_equal(store.read_runs(path, [3])["number"], [3])


@pytest.mark.harm("Commits and files", "Each bit of what a dear run gave is flipped, one at a time", "told")
def test_a_flipped_bit_is_an_error_and_never_another_number(path):
    store.write_run(path, 3, outputs(3), 1.0)
    for array in ("curve", "number", "state"):
        file = chunk(path, array, 3)
        content = file.read_bytes()
        messages = []
        for bit in range(8 * len(content)):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            file.write_bytes(flipped)
            messages.append(what_is_wrong(path))
        file.write_bytes(content)
        damaged = f"{file}: is damaged, it does not hold what was written: start again with --overwrite."
        assert set(messages) <= {damaged, ""}
        assert messages.count(damaged) > 0.9 * len(messages)  # some bits of a frame say nothing of the content


def what_is_wrong(path):
    """The message of reading a run; empty if what it gave is what is read."""
    try:
        read = store.read_runs(path, [2, 3])
    except StoreError as error:
        return str(error)
    for name, expected in outputs(3).items():
        np.testing.assert_array_equal(read[name][1], expected)
    return ""


@pytest.mark.harm("Commits and files", "What a dear run gave is torn, or gone", "told")
def test_a_chunk_that_is_torn_or_gone_is_an_error(path):
    for number in (3, 4):
        store.write_run(path, number, outputs(number), 1.0)
    torn, gone = chunk(path, "curve", 3), chunk(path, "number", 4)
    torn.write_bytes(torn.read_bytes()[:-3])
    gone.unlink()
    with pytest.raises(StoreError, match=r"runs/curve/c.3.0: is damaged, .* start again with --overwrite"):
        store.read_runs(path, [2, 3])
    with pytest.raises(StoreError, match=r"runs/number/c.4: is missing, and run 4 is done: start again"):
        store.read_runs(path, [4])


def test_an_unwritable_place_is_told(path):
    shutil.rmtree(path / "runs" / "number")
    (path / "runs" / "number").write_text("")
    with pytest.raises(RunError, match=r"what run 3 gave cannot be written on host .*: File exists"):
        store.write_run(path, 3, outputs(3), 1.0)


@pytest.mark.harm("Commits and files", "No room for what a dear run gave", "told", "rest")
def test_nothing_is_written_where_the_disk_is_full(path):
    code = (
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\nimport signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nfrom dnnsa.errors import RunError\n"
        "try:\n    write_run(path, 3, {'curve': np.ones(3), 'number': 1}, 1.0)\n"
        "except RunError as error:\n    assert 'File too large' in str(error)\n    sys.exit(7)"
    )
    assert in_a_process(path, code).wait() == 7
    assert store.run_states(path)[3] == NOT_RUN


def test_preparing_again_changes_nothing_and_sweeps_what_was_half_written(path):
    store.write_run(path, 3, outputs(3), 1.0)
    (path / "runs" / "curve" / "c.4.abc.partial").write_bytes(b"half")
    layout = {file: file.read_bytes() for file in (path / "runs").rglob("zarr.json")}
    store.prepare_runs(path, a_study(), values(10), FIELDS)
    assert {file: file.read_bytes() for file in (path / "runs").rglob("zarr.json")} == layout
    assert list((path / "runs").rglob("*.partial")) == []
    assert store.run_states(path)[3] == DONE


def test_a_longer_study_keeps_the_runs_that_are_there(path):
    store.write_run(path, 3, outputs(3), 1.0)
    store.prepare_runs(path, a_study(), values(25), FIELDS)
    store.write_run(path, 24, outputs(24), 1.0)
    states = store.run_states(path)
    assert (len(states), states[3], states[24], states.sum()) == (25, DONE, DONE, 2)
    runs = xr.open_zarr(path, group="runs", consolidated=False)
    np.testing.assert_array_equal(runs["x1"], values(25)["x1"])
    assert runs["x2"].values[-5:].tolist() == ["a", "1", "None", "True", "0.5"]
    store.prepare_runs(path, a_study(), values(10), FIELDS)  # and a shorter one that is part of it
    assert len(store.run_states(path)) == 25


def test_room_that_was_half_made_is_made(path):
    group = zarr.open_group(path / "runs", mode="r+", use_consolidated=False)
    group["x1"].resize((25,))  # and there it was killed
    group["curve"].resize((25, 3))
    assert opened_runs(path).sizes["run"] == 10
    store.prepare_runs(path, a_study(), values(25), FIELDS)
    np.testing.assert_array_equal(opened_runs(path)["x1"], values(25)["x1"])


def test_a_group_that_was_half_made_is_made(path):
    shutil.rmtree(path / "runs" / "state")
    assert store.run_states(path).size == 0
    store.prepare_runs(path, a_study(), values(5), FIELDS)
    assert store.run_states(path).tolist() == [NOT_RUN] * 5


def test_other_runs_are_refused(path):
    other = values(10)
    other["x1"][6] = 0.25
    with pytest.raises(StoreError) as error:
        store.prepare_runs(path, a_study(), other, FIELDS)
    was = values(10)["x1"][6]
    assert str(error.value) == (
        f"{path}: x1 of run 6 is {was} in the store and 0.25 in the study: give another --out, or --overwrite."
    )
    more = {**FIELDS, "curve": FIELDS["curve"]._replace(shape=(4,), coords={})}
    with pytest.raises(StoreError) as error:
        store.prepare_runs(path, a_study(), values(10), more)
    assert str(error.value) == (
        f"{path}: its runs gave `curve` (3,) of float32, `number` () of float64, and now `curve` (4,) of float32, "
        "`number` () of float64: start again with --overwrite."
    )


@pytest.mark.parametrize("name", ["run", "state", "seconds", "cause", "traceback"])
def test_a_factor_or_a_quantity_cannot_have_the_name_of_something_else(tmp_path, name):
    path = tmp_path / "out.zarr"
    with pytest.raises(ModelError, match=rf"factors.{name}: `granularity: run` keeps .* under the name `{name}`"):
        store.prepare_runs(path, a_study(factors={name: UNIFORM, "x": UNIFORM}), values(3), FIELDS)
    with pytest.raises(ModelError, match=rf"quantity `{name}`: `granularity: run` keeps .* call it otherwise"):
        store.prepare_runs(path, a_study(), values(3), {name: FIELDS["number"]})
    assert not path.exists()


def test_a_factor_cannot_have_the_name_of_a_quantity_or_its_dimension(tmp_path):
    for named, what in (("number", "a quantity"), ("t", "a dimension or a coordinate of outputs")):
        made = a_study(factors={named: UNIFORM, "x": UNIFORM})
        with pytest.raises(ModelError) as error:
            store.prepare_runs(tmp_path, made, {named: np.zeros(3), "x": np.zeros(3)}, FIELDS)
        assert f"`granularity: run` keeps a factor under the name `{named}`, and {what} cannot have it too" in str(
            error.value
        )


def test_dimensions_of_several_sizes_are_told_apart(tmp_path):
    path = tmp_path / "out.zarr"
    store.create(path, a_study(), {}, 256, datetime.now(UTC))
    fields = {"a": RunField(("dim_0",), (2,), {}, "float64"), "b": RunField(("dim_0",), (3,), {}, "float64")}
    store.prepare_runs(path, a_study(), values(4), fields)
    assert dict(opened_runs(path).sizes) == {"run": 4, "a_dim_0": 2, "b_dim_0": 3}


@pytest.mark.parametrize("how", ["path / 'runs'", "path, group='runs', consolidated=False"])
def test_plain_xarray_opens_it_half_filled(path, how):
    store.write_run(path, 3, outputs(3), 1.5)
    store.write_failed(path, 4, "ValueError: no", "Traceback", 0.5)
    code = (
        "import sys, pathlib; sys.modules['dnnsa'] = None; import xarray; path = pathlib.Path(sys.argv[1]); "
        f"runs = xarray.open_zarr({how}).load(); "
        "print(dict(runs.sizes), sorted(runs.coords), runs['x2'].values.tolist()[:4], runs['seconds'].values[3:6],"
        " runs['curve'].values[3:5].tolist(), runs['state'].values.tolist(), runs['cause'].values[4],"
        " runs['state'].attrs['flag_meanings'])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == (
        "{'run': 10, 't': 3} ['t', 'x1', 'x2'] ['a', '1', 'None', 'True'] [1.5 0.5 nan] "
        "[[30.0, 31.0, 32.0], [nan, nan, nan]] [0, 0, 0, 1, 2, 0, 0, 0, 0, 0] ValueError: no not_run done failed\n"
    )


def test_a_complete_store_opens_with_its_runs(path):
    store.write_run(path, 3, outputs(3), 1.5)
    store.finish(path, 256, 0, 1.0)
    code = "import sys, xarray as xr; print(xr.open_datatree(sys.argv[1], engine='zarr')['runs/number'].values[3])"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, os.fspath(path)], capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout) == ("", "3.0\n")
    assert dnnsa.open(path)["runs/state"].values.tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_a_longer_study_after_a_complete_one_opens_with_all_its_runs(path):
    store.finish(path, 256, 0, 1.0)
    store.update(path, status="stopped")
    store.extend(path, a_study(base_points=512), 512)
    store.prepare_runs(path, a_study(), values(25), FIELDS)
    store.write_run(path, 24, outputs(24), 1.5)
    assert dnnsa.open(path)["runs"].sizes["run"] == 25
    store.finish(path, 512, 0, 1.0)
    tree = xr.open_datatree(path, engine="zarr")
    assert int(tree["runs/number"][24]) == 24


def test_a_store_without_runs_has_none(tmp_path):
    store.create(tmp_path / "out.zarr", a_study(), {}, 256, datetime.now(UTC))
    assert store.run_states(tmp_path / "out.zarr").size == 0
    assert "runs" not in dnnsa.open(tmp_path / "out.zarr").children
