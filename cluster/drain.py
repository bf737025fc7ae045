"""A worker whose job ends by the clock takes no more tasks shortly before, finishes those it runs, and leaves."""

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from distributed import WorkerPlugin
from distributed.core import Status

LEAST = 5.0  # s from the last task that is taken to the end, where tasks are shorter
SLACK = 1.25  # tasks that are to come, in times the longest that was
APART = 0.1  # of a walltime, over which jobs that started together leave: who comes for the first one helps the others
SPARE, APART_MOST = 30.0, 600.0  # s
LOOK_EVERY = 0.5  # s

logger = logging.getLogger(__name__)


class Job(NamedTuple):
    """When a job began and how long it may run."""

    start: float  # s since 1970
    walltime: float  # s

    @property
    def left_by(self) -> float:
        """When its workers must be gone, s since 1970: a little before the batch system ends them."""
        return self.start + self.walltime - min(SPARE, self.walltime / 10)

    def last_task(self, longest: float, early: float) -> float:
        """When the last task may be taken, s since 1970.

        Parameters
        ----------
        longest
            Seconds of the longest task that was seen.
        early
            From 0 to 1; jobs that began together leave one after another if theirs differ.

        Examples
        --------
        >>> Job(start=0.0, walltime=3600.0).last_task(longest=60.0, early=0.5)
        3315.0
        """
        task = min(max(LEAST, SLACK * longest), self.walltime / 2)
        return self.left_by - task - early * min(APART * self.walltime, APART_MOST)


def job_of(environment: Mapping[str, str]) -> Job | None:
    """The job that a process is part of, as its script tells; None where it has no end.

    Examples
    --------
    >>> job_of({"DNNSA_JOB_START": "1700000000", "DNNSA_JOB_WALLTIME": "3600"})
    Job(start=1700000000.0, walltime=3600.0)
    """
    if "DNNSA_JOB_WALLTIME" not in environment:
        return None
    return Job(float(environment["DNNSA_JOB_START"]), float(environment["DNNSA_JOB_WALLTIME"]))


def early(worker: str) -> float:
    """How much earlier than it must a worker leaves, from 0 to 1, by its name, which stays when it is started again."""
    return random.Random(worker).random()  # noqa: S311


class Drain(WorkerPlugin):  # type: ignore[misc]
    """A worker leaves before its job ends, without a task having to be run again.

    Dask's own ``--lifetime`` moves the results that a worker holds but throws away the tasks that it runs.
    """

    name = "dnnsa-drain"

    def __init__(self, job: Job) -> None:
        self.job, self.longest = job, 0.0
        self.running: dict[Any, float] = {}  # task -> when it began

    def setup(self, worker: Any) -> None:
        self.early = early(str(worker.name))
        self.leaving = asyncio.create_task(self.leave(worker))

    def teardown(self, worker: Any) -> None:
        self.leaving.cancel()

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """How long each task takes: Dask tells of every change of a task's state."""
        if finish == "executing":
            self.running[key] = time.monotonic()
        elif key in self.running:
            self.longest = max(self.longest, time.monotonic() - self.running.pop(key))

    async def leave(self, worker: Any) -> None:
        """Wait until it is time; then stop taking tasks, run those to their end, pass on what they made, and go."""
        while time.time() < self.job.last_task(self.longest_yet(), self.early):
            await asyncio.sleep(LOOK_EVERY)
        logger.info("%s takes no more tasks: its job ends soon.", worker.address)
        worker.status = Status.closing_gracefully  # which tells the scheduler
        await asyncio.sleep(LOOK_EVERY)  # it must have heard before it is asked to retire the worker
        while self.running and time.time() < self.job.left_by:
            await asyncio.sleep(LOOK_EVERY)
        if self.running:
            logger.warning(
                "The job ends before a task of %.0f s so far, which is begun again elsewhere: ask for more walltime.",
                self.longest_yet(),
            )
        with suppress(OSError, TimeoutError):  # without the scheduler, or without time, there is nothing to wait for
            async with asyncio.timeout(max(0.0, self.job.left_by - time.time())):
                await passed_on(worker)
        worker.loop.add_callback(worker.close, nanny=True, reason=self.name)  # not from here: it ends this task

    def longest_yet(self) -> float:
        """Seconds of the longest task, be it one that runs."""
        return max([self.longest, *(time.monotonic() - began for began in self.running.values())])


async def passed_on(worker: Any) -> None:
    """Have other workers take what this one holds, as soon as there are any: perhaps a job that replaces this one."""
    while not await worker.scheduler.retire_workers(workers=[worker.address], remove=True, close_workers=False):
        await asyncio.sleep(LOOK_EVERY)
