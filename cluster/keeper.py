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
from typing import Any, NamedTuple

from dnnsa.cluster.base import Say
from dnnsa.cluster.request import Request
from dnnsa.cluster.submission import refusals, submit

EVERY = 2.0  # seconds between looks at the workers
LIST_EVERY = 10.0  # seconds between questions to the batch system, for a job that has lost its workers
PATIENTLY = 6  # times as long while jobs only wait
ENDED, SILENT = 10.0, 300.0  # seconds until a job is given up that is in no queue; that was there and has no worker
LONGEST = 600.0  # seconds at most until jobs are submitted again that end before a worker is there


class Standing(NamedTuple):
    """What is known of a job."""

    number: str | None  # of the batch system; None where it was refused
    workers: bool  # whether a worker of it is connected
    was_there: bool  # whether one has been
    listed: bool | None  # whether the batch system has it; None where that is not known


def patience(job: Standing) -> float | None:
    """Seconds for which a job may stay as it is before it is given up; None for ever.

    Examples
    --------
    >>> patience(Standing("17", workers=False, was_there=False, listed=True))  # it waits in the queue
    >>> patience(Standing("17", workers=False, was_there=False, listed=False))  # it was cancelled there
    10.0
    >>> patience(Standing("17", workers=False, was_there=True, listed=True))  # its worker may be starting again
    300.0
    """
    if job.workers:
        return None
    if job.number is None or job.listed is False:
        return ENDED
    return SILENT if job.was_there else None


def numbers(listing: str) -> frozenset[int]:
    """The jobs of a listing, each line of which begins with a number.

    Examples
    --------
    >>> sorted(numbers("17.server  dnnsa"))
    [17]
    """
    return frozenset(int(number) for number in re.findall(r"^\s*(\d+)", listing, re.MULTILINE))


class Keeper:
    """Looks after the jobs of a cluster, in the event loop of its scheduler, and says how many workers there are."""

    def __init__(self, cluster: Any, asked: Request, say: Say) -> None:
        self.cluster, self.asked, self.say = cluster, asked, say
        self.ending = asyncio.Event()
        self.met: set[str] = set()  # jobs of which a worker has been there
        self.missed: dict[str, float] = {}  # job -> since when it is without what it should have
        self.listed: frozenset[int] | None = None
        self.asked_at = float("-inf")
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
        here = {name: not connected.isdisjoint(self.names(name, connected)) for name in self.cluster.workers}
        self.met |= {name for name, is_here in here.items() if is_here}
        lost = any(name in self.met and not is_here for name, is_here in here.items())
        if not all(here.values()) and now - self.asked_at > LIST_EVERY * (1 if lost else PATIENTLY):
            self.listed, self.asked_at = await self.listing(), now
        waits = {name: patience(self.standing(name, here[name])) for name in here if name in self.cluster.workers}
        self.missed = {name: self.missed.get(name, now) for name, wait in waits.items() if wait is not None}
        given_up = [name for name, since in self.missed.items() if now - since > (waits[name] or 0.0)]
        if given_up and now > self.not_before:
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

    def standing(self, name: str, is_here: bool) -> Standing:
        number = self.cluster.workers[name].job_id
        known = self.listed is not None and number is not None
        listed = int(number.partition(".")[0]) in (self.listed or ()) if known else None
        return Standing(number, is_here, name in self.met, listed)

    async def listing(self) -> frozenset[int] | None:
        """The jobs that the batch system has of this user; None where it does not answer."""
        if self.asked.listing is None:
            return None
        try:
            return numbers(await self.cluster.job_cls._call([*self.asked.listing.split(), getpass.getuser()]))
        except (RuntimeError, OSError):
            return None

    def tell(self, workers: int) -> None:
        """Say how many workers there are, when that has changed."""
        fixed = self.asked.minimum == self.asked.maximum
        line = f"workers: {workers}{f' of {self.asked.maximum}' if fixed else ''}"
        if line != self.told:
            self.say(line)
        self.told = line

    async def replace(self, names: Collection[str], now: float) -> None:
        """Submit new jobs for those that are given up, after calling off what there may be of them."""
        jobs = {name: self.cluster.workers.pop(name) for name in names}
        for name in names:
            self.cluster.worker_spec.pop(name, None)
        submitted = [name for name, job in jobs.items() if not job.refusal]
        barren = not self.met.issuperset(names)
        self.barren = self.barren + 1 if barren else 0
        self.not_before = now + min(LONGEST, LIST_EVERY * PATIENTLY * 2**self.barren) if barren else 0.0
        for job in jobs.values():
            await job.close()
        if submitted:
            told = f"jobs that ended before the run: {len(submitted)}, submitted again"
            self.say(told if self.met.issuperset(submitted) else f"warning: {told}; {self.advice()}")
        await submit(self.cluster, self.asked)

    def advice(self) -> str:
        where = self.asked.keywords.get("log_directory")
        return f"no worker of theirs was ever there: see their output{f' in {where}' if where else ''}"
