"""Dear runs: one run a task, each distinct one once, its outputs kept as they come."""

import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from distributed import Client, Future, KilledWorker
from numpy.typing import NDArray

from dnnsa.engine.block import RAISED, Job, RecordedFailure, distinct, load, plain, spelt
from dnnsa.engine.interrupts import deferred
from dnnsa.engine.isolation import DIES
from dnnsa.engine.limits import LATE, ended_after, tell_late
from dnnsa.engine.machine import backend
from dnnsa.engine.places import Place, Trust, elsewhere, place, places
from dnnsa.engine.plan import Field, window
from dnnsa.engine.report import Progress, Reporter
from dnnsa.engine.seen import Seen, value_of, watched
from dnnsa.engine.submission import LEAF, Submission, in_words, result, trouble
from dnnsa.engine.waiting import Waiting
from dnnsa.errors import DnnsaError, Interrupted, RunError, StoreError, TooManyFailures
from dnnsa.models.base import Outputs

TRIES = 2  # of a run that raises, in two places where there are two
LOOK_EVERY = 5.0  # seconds between looks at how many workers there are


@dataclass(frozen=True)
class Record:
    """Where outputs of runs are kept, by their numbers; its functions are called in workers and here."""

    states: Callable[[], NDArray[np.uint8]]
    """(distinct runs,), 0 not run, 1 done, 2 failed."""
    is_done: Callable[[int], bool]
    """Whether one run is done."""
    write: Callable[[int, Outputs, float, float, str, str], None]
    """Keeps the outputs of a run, ``(*shape)`` each; how long it took and since when, in seconds; worker and host."""
    write_failed: Callable[[int, str, str, float], None]
    """Keeps the cause, traceback and seconds of a run that failed."""
    outputs: Callable[[NDArray[np.int64]], Outputs]
    values: Callable[[NDArray[np.int64], str], NDArray[Any]]
    """Of one quantity alone, ``(len(numbers), *shape)``."""
    failures: Callable[[NDArray[np.int64]], Mapping[int, tuple[str, str]]]
    """Cause and traceback of those that failed."""
    ran_on: Callable[[str], None]
    """Keeps that runs were made by a backend, as `dnnsa.engine.machine.backend` tells it; called here alone."""

    def read(self, numbers: NDArray[np.int64]) -> Outputs:
        """Outputs of runs that were made, ``(len(numbers), *shape)`` each.

        Raises
        ------
        RecordedFailure
            One of them failed.
        """
        for cause, trace in self.failures(numbers).values():
            raise RecordedFailure(cause, trace)
        return self.outputs(numbers)


class RunRaised(Exception):
    """A run that raised, told in words, which travel."""

    def __init__(self, cause: str, trace: str, where: Place) -> None:
        self.cause, self.trace, self.where = cause, trace, where
        super().__init__(cause, trace, where)


def make(
    job: Job, fields: Mapping[str, Field], number: int, record: Record, seconds: float, life: str
) -> tuple[Place, float, str]:
    """Make one run and keep its outputs, in a worker; nothing is done where they are kept already.

    Returns
    -------
        Where it was made, the value of the quantity that is `watched`, and by which `backend`.

    Raises
    ------
    RunRaised
        The model raised, or answered with something else than at first.
    """
    if record.is_done(number):  # by a worker that died before it could say so
        return place(), float("nan"), ""
    evaluator = load(job)
    with ended_after(seconds, partial(tell_late, [life, number])):
        began, clock = time.time(), time.perf_counter()
        try:
            outputs = plain(evaluator.run(distinct(job).run(number)), 1, fields)
        except DnnsaError:
            raise
        except RAISED as error:
            raise RunRaised(spelt(error)[:1000], traceback.format_exc(limit=-8)[-4000:], place()) from None
        took, here = time.perf_counter() - clock, place()
    record.write(number, {name: y[0] for name, y in outputs.items()}, took, began, here.worker, here.host)
    return here, value_of(outputs, watched(fields)), backend()


