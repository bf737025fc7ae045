"""Workers as jobs of Moab, over Torque."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.base import Say, quiet
from dnnsa.cluster.job import QueuedSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.cluster.walltime import clock
from dnnsa.settings import settings


@settings
class Moab(QueuedSettings):
    """Workers as jobs of Moab."""

    kind: Literal["moab"] = "moab"
    resource_spec: str | None = None
    """Argument of `-l`; `nodes=1:ppn=C:gpus=G,mem=M` of the other settings unless given."""

    def __post_init__(self) -> None:
        words.refuse([*problems(self, "#PBS")])

    def request(self) -> Request:
        """What is asked of Moab."""
        job = share(self)
        gpus = f":gpus={job.gpus}" if job.gpus else ""
        spec = f"nodes=1:ppn={job.cores}{gpus},mem={job.job_memory}MB"
        own = {
            "queue": self.queue,
            "account": self.account,
            "walltime": clock(job.walltime),
            "resource_spec": self.resource_spec or job.given.get("resource-spec", spec),
        }
        return request(self, job, "MoabCluster", own)

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        return jobs.opened(self.request(), say)
