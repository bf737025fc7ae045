"""A look at a study on its way: what its committed states say so far, read from the store alone."""

import time
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from dnnsa import store
from dnnsa.draws import columns
from dnnsa.engine import Job, Plan, plan_of
from dnnsa.engine.block import draws
from dnnsa.engine.checkpoint import MANIFEST, Checkpoint, Stored, restore
from dnnsa.engine.plan import Slab, estimators_of
from dnnsa.engine.tree import Node
from dnnsa.errors import StoreError
from dnnsa.estimators import Estimator
from dnnsa.estimators.base import Finalized
from dnnsa.study import Study
from dnnsa.watch.glimpse import SHOWN, Glimpse, Piece, glimpse, piece

MOST = 2**26  # bytes of states that one look reads

Committed = Mapping[Node, Stored]


class Look(NamedTuple):
    """What a look at a study has seen."""

    base_points: int  # that it is of
    seconds: float  # of a processor that it took
    quantities: list[Glimpse]
    left_out: list[str]  # quantities whose states are too many bytes for a look


class Sight(NamedTuple):
    """What is shown of a quantity, and which of its estimators has it."""

    number: int
    estimator: Estimator
    names: tuple[str, ...]


def look(path: Path) -> Look | None:
    """What the last commit of a store says; None where there is none.

    Raises
    ------
    StoreError
        There is no store, or its commit is damaged or was made by another dnnsa.
    """
    before = None
    while True:  # a newer commit may take away files that are about to be read
        try:
            return _look(path)
        except (StoreError, FileNotFoundError):
            now = committed_at(path)
            if now == before:
                raise
            before = now


def committed_at(path: Path) -> float | None:
    """When a store had its last commit, in seconds since 1970; None where it had none, or there is no store."""
    try:
        return (_folder(path) / MANIFEST).stat().st_mtime
    except OSError:
        return None


def _folder(path: Path) -> Path:
    """Where commits are: a complete store has put the last one by."""
    return next((path / name for name in (store.CHECKPOINT, store.STATES) if (path / name).exists()), path)


def _look(path: Path) -> Look | None:
    began = time.thread_time()
    attrs = store.attributes(path)
    if told := store.version_differs(attrs):
        raise StoreError(f"{path}: {told}")
    checkpoint = Checkpoint(_folder(path))
    fields = checkpoint.fields()
    if not fields:
        return None
    study, digests = store.study_of(path)
    job = Job(study, digests).at(int(attrs["base_points"]))
    plan = plan_of(job, fields)
    committed = {node: checkpoint.stored(node, sha) for node, sha in checkpoint.read(plan).nodes.items()}
    sights, left_out = _affordable(job, plan, committed)
    seen = [_named(one, attrs["dims"][one.quantity]) for one in _glimpses(job, plan, committed, sights)]
    return Look(_base_points(plan, committed), time.thread_time() - began, seen, left_out)


def _named(seen: Glimpse, dims: list[tuple[str, str]]) -> Glimpse:
    """With the names of dimensions, which no state has. Real coordinates grow upward, numbers of rows downward."""
    upward = len(dims) > 1 and dims[-2][1].startswith("float")
    return seen._replace(dims=tuple(dim for dim, _ in dims), upward=upward)


def _glimpses(job: Job, plan: Plan, committed: Committed, sights: Mapping[str, Sight | None]) -> list[Glimpse]:
    factors, pieces = labels(job.study), dict[str, list[Piece]]()
    for slab, done, sight in _finalized(job, plan, committed, sights):
        seen = piece(slab, plan.fields[slab.quantity], done, sight.names, factors)
        pieces.setdefault(slab.quantity, []).append(seen)
    return [
        glimpse(
            name, plan.fields[name], factors, pieces.get(name, []), getattr(sight and sight.estimator, "level", 0.95)
        )
        for name, sight in sights.items()
    ]