class Runs:
    """One life of the runs of a study, until all of them are kept."""

    def __init__(
        self, client: Client, job: Job, fields: Mapping[str, Field], record: Record, seconds: float, reporter: Reporter
    ) -> None:
        self.job, self.record, self.seconds, self.reporter = job, record, seconds, reporter
        self.fields = {name: field._replace(dims=(), coords={}) for name, field in fields.items()}
        self.client, self.dask, self.trust = client, Submission(client), Trust(client, reporter)
        states = record.states()
        self.total = len(states)
        self.todo = deque(int(number) for number in np.flatnonzero(states == 0))
        self.failed = {int(number) for number in np.flatnonzero(states == 2)}
        self.in_flight: dict[int, Future] = {}
        self.suspects: deque[int] = deque()
        self.alone: set[int] = set()  # suspects that have been sent out by themselves
        self.raised: Counter[int] = Counter()
        self.been: dict[int, Place] = {}  # where a run raised
        self.retried = 0
        self.backends: set[str] = set()  # of those that runs were made by in this life
        self.seen = Seen(watched(fields)).and_of(self.kept_before(np.flatnonzero(states == 1)))

    @property
    def done(self) -> int:
        return self.total - len(self.todo) - len(self.in_flight) - len(self.suspects)

    def kept_before(self, numbers: NDArray[np.int64]) -> Iterable[float]:
        """What runs that are kept already gave of the quantity that is watched."""
        name = watched(self.fields)
        with suppress(StoreError):  # of a damaged run whoever needs it will tell
            return self.record.values(numbers, name).tolist() if name else []
        return []

    def run(self) -> None:
        """Make all that is not kept."""
        if self.done > 1:  # the first run of a new study is kept by its probe
            self.reporter.say(f"resuming: {self.done} of {self.total} runs are kept already")
        self.tell()
        self.check_failures()
        self.client.subscribe_topic(LATE, lambda event: self.dask.events.put(partial(self.late, event[1])))
        try:
            with deferred(lambda: self.dask.events.put(interrupt)):
                self.loop()
        finally:
            if self.client.status == "running":
                self.client.cancel(list(self.in_flight.values()))
                self.client.unsubscribe_topic(LATE)

    def loop(self) -> None:
        looked, slots, waiting = 0.0, 0, Waiting(self.reporter.say)
        while self.todo or self.in_flight or self.suspects:
            if time.monotonic() - looked > LOOK_EVERY:  # workers come and go
                slots, looked = self.dask.slots(), time.monotonic()
                waiting.look(slots, looked)
            while self.todo and len(self.in_flight) < window(slots):
                self.start(self.todo.popleft())
            if self.suspects and not self.in_flight:
                number = self.suspects.popleft()
                self.alone.add(number)
                self.start(number)
            if handle := self.dask.next(1.0):
                handle()

    def start(self, number: int, workers: Collection[str] = ()) -> None:
        asked = (self.job, self.fields, number, self.record, self.seconds, self.dask.life)
        future = self.dask.submit(make, *asked, name=str(number), priority=LEAF, workers=workers)
        self.in_flight[number] = future
        self.dask.then([future], partial(self.came, number, future))

    def came(self, number: int, future: Future) -> None:
        """A run is made, or has failed."""
        if self.in_flight.get(number) is not future:
            return
        error = trouble(future)
        if isinstance(error, RunRaised):
            self.try_elsewhere(number, error)
        elif isinstance(error, KilledWorker):
            self.died(number, DIES)
        elif error:
            raise in_words(error, f"run {number}") from error
        else:
            self.kept(number, *result(future))
        self.tell()

    def kept(self, number: int, where: Place, value: float, by: str) -> None:
        del self.in_flight[number]
        if by and by not in self.backends:
            self.backends.add(by)
            self.record.ran_on(by)
        self.seen = self.seen.and_of([value])
        if number in self.been:
            self.retried += 1
            if self.been[number] != where:
                self.trust.strike(self.been[number])

    def try_elsewhere(self, number: int, error: RunRaised) -> None:
        self.raised[number] += 1
        if self.raised[number] >= TRIES:
            self.fail(number, error.cause, error.trace)
            return
        self.been[number] = error.where
        self.start(number, elsewhere(places(self.client), frozenset({error.where})))

    def died(self, number: int, cause: str) -> None:
        """A run's worker has died or hung: the run is tried once more, by itself, before it is believed."""
        if number in self.alone:
            self.fail(number, cause, "")
            return
        del self.in_flight[number]
        self.reporter.say(f"warning: run {number} {cause}, or another one beside it does: it is tried alone later")
        self.suspects.append(number)

    def late(self, message: Any) -> None:
        life, number = message["word"][0], message["word"][1]
        if life != self.dask.life or number not in self.in_flight:
            return
        cause = f"takes longer than the {self.seconds:.3g} s that it may"
        if not message["ended"]:
            raise RunError(
                f"Run {number} {cause}, and its worker has no nanny that would start it again after it is ended: set a "
                "larger `time_limit`, or use workers with a nanny."
            )
        self.client.cancel([self.in_flight[number]])
        self.died(number, cause)

    def fail(self, number: int, cause: str, trace: str) -> None:
        """Keep on record that a run failed."""
        self.in_flight.pop(number, None)
        self.record.write_failed(number, cause, trace, float("nan"))
        self.failed.add(number)
        self.check_failures()

    def check_failures(self) -> None:
        study = self.job.study
        lost, base_points = distinct(self.job).base_points(self.failed), distinct(self.job).number[..., 0].size
        if lost > study.max_failed * base_points:
            raise TooManyFailures(
                f"{lost} base points have runs that failed, more than max_failed: {study.max_failed:g} allows of "
                f"{base_points}."
            )

    def tell(self) -> None:
        self.reporter.update(Progress(self.done, self.total, len(self.failed), "runs", self.seen.told()))


def make_runs(
    client: Client, job: Job, fields: Mapping[str, Field], record: Record, seconds: float, reporter: Reporter
) -> int:
    """Make all distinct runs of a study that are not kept yet, and return how many had to be tried again.

    Parameters
    ----------
    seconds
        What a run may take; then its worker is ended.

    Raises
    ------
    TooManyFailures, RunError, Interrupted
        What was made is kept; the same call goes on from there.
    """
    runs = Runs(client, job, fields, record, seconds, reporter)
    kept = "are kept; run the same command again to go on."
    try:
        runs.run()
    except KeyboardInterrupt as stop:
        raise Interrupted(f"interrupted: {runs.done} of {runs.total} runs {kept}") from stop
    except TooManyFailures as error:
        told = f"{error} {runs.done} of {runs.total} runs {kept} With a larger `max_failed` it goes on."
        raise TooManyFailures(told) from error
    except RunError as error:
        raise RunError(f"{error} {runs.done} of {runs.total} runs {kept}") from error
    return runs.retried


def interrupt() -> None:
    raise KeyboardInterrupt
