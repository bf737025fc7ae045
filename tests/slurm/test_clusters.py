"""What a cluster of jobs is besides what it computes: no larger than it must be, and closed to others."""

import time

import dask
import pytest
from distributed import Client
from distributed.security import Security

from dnnsa.cluster import read_profile
from tests.slurm.machine import until

pytestmark = pytest.mark.slurm


def test_jobs_come_with_the_work_and_go_with_it(slurm, study):
    """The user's own settings of Dask are heard: it looks each half second, and lets workers go after the second."""
    profile = study(0).profile(adapt={"minimum": 0, "maximum": 3})
    with (
        dask.config.set({"distributed.adaptive.interval": "500ms", "distributed.adaptive.wait-count": 2}),
        read_profile(profile).open() as client,
    ):
        time.sleep(2.0)
        assert slurm.jobs() == []
        work = client.map(time.sleep, [1.0] * 12, pure=False)
        until(lambda: len(client.nthreads()) == 3, 60)
        client.gather(work)
        assert len(slurm.jobs()) == 3
        del work
        until(lambda: not slurm.jobs(), 60)
        assert client.nthreads() == {}


def test_the_scheduler_answers_nobody_without_the_keys_of_the_run(slurm, study):
    with read_profile(study(0).profile(workers=1)).open() as client:
        address = client.scheduler.address
        assert address.startswith("tls://")
        client.wait_for_workers(1, timeout=60)
        assert all(worker.startswith("tls://") for worker in client.nthreads())
        with pytest.raises(OSError, match=r"Timed out|Connection reset|closed"):
            Client(address.replace("tls://", "tcp://"), timeout=2)
        with pytest.raises(OSError, match=r"Timed out|TLS certificate does not match"):
            Client(address, security=Security.temporary(), timeout=2)
        assert client.submit(sum, [1, 2]).result() == 3
