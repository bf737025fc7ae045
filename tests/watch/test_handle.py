"""A study in the background."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

import dnnsa
from dnnsa.engine import Progress
from dnnsa.errors import Interrupted, RunError, StoreError, TooManyFailures
from tests.studies import study

LINE = "def f(x1, x2): return x1 + 2 * x2"
SLOW = "import time\ndef f(x1, x2):\n    time.sleep(0.02)\n    return np.exp(3 * x1) * x2"


def test_a_study_runs_in_the_background(client, tmp_path):
    handle = dnnsa.run(study(tmp_path, SLOW, base_points=512), client, tmp_path / "out.zarr", wait=False)
    assert not handle.done
    assert not handle.wait(0)
    assert handle.wait(60)
    assert handle.done
    assert handle.progress == Progress(512, 512, 0)
    assert repr(handle) == "<small: complete, 512 of 512 base points>"
    results = handle.result()
    np.testing.assert_array_equal(results["output"]["ST"], dnnsa.open(tmp_path / "out.zarr")["output"]["ST"])


def test_it_can_be_asked_too_early(client, tmp_path):
    handle = dnnsa.run(study(tmp_path, SLOW, base_points=512), client, tmp_path / "out.zarr", wait=False)
    with pytest.raises(
        TimeoutError, match=r"^after 0.01 s: <small: .*>\. It goes on; ask again, or `interrupt\(\)` it\.$"
    ):
        handle.result(0.01)
    handle.result(60)


def test_what_it_stops_for_is_raised_when_it_is_asked(client, tmp_path):
    broken = study(tmp_path, "def f(x1, x2): return np.full(len(x1), np.nan)")
    handle = dnnsa.run(broken, client, tmp_path / "out.zarr", wait=False)
    assert handle.wait(60)
    with pytest.raises(TooManyFailures, match="are in quarantine"):
        handle.result()
    assert repr(handle).startswith("<small: stopped")
    (tmp_path / "no.zarr").mkdir()
    with pytest.raises(StoreError, match="is not a store of dnnsa"):
        dnnsa.run(broken, client, tmp_path / "no.zarr", wait=False).result(60)


def test_an_interrupt_keeps_what_is_done_and_the_same_study_goes_on(client, tmp_path):
    asked = study(tmp_path, SLOW, base_points=2048)
    handle = dnnsa.run(asked, client, tmp_path / "out.zarr", wait=False)
    while not handle.progress or handle.progress.done < 256:
        time.sleep(0.01)
    handle.interrupt()
    handle.interrupt()  # once is enough
    with pytest.raises(Interrupted, match=r"interrupted: \d+ of 2048 base points are kept"):
        handle.result(60)
    kept = dnnsa.open(tmp_path / "out.zarr").attrs["base_points_done"]
    assert kept >= 256
    results = dnnsa.run(asked, client, tmp_path / "out.zarr", wait=False).result(60)
    whole = dnnsa.run(asked, client, tmp_path / "whole.zarr", wait=False).result(60)
    for name, values in whole["output"].items():
        assert values.values.tobytes() == results["output"][name].values.tobytes()


def test_an_interrupt_before_there_is_a_worker_ends_the_waiting(tmp_path):
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as nobody,
    ):
        handle = dnnsa.run(study(tmp_path, LINE), nobody, tmp_path / "out.zarr", wait=False)
        while "no worker" not in handle._feed.latest.said and "first base point" not in handle._feed.latest.said:
            time.sleep(0.01)
        handle.interrupt()
        with pytest.raises(Interrupted):
            handle.result(60)
    assert not (tmp_path / "out.zarr").exists()


def test_dear_runs_are_interrupted_too(client, tmp_path):
    asked = study(tmp_path, SLOW, base_points=64, granularity="run")
    handle = dnnsa.run(asked, client, tmp_path / "out.zarr", wait=False)
    while not handle.progress or handle.progress.done < 8:
        time.sleep(0.01)
    handle.interrupt()
    with pytest.raises(Interrupted, match=r"\d+ of 256 runs are kept"):
        handle.result(60)


def test_a_study_whose_scheduler_is_gone_says_so(tmp_path):
    with (
        LocalCluster(n_workers=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as mine,
    ):
        handle = dnnsa.run(study(tmp_path, SLOW, base_points=4096), mine, tmp_path / "out.zarr", wait=False)
        while not handle.progress or handle.progress.done < 64:
            time.sleep(0.01)
    with pytest.raises(RunError):
        handle.result(120)


def test_html_tells_how_far_it_is(client, tmp_path):
    handle = dnnsa.run(study(tmp_path, LINE), client, tmp_path / "out.zarr", wait=False)
    handle.result(60)
    html = handle._repr_html_()
    assert "<h2>small <small>complete</small></h2>" in html
    assert "<dt>base points</dt><dd>256 of 256</dd>" in html
    assert "<script" not in html


SCRIPT = """
import dnnsa
from dnnsa.cluster import Local
from tests.studies import study
from pathlib import Path

if __name__ == "__main__":
    slow = "import time\\ndef f(x1, x2):\\n    time.sleep(0.5)\\n    return x1 * x2"
    handle = dnnsa.run(study(Path("."), slow, base_points=65536), cluster=Local(workers=1), wait=False)
    while not handle.progress or handle.progress.done < 64:
        handle.wait(0.1)
    print(repr(handle)[:15])
"""


def test_a_process_that_ends_does_not_wait_for_its_study(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "script.py"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (done.returncode, done.stdout) == (0, "<small: running\n"), done.stderr
    assert dnnsa.open(tmp_path / "small.zarr").attrs["status"] == "interrupted"
