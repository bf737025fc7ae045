"""The commands as a user types them: what is printed where, and the exit status."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster
from PIL import Image

LINE = "import numpy as np\ndef f(x1, x2):\n    return x1 + 2 * x2\n"
STUDY = """
name: line
factors:
  x1: {kind: uniform, low: 0, high: 1, unit: m}
  x2: {kind: uniform, low: 0, high: 1}
design: {kind: saltelli, base_points: 1024}
model: {kind: function, call: "line:f"}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "line.py").write_text(LINE, encoding="utf-8")
    (tmp_path / "line.yaml").write_text(STUDY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def dnnsa(command):
    return command


def alone(*arguments, **settings):
    """Run a command in a process of its own."""
    command = [Path(sys.executable).with_name("dnnsa"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)


def test_a_study_is_run_shown_and_drawn(dnnsa, folder):
    status, out, err = dnnsa("run", folder / "line.yaml", "--workers", 2)
    assert status == 0
    assert re.search(r"^dashboard: http://127.0.0.1:\d+/dnnsa$", err, re.MULTILINE)
    assert "1024 of 1024 base points" in err
    assert re.search(r"x1 \[m\] +0\.\d+ \[0\.\d+, 0\.\d+\]", out)
    assert out.endswith(f"store: {folder / 'line.zarr'}\n")
    assert "dashboard" not in out

    status, shown, err = dnnsa("show", folder / "line.zarr")
    assert (status, err) == (0, "")
    assert shown.strip() == out[: out.index("store: ")].strip()

    status, out, _ = dnnsa("show", folder / "line.zarr", "--json")
    values = json.loads(out)
    assert values["quantities"]["output"]["ST"]["x2"] == pytest.approx(0.8, abs=0.02)

    status, out, _ = dnnsa("plot", folder / "line.zarr")
    assert (status, out) == (0, f"figure: {folder / 'line-output.png'}\n")
    assert (folder / "line-output.png").read_bytes().startswith(b"\x89PNG")

    status, out, err = dnnsa("run", folder / "line.yaml")
    assert status == 0
    assert err == f"{folder / 'line.zarr'} holds this study, complete.\n"

    (folder / "line.yaml").write_text(STUDY.replace("1024", "1024, seed: 1"), encoding="utf-8")
    status, out, err = dnnsa("run", folder / "line.yaml")
    assert (status, out) == (2, "")
    assert err == (
        f"error: {folder / 'line.zarr'}: holds another study; give another --out, or --overwrite. What differs:\n"
        "design.seed: 0 in the store, 1 in the study\n"
    )
    assert dnnsa("run", folder / "line.yaml", "--overwrite", "--out", folder / "line.zarr")[0] == 0


def test_a_plan_says_what_a_study_comes_to_and_writes_nothing(dnnsa, folder):
    before = sorted(folder.iterdir())
    status, out, _ = dnnsa("plan", folder / "line.yaml")
    assert status == 0
    assert "1,024 in 4 replicates" in out
    assert "4,096, 4 a base point" in out
    assert "16 of 64 base points" in out
    assert re.search(r"window\W+\d+ tasks are out at a time", out)
    assert [path for path in sorted(folder.iterdir()) if path.name != "__pycache__"] == before


def test_the_schema_is_json(dnnsa):
    status, out, err = dnnsa("schema")
    assert (status, err) == (0, "")
    assert json.loads(out)["properties"]["factors"]


def test_the_version_is_printed(dnnsa):
    assert dnnsa("--version") == (0, "dnnsa 0.1.0\n", "")


BAD = [
    (STUDY.replace("desig", "desgi"), "the file: unknown key `desgin`: did you mean `design`?"),
    (
        STUDY.replace("low: 0, high: 1, unit", "low: 2, high: 1, unit"),
        "factors.x1: `low` must be below `high`, got low: 2",
    ),
    (STUDY.replace("line:f", "lime:f"), "error: model.call: no module `lime`: neither"),
    (STUDY.replace("line:f", "line:g"), "error: model.call: module `line` has no function `g`."),
    (
        STUDY.replace('{kind: function, call: "line:f"}', "{kind: keras, path: missing.keras, inputs: [x1, x2]}")
        + "quantities: {y: {kind: output}}",
        "error: model.path: there is no file",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD)
@pytest.mark.parametrize("subcommand", ["run", "plan"])
def test_bad_input_is_one_message_and_status_two_and_leaves_nothing(dnnsa, folder, subcommand, text, message):
    (folder / "line.yaml").write_text(text, encoding="utf-8")
    before = sorted(folder.iterdir())
    status, out, err = dnnsa(subcommand, folder / "line.yaml")
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert [path for path in sorted(folder.iterdir()) if path.name != "__pycache__"] == before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "def f(x1, x2): return x1[:2]",
            "error: model: quantity `output`: has shape (2,) for 4 runs: its first dimension must be the runs', (4, ",
        ),
        (
            "def f(x1, x2): raise OSError('no licence')",
            "error: model: the first base point raised OSError: no licence (line.py, line 1). Its first run had x1=",
        ),
    ],
)
def test_a_function_that_fails_on_the_first_base_point_is_one_message(dnnsa, folder, source, message):
    (folder / "line.py").write_text(source, encoding="utf-8")
    status, out, err = dnnsa("run", folder / "line.yaml", "--workers", 1)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith(message)
    assert "Traceback" not in err
    assert not (folder / "line.zarr").exists()


