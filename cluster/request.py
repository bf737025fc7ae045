"""What dask-jobqueue is asked for: a profile and dask's configuration become one request, and that a job script."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from dnnsa.cluster import configuration, gpus, words
from dnnsa.cluster.keys import placeholder
from dnnsa.cluster.package import jobqueue
from dnnsa.cluster.walltime import seconds
from dnnsa.errors import ProfileError

HEADROOM = 1.15  # of a job's memory over that of its workers: else the batch system kills it before Dask acts
ADDRESS = "tls://SCHEDULER:PORT"  # of which each run has its own


class Share(NamedTuple):
    """What one job is to have."""

    cores: int
    gpus: int
    memory: int  # bytes of all its workers
    job_memory: int  # MiB that are asked for
    walltime: int  # s; 0 where the batch system ends no job for its time
    given: Mapping[str, Any]  # what dask's configuration gives, by key


class Request(NamedTuple):
    """All that is asked of a batch system: values that can be read without one."""

    cluster: str  # name of the class in dask_jobqueue
    keywords: Mapping[str, Any]  # of that class
    scheduler: Mapping[str, Any]  # keywords of the Dask scheduler
    minimum: int  # workers that are always asked for
    maximum: int  # workers
    per_job: int  # workers
    listing: str | None  # the command that lists the jobs of ``{user}``, each line beginning with its number
    shared: Path  # where the folder of the run's TLS keys is made
    from_dask: Mapping[str, Any]  # settings that came from dask's configuration, by key
    array: str | None = None  # the shell's variable that numbers the jobs of an array, where they are one


@runtime_checkable
class Batch(Protocol):
    """A cluster whose workers are jobs of a batch system."""

    @property
    def kind(self) -> str: ...

    def request(self) -> Request:
        """What is asked of the batch system.

        Raises
        ------
        ProfileError
            Something is given neither by the profile nor by dask's configuration, or cannot be used.
        """
        ...


def share(profile: Any) -> Share:
    """The share of a job, the profile's settings before those of dask's configuration.

    Raises
    ------
    ProfileError
        Neither says how much memory a worker has, or dask's configuration says something that cannot be used.
    """
    from dask.utils import parse_bytes

    given, count = configuration.from_dask(profile), profile.workers_per_job
    memory = parse_bytes(profile.memory) * count if profile.memory else parse_bytes(given.get("memory", 0))
    if not memory:
        where = f"jobqueue.{profile.kind}.memory of dask's configuration"
        raise ProfileError([f"`memory` is missing: say what a worker has, such as `memory: 16GB`, here or in {where}."])
    cores = profile.cores * count if profile.cores else given.get("job-cpu", given.get("ncpus", given.get("cores")))
    asked = profile.job_memory or given.get("job-mem", given.get("mem"))
    return Share(
        cores=max(cores or count, count),
        gpus=profile.gpus * count // profile.workers_per_gpu,
        memory=memory,
        job_memory=math.ceil((parse_bytes(asked) if asked else memory * HEADROOM) / 2**20),
        walltime=_walltime(profile, given),
        given=given,
    )


def request(
    profile: Any,
    job: Share,
    cluster: str,
    own: Mapping[str, Any],
    directives: Sequence[str] = (),
    listing: str | None = None,
) -> Request:
    """What is asked of a batch system.

    Parameters
    ----------
    cluster
        The class of dask_jobqueue.
    own
        Keywords of that class alone; None leaves what dask's configuration says.
    directives
        Options that dnnsa adds, before the user's.
    listing
        The command that lists a user's jobs, who is put in for ``{user}``.
    """
    given = job.given
    bounds = (profile.adapt.minimum, profile.adapt.maximum) if profile.adapt else (profile.workers, profile.workers)
    shared = profile.shared_directory or given.get("shared-temp-directory") or "~/.dnnsa"
    logs = profile.log_directory or given.get("log-directory")
    keywords = {
        "cores": profile.workers_per_job,  # threads: one for each worker, whatever is reserved
        "memory": job.memory,
        "processes": profile.workers_per_job,
        "job_name": profile.name or given.get("name") or "dnnsa",
        "interface": profile.interface,
        "local_directory": profile.local_directory,
        "log_directory": str(words.folder("log_directory", logs)) if logs else None,
        "python": profile.python,
        "death_timeout": given.get("death-timeout", 120),
        "worker_extra_args": [*given.get("worker-extra-args", ()), *_arguments()],
        "job_script_prologue": [*_exports(profile, job), *_either(profile.prologue, given, "job-script-prologue")],
        "job_extra_directives": [*directives, *_either(profile.directives, given, "job-extra-directives")],
        "job_directives_skip": _either(profile.skip_directives, given, "job-directives-skip"),
        **own,
    }
    return Request(
        cluster=cluster,
        keywords={key: value for key, value in keywords.items() if value is not None},
        scheduler=_scheduler(profile, given),
        minimum=bounds[0],
        maximum=bounds[1],
        per_job=profile.workers_per_job,
        listing=listing,
        shared=words.folder("shared_directory", shared),
        from_dask=given,
    )


def worker_name(asked: Request) -> str:
    """How the names of workers begin: with that of the jobs and, in an array, what the shell of each fills in."""
    name = str(asked.keywords["job_name"])
    return f"{name}-${asked.array}" if asked.array else name


def script(asked: Request) -> str:
    """The script of a job, by dask-jobqueue; the scheduler and the TLS keys, of which each run has its own, named."""
    job_class = getattr(jobqueue(), asked.cluster).job_cls
    job = job_class(
        ADDRESS,
        name=f"{worker_name(asked)}-0",
        security=placeholder(asked.shared),
        protocol="tls://",
        **asked.keywords,
    )
    return str(job.job_script())


def _walltime(profile: Any, given: Mapping[str, Any]) -> int:
    """Seconds of a job; 0 where the batch system has no such setting."""
    if not hasattr(profile, "walltime"):
        return 0
    text = profile.walltime or str(given.get("walltime", "00:30:00"))
    text = f"{text}:00" if profile.kind == "lsf" and text.count(":") == 1 else text
    if (found := seconds(text)) is None:
        where = f"jobqueue.{profile.kind}.walltime of dask's configuration"
        raise ProfileError([f"{where} must be HH:MM:SS or D-HH:MM:SS, such as 04:00:00, got {text}."])
    return found


def _arguments() -> list[str]:
    """Arguments of every worker. Its own pages, which have no password, are for its own host."""
    return ["--preload dnnsa.cluster.preload", "--dashboard-address 127.0.0.1:0"]


def _exports(profile: Any, job: Share) -> list[str]:
    """What the worker processes read in their environment: when their job ends, their GPUs, settings of dask."""
    lines = []
    if job.walltime:
        lines += ["export DNNSA_JOB_START=`date +%s`", f"export DNNSA_JOB_WALLTIME={job.walltime}"]
    if profile.gpus and profile.workers_per_job > 1:
        found = gpus.exported(profile.gpus, profile.workers_per_gpu)
        lines += [f"export {name}={value}" for name, value in found.items()]
    return [*lines, *configuration.exports(configuration.missing(configuration.WORKERS))]


def _either(ours: Sequence[str] | None, given: Mapping[str, Any], key: str) -> list[str]:
    return list(given.get(key, ()) if ours is None else ours)


def _scheduler(profile: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of the Dask scheduler, which runs where dnnsa does."""
    options = dict(given.get("scheduler-options", {}))
    if profile.dashboard is not None or profile.dashboard_host is not None or "dashboard_address" not in options:
        options["dashboard_address"] = f"{profile.dashboard_host or '127.0.0.1'}:{profile.dashboard or 0}"
    return options | ({"interface": profile.scheduler_interface} if profile.scheduler_interface else {})
