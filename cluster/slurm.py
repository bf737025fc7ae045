"""Workers as jobs of Slurm."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.job import JobSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.cluster.walltime import clock
from dnnsa.cluster.walltime import problems as of_walltime
from dnnsa.settings import settings


@settings
class Slurm(JobSettings):
    """Workers as jobs of Slurm."""

    kind: Literal["slurm"] = "slurm"
    queue: str | None = None
    """Partition."""
    account: str | None = None
    """Account that pays."""
    walltime: str | None = None
    """Time of a job, `HH:MM:SS` or `D-HH:MM:SS`; `00:30:00` unless given."""
    array: bool = False
    """Submit all jobs as one array, for sites that count submissions; when all of them have ended, it is sent again."""

    def __post_init__(self) -> None:
        found = [*problems(self, "#SBATCH"), *of_walltime(self.walltime)]
        found += words.unquoted(words.PLAIN, queue=self.queue, account=self.account)
        if self.array and self.adapt:
            found.append("`array: true` is for a fixed number of workers: say `workers: N`, not `adapt`")
        words.refuse(found)

    def request(self) -> Request:
        job = share(self)
        own = {
            "queue": self.queue,
            "account": self.account,
            "walltime": clock(job.walltime) if job.walltime else None,
            "job_cpu": job.cores,
            "job_mem": f"{job.job_memory}M",
        }
        directives = ["-N 1"]  # dask-jobqueue asks for one task, which some sites spread over nodes
        if job.gpus:
            directives.append(f"--gres=gpu:{job.gpus}")
        if self.array and self.workers:
            directives.append(f"--array=0-{self.workers // self.workers_per_job - 1}")
        return request(self, job, "SLURMCluster", own, directives, "SLURM_ARRAY_TASK_ID" if self.array else None)

    def open(self) -> AbstractContextManager[Any]:
        return jobs.opened(self.request())
