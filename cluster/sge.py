"""Workers as jobs of Grid Engine: Sun's, Univa's, Altair's."""

from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.base import Say, quiet
from dnnsa.cluster.job import QueuedSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.cluster.walltime import clock
from dnnsa.errors import ProfileError
from dnnsa.settings import settings


@settings
class Sge(QueuedSettings):
    """Workers as jobs of Grid Engine, which has no word of its own for memory or several cores: each site has."""

    kind: Literal["sge"] = "sge"
    resource_spec: str | None = None
    """Argument of `-l`, such as `h_vmem=18G`; only the time, and `gpu=G`, are asked for unless given."""
    parallel_environment: str | None = None
    """The site's environment for several cores of one host, such as `smp`; needed for more than one."""

    def __post_init__(self) -> None:
        found = list(problems(self, "#$"))
        found += words.unquoted(words.PLAIN, parallel_environment=self.parallel_environment)
        words.refuse(found)

    def request(self) -> Request:
        """What is asked of Grid Engine.

        Raises
        ------
        ProfileError
            There are several cores, and no word for them.
        """
        job = share(self)
        if job.cores > 1 and not self.parallel_environment:
            raise ProfileError(
                [
                    f"`parallel_environment` is missing: a job has {job.cores} cores, and `qconf -spl` lists the "
                    "environments of the site, such as `parallel_environment: smp`."
                ]
            )
        own = {
            "queue": self.queue,
            "project": self.account,
            "walltime": clock(job.walltime),
            "resource_spec": self.resource_spec,
        }
        directives = ["-S /bin/bash"]  # else the queue's own shell reads the script, whatever its first line says
        if self.parallel_environment:
            directives.append(f"-pe {self.parallel_environment} {job.cores}")
        if job.gpus and not self.resource_spec:
            directives.append(f"-l gpu={job.gpus}")
        return request(self, job, "SGECluster", own, directives, listing="qstat -u {user}")

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        return jobs.opened(self.request(), say)
