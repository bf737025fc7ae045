"""What Dask runs: probe, leaf, merge, finalize. Pure functions of their arguments, but for the maps written last."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dnnsa.engine.block import RAISED, Failure, Job, draws, guarded, load, runs, spelt
from dnnsa.engine.plan import Field, Part, Plan, Slab, estimators_of, is_real, make_plan
from dnnsa.engine.tree import fold
from dnnsa.errors import DnnsaError, ModelError
from dnnsa.estimators import Block, Estimator
from dnnsa.estimators.base import Finalized, Map, Ratio
from dnnsa.models.base import Evaluator, Outputs, Values
from dnnsa.reading import nearest
from dnnsa.study import RESERVED

PartState = tuple[tuple[Any, ...], ...]  # a state for each slab and each estimator
Write = Callable[[str, int, int, Mapping[str, Map]], None]  # quantity, first row, row after the last, maps


class Probe(NamedTuple):
    """What the first base point showed: the quantities, and what they cost here."""

    fields: Mapping[str, Field]
    seconds: float  # of one base point, the model being loaded


class Leaf(NamedTuple):
    """What a leaf makes: a state for each part of the fields, and the base points that failed."""

    states: tuple[PartState, ...]
    failures: tuple[Failure, ...]


def warm(job: Job) -> None:
    """Load the model in a worker before its first block asks for it."""
    load(job)


def probe(job: Job) -> Probe:
    """Load the model, run one base point, and time a block.

    Raises
    ------
    ModelError
        The model does not load, raises, or answers with something that is no quantity.
    """
    evaluator = load(job)
    one = draws(job).points(0, 0, 1)
    values = runs(job, one)
    outputs = _first(evaluator, values)
    count = len(next(iter(values.values())))
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
    began = time.perf_counter()
    guarded(job, one, fields)
    return Probe(fields, time.perf_counter() - began)


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


def time_block(job: Job, fields: Mapping[str, Field]) -> float:
    """Seconds of one block, after it has been run once, which compiles for its size.

    Raises
    ------
    ModelError
        The outputs of a block have another shape than those of its first base point.
    """
    plan = plan_of(job, fields)
    outputs: Outputs = {}
    with suppress(*RAISED):  # a base point that raises is found, and told, when the block is run
        outputs = load(job).run(runs(job, draws(job).points(0, 0, plan.block)))
    if outputs:
        _check_shapes(outputs, plan)
    began = time.perf_counter()
    leaf(job, plan, 0, 0, 0)
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
        expected = (plan.block * plan.runs, *field.shape)
        if name not in outputs or outputs[name].shape != expected:
            got = f"shape {outputs[name].shape}" if name in outputs else "nothing"
            raise ModelError(
                f"model: quantity `{name}`: the outputs change with the number of runs: {got} for "
                f"{plan.block * plan.runs} runs, where {expected} was expected."
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
    shape = y.shape[1:]
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
    return Field(shape, str(y.dtype), dims, own)


def leaf(job: Job, plan: Plan, replicate: int, level: int, number: int) -> Leaf:
    """Blocks ``number 2^level`` to ``(number + 1) 2^level - 1`` of a replicate, evaluated, reduced and merged."""
    failures: list[Failure] = []
    start = (number << level) * plan.block
    drawn = draws(job).points(replicate, start, plan.block << level)

    def states(offset: int) -> tuple[PartState, ...]:
        points = drawn.rows(offset, offset + plan.block)
        outputs, failed = guarded(job, points, plan.fields)
        failures.extend(failed)
        x, active = draws(job).x(points), draws(job).active(points)
        at = Block(np.empty(0), points.u, x, replicate, points.start, active=active)
        return tuple(_reduce(job, plan, part, outputs, at) for part in plan.parts)

    offsets = range(0, plan.block << level, plan.block)
    merged = fold(
        map(states, offsets),
        lambda left, right: tuple(
            merge(job, part, one, other) for part, one, other in zip(plan.parts, left, right, strict=True)
        ),
    )
    return Leaf(merged, tuple(failures))


def _reduce(job: Job, plan: Plan, part: Part, outputs: Mapping[str, Any], at: Block) -> PartState:
    """The states of a block ``at`` some points, whose outputs are still to be cut for each slab."""
    layout = draws(job).layout

    def state(slab: Slab, estimator: Estimator) -> Any:
        shape = slab.shape(plan.fields[slab.quantity])
        beside = {name: _cut(slab, outputs[name], plan.fields) for name in estimator.beside}
        y = _cut(slab, outputs[slab.quantity], plan.fields)
        return estimator.update(estimator.init(layout, shape), at._replace(y=y, beside=beside))

    return tuple(
        tuple(state(slab, estimator) for estimator in estimators_of(job.study.estimators, slab.quantity))
        for slab in part
    )


def _cut(slab: Slab, y: np.ndarray[Any, Any], fields: Mapping[str, Field]) -> np.ndarray[Any, Any]:
    """A slab of a quantity, or of one that has a dimension of factors before those of the slab's."""
    return slab.of(y, y.ndim - len(fields[slab.quantity].shape))


