"""Dask's own configuration: what the user's has of a batch system, and what dnnsa sets where the user has not."""

from collections.abc import Iterable, Mapping
from typing import Any

from dnnsa.cluster.package import jobqueue
from dnnsa.errors import ProfileError

# Set in this process, where the Dask scheduler is. docs/clusters.md says why.
SCHEDULER: Mapping[str, Any] = {
    "distributed.scheduler.allowed-failures": 10,
    "distributed.scheduler.worker-ttl": "30 minutes",
    "distributed.scheduler.unknown-task-duration": "60s",
    "distributed.deploy.lost-worker-timeout": "1 hour",
    "distributed.adaptive.interval": "5s",
    "distributed.adaptive.wait-count": 60,
    "distributed.adaptive.target-duration": "1s",
}
# Set in this process and, through the environment of the job, in those of the workers.
WORKERS: Mapping[str, Any] = {
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": 0.85,
    "distributed.comm.timeouts.tcp": "120s",  # not `connect`, nor retries: dead workers would be asked for minutes
}

# Keys of `jobqueue.KIND`, and the settings of a profile that take their place.
OVERRIDES: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "queue": ("queue",),
    "account": ("account",),
    "project": ("account",),
    "cores": ("cores",),
    "job-cpu": ("cores",),
    "ncpus": ("cores",),
    "memory": ("memory",),
    "job-mem": ("memory", "job_memory"),
    "mem": ("memory", "job_memory"),
    "disk": ("disk",),
    "resource-spec": ("resource_spec", "cores", "memory", "job_memory", "gpus"),
    "memory-per-core-property-name": ("memory_property",),
    "walltime": ("walltime",),
    "interface": ("interface",),
    "local-directory": ("local_directory",),
    "shared-temp-directory": ("shared_directory",),
    "log-directory": ("log_directory",),
    "job-script-prologue": ("prologue",),
    "job-extra-directives": ("directives",),
    "job-directives-skip": ("skip_directives",),
    "python": ("python",),
}
RENAMED = {
    "extra": "worker-extra-args",
    "env-extra": "job-script-prologue",
    "job-extra": "job-extra-directives",
    "header-skip": "job-directives-skip",
}
OURS = ("processes", *RENAMED)  # never taken from there


def from_dask(profile: Any) -> dict[str, Any]:
    """What the user's ``jobqueue.KIND`` says and the profile does not: by key, as dask reads it.

    Raises
    ------
    ProfileError
        A key has a name there that dask-jobqueue has given up.
    """
    import dask

    jobqueue()  # whose keys and defaults come with it

    section = f"jobqueue.{profile.kind}"
    known = dask.config.merge(*dask.config.defaults)["jobqueue"][profile.kind]
    given = users(f"{section}.{key}" for key in [*known, "project"])
    for old, new in RENAMED.items():
        if given.get(f"{section}.{old}") is not None:
            raise ProfileError([f"{section}.{old} of dask's configuration is now called `{new}`: rename it there."])
    found = {key.removeprefix(f"{section}."): value for key, value in given.items()}
    return {
        key: value
        for key, value in found.items()
        if value is not None and key not in OURS and not _is_said(profile, key)
    }


def _is_said(profile: Any, key: str) -> bool:
    """Whether settings of a profile take the place of a key. Grid Engine has no words for memory, cores and GPUs."""
    names = ("resource_spec",) if (profile.kind, key) == ("sge", "resource-spec") else OVERRIDES.get(key, ())
    return any(getattr(profile, name, None) not in (None, 0) for name in names)


def users(keys: Iterable[str]) -> dict[str, Any]:
    """Of some keys of dask's configuration those that the user has set: in a file, the environment or this process."""
    import dask

    defaults, files = dask.config.merge(*dask.config.defaults), dask.config.collect()
    found = {}
    for key in keys:
        value = dask.config.get(key, None)
        if value != dask.config.get(key, None, config=defaults) or dask.config.get(key, None, config=files) is not None:
            found[key] = value
    return found


def missing(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of these settings those that the user has not made otherwise."""
    import distributed  # noqa: F401  # whose defaults are not the user's

    mine = users(settings)
    return {key: value for key, value in settings.items() if key not in mine}


def exports(settings: Mapping[str, Any]) -> list[str]:
    """Lines of shell by which processes that start after them have settings of dask.

    Examples
    --------
    >>> exports({"distributed.comm.timeouts.tcp": "120s"})
    ['export DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP=120s']
    """
    return [
        f"export DASK_{key.upper().replace('.', '__').replace('-', '_')}={value}" for key, value in settings.items()
    ]
