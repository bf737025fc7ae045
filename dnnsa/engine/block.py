"""A block of a study: a pure function of the study and a number, evaluated in a worker."""

import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.designs import External
from dnnsa.draws import Draws, Points
from dnnsa.engine.distinct import Distinct, distinct_runs
from dnnsa.engine.network import network_evaluator
from dnnsa.engine.plan import Field, is_real
from dnnsa.errors import DnnsaError
from dnnsa.models.base import Digests, Evaluator, Outputs
from dnnsa.study import OF_FACTORS, Study


@dataclass(frozen=True, eq=False)
class Job:
    """A study with the digests of its files: all that a worker needs, a few kilobytes."""

    study: Study
    digests: Digests
    recorded: Callable[[NDArray[np.int64]], Outputs] | None = None
    """Outputs of distinct runs that have been made and kept, by their numbers; raises `RecordedFailure`."""

    @property
    def key(self) -> tuple[Any, ...]:
        return self.study.digest, str(self.study.directory), self.recorded is None, *sorted(self.digests.items())

    def at(self, base_points: int) -> "Job":
        """The job of a fixed study of so many base points; 0 for as many as it asks for."""
        design = self.study.design
        if isinstance(design, External) or base_points in (0, design.base_points):
            return self
        return Job(self.study.at(base_points), self.digests)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class Failure(NamedTuple):
    """A base point in quarantine: which one, with which values, and why."""

    replicate: int
    number: int  # in the replicate
    cause: str
    traceback: str
    a: Mapping[str, str]  # factor -> its value at the first point, as text
    b: Mapping[str, str]  # at the last one: b of a pick-freeze design, the end of a trajectory


# What a model may raise and only the base point be lost; `sys.exit` is how much old code fails.
RAISED = (Exception, SystemExit)


Condemned = Mapping[int, Failure]  # number of a base point in its replicate -> why it is not run
NOBODY: Condemned = MappingProxyType({})


class BadOutputs(Exception):
    """The model answered with something else than at first."""


class RecordedFailure(Exception):
    """A run that failed when it was made."""

    def __init__(self, cause: str, traceback: str) -> None:
        self.cause, self.traceback = cause, traceback
        super().__init__(cause)


_loading = threading.Lock()


@lru_cache(maxsize=1)  # one study at a time: a network may fill the device
def _load(job: Job) -> Evaluator:
    study = job.study
    if isinstance(study.model, OF_FACTORS):
        return study.model.load(study.directory, job.digests)
    return network_evaluator(study, study.directory, job.digests)


def load(job: Job) -> Evaluator:
    """The study's model, loaded once in each process."""
    with _loading:  # two threads of a worker would load it twice
        return _load(job)


def warm(job: Job) -> None:
    """Load what runs need, before a clock is started for them."""
    if job.recorded is None:
        load(job)


@lru_cache(maxsize=1)
def draws(job: Job) -> Draws:
    """The study's design and laws, their files read once in each process."""
    return job.study.draws(job.digests)


def runs(job: Job, points: Points) -> dict[str, NDArray[Any]]:
    """Each factor's values in every run, ``(size * runs,)``, base point by base point."""
    return {name: values.reshape(-1) for name, values in draws(job).runs(points).items()}


@lru_cache(maxsize=1)
def distinct(job: Job) -> Distinct:
    """The study's runs, each with the number of the first that is equal to it."""
    return distinct_runs(draws(job))


def evaluate(job: Job, points: Points, fields: Mapping[str, Field]) -> dict[str, NDArray[Any]]:
    """Outputs of the runs of some base points, ``(size, runs, *shape)`` for each quantity.

    Raises
    ------
    BadOutputs
        Names, shapes or kinds of the outputs are not those of ``fields``.
    """
    count = points.size * draws(job).layout.runs
    if not count:
        return {name: np.empty((0, draws(job).layout.runs, *field.shape)) for name, field in fields.items()}
    outputs = load(job).run(runs(job, points)) if job.recorded is None else job.recorded(distinct(job).of(points))
    checked = plain(outputs, count, fields)
    return {name: y.reshape(points.size, -1, *fields[name].shape) for name, y in checked.items()}


def plain(outputs: Outputs, count: int, fields: Mapping[str, Field]) -> dict[str, NDArray[Any]]:
    """Outputs of ``count`` runs, ``(count, *shape)`` for each quantity, in types that estimators know.

    Raises
    ------
    BadOutputs
        Names, shapes or kinds are not those of ``fields``.
    """
    if set(outputs) != set(fields):
        raise BadOutputs(f"quantities {sorted(outputs)} where there were {sorted(fields)} at first")
    for name, field in fields.items():
        if outputs[name].shape != (count, *field.shape):
            raise BadOutputs(
                f"`{name}` has shape {outputs[name].shape} for {count} runs, where {(count, *field.shape)} was expected"
            )
        if not is_real(outputs[name].dtype):
            raise BadOutputs(f"`{name}` holds {outputs[name].dtype}, not real numbers")
    return {name: _plain(outputs[name]) for name in fields}


