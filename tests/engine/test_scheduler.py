"""The scheduler on its own: killed, run again; threads in place of processes; three workers."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from distributed import Client, LocalCluster

from dnnsa.cluster import Local
from dnnsa.engine import plan_of, probe
from dnnsa.errors import RunError
from tests.engine.test_drive import FIELD, SLOW, SLOWER, Watch, committed, job, reduced, same

WORKER = ("--no-dashboard", "--death-timeout", "5", "--local-directory")
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@contextmanager
def separate(folder, name):
    """A client of a scheduler and two workers that are processes of their own, and the scheduler's process."""
    file = folder / f"{name}.json"
    cli = [sys.executable, "-m", "dask"]
    environment = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}
    scheduler = subprocess.Popen(
        [*cli, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file],
        env=environment,
        **QUIET,
    )
    workers = subprocess.Popen(
        [*cli, "worker", "--scheduler-file", file, "--nworkers", "2", "--nthreads", "1", *WORKER, folder],
        env=environment,
        **QUIET,
    )
    client = Client(scheduler_file=str(file), timeout=60)
    try:
        client.wait_for_workers(2, timeout=60)
        yield client, scheduler
    finally:
        client.close(timeout=2)
        for process in (workers, scheduler):
            process.terminate()
            process.wait(30)


@pytest.mark.harm("Processes", "The scheduler is killed with SIGKILL, and another one started", "bits", "kept", "told")
def test_a_study_whose_scheduler_is_killed_goes_on_with_another_one_to_the_same_bits(client, folders):
    made = job(folders[0], SLOWER, base_points=2048)
    expected, _ = reduced(client, made, folders[0], seconds=100.0)
    with separate(folders[1], "first") as (dask, scheduler):
        watch = Watch(at=1024, act=lambda: os.kill(scheduler.pid, signal.SIGKILL))
        with pytest.raises(RunError, match=r"The Dask scheduler is gone.* What was done since the last commit is lost"):
            reduced(dask, made, folders[1], seconds=100.0, watch=watch, commit_every=0.2)
    kept, _ = committed(folders[1] / "checkpoint", plan_of(made, probe(made).fields))
    assert 0 < kept < 2048
    with separate(folders[1], "second") as (dask, _):
        maps, outcome = reduced(dask, made, folders[1], seconds=100.0)
    same(expected, maps)
    assert outcome.ledger.failures == []


@pytest.mark.harm("Size and speed", "Three threads of the client; three processes and many commits", "bits")
def test_threads_of_this_process_and_three_workers_give_the_same_bits(client, folders):
    made = job(folders[0], FIELD, base_points=2048)
    expected, _ = reduced(client, made, folders[0])
    with (
        LocalCluster(n_workers=1, threads_per_worker=3, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as threads,
    ):
        maps, _ = reduced(threads, made, folders[1], seconds=100.0)
    same(expected, maps)
    for folder in (folders[1] / "checkpoint", folders[1] / "maps"):
        for path in folder.iterdir():
            path.unlink()
    with Local(workers=3).open() as three:
        maps, _ = reduced(three, made, folders[1], seconds=100.0, commit_every=0.2)
    same(expected, maps)


@pytest.mark.harm("Runs of the model", "A run hangs in a worker that nobody can start again", "kept", "told")
def test_a_hang_in_a_worker_that_cannot_be_replaced_is_told(folders):
    source = SLOW.replace("time.sleep(0.02)", "time.sleep(5 if len(x1) > 4 and (x1 > 0.4985).any() else 0)")
    made = job(folders[0], source, base_points=1024)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as threads,
        pytest.raises(RunError) as told,
    ):
        reduced(threads, made, folders[0], seconds=1e-3, limit=1.0)
    assert "take longer than the" in str(told.value)
    assert "their worker has no nanny that would start it again" in str(told.value)
    assert "base points are kept" in str(told.value)
