"""Before the first block: which quantities there are, whether they can be estimated, and what a block costs."""

import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.engine.block import RAISED, Job, distinct, draws, guarded, load, plain, runs, spelt
from dnnsa.engine.limits import ended_after
from dnnsa.engine.places import Place, place
from dnnsa.engine.plan import Field, Plan, estimators_of, is_real, make_plan
from dnnsa.engine.tasks import block_states
from dnnsa.errors import DnnsaError, ModelError
from dnnsa.estimators import Estimator
from dnnsa.models.base import Evaluator, Outputs, Values
from dnnsa.reading import nearest
from dnnsa.study import RESERVED


class Probe(NamedTuple):
    """What the first base point showed: the quantities, and what they cost here."""

    fields: Mapping[str, Field]
    seconds: float  # of one base point, the model being loaded


def probe(job: Job) -> Probe:
    """Load the model, run one base point, and time it.

    Raises
    ------
    ModelError
        The model does not load, raises, or answers with something that is no quantity.
    """
    one = draws(job).points(0, 0, 1)
    values, evaluator = runs(job, one), load(job)
    count = len(next(iter(values.values())))
    with _limited(job, count):
        outputs = _first(evaluator, values)
    fields = _fields(job, outputs, count)
    began = time.perf_counter()
    guarded(job, one, fields)
    return Probe(fields, time.perf_counter() - began)


class FirstRun(NamedTuple):
    """A run that is not to be made again."""

    outputs: dict[str, NDArray[Any]]  # (*shape) each
    seconds: float
    began: float  # seconds since 1970
    place: Place


def probe_run(job: Job) -> tuple[Probe, FirstRun]:
    """Load the model and make the first run.

    Raises
    ------
    ModelError
        The model does not load, raises, or answers with something that is no quantity.
    """
    evaluator = load(job)
    began, clock = time.time(), time.perf_counter()
    with _limited(job, 1):
        outputs = _first(evaluator, distinct(job).run(0))
    seconds = time.perf_counter() - clock
    fields = _fields(job, outputs, 1)
    kept = {name: y[0] for name, y in plain(outputs, 1, fields).items()}
    return Probe(fields, seconds), FirstRun(kept, seconds, began, place())


def fields_again(job: Job, seen: Mapping[str, tuple[Sequence[int], str]]) -> dict[str, Field]:
    """The quantities that a first run showed to be of these shapes and dtypes, without another run.

    Raises
    ------
    ModelError
        The model does not load, or names other dimensions.
    """
    evaluator = load(job)
    return {
        name: _named(name, tuple(shape), dtype, evaluator.dims.get(name), evaluator.coords)
        for name, (shape, dtype) in seen.items()
    }


def _fields(job: Job, outputs: Outputs, count: int) -> dict[str, Field]:
    """The quantities that ``count`` runs show."""
    evaluator = load(job)
    if not outputs:
        raise ModelError("model: returned no quantity: return an array, or a mapping from names to arrays.")
    fields = {
        name: _field(name, np.asarray(y), count, evaluator.dims.get(name), evaluator.coords)
        for name, y in outputs.items()
    }
    for name in evaluator.dims:
        if name not in fields:
            raise ModelError(f"model.dims.{name}: the model returns no quantity `{name}`, only {sorted(fields)}.")
    check_estimators(job.study.estimators, fields, len(job.study.factors))
    return fields


def _limited(job: Job, count: int) -> AbstractContextManager[None]:
    """What so many runs may take, where the study says what one may."""
    limit = job.study.time_limit
    return nullcontext() if limit is None else ended_after(limit * count, lambda _: None)


def _first(evaluator: Evaluator, values: Values) -> Outputs:
    """Outputs of the first base point; what it raises is told in words alone, which travel."""
    try:
        return evaluator.run(values)
    except DnnsaError:
        raise
    except RAISED as error:
        told, trace = spelt(error), traceback.extract_tb(error.__traceback__)[-1]
    shown = ", ".join(f"{name}={value[0]}" for name, value in values.items())
    raise ModelError(
        f"model: the first base point raised {told} ({Path(trace.filename).name}, line {trace.lineno}). "
        f"Its first run had {shown}."
    )


