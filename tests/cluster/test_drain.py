"""A worker that leaves before its job ends: nothing is run again for it, and no bit changes."""

import threading
import time
from contextlib import contextmanager

import pytest
from distributed import Client, LocalCluster

from dnnsa.cluster.drain import Drain, Job, early, job_of
from tests.engine.test_drive import QUIET, SCALAR, job, reduced, same
from tests.slurm.machine import until

BASE_POINTS, RUNS = 4096, 4096 * 4
WALLTIME = 100  # s: a worker is gone 10 s before, and takes no task from 5 to 15 s before that
LOGGED = """
import os, time
from pathlib import Path
SECONDS = float(Path({pace!r}).read_text())
FD = os.open({log!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
def f(x1, x2):
    time.sleep(SECONDS)
    os.write(FD, b'%d ' % len(x1))
    return np.exp(3 * x1) * x2
"""


def test_the_last_task_is_taken_as_long_before_the_end_as_tasks_take():
    hour = Job(start=1000.0, walltime=3600.0)
    assert hour.left_by == 1000 + 3600 - 30
    assert hour.last_task(longest=100.0, early=0.0) == hour.left_by - 125
    assert hour.last_task(longest=0.1, early=0.0) == hour.left_by - 5
    assert hour.last_task(longest=1e6, early=0.0) == hour.left_by - 1800
    assert hour.last_task(longest=0.1, early=0.5) == hour.left_by - 5 - 180
    day = Job(start=0.0, walltime=86400.0)
    assert day.last_task(longest=0.1, early=1.0) == day.left_by - 5 - 600


def test_a_process_without_a_walltime_has_no_end():
    assert job_of({"DNNSA_JOB_START": "1"}) is None


@contextmanager
def workers(count):
    with (
        LocalCluster(n_workers=count, threads_per_worker=1, processes=True, **QUIET) as cluster,
        Client(cluster) as client,
    ):
        yield client, cluster


async def end_job(dask_worker):
    """Have a worker be in a job that is so old that it takes no more tasks in three seconds."""
    last = Job(0.0, WALLTIME).last_task(0.0, early(str(dask_worker.name)))
    await dask_worker.plugin_add(Drain(Job(time.time() + 3 - last, WALLTIME)))


class Reduces:
    """Reduces a study of 64 blocks of so many seconds on a client: the maps, and how many runs were made for them."""

    def __init__(self, folder):
        self.folder, self.log, self.pace = folder, folder / "calls", folder / "pace"
        self.job = job(folder, LOGGED.format(log=str(self.log), pace=str(self.pace)), base_points=BASE_POINTS)

    def __call__(self, client, seconds):
        self.log.write_text("")
        self.pace.write_text(str(seconds))  # of the workers that read it from now on
        out = self.folder / str(seconds)
        out.mkdir()
        maps, _ = reduced(client, self.job, out, seconds=100.0, fields=SCALAR)
        return maps, sum(map(int, self.log.read_text().split()))


@pytest.fixture(scope="module")
def reduces(tmp_path_factory):
    return Reduces(tmp_path_factory.mktemp("drain"))


@pytest.fixture(scope="module")
def expected(client, reduces):
    maps, runs = reduces(client, 0)
    assert runs == RUNS
    return maps


def statuses(client):
    return [worker["status"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]


def test_workers_that_leave_in_the_middle_have_no_task_run_again(reduces, expected):
    with workers(3) as (three, _):
        _, *ending = three.nthreads()
        three.run(end_job, workers=ending)
        maps, runs = reduces(three, 0.25)
        until(lambda: statuses(three) == ["running"], 30)
    same(maps, expected)
    assert runs == RUNS


def test_a_worker_that_nobody_is_there_to_take_over_from_waits_for_the_next_one(reduces, expected):
    def replace():
        until(lambda: statuses(one) == ["closing_gracefully"], 30)
        cluster.scale(2)

    with workers(1) as (one, cluster):
        one.run(end_job)
        replacing = threading.Thread(target=replace)
        replacing.start()
        maps, runs = reduces(one, 0.12)
        replacing.join()
        until(lambda: statuses(one) == ["running"], 30)
    same(maps, expected)
    assert runs == RUNS
