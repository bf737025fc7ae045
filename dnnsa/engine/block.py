"""A block of a study: a pure function of the study and a number, evaluated in a worker."""

import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.draws import Draws, Points
from dnnsa.engine.network import network_evaluator
from dnnsa.engine.plan import Field, is_real
from dnnsa.errors import DnnsaError
from dnnsa.models import Function, Keras
from dnnsa.models.base import Digests, Evaluator, Outputs
from dnnsa.study import Study


@dataclass(frozen=True, eq=False)
class Job:
    """A study with the digests of its files: all that a worker needs, a few kilobytes."""

    study: Study
    digests: Digests

    @property
    def key(self) -> tuple[Any, ...]:
        return self.study.digest, str(self.study.directory), *sorted(self.digests.items())

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


class BadOutputs(Exception):
    """The model answered with something else than at first."""


_loading = threading.Lock()


@lru_cache(maxsize=1)  # one study at a time: a network may fill the device
def _load(job: Job) -> Evaluator:
    model = job.study.model
    if isinstance(model, Function):
        return model.load(job.study.directory, job.digests)
    assert isinstance(model, Keras)
    study = job.study
    return network_evaluator(model, study.cases, study.perturb, study.quantities, study.directory, job.digests)


def load(job: Job) -> Evaluator:
    """The study's model, loaded once in each process."""
    with _loading:  # two threads of a worker would load it twice
        return _load(job)


@lru_cache(maxsize=1)
def draws(job: Job) -> Draws:
    """The study's design and laws, their files read once in each process."""
    return job.study.draws(job.digests)


def runs(job: Job, points: Points) -> dict[str, NDArray[Any]]:
    """Each factor's values in every run, ``(size * runs,)``, base point by base point."""
    return {name: values.reshape(-1) for name, values in draws(job).runs(points).items()}


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
    outputs = load(job).run(runs(job, points))
    if set(outputs) != set(fields):
        raise BadOutputs(f"quantities {sorted(outputs)} where there were {sorted(fields)} at first")
    for name, field in fields.items():
        if outputs[name].shape != (count, *field.shape):
            raise BadOutputs(
                f"`{name}` has shape {outputs[name].shape} for {count} runs, where {(count, *field.shape)} was expected"
            )
        if not is_real(outputs[name].dtype):
            raise BadOutputs(f"`{name}` holds {outputs[name].dtype}, not real numbers")
    return {name: _plain(outputs[name]).reshape(points.size, -1, *field.shape) for name, field in fields.items()}


def _plain(y: NDArray[Any]) -> NDArray[Any]:
    """Outputs in a type that estimators know, which holds each of them exactly; but long doubles, which they round."""
    if y.dtype.kind not in "biuf":
        return y.astype(np.float32)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is told as such
        return y.astype(np.float64) if y.dtype.itemsize > 8 else y


def guarded(job: Job, points: Points, fields: Mapping[str, Field]) -> tuple[dict[str, NDArray[Any]], list[Failure]]:
    """Outputs of a block, with the base points that failed told and left as NaN.

    When a run of the block raises, its base points are run one by one: only those that raise by themselves are lost.
    """
    try:
        outputs, failures = evaluate(job, points, fields), list[Failure]()
    except DnnsaError:
        raise  # the study cannot go on: a changed file, a model that does not load
    except RAISED:
        outputs, failures = _one_by_one(job, points, fields)
    raised = {failure.number for failure in failures}
    for offset, cause in _not_finite(outputs).items():
        if points.start + offset not in raised:
            failures.append(_failure(job, points.rows(offset, offset + 1), cause, ""))
    return outputs, failures


def _one_by_one(job: Job, points: Points, fields: Mapping[str, Field]) -> tuple[dict[str, NDArray[Any]], list[Failure]]:
    width = draws(job).layout.runs
    outputs = {name: np.full((points.size, width, *field.shape), np.nan) for name, field in fields.items()}
    failures = []
    for offset in range(points.size):
        point = points.rows(offset, offset + 1)
        try:
            one = evaluate(job, point, fields)
        except DnnsaError:
            raise
        except RAISED as error:
            failures.append(_failure(job, point, spelt(error), traceback.format_exc(limit=-8)))
        else:
            for name in outputs:
                outputs[name][offset] = one[name][0]
    return outputs, failures


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


def _failure(job: Job, point: Points, cause: str, trace: str) -> Failure:
    at = draws(job).at(point)  # (1, points) each
    a, b = ({name: str(values[0, place]) for name, values in at.items()} for place in (0, -1))
    return Failure(point.replicate, point.start, cause[:1000], trace[-4000:], a, b)
