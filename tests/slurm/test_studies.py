"""Studies on a real Slurm give the bits that they give here, whatever becomes of the jobs."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import dnnsa
from dnnsa.cluster import read_profile
from dnnsa.view.progress import Quiet
from tests.examples.test_digits import study as digits_study
from tests.slurm.conftest import BASE_POINTS, same
from tests.slurm.machine import until

pytestmark = pytest.mark.slurm


def as_a_user(study, **settings):
    """A command that runs a study, in a process of its own."""
    command = [Path(sys.executable).with_name("dnnsa"), "run", study.path, "--out", study.store]
    return subprocess.Popen(
        [*command, "--cluster", study.profile(**settings)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.harm("Machines and clusters", "Three jobs of a real Slurm in place of this machine", "bits")
def test_a_study_runs_over_three_jobs_with_one_command(slurm, study, expected):
    made = study(0.2)
    with as_a_user(made, workers=3) as command:
        out, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert "workers: 3 of 3" in err
    assert out.endswith(f"store: {made.store}\n")
    same(dnnsa.open(made.store), expected)
    assert len(made.jobs()) == 3
    until(lambda: not slurm.jobs(), 20)
    assert not list((made.folder / "keys").iterdir()), "keys are left"


@pytest.mark.harm("Machines and clusters", "A job of a real Slurm is cancelled", "bits", "rest")
def test_a_job_that_is_cancelled_is_replaced(slurm, study, expected, attentive):
    made, cancelled = study(0.4), []

    def cancel():
        until(lambda: len(made.jobs()) == 3 and len(made.calls()) > 10, 60)
        cancelled.append(slurm.jobs("running")[0])
        slurm("scancel", cancelled[0])

    cancelling = threading.Thread(target=cancel)
    cancelling.start()
    results = made.run(cluster=read_profile(made.profile(workers=3)))
    cancelling.join()
    same(results, expected)
    assert len(made.jobs()) == 4
    assert slurm.ended()[cancelled[0]]["JobState"] == "CANCELLED"


@pytest.mark.harm("Machines and clusters", "A job of a real Slurm comes to its walltime", "bits", "once", "rest")
def test_a_job_leaves_before_its_walltime_and_nothing_is_run_again(slurm, study, expected, attentive):
    """One of two jobs believes that it is 40 s older than it is, of the 60 s that Slurm gives it."""
    made = study(0.4)
    one_is_old = f"mkdir {made.folder}/old && export DNNSA_JOB_START=$((DNNSA_JOB_START - 40))"
    profile = made.profile(workers=2, walltime="00:01:00", prologue=[one_is_old])
    same(made.run(cluster=read_profile(profile)), expected)
    assert len(made.jobs()) == 3
    assert made.runs() == BASE_POINTS * 4 + 2 * 4  # the first base point by itself, twice, before the study
    first = min(slurm.ended().values(), key=lambda job: job["EndTime"] if job["JobId"] in made.jobs() else "later")
    assert first["JobState"] == "COMPLETED"


@pytest.mark.harm("Machines and clusters", "The queue of a real Slurm gives nothing for a while", "bits", "told")
def test_a_queue_that_gives_nothing_is_waited_for(slurm, study, expected):
    made = study(0.05)
    nodes = "NodeName=n[1-4]"
    slurm("scontrol", "update", nodes, "State=DRAIN", "Reason=test")
    with as_a_user(made, workers=2) as command:
        until(lambda: len(slurm.jobs("pending")) == 2, 60)
        said = command.stderr.readline()
        while "there is no worker: waiting for one" not in said:
            said = command.stderr.readline()
            assert said, "it has ended"
        slurm("scontrol", "update", nodes, "State=RESUME")
        _, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert "there is a worker, after" in err
    same(dnnsa.open(made.store), expected)


@pytest.mark.parametrize("settings", [{"array": True}, {"workers_per_job": 2}], ids=["an array", "one job"])
def test_each_worker_has_a_gpu_of_its_own(slurm, study, expected, settings):
    made = study(0.05)
    same(made.run(cluster=read_profile(made.profile(workers=2, gpus=1, **settings))), expected)
    assert {(node, gpus) for _, node, gpus, _ in made.calls()} == {("n1", "0"), ("n1", "1")}
    assert len(made.jobs()) == (1 if "workers_per_job" in settings else 2)


def test_a_network_gives_the_same_bits_on_a_job(slurm, study, digits, client, tmp_path):
    few = digits_study(digits, cases=2, base_points=64)
    here = dnnsa.run(few, client, tmp_path / "here.zarr", reporter=Quiet())
    where = read_profile(study(0).profile(workers=1, memory="3GB"))
    there = dnnsa.run(few, cluster=where, out=tmp_path / "there.zarr", reporter=Quiet())
    same(there, here)
