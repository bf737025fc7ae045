"""Worker processes of this machine, which end and are to start again."""

import os
import signal
import time

import dask
import distributed  # noqa: F401  # whose configuration is set in a test
import pytest

from dnnsa.cluster import Local


def until(true, seconds=120.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.harm("Processes", "Workers are given up by Dask, since they do not start again in time", "rest", "told")
def test_workers_that_dask_gives_up_are_started_again():
    said = []
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "10ms"}),  # sooner than a process starts
        Local(workers=2).open(said.append) as client,
    ):
        before = client.run(os.getpid)
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        until(lambda: said and len(client.nthreads()) == 2 and not before.keys() & client.nthreads().keys())
        assert client.submit(sum, [1, 2]).result() == 3
    assert "worker processes that have not started again: 2; starting others" in said[0]


@pytest.mark.harm("Processes", "A worker is ended while it starts again, and another that then starts", "rest")
def test_a_worker_that_is_ended_while_it_starts_is_started_again():
    with Local(workers=1).open() as client:
        (nanny,) = client.cluster.workers.values()
        ended = set()
        for _ in range(3):
            until(lambda: nanny.process.process and nanny.process.process.pid not in {None, *ended})
            ended.add(nanny.process.process.pid)
            os.kill(nanny.process.process.pid, signal.SIGKILL)
        assert client.submit(os.getpid).result(timeout=120) not in ended
