"""A worker that leaves before its job ends: nothing is run again for it, and no bit changes."""

import threading
import time
from contextlib import contextmanager

import pytest
from distributed import Client, LocalCluster

from dnnsa.cluster.drain import Drain, Job, job_of
from tests.engine.test_drive import QUIET, SCALAR, job, reduced, same
from tests.slurm.machine import until

BASE_POINTS = 4096
WALLTIME = 10  # s: no more tasks from the fourth or fifth on, gone by the ninth
LOGGED = """
import os, time
from pathlib import Path
SECONDS = 0.16 if Path({slow!r}).exists() else 0
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


async def begin_job(dask_worker):
    await dask_worker.plugin_add(Drain(Job(time.time(), WALLTIME)))


@pytest.fixture
def reduces(tmp_path):
    """Reduce a study on a client, slowly but for the first one: the maps, and how many runs were made for them."""
    log, slow = tmp_path / "calls", tmp_path / "slow"
    made = job(tmp_path, LOGGED.format(log=str(log), slow=str(slow)), base_points=BASE_POINTS)

    def reduces(client, name):
        (tmp_path / name).mkdir()
        log.write_text("")
        maps, _ = reduced(client, made, tmp_path / name, seconds=100.0, fields=SCALAR)
        slow.touch()  # for workers that start later
        return maps, sum(map(int, log.read_text().split()))

    return reduces


def statuses(client):
    return [worker["status"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]


def test_workers_that_leave_in_the_middle_have_no_task_run_again(client, reduces):
    expected, runs = reduces(client, "whole")
    assert runs == BASE_POINTS * 4
    with workers(3) as (three, _):
        _, *ending = three.nthreads()
        three.run(begin_job, workers=ending)
        maps, runs = reduces(three, "left")
        assert statuses(three) == ["running"]
    same(maps, expected)
    assert runs == BASE_POINTS * 4


def test_a_worker_that_nobody_is_there_to_take_over_from_waits_for_the_next_one(client, reduces):
    expected, _ = reduces(client, "whole")

    def replace():
        until(lambda: statuses(one) == ["closing_gracefully"], 30)
        cluster.scale(2)

    with workers(1) as (one, cluster):
        one.run(begin_job)
        replacing = threading.Thread(target=replace)
        replacing.start()
        maps, runs = reduces(one, "left")
        replacing.join()
        assert statuses(one) == ["running"]
    same(maps, expected)
    assert runs == BASE_POINTS * 4
