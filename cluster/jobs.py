"""Opening a cluster whose workers are jobs: the Dask scheduler is in this process, and jobs that end are replaced."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dnnsa.cluster import configuration
from dnnsa.cluster.keys import keys
from dnnsa.cluster.request import Request, worker_name
from dnnsa.errors import ClusterError


@contextmanager
def opened(asked: Request) -> Iterator[Any]:
    """A ``distributed.Client`` of jobs that are submitted; it does not wait for one to start.

    Raises
    ------
    ClusterError
        The batch system is not there, or refuses the jobs.
    """
    import dask
    from distributed import Client

    settings = configuration.missing({**configuration.SCHEDULER, **configuration.WORKERS})
    with dask.config.set(settings), keys(asked.shared) as security, _cluster(asked, security) as cluster:
        _submit(cluster, asked)
        with Client(cluster) as client:
            yield client


def _cluster(asked: Request, security: Any) -> Any:
    import dask_jobqueue

    kind = getattr(dask_jobqueue, asked.cluster)
    command = kind.job_cls.submit_command
    if not shutil.which(command):
        raise ClusterError(f"there is no `{command}` on this host: run dnnsa where jobs are submitted.")
    try:
        return kind(
            name=worker_name(asked),
            security=security,
            scheduler_options=dict(asked.scheduler),
            silence_logs=logging.CRITICAL,  # a worker that dies is told by the engine, in words
            **asked.keywords,
        )
    except (ValueError, OSError) as error:  # such as an interface that is not there, with a list of those that are
        raise ClusterError(f"the Dask scheduler did not start: {error}") from error


def _submit(cluster: Any, asked: Request) -> None:
    """Submit the first jobs, and have Dask replace those that end: ``scale`` alone does not."""
    first = 1 if asked.array else asked.minimum // asked.per_job
    cluster.scale(jobs=first)
    try:
        cluster.sync(cluster._correct_state)  # else a refusal would be a line in a log, and the run would wait
    except (RuntimeError, ValueError, OSError) as error:
        raise ClusterError(f"the batch system refused a job: {error}") from error
    if not asked.array:
        cluster.adapt(minimum=asked.minimum, maximum=asked.maximum)
