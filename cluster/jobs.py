"""Opening a cluster whose workers are jobs: the Dask scheduler is in this process."""

import asyncio
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dnnsa.cluster import configuration
from dnnsa.cluster.base import Say
from dnnsa.cluster.keeper import Keeper
from dnnsa.cluster.keys import keys
from dnnsa.cluster.package import jobqueue
from dnnsa.cluster.request import Request, worker_name
from dnnsa.cluster.submission import refusals, submit, telling
from dnnsa.errors import ClusterError

ENDING = 20.0  # seconds that the batch system may take to answer what was asked last


@contextmanager
def opened(asked: Request, say: Say) -> Iterator[Any]:
    """A ``distributed.Client`` of jobs that are submitted; it does not wait for one to start.

    Raises
    ------
    ClusterError
        The batch system is not there, or refuses the first jobs.
    """
    import dask
    from distributed import Client
    from distributed.utils import silence_logging_cmgr

    kind = _kind(asked)
    _make_logs(asked)
    wanted = {**configuration.SCHEDULER, **configuration.WORKERS, **_link(asked)}
    with (
        silence_logging_cmgr(logging.CRITICAL),  # a worker that dies is told by the engine, in words
        dask.config.set(configuration.missing(wanted)),
        keys(asked.shared) as security,
        _cluster(kind, asked, security) as cluster,
        _kept(cluster, asked, say),
        Client(cluster) as client,
    ):
        yield client


def _kind(asked: Request) -> Any:
    kind = getattr(jobqueue(), asked.cluster)
    command = kind.job_cls.submit_command
    if not shutil.which(command):
        raise ClusterError(f"there is no command `{command}` on this host: run dnnsa where jobs are submitted.")
    return kind


def _make_logs(asked: Request) -> None:
    """Make the folder for the output of jobs, without which some batch systems end a job in silence."""
    if logs := asked.keywords.get("log_directory"):
        try:
            Path(logs).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ClusterError(f"`log_directory`: {logs} cannot be made: {error.strerror}.") from error


def _link(asked: Request) -> dict[str, str]:
    """The dashboard's address for the user; Dask takes it for that of its own port, which is another one."""
    host = asked.scheduler["dashboard_address"].rpartition(":")[0]
    return {"distributed.dashboard.link": f"http://{host}:{{port}}/status"} if host.startswith("127.") else {}


def _cluster(kind: Any, asked: Request, security: Any) -> Any:
    try:
        return kind(
            job_cls=telling(kind.job_cls),
            name=worker_name(asked),
            security=security,
            scheduler_options=dict(asked.scheduler),
            silence_logs=False,
            **asked.keywords,
        )
    except (ValueError, OSError, RuntimeError) as error:  # such as an interface that this host does not have
        raise ClusterError(f"the Dask scheduler does not start: {error}") from error


@contextmanager
def _kept(cluster: Any, asked: Request, say: Say) -> Iterator[None]:
    """Submit the first jobs, have those that end replaced, and their number follow the work where that is asked."""
    keeper = Keeper(cluster, asked, say)

    async def begin() -> asyncio.Task[None]:
        await submit(cluster, asked)
        if refused := refusals(cluster):
            raise ClusterError(f"the batch system refuses {len(refused)} of the jobs: {refused[0]}")
        return asyncio.create_task(keeper.keep())

    async def end() -> None:
        keeper.ending.set()
        done, _ = await asyncio.wait([keeping], timeout=ENDING)  # a job that is being submitted gets its number
        keeping.cancel()
        for task in done:
            task.result()

    keeping = cluster.sync(begin)
    if asked.minimum != asked.maximum:
        cluster.adapt(minimum=asked.minimum, maximum=asked.maximum)
    try:
        yield
    finally:
        cluster.sync(end)
