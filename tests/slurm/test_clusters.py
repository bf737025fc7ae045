"""What a cluster of jobs is besides what it computes: no larger than it must be, and closed to others."""

import time

import dask
import pytest
from distributed import Client
from distributed.security import Security

from dnnsa.cluster import read_profile
from tests.slurm.conftest import same
from tests.slurm.machine import until

pytestmark = pytest.mark.slurm


@pytest.mark.harm("Machines and clusters", "Jobs come with the work, from none to three, and go with it", "bits")
def test_jobs_come_with_the_work_and_go_with_it(slurm, study, expected):
    """The user's own settings of Dask are heard: it looks each half second, and lets workers go after the second."""
    made = study(0.4)
    profile = made.profile(adapt={"minimum": 0, "maximum": 3})
    with (
        dask.config.set({"distributed.adaptive.interval": "500ms", "distributed.adaptive.wait-count": 2}),
        read_profile(profile).open() as client,
    ):
        time.sleep(2.0)
        assert slurm.jobs() == []
        same(made.run(client=client), expected)
        until(lambda: not slurm.jobs() and not client.nthreads(), 60)
    assert made.jobs()


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