def pick(leaf: Leaf, part: int) -> PartState:
    return leaf.states[part]


def tell(leaf: Leaf) -> tuple[Failure, ...]:
    return leaf.failures


def merge(job: Job, part: Part, left: PartState, right: PartState) -> PartState:
    """The states of neighbouring blocks as one."""
    return tuple(
        tuple(
            e.merge(one, other)
            for e, one, other in zip(estimators_of(job.study.estimators, slab.quantity), lefts, rights, strict=True)
        )
        for slab, lefts, rights in zip(part, left, right, strict=True)
    )


def finalize(
    job: Job, plan: Plan, part: Part, roots: Sequence[PartState], write: Write
) -> list[tuple[str, dict[str, Ratio]]]:
    """Write a part's maps from the replicates' states; what comes back is what aggregated indices need of it."""
    ratios = []
    for number, slab in enumerate(part):
        states = [root[number] for root in roots]
        done = finalize_all(job, slab.quantity, states, plan.fields[slab.quantity].resolution)
        write(slab.quantity, slab.start, slab.stop, done.maps)
        ratios.append((slab.quantity, dict(done.ratios)))
    return ratios


def finalize_all(job: Job, quantity: str, replicates: Sequence[tuple[Any, ...]], resolution: float) -> Finalized:
    """All estimators' results of a quantity together: their maps side by side, their flags in one status."""
    maps: dict[str, Map] = {}
    ratios: dict[str, Ratio] = {}
    coords: dict[str, Any] = {}
    for number, estimator in enumerate(estimators_of(job.study.estimators, quantity)):
        done = estimator.finalize([states[number] for states in replicates], draws(job).layout, resolution)
        status = [m["status"].array for m in (maps, done.maps) if "status" in m]
        maps |= {name: map_ for name, map_ in done.maps.items() if name not in maps}  # all have the same `n`
        maps["status"] = Map((), np.bitwise_or.reduce(status))
        ratios |= done.ratios
        coords |= done.coords
    if "n" not in maps:  # of estimators that read another quantity too, and count their own
        maps["n"] = next(map_ for name, map_ in maps.items() if name.startswith("n_"))
    return Finalized(maps, ratios, coords)


def samples(job: Job, plan: Plan) -> dict[str, Finalized]:
    """Results of no base point, for one cell of each quantity: which maps there will be."""
    quantities = dict.fromkeys(slab.quantity for part in plan.parts for slab in part)
    layout = draws(job).layout
    return {
        quantity: finalize_all(
            job, quantity, [tuple(e.init(layout, ()) for e in estimators_of(job.study.estimators, quantity))], 0.0
        )
        for quantity in quantities
    }
