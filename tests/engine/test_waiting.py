"""A cluster without workers is waited for, and that is told less and less often."""

import threading

import pytest
from distributed import Client, LocalCluster

from dnnsa.engine.waiting import Waiting, wait_for_worker
from dnnsa.errors import RunError

NOBODY = {"n_workers": 0, "processes": False, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}


@pytest.fixture
def empty():
    with LocalCluster(protocol="tcp://", **NOBODY) as cluster:
        yield cluster


def test_waiting_is_told_at_once_and_then_twice_as_late_each_time():
    said = []
    waiting = Waiting(said.append)
    for second in range(900):
        waiting.look(0, float(second))
    waiting.look(3, 7320.0)
    waiting.look(3, 7321.0)
    assert said == [
        "there is no worker: waiting for one",
        "there has been no worker for 1 min: waiting for one",
        "there has been no worker for 2 min: waiting for one",
        "there has been no worker for 4 min: waiting for one",
        "there has been no worker for 8 min: waiting for one",
        "there is a worker, after 2 h 2 min",
    ]


def test_nothing_is_told_where_there_are_workers():
    said = []
    Waiting(said.append).look(1, 0.0)
    assert said == []


def test_a_worker_that_comes_late_is_waited_for(empty):
    said = []

    def come(line):
        said.append(line)
        if line.startswith("there is no worker"):
            empty.scale(1)

    with Client(empty) as client:
        wait_for_worker(client, come)
        assert len(client.nthreads()) == 1
    assert said[0] == "there is no worker: waiting for one"


def test_a_cluster_that_follows_the_work_has_work_to_follow(empty):
    empty.adapt(minimum=0, maximum=1, interval="100ms")
    with Client(empty) as client:
        wait_for_worker(client, lambda line: None)
        assert len(client.nthreads()) == 1


def test_a_scheduler_that_goes_while_it_is_waited_for_is_told(empty):
    with Client(empty, timeout=5) as client:
        threading.Timer(0.3, empty.close).start()
        with pytest.raises(RunError, match="The Dask scheduler is gone"):
            wait_for_worker(client, lambda line: None)
