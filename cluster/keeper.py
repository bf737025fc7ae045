"""Jobs that end before the run does are submitted again.

Dask never asks the batch system about its jobs: one that is cancelled while it waits, that is refused, or that has
several workers would count as there for ever.
"""

import asyncio
import getpass
import re
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

from dnnsa.cluster.base import Say
from dnnsa.cluster.request import Request
from dnnsa.cluster.submission import refusals, submit

EVERY = 2.0  # seconds between looks at the workers
LIST_EVERY = 10.0  # seconds between questions to the batch system, for a job that has lost its workers
PATIENTLY = 6  # times as long while jobs only wait
ENDED, SILENT = 10.0, 300.0  # seconds until a job is given up that is in no queue; that was there and has no worker
FIRST, OVER = re.compile(r"\s*(\d+)"), re.compile(r"\s[CF]\s+[\d:-]+\s*$")
LONGEST = 600.0  # seconds at most until jobs are submitted again that end before a worker is there


def patience(job: Any) -> float | None:
    """Seconds for which a job may stay as it is before it is given up; None for ever."""
    if job.is_here:
        return None
    if job.refusal or job.listed is False:
        return ENDED
    return SILENT if job.was_here else None


def numbers(listing: str) -> frozenset[int]:
    """The jobs of a listing, each line of which begins with a number; those that PBS lists as over are not among them.

    Examples
    --------
    >>> sorted(numbers("17.server  dnnsa  00:10 R 00:01"))
    [17]
    """
    lines = [line for line in listing.splitlines() if not OVER.search(line)]
    return frozenset(int(found[1]) for line in lines if (found := FIRST.match(line)))


class Keeper:
    """Looks after the jobs of a cluster, in the event loop of its scheduler, and says how many workers there are."""

    def __init__(self, cluster: Any, asked: Request, say: Say) -> None:
        self.cluster, self.asked, self.say = cluster, asked, say
        self.ending = asyncio.Event()
        self.asked_at = float("-inf")  # when the batch system was asked for its jobs
        self.told = ""
        self.refused: set[str] = set()  # what is told already
        self.barren = 0  # times in a row that jobs were submitted again of which no worker was ever there
        self.not_before = 0.0

    async def keep(self) -> None:
        """Until it is to end."""
        while not self.ending.is_set():
            await self.look(time.monotonic())
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ending.wait(), EVERY)

    async def look(self, now: float) -> None:
        connected = {str(worker.name) for worker in self.cluster.scheduler.workers.values()}
        self.tell(len(connected))
        jobs = dict(self.cluster.workers)
        for name, job in jobs.items():
            job.is_here = not connected.isdisjoint(self.names(name, connected))
            job.was_here |= job.is_here
        lost = any(job.was_here and not job.is_here for job in jobs.values())
        waits = not all(job.is_here for job in jobs.values())
        if waits and now - self.asked_at > LIST_EVERY * (1 if lost else PATIENTLY):
            self.asked_at = now
            await self.list(jobs.values())
        if (given_up := [name for name, job in jobs.items() if is_given_up(job, now)]) and now > self.not_before:
            await self.replace(given_up, now)
        elif self.cluster.worker_spec.keys() - self.cluster.workers.keys():  # Dask has given some up
            await submit(self.cluster, self.asked)
        if refused := set(refusals(self.cluster)) - self.refused:
            self.refused |= refused
            self.say(f"warning: the batch system refuses jobs, which are tried again later: {min(refused)}")

    def names(self, job: str, connected: Collection[str]) -> Iterator[str]:
        """What the workers of a job are called."""
        if self.asked.array:
            yield from connected
        elif self.asked.per_job > 1:
            yield from (f"{job}-{number}" for number in range(self.asked.per_job))
        else:
            yield job

    async def list(self, jobs: Collection[Any]) -> None:
        """Ask the batch system which jobs it has of this user; where it does not answer, nothing is known."""
        if self.asked.listing is None:
            return
        command = self.asked.listing.format(user=getpass.getuser()).split()
        try:
            there = numbers(await self.cluster.job_cls._call(command))
        except (RuntimeError, OSError):
            for job in jobs:
                job.listed = None
            return
        for job in jobs:
            job.listed = None if job.job_id is None else int(job.job_id.partition(".")[0]) in there

    def tell(self, workers: int) -> None:
        """Say how many workers there are, when that has changed."""
        fixed = self.asked.minimum == self.asked.maximum
        line = f"workers: {workers}{f' of {self.asked.maximum}' if fixed else ''}"
        if line != self.told:
            self.say(line)
        self.told = line

    async def replace(self, names: Collection[str], now: float) -> None:
        """Submit new jobs for those that are given up, after calling off what there may be of them."""
        jobs = [job for name in names if (job := self.cluster.workers.pop(name, None))]
        for name in names:
            self.cluster.worker_spec.pop(name, None)
        barren = not all(job.was_here for job in jobs)
        self.barren = self.barren + 1 if barren else 0
        self.not_before = now + min(LONGEST, LIST_EVERY * PATIENTLY * 2**self.barren) if barren else 0.0
        for job in jobs:
            await job.close()
        if submitted := [job for job in jobs if not job.refusal]:
            told = f"jobs that ended before the run: {len(submitted)}, submitted again"
            self.say(told if all(job.was_here for job in submitted) else f"warning: {told}; {self.advice()}")
        await submit(self.cluster, self.asked)

    def advice(self) -> str:
        where = self.asked.keywords.get("log_directory")
        return f"no worker of theirs was ever there: see their output{f' in {where}' if where else ''}"


def is_given_up(job: Any, now: float) -> bool:
    """Whether a job has been without what it should have for longer than it may; keeps since when it is."""
    allowed = patience(job)
    if allowed is None:
        job.missed_since = None
        return False
    if job.missed_since is None:
        job.missed_since = now
    return bool(now - job.missed_since > allowed)
