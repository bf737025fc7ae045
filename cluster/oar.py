"""Workers as jobs of OAR."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.base import Say, quiet
from dnnsa.cluster.job import QueuedSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.cluster.walltime import clock
from dnnsa.settings import settings


@settings
class Oar(QueuedSettings):
    """Workers as jobs of OAR."""

    kind: Literal["oar"] = "oar"
    resource_spec: str | None = None
    """Argument of `-l` but for the time; `/nodes=1/core=C`, or `/nodes=1/gpu=G`, unless given."""
    memory_property: str | None = None
    """Property of the site that holds the memory of a core in MiB, such as `memcore`; memory is not asked for else."""

    def __post_init__(self) -> None:
        found = list(problems(self, "#OAR"))
        words.refuse([*found, *words.unquoted(words.PLAIN, memory_property=self.memory_property)])

    def request(self) -> Request:
        """What is asked of OAR."""
        job = share(self)
        spec = f"/nodes=1/gpu={job.gpus}" if job.gpus else f"/nodes=1/core={job.cores}"
        memory = job.given.get("memory-per-core-property-name", "not_applicable")
        own = {
            "queue": self.queue,
            "project": self.account,
            "walltime": clock(job.walltime),
            "resource_spec": self.resource_spec or job.given.get("resource-spec", spec),
            "memory_per_core_property_name": self.memory_property or memory,
        }
        made = request(self, job, "OARCluster", own, listing="oarstat -u {user}")
        if folder := made.keywords.get("log_directory"):  # which dask-jobqueue does not pass on
            output = f"{folder}/{made.keywords['job_name']}-%jobid%"
            outputs = [f"-O {output}.out", f"-E {output}.err"]
            directives = [*outputs, *made.keywords["job_extra_directives"]]
            return made._replace(keywords={**made.keywords, "job_extra_directives": directives})
        return made

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        return jobs.opened(self.request(), say)
