"""Opening a cluster of jobs, as far as it goes without a batch system; tests/slurm has the rest."""

import shutil

import pytest

from dnnsa.cluster import Slurm
from dnnsa.cluster.keeper import is_given_up, numbers, patience
from dnnsa.cluster.submission import telling
from dnnsa.errors import ClusterError


def test_a_host_without_the_batch_system_is_told_and_nothing_is_left_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    folders = {"shared_directory": str(tmp_path / "keys"), "log_directory": str(tmp_path / "logs")}
    told = "no command `sbatch` on this host: run dnnsa where jobs are submitted"
    with pytest.raises(ClusterError, match=told), Slurm(workers=2, memory="1GB", **folders).open():
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("known", "seconds"),
    [
        ({"is_here": True, "was_here": True, "listed": True}, None),
        ({"was_here": True, "listed": True}, 300.0),  # its worker may be starting again
        ({"was_here": True}, 300.0),
        ({"was_here": True, "listed": False}, 10.0),
        ({"listed": True}, None),  # it waits in the queue
        ({}, None),
        ({"listed": False}, 10.0),  # it was cancelled there
        ({"refusal": "no such queue"}, 10.0),
    ],
)
def test_a_job_is_given_up_when_it_has_ended_and_never_for_waiting(known, seconds):
    job = telling(object)()
    for name, value in known.items():
        setattr(job, name, value)
    assert patience(job) == seconds
    if seconds:
        assert not is_given_up(job, 1000.0)
        assert not is_given_up(job, 1000.0 + seconds)
        assert is_given_up(job, 1000.5 + seconds)
        job.is_here = True
        assert not is_given_up(job, 2000.0)
        job.is_here = False
        assert not is_given_up(job, 2000.0)
    else:
        assert not is_given_up(job, 1e9)


PBS = """
                                                            Req'd  Req'd   Elap
Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time
--------------- -------- -------- ---------- ------ --- --- ------ ----- - -----
1234.server     me       workq    dnnsa         --    1   1    1gb 00:30 Q   --
1235.server     me       workq    dnnsa         --    1   1    1gb 00:30 C 00:01
1236.server     me       workq    dnnsa         --    1   1    1gb 00:30 F   --
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


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """Settings of a host that has Slurm's commands and no Slurm."""
    if not shutil.which("sbatch"):
        pytest.skip("Slurm's commands are not installed here")
    (tmp_path / "slurm.conf").write_text("ClusterName=none\n")
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    folders = {"shared_directory": str(tmp_path / "keys"), "log_directory": str(tmp_path / "logs")}
    return {"memory": "1GB", **folders}


def test_a_batch_system_that_refuses_is_told_in_its_words_and_leaves_nothing(alone, tmp_path, capfd):
    with pytest.raises(ClusterError) as error, Slurm(workers=3, **alone).open():
        pass
    assert str(error.value).startswith("the batch system refuses 3 of the jobs: sbatch: error: No SlurmctldHost")
    assert "\n" not in str(error.value)
    assert list((tmp_path / "keys").iterdir()) == []
    assert capfd.readouterr().err == ""


def test_an_interface_that_is_not_there_is_told_with_those_that_are(alone):
    told = r"the Dask scheduler does not start: .*nope0.* not a valid network interface.*lo"
    with pytest.raises(ClusterError, match=told), Slurm(workers=1, interface="nope0", **alone).open():
        pass