def _plain(y: NDArray[Any]) -> NDArray[Any]:
    """Outputs in a type that estimators know, which holds each of them exactly; but long doubles, which they round."""
    if y.dtype.kind not in "biuf":
        return y.astype(np.float32)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is told as such
        return y.astype(np.float64) if y.dtype.itemsize > 8 else y


class Answer(NamedTuple):
    """Outputs of base points, with those that failed told and left as NaN."""

    outputs: dict[str, NDArray[Any]]  # (size, runs, *shape)
    failures: list[Failure]
    retried: int  # attempts that failed and then did not


def guarded(job: Job, points: Points, fields: Mapping[str, Field], condemned: Condemned = NOBODY) -> Answer:
    """Outputs of base points, with no more of them lost than fail by themselves.

    When a run raises, the base points are run one by one, those that raise once more: what raises twice by itself is
    lost. When none does, they are all run together again, so that the outputs are those of an attempt without failures.

    Parameters
    ----------
    condemned
        Base points that are not run, by their number: those that end their worker.
    """
    known = [condemned[number] for number in range(points.start, points.start + points.size) if number in condemned]
    lost = {failure.number - points.start for failure in known}
    sound = np.array([offset for offset in range(points.size) if offset not in lost], dtype=np.int64)
    answer = _tried(job, points.take(sound) if known else points, sound + points.start, fields)
    outputs = _scattered(answer.outputs, sound, points.size) if known else answer.outputs
    told = {failure.number for failure in (*known, *answer.failures)}
    not_finite = [
        failure_of(job, points.rows(offset, offset + 1), cause, "")
        for offset, cause in _not_finite(outputs).items()
        if points.start + offset not in told
    ]
    return Answer(outputs, [*known, *answer.failures, *not_finite], answer.retried)


def _tried(job: Job, points: Points, numbers: NDArray[np.int64], fields: Mapping[str, Field]) -> Answer:
    """Outputs of base points with these numbers, what raises being left as NaN."""
    try:
        return Answer(evaluate(job, points, fields), [], 0)
    except DnnsaError:
        raise  # the study cannot go on: a changed file, a model that does not load
    except RAISED:
        alone = _one_by_one(job, points, numbers, fields)
    if alone.failures or points.size < 2:
        return alone
    try:
        return Answer(evaluate(job, points, fields), [], alone.retried + 1)
    except RAISED:  # it raises when many are asked at once: what each gives by itself stands
        return alone


def _one_by_one(job: Job, points: Points, numbers: NDArray[np.int64], fields: Mapping[str, Field]) -> Answer:
    width = draws(job).layout.runs
    outputs = {name: np.full((points.size, width, *field.shape), np.nan) for name, field in fields.items()}
    failures, retried = [], 0
    for offset, number in enumerate(numbers):
        point = points.rows(offset, offset + 1)._replace(start=int(number))
        one = _twice(job, point, fields)
        if isinstance(one, Failure):
            failures.append(one)
            continue
        retried += one.retried
        for name in outputs:
            outputs[name][offset] = one.outputs[name][0]
    return Answer(outputs, failures, retried)


def _twice(job: Job, point: Points, fields: Mapping[str, Field]) -> Answer | Failure:
    """A base point by itself, once more if it raises."""
    for attempt in (0, 1):
        try:
            return Answer(evaluate(job, point, fields), [], attempt)
        except DnnsaError:
            raise
        except RecordedFailure as error:  # what is on record is not run again
            return failure_of(job, point, error.cause, error.traceback)
        except RAISED as error:
            failure = failure_of(job, point, spelt(error), traceback.format_exc(limit=-8))
    return failure


def _scattered(outputs: Outputs, offsets: NDArray[np.int64], size: int) -> dict[str, NDArray[Any]]:
    """Outputs at some offsets of ``size``, NaN elsewhere."""
    scattered = {}
    for name, y in outputs.items():
        scattered[name] = np.full((size, *y.shape[1:]), np.nan, dtype=np.result_type(y.dtype, np.float32))
        scattered[name][offsets] = y
    return scattered


def spelt(error: BaseException) -> str:
    """An exception in words, whatever its own words do."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as worse:
        return f"{type(error).__name__}, whose message raises {type(worse).__name__}"


def _not_finite(outputs: Outputs) -> dict[int, str]:
    """Base points with an output that is not finite, by their offset, with the cause in words."""
    causes: dict[int, list[str]] = {}
    for name, y in outputs.items():  # (size, runs, *shape)
        if np.isfinite(y).all():
            continue
        bad = ~np.isfinite(y).reshape(len(y), -1)
        for offset in np.flatnonzero(bad.any(axis=1)):
            told = f"{bad[offset].sum()} of {bad.shape[1]} values of `{name}` are NaN or infinite"
            causes.setdefault(int(offset), []).append(told)
    return {offset: ", ".join(told) for offset, told in causes.items()}


def failure_of(job: Job, point: Points, cause: str, trace: str) -> Failure:
    """A base point for the record."""
    at = draws(job).at(point)  # (1, points) each
    a, b = ({name: str(values[0, place]) for name, values in at.items()} for place in (0, -1))
    return Failure(point.replicate, point.start, cause[:1000], trace[-4000:], a, b)
