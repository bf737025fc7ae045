"""Workers as jobs of Slurm."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.base import Say, quiet
from dnnsa.cluster.job import QueuedSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.cluster.walltime import clock
from dnnsa.settings import settings


@settings
class Slurm(QueuedSettings):
    """Workers as jobs of Slurm."""

    kind: Literal["slurm"] = "slurm"
    array: bool = False
    """Submit all jobs as one array, for sites that count submissions; it is sent again when all of it has ended."""

    def __post_init__(self) -> None:
        found = list(problems(self, "#SBATCH"))
        if self.array and self.adapt:
            found.append("`array: true` is for a fixed number of workers: say `workers: N`, not `adapt`")
        words.refuse(found)

    def request(self) -> Request:
        """What is asked of Slurm."""
        job = share(self)
        own = {
            "queue": self.queue,
            "account": self.account,
            "walltime": clock(job.walltime),
            "job_cpu": job.cores,
            "job_mem": f"{job.job_memory}M",
        }
        directives = ["-N 1"]  # dask-jobqueue asks for one task, which some sites spread over nodes
        if job.gpus:
            directives.append(f"--gres=gpu:{job.gpus}")
        if self.array and self.workers:
            directives.append(f"--array=0-{self.workers // self.workers_per_job - 1}")
        made = request(self, job, "SLURMCluster", own, directives, listing="squeue -h -o %F -u {user}")
        return made._replace(array="SLURM_ARRAY_TASK_ID") if self.array else made

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        return jobs.opened(self.request(), say)