def time_block(job: Job, fields: Mapping[str, Field], limit: float | None = None) -> float:
    """Seconds of one block, after it has been run once, which compiles for its size.

    Parameters
    ----------
    limit
        Seconds that runs which are asked of the model at once may take; then the process is ended.

    Raises
    ------
    ModelError
        The outputs have another shape than those of the first base point.
    """
    plan = plan_of(job, fields)
    watch = nullcontext if limit is None else partial(ended_after, limit, lambda _: None)
    outputs: Outputs = {}
    with suppress(*RAISED), watch():  # a base point that raises is found, and told, when the block is run
        outputs = load(job).run(runs(job, draws(job).points(0, 0, plan.at_once)))
    if outputs:
        _check_shapes(outputs, plan)
    for _ in range(2):  # the first one loads what reduces
        began = time.perf_counter()
        for _state in block_states(job, plan, draws(job).points(0, 0, plan.block), [], watch):
            pass
    return time.perf_counter() - began


def plan_of(job: Job, fields: Mapping[str, Field]) -> Plan:
    """How the study is cut."""
    return make_plan(draws(job), job.study.estimators, fields)


def check_estimators(estimators: Sequence[Estimator], fields: Mapping[str, Field], p: int) -> None:
    """Refuse estimators that name quantities which the model does not return, or of another shape.

    Raises
    ------
    ModelError
        Names the estimator, the quantity, and what there is.
    """
    for number, estimator in enumerate(estimators):
        for name in (*(estimator.of or ()), *estimator.beside):
            if name not in fields:
                raise ModelError(f"estimators[{number}]: no quantity `{name}`{nearest(name, fields)}")
        for quantity in estimator.of or ():
            shape = fields[quantity].shape
            for name, which in estimator.beside.items():
                expected = shape if which == "same" else (p, *shape)
                if fields[name].shape != expected:
                    told = "the same shape" if which == "same" else "a dimension of factors before that of the quantity"
                    raise ModelError(
                        f"estimators[{number}]: `{name}` has shape {fields[name].shape} beside `{quantity}` of shape "
                        f"{shape}: it must have {told}, {expected}."
                    )
    if not any(estimators_of(estimators, name) for name in fields):
        raise ModelError(f"estimators: nothing is estimated of {sorted(fields)}.")


def _check_shapes(outputs: Mapping[str, Any], plan: Plan) -> None:
    for name, field in plan.fields.items():
        expected = (plan.at_once * plan.runs, *field.shape)
        if name not in outputs or outputs[name].shape != expected:
            got = f"shape {outputs[name].shape}" if name in outputs else "nothing"
            raise ModelError(
                f"model: quantity `{name}`: the outputs change with the number of runs: {got} for "
                f"{plan.at_once * plan.runs} runs, where {expected} was expected."
            )


def _field(name: str, y: np.ndarray[Any, Any], count: int, dims: tuple[str, ...] | None, coords: Any) -> Field:
    where = f"model: quantity `{name}`"
    if not str(name).isidentifier() or f"`{name}`" in RESERVED:
        raise ModelError(f"{where}: must be named by a Python name, none of {RESERVED}.")
    if not is_real(y.dtype):
        raise ModelError(f"{where}: holds {y.dtype}, not real numbers.")
    if y.ndim == 0 or len(y) != count:
        raise ModelError(
            f"{where}: has shape {y.shape} for {count} runs: its first dimension must be the runs', ({count}, ...)."
        )
    if 0 in y.shape:
        raise ModelError(f"{where}: has shape {y.shape}, which holds no cell.")
    return _named(name, y.shape[1:], str(y.dtype), dims, coords)


def _named(name: str, shape: tuple[int, ...], dtype: str, dims: tuple[str, ...] | None, coords: Any) -> Field:
    dims = dims if dims is not None else tuple(f"dim_{axis}" for axis in range(len(shape)))
    if len(dims) != len(shape):
        raise ModelError(
            f"model.dims.{name}: {list(dims)} names {len(dims)} dimensions of {len(shape)}, shape {shape}."
        )
    sizes = dict(zip(dims, shape, strict=True))
    own = {key: coord for key, coord in coords.items() if set(coord[0]) <= set(dims)}
    for key, (along, values) in own.items():
        if values.shape != tuple(sizes[dim] for dim in along):
            raise ModelError(
                f"model.coords.{key}: {values.size} values for dimension `{along[0]}` of size {sizes[along[0]]}."
            )
    return Field(shape, dtype, dims, own)
