"""What Dask runs: leaf, merge, finalize. Pure functions of their arguments, but for the files and maps they write."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dnnsa.draws import Points
from dnnsa.engine.block import NOBODY, Answer, Condemned, Job, draws, guarded, warm
from dnnsa.engine.checkpoint import Checkpoint, PartState, Stored, restore, save
from dnnsa.engine.ledger import Report
from dnnsa.engine.limits import ended_after, tell_late
from dnnsa.engine.machine import machine
from dnnsa.engine.places import place
from dnnsa.engine.plan import Part, Plan, Slab, estimators_of
from dnnsa.engine.scratch import Outputs, scratch
from dnnsa.engine.tree import Node, fold
from dnnsa.estimators import Block, Estimator
from dnnsa.estimators.base import Finalized, Map, Ratio
from dnnsa.stopping import Narrow, Stop, narrow

Write = Callable[[str, int, int, Mapping[str, Map]], None]  # quantity, first row, row after the last, maps


class Leaf(NamedTuple):
    """What a leaf makes: a state for each part of the fields, or the SHA-256 of its file, and a report."""

    states: tuple[Any, ...]
    report: Report


def leaf(
    job: Job,
    plan: Plan,
    node: Node,
    condemned: Condemned,
    seconds: float,
    files: Checkpoint | None,
    alone: bool,
    life: str,
) -> Leaf:
    """A node's blocks of a replicate, evaluated, reduced and merged.

    Parameters
    ----------
    condemned
        Base points that are not run, by their number.
    seconds
        What the runs that are asked of the model at once may take; then the client is told and the process is ended.
    files
        Where states are written, part by part; they stay in memory unless given.
    alone
        Whether base points are run one by one, for blocks that end their worker where no base point does by itself.
    life
        Of the client, which is told when the task is late.
    """
    began, clock = time.time(), time.perf_counter()
    start = (node.number << node.level) * plan.block
    drawn = draws(job).points(node.replicate, start, plan.block << node.level)
    answers: list[Answer] = []

    def states(offset: int) -> Iterator[PartState]:
        return block_states(job, plan, drawn.rows(offset, offset + plan.block), answers, limit, condemned, alone)

    def merged(left: tuple[PartState, ...], right: tuple[PartState, ...]) -> tuple[PartState, ...]:
        return tuple(_merged(job, *three) for three in zip(plan.parts, left, right, strict=True))

    warm(job)
    limit = partial(ended_after, seconds, partial(tell_late, [life, *node]))
    made: tuple[Any, ...]
    if files is None:
        made = fold((tuple(states(offset)) for offset in range(0, plan.block << node.level, plan.block)), merged)
    else:
        made = tuple(save(state, files, node._replace(part=part)) for part, state in enumerate(states(0)))
    failures = tuple(failure for answer in answers for failure in answer.failures)
    retried, seconds = sum(answer.retried for answer in answers), time.perf_counter() - clock
    return Leaf(made, Report(failures, retried, machine(), place(), began, seconds))


def block_states(
    job: Job,
    plan: Plan,
    points: Points,
    answers: list[Answer],
    limit: Callable[[], AbstractContextManager[None]] = nullcontext,
    condemned: Condemned = NOBODY,
    alone: bool = False,
) -> Iterator[PartState]:
    """The states of a block, part by part; what is told of its base points is added to ``answers``."""
    at_once = 1 if alone else plan.at_once
    with scratch(plan, job.study.estimators) as outputs:
        for start in range(0, max(points.size, 1), at_once):  # past the end of a replicate there are no base points
            with limit():
                answer = guarded(job, points.rows(start, start + at_once), plan.fields, condemned)
            outputs.add(answer.outputs)
            answers.append(answer._replace(outputs={}))
            del answer  # or these outputs would stay while the next ones are made
        x, active = draws(job).x(points), draws(job).active(points)
        at = Block(np.empty(0), points.u, x, points.replicate, points.start, active=active)
        for part in plan.parts:
            yield _reduce(job, plan, part, outputs, at)


def _reduce(job: Job, plan: Plan, part: Part, outputs: Outputs, at: Block) -> PartState:
    """The states of a block ``at`` some points, whose outputs are still to be read for each slab."""
    layout = draws(job).layout

    def state(slab: Slab, estimator: Estimator) -> Any:
        shape = slab.shape(plan.fields[slab.quantity])
        beside = {name: outputs.read(slab, name) for name in estimator.beside}
        y = outputs.read(slab, slab.quantity)
        return estimator.update(estimator.init(layout, shape), at._replace(y=y, beside=beside))

    return tuple(
        tuple(state(slab, estimator) for estimator in estimators_of(job.study.estimators, slab.quantity))
        for slab in part
    )


def pick(leaf: Leaf, part: int) -> PartState:
    state: PartState = leaf.states[part]
    return state


def tell(leaf: Leaf) -> Report:
    return leaf.report


def merge(
    job: Job, plan: Plan, node: Node, left: PartState | Stored, right: PartState | Stored, files: Checkpoint | None
) -> PartState | str:
    """The states of neighbouring blocks as one; where there are files, in a file, whose SHA-256 comes back."""
    part = plan.parts[node.part]
    merged = _merged(job, part, _loaded(job, plan, part, left), _loaded(job, plan, part, right))
    return merged if files is None else save(merged, files, node)


def _merged(job: Job, part: Part, left: PartState, right: PartState) -> PartState:
    return tuple(
        tuple(
            e.merge(one, other)
            for e, one, other in zip(estimators_of(job.study.estimators, slab.quantity), lefts, rights, strict=True)
        )
        for slab, lefts, rights in zip(part, left, right, strict=True)
    )


def _loaded(job: Job, plan: Plan, part: Part, state: PartState | Stored) -> PartState:
    return restore(job, plan, part, state) if isinstance(state, Stored) else state


def finalize(
    job: Job, plan: Plan, number: int, roots: Sequence[Stored], write: Write
) -> list[tuple[str, dict[str, Ratio]]]:
    """Write a part's maps from the replicates' states; what comes back is what aggregated indices need of it."""
    ratios = []
    for slab, done in _finalized(job, plan, number, roots):
        write(slab.quantity, slab.start, slab.stop, done.maps)
        ratios.append((slab.quantity, dict(done.ratios)))
    return ratios


def widths(job: Job, plan: Plan, number: int, roots: Sequence[Stored], stop: Stop) -> list[tuple[str, Narrow]]:
    """How many cells of a part's slabs are known narrowly enough."""
    return [(slab.quantity, narrow(done.maps, stop)) for slab, done in _finalized(job, plan, number, roots)]


def _finalized(job: Job, plan: Plan, number: int, roots: Sequence[Stored]) -> Iterator[tuple[Slab, Finalized]]:
    part = plan.parts[number]
    states = [restore(job, plan, part, root) for root in roots]
    for position, slab in enumerate(part):
        resolution = plan.fields[slab.quantity].resolution
        yield slab, finalize_all(job, slab.quantity, [state[position] for state in states], resolution)


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
