"""Opening a cluster of jobs, as far as it goes without a batch system; tests/slurm has the rest."""

import pytest

from dnnsa.cluster import Slurm
from dnnsa.cluster.keeper import Standing, numbers, patience
from dnnsa.errors import ClusterError

HERE = Standing("17", workers=True, was_there=True, listed=True)


def test_a_host_without_the_batch_system_is_told_and_nothing_is_left_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    folders = {"shared_directory": str(tmp_path / "keys"), "log_directory": str(tmp_path / "logs")}
    told = "no command `sbatch` on this host: run dnnsa where jobs are submitted"
    with pytest.raises(ClusterError, match=told), Slurm(workers=2, memory="1GB", **folders).open():
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, None),
        ({"workers": False}, 300.0),  # its worker may be starting again
        ({"workers": False, "listed": None}, 300.0),
        ({"workers": False, "listed": False}, 10.0),
        ({"workers": False, "was_there": False}, None),  # it waits in the queue
        ({"workers": False, "was_there": False, "listed": None}, None),
        ({"workers": False, "was_there": False, "listed": False}, 10.0),  # it was cancelled there
        ({"workers": False, "was_there": False, "number": None, "listed": None}, 10.0),  # it was refused
    ],
)
def test_a_job_is_given_up_when_it_has_ended_and_never_for_waiting(changes, seconds):
    assert patience(HERE._replace(**changes)) == seconds


PBS = """
                                                            Req'd  Req'd   Elap
Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time
--------------- -------- -------- ---------- ------ --- --- ------ ----- - -----
1234.server     me       workq    dnnsa         --    1   1    1gb 00:30 Q   --
"""
SGE = """job-ID  prior   name       user         state submit/start at     queue
-----------------------------------------------------------------
      7 0.55500 dnnsa      me           qw    11/26/2026 00:00:00
"""
LSF = """JOBID   USER    STAT  QUEUE      FROM_HOST   EXEC_HOST   JOB_NAME   SUBMIT_TIME
88      me      PEND  normal     front                   dnnsa      Nov 26 00:00
"""


@pytest.mark.parametrize(
    ("listing", "jobs"), [(PBS, {1234}), (SGE, {7}), (LSF, {88}), ("12\n13\n", {12, 13}), ("", set())]
)
def test_the_jobs_of_a_listing_are_read(listing, jobs):
    assert numbers(listing) == jobs
