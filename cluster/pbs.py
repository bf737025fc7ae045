"""Workers as jobs of PBS: OpenPBS, PBS Professional."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.base import Say, quiet
from dnnsa.cluster.job import QueuedSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.cluster.walltime import clock
from dnnsa.settings import settings


@settings
class Pbs(QueuedSettings):
    """Workers as jobs of PBS."""

    kind: Literal["pbs"] = "pbs"
    resource_spec: str | None = None
    """Argument of `-l`; `select=1:ncpus=C:mem=M:ngpus=G` of the other settings unless given."""

    def __post_init__(self) -> None:
        words.refuse([*problems(self, "#PBS")])

    def request(self) -> Request:
        """What is asked of PBS."""
        job = share(self)
        gpus = f":ngpus={job.gpus}" if job.gpus else ""
        spec = f"select=1:ncpus={job.cores}:mem={job.job_memory}MB{gpus}"
        own = {
            "queue": self.queue,
            "account": self.account,
            "walltime": clock(job.walltime),
            "resource_spec": self.resource_spec or job.given.get("resource-spec", spec),
        }
        return request(self, job, "PBSCluster", own, listing="qstat -u {user}")

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        return jobs.opened(self.request(), say)
