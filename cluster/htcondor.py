"""Workers as jobs of HTCondor."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal

from dnnsa.cluster import jobs, words
from dnnsa.cluster.base import Say, quiet
from dnnsa.cluster.job import JobSettings, problems
from dnnsa.cluster.request import Request, request, share
from dnnsa.settings import settings


@settings
class HTCondor(JobSettings):
    """Workers as jobs of HTCondor, which has no queues and ends no job for its time."""

    kind: Literal["htcondor"] = "htcondor"
    disk: str | None = None
    """Disk of a job with a unit; `1GB` unless given."""

    def __post_init__(self) -> None:
        words.refuse([*problems(self, "+"), *self._problems()])

    def _problems(self) -> Iterator[str]:
        yield from words.unquoted(words.PLAIN, disk=self.disk)
        if self.skip_directives:
            yield "`skip_directives` has nothing to skip here: say another value of the attribute in `directives`"
        for line in self.directives or ():
            if "=" not in line:
                yield f'`directives` must be attributes such as `Requirements = (Arch == "X86_64")`, got {line!r}'

    def request(self) -> Request:
        """What is asked of HTCondor."""
        job = share(self)
        disk = self.disk or job.given.get("disk", "1GB")
        made = request(self, job, "HTCondorCluster", {"disk": disk}, listing="condor_q {user} -af ClusterId")
        own = {"RequestCpus": job.cores, "RequestMemory": job.job_memory}  # MiB
        gpus = {"Request_GPUs": job.gpus} if job.gpus else {}
        extra = self.directives if self.directives is not None else job.given.get("job-extra-directives", {})
        said = extra if isinstance(extra, dict) else dict(_halves(line) for line in extra)
        return made._replace(keywords={**made.keywords, "job_extra_directives": own | gpus | said})

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        return jobs.opened(self.request(), say)


def _halves(line: str) -> tuple[str, str]:
    key, _, value = line.partition("=")
    return key.strip(), value.strip()
