"""Workers as jobs of IBM's LSF."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.base import Say, quiet
from dnnsa.cluster.job import QueuedSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.cluster.walltime import clock
from dnnsa.settings import settings


@settings
class Lsf(QueuedSettings):
    """Workers as jobs of LSF."""

    kind: Literal["lsf"] = "lsf"

    def __post_init__(self) -> None:
        words.refuse([*problems(self, "#BSUB")])

    def request(self) -> Request:
        """What is asked of LSF."""
        job = share(self)
        own = {
            "queue": self.queue,
            "project": self.account,
            "walltime": clock(job.walltime).rpartition(":")[0],  # whole minutes
            "ncpus": job.cores,
            "mem": job.job_memory * 2**20,
        }
        directives = [f'-gpu "num={job.gpus}"'] if job.gpus else []
        return request(self, job, "LSFCluster", own, directives, listing="bjobs -u {user}")

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        return jobs.opened(self.request(), say)
