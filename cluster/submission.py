"""Submitting jobs, and what the batch system says to them."""

import asyncio
from typing import Any

from dnnsa.cluster.request import Request

AT_ONCE = 8  # jobs that are being submitted; login nodes are shared


def telling(job_class: Any) -> Any:
    """A class of jobs which know why they were refused, where dask-jobqueue's raise and nobody listens; and of which
    their keeper can note what it sees.
    """
    from distributed.core import Status

    door = asyncio.Semaphore(AT_ONCE)

    class Telling(job_class):  # type: ignore[misc]
        refusal = ""  # what the batch system said to it
        is_here = was_here = False  # whether a worker of it is connected; whether one has been
        listed: bool | None = None  # whether the batch system has it; None where that is not known
        missed_since: float | None = None  # when it began to lack what it should have, in seconds of a monotonic clock

        async def start(self) -> None:
            async with door:
                try:
                    await super().start()
                except (RuntimeError, ValueError, OSError) as error:
                    self.refusal, self.status = _in_short(error), Status.running  # else Dask raises

        async def close(self) -> None:
            await super().close()
            self.status = Status.closed  # Dask asserts it when it closes the cluster

    return Telling


async def submit(cluster: Any, asked: Request) -> None:
    """Submit as many jobs as are always asked for and are not there."""
    wanted = 1 if asked.array else asked.minimum // asked.per_job
    while len(cluster.worker_spec) < wanted:
        cluster.worker_spec.update(cluster.new_worker_spec())
    await cluster._correct_state()


def refusals(cluster: Any) -> list[str]:
    """Why jobs were refused that the cluster counts as there."""
    return [job.refusal for job in cluster.workers.values() if job.refusal]


def _in_short(error: Exception) -> str:
    """What the batch system said, of dask-jobqueue's longer story."""
    _, _, said = str(error).partition("stderr:\n")
    return " ".join((said or str(error)).split())