def test_a_store_that_cannot_be_written_is_told_before_anything_runs(dnnsa, folder):
    out = folder / "line.py" / "out.zarr"
    status, _, err = dnnsa("run", folder / "line.yaml", "--out", out)
    assert (status, err) == (2, f"error: {out}: the store cannot be written: {out.parent} is not a folder.\n")


def test_a_folder_that_is_no_store_is_never_overwritten(dnnsa, folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.tex").write_text("years")
    status, _, err = dnnsa("run", folder / "line.yaml", "--out", folder / "mine", "--overwrite")
    assert (status, err) == (2, f"error: {folder / 'mine'}: is not a store of dnnsa.\n")
    assert (folder / "mine" / "thesis.tex").read_text() == "years"


@pytest.mark.parametrize("subcommand", ["show", "plot"])
def test_a_store_that_is_not_there_is_told(dnnsa, tmp_path, subcommand):
    status, out, err = dnnsa(subcommand, tmp_path / "no.zarr")
    assert (status, out) == (2, "")
    assert err == f"error: {tmp_path / 'no.zarr'}: there is no store: `dnnsa run STUDY.yaml` makes one.\n"


def test_a_profile_is_read_and_checked(dnnsa, folder):
    profile = folder / "here.yaml"
    profile.write_text("kind: local\nworkers: 2\n", encoding="utf-8")
    assert dnnsa("run", folder / "line.yaml", "--cluster", profile)[0] == 0
    profile.write_text("kind: local\nwokers: 0\n", encoding="utf-8")
    status, _, err = dnnsa("run", folder / "line.yaml", "--cluster", profile)
    assert (status, err) == (2, f"error: {profile}:\nthe file: unknown key `wokers`: did you mean `workers`?\n")
    status, _, err = dnnsa("run", folder / "line.yaml", "--cluster", profile, "--workers", 2)
    assert (status, err) == (2, "error: --workers is for this machine: with --cluster, the profile says how many.\n")


def test_a_profile_has_a_name(dnnsa, folder, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    (folder / "dnnsa").mkdir()
    (folder / "dnnsa" / "here.yaml").write_text("kind: local\nworkers: 1\n", encoding="utf-8")
    assert dnnsa("run", folder / "line.yaml", "--cluster", "here")[0] == 0
    status, _, err = dnnsa("run", folder / "line.yaml", "--cluster", "there")
    assert (status, err) == (2, f"error: no profile `there` in {folder / 'dnnsa'}: did you mean `here`?\n")


def test_the_job_script_is_shown_before_it_is_submitted(dnnsa, folder):
    profile = folder / "gpu.yaml"
    profile.write_text("kind: slurm\nworkers: 3\ngpus: 1\nmemory: 1GB\n", encoding="utf-8")
    status, out, err = dnnsa("cluster", "show", profile)
    assert (status, err) == (0, "")
    assert out.startswith("#!/usr/bin/env bash\n")
    assert "#SBATCH --gres=gpu:1\n" in out
    assert out.endswith("submitted 3 times at first\n")
    profile.write_text("kind: slurm\nworkers: 3\n", encoding="utf-8")
    status, out, err = dnnsa("cluster", "show", profile)
    assert (status, out) == (2, "")
    assert err.startswith("error: `memory` is missing")
    profile.write_text("kind: local\n", encoding="utf-8")
    assert dnnsa("cluster", "show", profile)[::2] == (
        2,
        "error: kind: local submits no jobs: there is no job script.\n",
    )


def test_a_profile_is_tried_with_one_worker(dnnsa, folder):
    profile = folder / "here.yaml"
    profile.write_text("kind: local\n", encoding="utf-8")
    status, out, err = dnnsa("cluster", "check", profile, "--folder", folder)
    assert (status, err) == (0, "")
    assert "read and written" in out
    assert "tensorflow" in out
    profile.write_text("kind: local\nworkers: 1\ngpus: 9\n", encoding="utf-8")
    status, out, err = dnnsa("cluster", "check", profile, "--folder", folder)
    assert status == 1
    assert "tensorflow" in out
    assert re.fullmatch(r"error: gpus: 9 asked for a worker, and TensorFlow sees 0 on host \S+\n", err)


def test_too_many_failures_are_status_three_and_what_failed_is_shown(dnnsa, folder):
    (folder / "line.py").write_text(LINE.replace("x1 + 2 * x2", "np.where(x1 > 0.7, np.nan, x1)"), encoding="utf-8")
    status, out, err = dnnsa("run", folder / "line.yaml", "--workers", 1)
    assert (status, out) == (3, "")
    assert "base points are in quarantine, more than max_failed: 0.01 allows of 1024" in err
    assert "Traceback" not in err
    status, out, _ = dnnsa("show", folder / "line.zarr")
    assert status == 0
    assert "stopped" in out
    assert "are NaN or infinite" in out


SLOW = LINE.replace("return", "import time; time.sleep(0.05); return")
TOLD = LINE.replace(  # by files beside it how long a call takes
    "return",
    "import os, time; at = os.path.exists; here = __file__\n"
    "    time.sleep(60 if at(here + '.stuck') else 0 if at(here + '.quick') else 0.05)\n    return",
)


def started(folder):
    """A command that runs a study of `TOLD` on two workers, in a process group of its own."""
    (folder / "line.py").write_text(TOLD, encoding="utf-8")
    (folder / "line.yaml").write_text(STUDY.replace("1024", "32768"), encoding="utf-8")
    command = [Path(sys.executable).with_name("dnnsa"), "run", folder / "line.yaml", "--workers", "2"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def until(process, pattern):
    """Read what a process tells until a line begins like this."""
    for line in process.stderr:
        if re.match(pattern, line):
            return
    raise AssertionError(f"it never said {pattern}")


@pytest.mark.harm("People", "Ctrl-C in the terminal, which reaches the workers too: exit status 130", "kept", "told")
def test_ctrl_c_keeps_what_was_done_and_the_same_command_goes_on(folder):
    """The terminal sends the signal to the workers too."""
    process = started(folder)
    until(process, r"[1-9]\d* of 32768 base points")
    os.killpg(process.pid, signal.SIGINT)
    err = process.stderr.read()
    assert process.wait(timeout=60) == 130
    process.stderr.close()
    assert re.search(
        r"error: interrupted: \d+ of 32768 base points are kept; run the same command again to go on.", err
    )
    assert "Traceback" not in err
    (folder / "line.py.quick").touch()
    again = alone("run", folder / "line.yaml", "--workers", 2)
    assert again.returncode == 0
    assert re.search(r"resuming: [1-9]\d* of 32768 base points are done already", again.stderr)


@pytest.mark.harm("People", "A second Ctrl-C while runs of a minute are out: ends at once, with 130", "kept", "told")
def test_a_second_ctrl_c_ends_at_once(folder):
    """Each worker is in a run of a minute, before which it cannot save."""
    process = started(folder)
    until(process, r"[1-9]\d* of 32768 base points")
    (folder / "line.py.stuck").touch()
    time.sleep(2.0)
    os.killpg(process.pid, signal.SIGINT)
    until(process, "interrupted: .* Ctrl-C again ends at once")
    os.killpg(process.pid, signal.SIGINT)
    err = process.stderr.read()
    assert process.wait(timeout=30) == 130
    process.stderr.close()
    assert err == "error: interrupted: what was committed is kept; run the same command again to go on.\n"
    (folder / "line.py.stuck").unlink()
    (folder / "line.py.quick").touch()
    assert alone("run", folder / "line.yaml", "--workers", 2).returncode == 0


def test_the_end_of_the_job_in_which_it_waits_for_workers_is_as_ctrl_c(folder):
    options = {"processes": False, "protocol": "tcp://", "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=0, **options) as cluster:
        (folder / "there.yaml").write_text(f"kind: address\naddress: {cluster.scheduler_address}\n", encoding="utf-8")
        command = [Path(sys.executable).with_name("dnnsa"), "run", folder / "line.yaml"]
        process = subprocess.Popen([*command, "--cluster", folder / "there.yaml"], stderr=subprocess.PIPE, text=True)
        until(process, "there is no worker: waiting for one")
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "error: interrupted: what was committed is kept; run the same command again to go on.\n"


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.0, 2.5])
def test_ctrl_c_while_workers_start_is_one_message(folder, seconds):
    command = [Path(sys.executable).with_name("dnnsa"), "run", folder / "line.yaml", "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130)  # 0: it was quicker
    assert "Traceback" not in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.harm("Commits and files", "The disk is full, and later has room", "kept", "told")
def test_a_full_disk_is_told_and_the_same_command_goes_on_when_there_is_room(folder):
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        full = alone("run", folder / "line.yaml", "--workers", 1, "--out", disk / "out.zarr")
        assert full.returncode in (1, 2)
        assert "No space left on device" in full.stderr
        assert "Traceback" not in full.stderr
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        assert alone("run", folder / "line.yaml", "--workers", 1, "--out", disk / "out.zarr").returncode == 0
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_a_model_prints_is_not_among_the_results(folder):
    (folder / "line.py").write_text(LINE.replace("return", "print('working hard'); return"), encoding="utf-8")
    done = alone("run", folder / "line.yaml", "--workers", 1)
    assert done.returncode == 0
    assert "working hard" not in done.stdout
    assert "working hard" in done.stderr


def test_a_terminal_shows_a_bar(folder):
    (folder / "line.py").write_text(SLOW, encoding="utf-8")
    leader, follower = pty.openpty()
    command = [Path(sys.executable).with_name("dnnsa"), "run", folder / "line.yaml", "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower, env={**os.environ, "TERM": "xterm"})
    os.close(follower)
    seen = b""
    while process.poll() is None or select.select([leader], [], [], 0)[0]:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                seen += os.read(leader, 65536)
            except OSError:
                break
    os.close(leader)
    assert process.wait() == 0
    text = seen.decode()
    assert "━" in text
    assert "1024/1024" in text


def test_nothing_of_a_run_is_left_in_the_folder_but_the_store(folder):
    assert alone("run", folder / "line.yaml", "--workers", 1).returncode == 0
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {"line.py", "line.yaml", "line.zarr"}


def test_images_are_attributed_and_drawn(dnnsa, digits, tmp_path):
    with np.load(digits / "heldout.npz") as file:
        picture = (file["inputs"][0, ..., 0] * 255).round().astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "digit.png")
    command = ["attribute", digits / "digits.keras", tmp_path / "digit.png", "--grid", 4, "--base-points", 32]
    status, out, _ = dnnsa(*command, "--fill", "mean", "--out", tmp_path / "made")
    assert status == 0
    assert re.search(r"digit.png +\d +0\.\d+", out)
    assert f"figure: {tmp_path / 'made' / 'attribution-score-cell.png'}" in out.replace("\n", "")
    assert (tmp_path / "made" / "attribution-score-cell.png").stat().st_size > 1000
    status, out, err = dnnsa(*command, "--out", tmp_path / "made")
    assert (status, out) == (2, "")
    assert err.startswith(f"error: folder: {tmp_path / 'made'} is there and not empty: give a new one.")
    status, out, err = dnnsa("attribute", digits / "digits.keras", tmp_path / "none.png", "--out", tmp_path / "other")
    assert (status, err) == (2, f"error: IMAGE: there is no file {tmp_path / 'none.png'}.\n")
