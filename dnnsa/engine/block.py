"""A block of a study: a pure function of the study and a number, evaluated in a worker."""

import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.engine.network import network_evaluator
from dnnsa.engine.plan import Field
from dnnsa.errors import DnnsaError
from dnnsa.models import Function, Keras
from dnnsa.models.base import Array, Digests, Evaluator, Outputs, Values
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
    a: Mapping[str, str]  # factor -> its value in the point a, as text
    b: Mapping[str, str]


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


def points(study: Study, replicate: int, start: int, size: int) -> dict[str, Array]:
    """Each factor's values at the distinct points of some base points, ``(size, points)``."""
    unit = study.design.points(len(study.factors), replicate, start, size)  # (size, points, p)
    return {name: factor.ppf(unit[:, :, k]) for k, (name, factor) in enumerate(study.factors.items())}


def runs(study: Study, values: Mapping[str, Array]) -> dict[str, Array]:
    """Each factor's values in every run, ``(size * runs,)``, base point by base point."""
    p = len(values)
    return {name: study.design.column(k, p, at).reshape(-1) for k, (name, at) in enumerate(values.items())}


def evaluate(job: Job, at: Mapping[str, Array], fields: Mapping[str, Field]) -> dict[str, NDArray[Any]]:
    """Outputs of the runs of some base points, ``(size, runs, *shape)`` for each quantity.

    Raises
    ------
    BadOutputs
        Names, shapes or kinds of the outputs are not those of ``fields``.
    """
    size = len(next(iter(at.values())))
    outputs = load(job).run(runs(job.study, at))
    count = size * job.study.design.runs(len(at))
    if set(outputs) != set(fields):
        raise BadOutputs(f"quantities {sorted(outputs)} where there were {sorted(fields)} at first")
    for name, field in fields.items():
        if outputs[name].shape != (count, *field.shape):
            raise BadOutputs(
                f"`{name}` has shape {outputs[name].shape} for {count} runs, where {(count, *field.shape)} was expected"
            )
        if outputs[name].dtype.kind not in "biuf":
            raise BadOutputs(f"`{name}` holds {outputs[name].dtype}, not real numbers")
    return {name: outputs[name].reshape(size, -1, *field.shape) for name, field in fields.items()}


def guarded(
    job: Job, at: Mapping[str, Array], fields: Mapping[str, Field], replicate: int, start: int
) -> tuple[dict[str, NDArray[Any]], list[Failure]]:
    """Outputs of a block, with the base points that failed told and left as NaN.

    When a run of the block raises, its base points are run one by one: only those that raise by themselves are lost.
    """
    try:
        outputs, failures = evaluate(job, at, fields), list[Failure]()
    except DnnsaError:
        raise  # the study cannot go on: a changed file, a model that does not load
    except RAISED:
        outputs, failures = _one_by_one(job, at, fields, replicate, start)
    raised = {failure.number for failure in failures}
    for offset, cause in _not_finite(outputs).items():
        if start + offset not in raised:
            failures.append(_failure(at, replicate, start, offset, cause, ""))
    return outputs, failures


def _one_by_one(
    job: Job, at: Mapping[str, Array], fields: Mapping[str, Field], replicate: int, start: int
) -> tuple[dict[str, NDArray[Any]], list[Failure]]:
    size = len(next(iter(at.values())))
    width = job.study.design.runs(len(at))
    outputs = {name: np.full((size, width, *field.shape), np.nan) for name, field in fields.items()}
    failures = []
    for offset in range(size):
        try:
            one = evaluate(job, {name: values[offset : offset + 1] for name, values in at.items()}, fields)
        except DnnsaError:
            raise
        except RAISED as error:
            cause = spelt(error)
            failures.append(_failure(at, replicate, start, offset, cause, traceback.format_exc(limit=-8)))
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


def _failure(at: Values, replicate: int, start: int, offset: int, cause: str, trace: str) -> Failure:
    # The first two distinct points are a and b.
    a, b = ({name: str(values[offset, point]) for name, values in at.items()} for point in (0, 1))
    return Failure(replicate, start + offset, cause[:1000], trace[-4000:], a, b)
