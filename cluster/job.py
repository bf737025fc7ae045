"""What profiles of all batch systems have in common: the settings of a job and of its workers."""

from collections.abc import Iterator
from typing import Any

from dnnsa.cluster import gpus, walltime, words
from dnnsa.settings import settings

# Settings that stand unquoted in a job script, or in the command that submits it.
NAMES = ("interface", "scheduler_interface", "name", "dashboard_host", "queue", "account", "resource_spec")
PATHS = ("local_directory", "shared_directory", "log_directory", "python")


@settings
class Adapt:
    """Bounds between which workers come and go with the work that there is."""

    minimum: int = 0
    """Workers that are always asked for."""
    maximum: int
    """Most workers."""

    def __post_init__(self) -> None:
        if not 0 <= self.minimum <= self.maximum or self.maximum < 1:
            raise ValueError(
                "`minimum` must be 0 or more, and `maximum` 1 or more and no less than it, got "
                f"minimum: {self.minimum}, maximum: {self.maximum}"
            )


@settings
class JobSettings:
    """Fields alone, declared once for all batch systems.

    None stands for what dask's configuration says, and then for the default that is named. All sizes are those of one
    worker, which is a process of one thread.
    """

    workers: int | None = None
    """Workers; a job that ends before the run does is replaced. Either this or `adapt`."""
    adapt: Adapt | None = None
    """Bounds of the number of workers."""
    workers_per_job: int = 1
    """Worker processes of one job, which share its node."""
    cores: int | None = None
    """Cores that are reserved for a worker, which has one thread all the same; 1 unless given."""
    memory: str | None = None
    """Memory of a worker with a unit, such as `16GB`; it is restarted at 95 % of it."""
    job_memory: str | None = None
    """Memory asked of the batch system for a job; 15 % above that of its workers unless given."""
    gpus: int = 0
    """GPUs of a worker; 1 for a network on a GPU."""
    workers_per_gpu: int = 1
    """Workers of a job that share a GPU, for small networks, with `gpus: 1`; each takes memory as it needs it."""
    interface: str | None = None
    """Network interface of workers and scheduler, such as `ib0`."""
    scheduler_interface: str | None = None
    """Network interface of the Dask scheduler, where it has another name than on the nodes."""
    local_directory: str | None = None
    """Folder of the node for temporary files, such as `$TMPDIR`."""
    shared_directory: str | None = None
    """Folder that this host and the nodes see, for the run's TLS keys; `~/.dnnsa` unless given."""
    log_directory: str | None = None
    """Folder for the output of jobs; where the batch system puts it unless given."""
    prologue: tuple[str, ...] | None = None
    """Lines of shell before the workers start, such as `module load cuda`."""
    directives: tuple[str, ...] | None = None
    """Further options of the batch system, one a line, without its prefix."""
    skip_directives: tuple[str, ...] | None = None
    """Options that the site refuses: lines of the header that contain one of these are left out."""
    python: str | None = None
    """Python on the nodes; the path of this one unless given."""
    name: str | None = None
    """Name of the jobs; `dnnsa` unless given."""
    dashboard: int | None = None
    """Port of the dashboard on the scheduler's host; any that is free unless given."""
    dashboard_host: str | None = None
    """Address that the dashboard, which has no password, is bound to; `127.0.0.1` unless given."""


@settings
class QueuedSettings(JobSettings):
    """Of the batch systems that know queues and end jobs when their time is over."""

    queue: str | None = None
    """Queue; the partition of Slurm."""
    account: str | None = None
    """Account or project that pays."""
    walltime: str | None = None
    """Time of a job, `HH:MM:SS` or `D-HH:MM:SS`; `00:30:00` unless given."""


def problems(job: JobSettings, prefix: str) -> Iterator[str]:
    """What no batch system can do, one sentence each.

    Parameters
    ----------
    prefix
        How a directive begins, such as ``#SBATCH``.
    """
    yield from _of_numbers(job)
    for name in ("memory", "job_memory"):
        if (given := getattr(job, name)) is not None and not _bytes(given):
            yield f"`{name}` must be a size with its unit, such as 16GB, got {given!r}"
    if job.memory and job.job_memory and _bytes(job.job_memory) < _bytes(job.memory) * job.workers_per_job:
        yield (
            f"`job_memory` must hold the `memory` of {job.workers_per_job} workers, got job_memory: {job.job_memory}, "
            f"memory: {job.memory}"
        )
    if isinstance(job, QueuedSettings):
        yield from walltime.problems(job.walltime)
    yield from words.unquoted(words.PLAIN, **{name: getattr(job, name, None) for name in NAMES})
    yield from words.unquoted(words.OF_A_PATH, **{name: getattr(job, name) for name in PATHS})
    yield from words.lines("directives", job.directives, prefix)


def _of_numbers(job: JobSettings) -> Iterator[str]:
    if (job.workers is None) == (job.adapt is None):
        got = "neither" if job.adapt is None else "both"
        yield f"say either `workers: N` or `adapt: {{minimum: N, maximum: N}}`, got {got}"
    for name in ("workers", "workers_per_job", "cores"):
        if (given := getattr(job, name)) is not None and given < 1:
            yield f"`{name}` must be 1 or more, got {given}"
    yield from gpus.problems(job.gpus, job.workers_per_gpu, job.workers_per_job)
    if job.dashboard is not None and not 0 <= job.dashboard < 65536:
        yield f"`dashboard` must be a port from 0 to 65535, got {job.dashboard}"
    bounds: dict[str, Any] = {"workers": job.workers}
    if job.adapt:
        bounds = {"adapt.minimum": job.adapt.minimum, "adapt.maximum": job.adapt.maximum}
    for name, given in bounds.items():
        if given and job.workers_per_job > 1 and given % job.workers_per_job:
            yield f"`{name}` must be a multiple of workers_per_job: {job.workers_per_job}, got {given}"


def _bytes(size: str) -> int:
    """Bytes of a size with its unit; 0 where it is none."""
    from dask.utils import parse_bytes

    try:
        return 0 if size.strip().isdigit() else int(parse_bytes(size))
    except ValueError:
        return 0
