"""More base points, in one life or in several, and dear runs: the same bits, and nothing is run twice."""

import signal
import time

import numpy as np
import pytest

import dnnsa
from dnnsa import store
from dnnsa.errors import Interrupted, StoreError, TooManyFailures
from dnnsa.view.progress import Quiet
from tests.studies import study

FIELD = "def f(x1, x2): return np.exp(3 * x1)[:, None] * np.cos(np.arange(3) * x2[:, None])"
LOGGED = (
    "import os\ndef f(x1, x2):\n    fd = os.open(LOG, os.O_CREAT | os.O_APPEND | os.O_WRONLY)\n"
    "    os.write(fd, b''.join(b'%r %r\\n' % (a, b) for a, b in zip(x1.tolist(), x2.tolist())))\n    os.close(fd)\n"
    "    return np.exp(3 * x1) * x2"
)


def logged(folder, source=LOGGED):
    return source.replace("LOG", repr(str(folder / "log")))


def calls(folder):
    lines = (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
    (folder / "log").unlink(missing_ok=True)
    return lines


def until_idle(client):
    """Wait for what workers still do of what they need not do any more: a thread cannot be stopped."""
    while any(client.run(lambda dask_worker: len(dask_worker.state.all_running_tasks)).values()):
        time.sleep(0.05)


def run(asked, client, path, reporter=None, **settings):
    return dnnsa.run(asked, client, path, reporter=reporter or Quiet(), **settings)


def same(one, other):
    assert set(one["output"].data_vars) == set(other["output"].data_vars)
    for name in one["output"].data_vars:
        np.testing.assert_array_equal(one["output"][name], other["output"][name], err_msg=name)


class Said(Quiet):
    def __init__(self, at=None):
        self.said, self.at = [], at

    def say(self, message):
        self.said.append(message)

    def update(self, progress):
        if self.at is not None and progress.done >= self.at:
            self.at = None
            signal.raise_signal(signal.SIGINT)


@pytest.mark.harm("People", "A complete study is extended", "bits", "once", "kept")
def test_a_complete_study_is_extended_to_the_bits_of_a_longer_one_and_nothing_is_run_twice(client, tmp_path):
    asked = [study(tmp_path, logged(tmp_path), base_points=size) for size in (256, 1024)]
    expected = run(asked[1], client, tmp_path / "whole.zarr")
    calls(tmp_path)
    run(asked[0], client, tmp_path / "out.zarr")
    first = set(calls(tmp_path))
    watching = Said()
    extended = run(asked[1], client, tmp_path / "out.zarr", watching)
    probed = 256  # the first block, which is timed: the only base points that are run again
    assert len(set(calls(tmp_path)) & first) <= probed
    assert "extending: from 256 to 1024 base points" in watching.said
    same(expected, extended)
    assert extended.attrs["base_points"] == extended.attrs["base_points_done"] == 1024
    assert extended.attrs["digest"] == asked[1].digest


@pytest.mark.harm("People", "An extension that has no block in common", "kept", "told")
def test_what_cannot_be_extended_is_refused_and_kept(client, tmp_path):
    small = study(tmp_path, FIELD, base_points=64)
    before = run(small, client, tmp_path / "out.zarr")["output"]["ST"].values
    with pytest.raises(StoreError) as error:
        run(study(tmp_path, FIELD, base_points=256), client, tmp_path / "out.zarr")
    assert str(error.value) == (
        f"{tmp_path / 'out.zarr'}: cannot go on from its 64 base points to 256: a replicate has 16 there, fewer than a "
        "block of 64. Give another --out, or --overwrite."
    )
    np.testing.assert_array_equal(dnnsa.open(tmp_path / "out.zarr")["output"]["ST"], before)


@pytest.mark.harm("People", "Fewer base points than the store holds", "told")
def test_fewer_base_points_than_a_store_holds_are_refused(client, tmp_path):
    run(study(tmp_path, FIELD, base_points=512), client, tmp_path / "out.zarr")
    with pytest.raises(StoreError, match=r"holds 512 base points where design.base_points asks for 256: ask for 512"):
        run(study(tmp_path, FIELD, base_points=256), client, tmp_path / "out.zarr")


@pytest.mark.harm("Commits and files", "A store that another version has begun", "told")
def test_a_store_begun_by_another_version_is_refused(client, tmp_path):
    slow = FIELD.replace("return", "import time; time.sleep(0.02); return")
    asked = study(tmp_path, slow, base_points=2048)
    with pytest.raises(Interrupted):
        run(asked, client, tmp_path / "out.zarr", Said(at=1))
    versions = dict(store.attributes(tmp_path / "out.zarr")["versions"]) | {"dnnsa": "0.0.0"}
    store.update(tmp_path / "out.zarr", versions=versions)
    with pytest.raises(StoreError, match=r"made by dnnsa 0.0.0, this is"):
        run(asked, client, tmp_path / "out.zarr")


STOP = {"half_width": 0.02, "max_base_points": 16384}


@pytest.mark.harm("People", "Stopped when sure, against a study of that size from the start", "bits")
def test_a_study_stops_when_it_is_sure_with_the_bits_of_a_fixed_one(client, tmp_path):
    asked = study(tmp_path, FIELD, base_points=256, stop=STOP)
    results = run(asked, client, tmp_path / "out.zarr")
    size = results.attrs["base_points"]
    assert 256 < size < 16384
    same(run(study(tmp_path, FIELD, base_points=size), client, tmp_path / "fixed.zarr"), results)
    width = (results["output"]["ST_upper"] - results["output"]["ST_lower"]).values / 2
    assert width.max() <= 0.02
    before = dnnsa.open(tmp_path / "fixed.zarr")
    half = run(study(tmp_path, FIELD, base_points=size // 2), client, tmp_path / "half.zarr")
    wide = [(half["output"][f"{m}_upper"] - half["output"][f"{m}_lower"]).values / 2 > 0.02 for m in ("S1", "ST")]
    assert np.any(wide)  # it was not sure before
    assert results.attrs["stop"]["sure"] is True
    assert "stop" not in before.attrs


def test_a_study_that_is_never_sure_ends_with_the_most_base_points_and_says_so(client, tmp_path):
    asked = study(tmp_path, FIELD, base_points=256, stop={"half_width": 1e-9, "max_base_points": 512})
    results = run(asked, client, tmp_path / "out.zarr")
    assert results.attrs["base_points"] == 512
    assert results.attrs["stop"]["sure"] is False
    more = run(study(tmp_path, FIELD, base_points=256, stop=STOP), client, tmp_path / "out.zarr")
    assert more.attrs["stop"]["sure"] is True


def test_small_rounds_that_have_no_block_in_common_are_run_again_to_the_same_bits(client, tmp_path):
    results = run(study(tmp_path, FIELD, base_points=16, stop=STOP), client, tmp_path / "out.zarr")
    size = results.attrs["base_points"]
    same(run(study(tmp_path, FIELD, base_points=size), client, tmp_path / "fixed.zarr"), results)


CHOICE = {name: {"kind": "choice", "values": [0.1, 0.2, 0.4]} for name in ("x1", "x2")}


@pytest.mark.harm("Runs of the model", "Dear runs, most of them rows that there are twice", "bits", "once")
def test_dear_runs_are_made_once_each_and_fold_to_the_same_bits(client, tmp_path):
    expected = run(study(tmp_path, FIELD, base_points=256, factors=CHOICE), client, tmp_path / "block.zarr")
    dear = study(tmp_path, logged(tmp_path, LOGGED), base_points=256, factors=CHOICE, granularity="run")
    cheap = study(tmp_path, logged(tmp_path, LOGGED), base_points=256, factors=CHOICE)
    run(dear, client, tmp_path / "run.zarr")
    made = calls(tmp_path)
    assert len(made) == len(set(made)) == 9
    results = dnnsa.open(tmp_path / "run.zarr")
    same(run(cheap, client, tmp_path / "cheap.zarr"), results)
    assert results["runs"].sizes["run"] == 9
    assert (results["runs"]["state"] == 1).all()
    np.testing.assert_allclose(results["runs"]["output"], np.exp(3 * results["runs"]["x1"]) * results["runs"]["x2"])
    assert expected.attrs["status"] == "complete"


@pytest.mark.harm("People", "Dear runs interrupted, resumed and extended", "bits", "once", "kept")
def test_dear_runs_go_on_after_an_interrupt_and_into_a_longer_study_without_repeating_one(client, tmp_path):
    source = logged(tmp_path, LOGGED.replace("    return", "    import time; time.sleep(0.01)\n    return"))
    small, large = (study(tmp_path, source, base_points=size, granularity="run") for size in (16, 32))
    with pytest.raises(Interrupted, match=r"interrupted: \d+ of 64 runs are kept"):
        run(small, client, tmp_path / "out.zarr", Said(at=20))
    run(small, client, tmp_path / "out.zarr")
    extended = run(large, client, tmp_path / "out.zarr")
    made = calls(tmp_path)
    in_flight = 4  # when it was interrupted: begun, and perhaps not kept
    assert len(set(made)) == 128
    assert 128 <= len(made) <= 128 + in_flight
    same(run(large, client, tmp_path / "whole.zarr"), extended)


def test_dear_runs_tell_the_lowest_and_the_highest_value_so_far_also_of_what_is_kept_before(client, tmp_path):
    source = (
        "import time\ndef f(x1, x2):\n    time.sleep(0.01)\n    return {'field': np.ones((len(x1), 3)), 'y': x1 - x2}"
    )
    asked = study(tmp_path, source, base_points=16, granularity="run")
    before, after = Told(at=20), Told()
    with pytest.raises(Interrupted):
        run(asked, client, tmp_path / "out.zarr", before)
    until_idle(client)
    kept = dnnsa.open(tmp_path / "out.zarr")["runs"]["y"].values  # NaN of those that are not made
    results = run(asked, client, tmp_path / "out.zarr", after)
    assert after.seen[0] == ends(kept)
    assert after.seen[-1] == ends(results["runs"]["y"].values)
    assert before.seen[0] == ends(results["runs"]["y"].values[:1])  # the first run shows what the outputs are


def ends(values):
    return f"y {np.nanmin(values):.3g} to {np.nanmax(values):.3g}"


class Told(Said):
    def __init__(self, at=None):
        super().__init__(at)
        self.seen = []

    def update(self, progress):
        if progress.unit == "runs":
            self.seen.append(progress.seen)
        super().update(progress)


@pytest.mark.harm("Runs of the model", "Dear runs that raise", "once", "told", "rest")
def test_dear_runs_that_fail_put_their_base_points_in_quarantine(client, tmp_path):
    source = "import os, signal\ndef f(x1, x2):\n    if x1[0] > 0.45: raise ValueError('too hot')\n    return x1 + x2"
    asked = study(tmp_path, source, base_points=64, granularity="run", max_failed=0.5)
    results = run(asked, client, tmp_path / "out.zarr")
    failed = (results["runs"]["state"] == 2).sum().item()
    assert failed > 0
    lost = results["quarantine"].sizes["base_point"]
    assert results["output"]["n"] + lost == 64
    assert set(results["quarantine"]["cause"].values) == {"ValueError: too hot"}
    assert all("raise ValueError" in trace for trace in results["quarantine"]["traceback"].values)
    strict = study(tmp_path, source, base_points=64, granularity="run", max_failed=0.0)
    with pytest.raises(
        TooManyFailures, match="base points have runs that failed, more than max_failed: 0 allows of 64"
    ):
        run(strict, client, tmp_path / "strict.zarr")
    assert (tmp_path / "strict.zarr" / "runs").exists()


def test_dear_runs_go_on_in_rounds_and_each_is_made_once(client, tmp_path):
    asked = study(
        tmp_path, logged(tmp_path), base_points=64, granularity="run", stop={"half_width": 1e-9, "max_base_points": 128}
    )
    results = run(asked, client, tmp_path / "out.zarr")
    assert results.attrs["base_points"] == 128
    assert len(calls(tmp_path)) == results["runs"].sizes["run"] == 512


def test_dear_runs_that_failed_too_often_are_told_before_more_are_made(client, tmp_path):
    source = logged(tmp_path, LOGGED.replace("    return", "    if x1[0] > 0.3: raise ValueError\n    return"))
    asked = study(tmp_path, source, base_points=64, granularity="run")
    with pytest.raises(TooManyFailures):
        run(asked, client, tmp_path / "out.zarr")
    until_idle(client)  # a run that was out when it stopped
    assert calls(tmp_path) != []
    with pytest.raises(TooManyFailures):
        run(asked, client, tmp_path / "out.zarr")
    until_idle(client)
    assert calls(tmp_path) == []


@pytest.mark.harm("Processes", "The client dies as soon as the store says how large the next round is", "bits")
def test_a_larger_study_that_has_nothing_of_the_smaller_one_never_meets_its_states(client, tmp_path, monkeypatch):
    """The client dies as soon as the store says how large it is to be."""
    asked = study(tmp_path, FIELD, base_points=16, stop=STOP)
    put = store.update

    def die(path, **attrs):
        if store.attributes(path)["base_points"] == 32:
            raise KeyboardInterrupt
        put(path, **attrs)

    monkeypatch.setattr(store, "update", die)
    with pytest.raises((Interrupted, KeyboardInterrupt)):
        run(asked, client, tmp_path / "out.zarr")
    monkeypatch.undo()
    assert store.attributes(tmp_path / "out.zarr")["base_points"] == 32
    results = run(asked, client, tmp_path / "out.zarr")
    same(
        run(study(tmp_path, FIELD, base_points=results.attrs["base_points"]), client, tmp_path / "fixed.zarr"), results
    )
