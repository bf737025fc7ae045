"""What ``dnnsa watch`` prints, from a store alone."""

import io
import re
import threading
from datetime import UTC, datetime

import pytest
from rich.console import Console

import dnnsa
from dnnsa import store
from dnnsa.view.progress import Quiet
from dnnsa.watch import terminal
from dnnsa.watch.frame import Watched
from dnnsa.watch.terminal import watch
from tests.studies import study

LINES = "def f(x1, x2): return np.stack([x1 + 2 * x2, x1 * x2], axis=-1)"
SLOW = "import time\n" + LINES.replace("return", "\n    time.sleep(0.1)\n    return")
SLOW_NUMBER = "import time\ndef f(x1, x2):\n    time.sleep(0.1)\n    return x1 + x1 * x2"
GATED = "import os, time\n" + LINES.replace(
    "return", "\n    time.sleep(0 if os.path.exists(__file__.replace('model.py', 'go')) else 0.1)\n    return"
)
CASES = {"kind": "function", "call": "model:f", "dims": {"output": ["case"]}}


def printed(path, once=True, **settings):
    console = Console(file=io.StringIO(), width=100, **settings)
    watch(path, console, once)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def made(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    asked = study(folder, LINES, base_points=1024, model=CASES, max_failed=1)
    dnnsa.run(asked, client, folder / "small.zarr", reporter=Quiet())
    return folder / "small.zarr"


def test_one_frame_of_a_complete_study(made):
    text = printed(made)
    assert text.startswith("small  complete\n")
    assert re.search(r"base points +1,024 of 1,024 *\n", text)
    assert re.search(r"in quarantine +none *\n", text)
    assert re.search(r"last checkpoint +\d.* ago *\n", text)
    assert "output (case: 2)" in text
    assert "over all cells, from 1024 base points; intervals of 95 %" in text
    assert re.search(r"x2 +0\.\d+ \[0\.\d+, 0\.\d+\] +0\.\d+ \[0\.\d+, 0\.\d+\] +\| *-*o-* *\|", text)
    assert re.search(r"widest: S[1T] of x\d at case \d, ", text)


def test_maps_are_shown_where_there_are_colours(made):
    plain, coloured = printed(made), printed(made, color_system="truecolor", force_terminal=True)
    assert "\x1b[48;2;" not in plain
    assert "\x1b[48;2;" in coloured


def test_it_goes_on_until_the_study_is_complete(client, tmp_path, monkeypatch):
    monkeypatch.setattr(terminal, "EVERY", 0.1)
    handle = dnnsa.run(study(tmp_path, GATED, base_points=8192, model=CASES), client, tmp_path / "out.zarr", wait=False)
    while not handle.progress:
        assert not handle.wait(0.05)
    threading.Timer(1.0, (tmp_path / "go").touch).start()
    text = printed(tmp_path / "out.zarr", once=False, force_terminal=True)
    assert "running" in text
    assert "8,192 of 8,192" in text
    assert handle.wait(30)


def test_a_study_that_has_only_begun_has_neither_a_rate_nor_indices(tmp_path):
    store.create(tmp_path / "new.zarr", study(tmp_path, LINES), {}, 256, datetime.now(UTC))
    watched = Watched(tmp_path / "new.zarr")
    frame = watched.frame()
    assert (frame.status, frame.rate, frame.look, frame.committed) == ("interrupted", None, None, None)
    assert "indices come with the first checkpoint" in printed(tmp_path / "new.zarr")


def test_an_interrupted_study_is_told_as_such(client, tmp_path):
    handle = dnnsa.run(study(tmp_path, SLOW, base_points=4096, model=CASES), client, tmp_path / "out.zarr", wait=False)
    while not handle.progress or handle.progress.done < 256:
        threading.Event().wait(0.01)
    handle.interrupt()
    handle.wait(30)
    text = printed(tmp_path / "out.zarr")
    assert text.startswith("small  stopped\n")
    assert "rate" not in text


def test_dear_runs_are_told_while_they_are_made(client, tmp_path):
    asked = study(tmp_path, SLOW, base_points=64, model=CASES, granularity="run")
    handle = dnnsa.run(asked, client, tmp_path / "out.zarr", wait=False)
    while not handle.progress or handle.progress.done < 8:
        threading.Event().wait(0.01)
    text = printed(tmp_path / "out.zarr")
    handle.interrupt()
    handle.wait(30)
    assert re.search(r"runs +\d+ of 256 *\n", text)
    assert re.search(r"failed +none *\n", text)


def test_what_runs_gave_and_how_fast_they_come_is_told_from_the_store(client, tmp_path):
    asked = study(tmp_path, SLOW_NUMBER, base_points=64, granularity="run")
    handle = dnnsa.run(asked, client, tmp_path / "out.zarr", wait=False)
    while not handle.progress or handle.progress.done < 40:
        threading.Event().wait(0.01)
    text = printed(tmp_path / "out.zarr")
    watched = Watched(tmp_path / "out.zarr")
    first, second = watched.frame(), watched.frame()
    handle.interrupt()
    handle.wait(30)
    assert re.search(r"rate +[\d.,]+ runs/min *\n", text)
    assert re.search(r"time left +\d.* s *\n", text)
    low, high = map(float, re.search(r"so far +output (\S+) to (\S+) *\n", text).groups())
    values = dnnsa.runs(tmp_path / "out.zarr")["output"]
    assert values.min() - 0.01 <= low < high <= values.max() + 0.01
    assert second.progress.done >= first.progress.done >= 40
    assert first.left == pytest.approx((256 - first.progress.done) / first.rate)
    stopped = printed(tmp_path / "out.zarr")
    assert "so far" in stopped
    assert "time left" not in stopped


def test_it_is_a_command(made, command):
    status, out, err = command("watch", made, "--once")
    assert (status, err) == (0, "")
    assert out.startswith("small  complete\n")


def test_what_is_no_store_is_an_error(command, tmp_path):
    told = f"error: {tmp_path / 'no.zarr'}: there is no store: `dnnsa run STUDY.yaml` makes one.\n"
    assert command("watch", tmp_path / "no.zarr") == (2, "", told)
    (tmp_path / "folder").mkdir()
    told = f"error: {tmp_path / 'folder'}: is not a store of dnnsa.\n"
    assert command("watch", tmp_path / "folder", "--once") == (2, "", told)