def labels(study: Study) -> list[str]:
    """What moves together, factors or groups of them, each with its unit if it has one."""
    units = {name: law["unit"] for name, law in study.document["factors"].items()}
    return [f"{name} [{units[name]}]" if units.get(name) else name for name in columns(study.factors)]


def _sight(job: Job, quantity: str) -> Sight | None:
    """What there is to show of a quantity, as results of no base point have it; None if nothing is by factor."""
    layout, found = draws(job).layout, dict[str, tuple[int, Estimator]]()
    for number, estimator in enumerate(estimators_of(job.study.estimators, quantity)):
        for name in estimator.finalize([estimator.init(layout, ())], layout, 0.0).maps:
            found.setdefault(name, (number, estimator))
    names = next((names for names in SHOWN if names[0] in found), None)
    return Sight(*found[names[0]], names) if names else None


def _affordable(job: Job, plan: Plan, committed: Committed) -> tuple[dict[str, Sight | None], list[str]]:
    """As many quantities as there are, as long as the files of their parts come to no more than `MOST` bytes."""
    size = dict[int, int]()  # part -> bytes
    for node in committed:
        size[node.part] = size.get(node.part, 0) + sum(plan.slab_bytes(slab) for slab in plan.parts[node.part])
    chosen, sights, left_out = set[int](), dict[str, Sight | None](), list[str]()
    for name in dict.fromkeys(slab.quantity for part in plan.parts for slab in part):
        parts = {number for number, part in enumerate(plan.parts) if any(slab.quantity == name for slab in part)}
        if sum(size.get(number, 0) for number in chosen | parts) > MOST:
            left_out.append(name)
        else:
            chosen |= parts
            sights[name] = _sight(job, name)
    return sights, left_out


def _base_points(plan: Plan, committed: Committed) -> int:
    """How many base points are in nodes of every part."""
    counts = [0] * len(plan.parts)
    for node in committed:
        counts[node.part] += plan.count(node.level, node.number)
    return min(counts)


def _replicates(plan: Plan, committed: Committed) -> list[int]:
    """Those that have base points in every part: one without any would make intervals too narrow."""
    filled = {node[:2] for node in committed if plan.count(node.level, node.number)}
    parts = range(len(plan.parts))
    return [number for number in range(plan.replicates) if all((part, number) in filled for part in parts)]


def _finalized(
    job: Job, plan: Plan, committed: Committed, sights: Mapping[str, Sight | None]
) -> Iterator[tuple[Slab, Finalized, Sight]]:
    """Results of each slab that shows something, part by part."""
    replicates, layout = _replicates(plan, committed), draws(job).layout
    for number, part in enumerate(plan.parts if replicates else ()):
        shown = [(at, slab, sight) for at, slab in enumerate(part) if (sight := sights.get(slab.quantity))]
        if not shown:
            continue
        states = [_merged(job, plan, committed, number, replicate, shown) for replicate in replicates]
        for place, (_, slab, sight) in enumerate(shown):
            resolution = plan.fields[slab.quantity].resolution
            yield slab, sight.estimator.finalize([state[place] for state in states], layout, resolution), sight


def _merged(
    job: Job, plan: Plan, committed: Committed, part: int, replicate: int, shown: list[tuple[int, Slab, Sight]]
) -> list[Any]:
    """A replicate's state of each slab that shows something, merged in the order of its blocks."""
    inside = [node for node in committed if node[:2] == (part, replicate)]
    in_order = sorted(inside, key=lambda node: node.number << node.level)
    files = (restore(job, plan, plan.parts[part], committed[node]) for node in in_order)
    states = ([file[at][sight.number] for at, _, sight in shown] for file in files)

    def merge(left: list[Any], right: list[Any]) -> list[Any]:
        return [sight.estimator.merge(one, other) for (_, _, sight), one, other in zip(shown, left, right, strict=True)]

    return reduce(merge, states)
