"""A study on a cluster and in its store: run once, or in rounds of more base points until it is sure."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from distributed import Client, Future, KilledWorker

from dnnsa import store
from dnnsa.engine import (
    FirstRun,
    Job,
    Ledger,
    Outcome,
    Pace,
    Plan,
    Probe,
    Record,
    Reporter,
    distinct,
    fields_again,
    make_runs,
    plan_of,
    probe,
    probe_run,
    reduce_study,
    samples,
    time_block,
    wait_for_worker,
    warm,
)
from dnnsa.engine.interrupts import on_button
from dnnsa.errors import DnnsaError, ModelError
from dnnsa.estimators import Sobol
from dnnsa.estimators.intervals import aggregated
from dnnsa.resume import why_not_extended
from dnnsa.stopping import least, sure

QUICK = 10.0  # seconds of a block that is timed to say what a study takes
TIMED = 3  # times that a block is run to be timed
UNSEEN, SHARE = 0.2, 0.05  # seconds, and share of a study, that this may take before it is run
LEAST, PATIENCE = 60.0, 20.0  # seconds, and times what the first one took, that a base point or a run may take
READING = Pace(1.0, 3600.0)  # of blocks whose runs are kept


class Life(NamedTuple):
    """One life of a study: where it runs, where it is kept and who is told."""

    dask: Client
    path: Path
    reporter: Reporter
    began: datetime


def run_rounds(dask: Client, job: Job, path: Path, held: int, overwrite: bool, reporter: Reporter) -> None:
    """Run what a store lacks of a study, and write the results there.

    Parameters
    ----------
    held
        Base points to go on with; 0 where there is no store, or none to be used.
    """
    life = Life(dask, path, reporter, datetime.now(UTC))
    _welcome(life, job)
    asked, job = job, job.at(held)
    began = store.attributes(path).get("first_run") if held else None
    seen, first = (_first_run if asked.study.granularity == "run" else _first)(life, job, began)
    plan = plan_of(job, seen.fields)
    pace = _pace(life, job, seen, plan)
    lay_out(life, asked, plan, overwrite)
    while True:
        reporter.say(
            f"{plan.base_points * plan.runs:,} runs of {plan.cells:,} values, in {plan.runs} runs a base point"
        )
        make = partial(_make_runs, life, job, plan, seen, first, pace) if asked.study.granularity == "run" else None
        outcome = run_round(life, asked, job, plan, pace, make)
        if outcome.complete:
            break
        job, plan = _more(life, asked, plan)
    end(life, asked, plan, outcome)


def _welcome(life: Life, job: Job) -> None:
    wait_for_worker(life.dask, life.reporter.say)
    life.reporter.say("loading the model and running the first base point")
    for number, estimator in enumerate(job.study.estimators):
        if isinstance(estimator, Sobol) and estimator.intervals == "fisher":
            life.reporter.say(
                f"warning: estimators[{number}]: intervals: fisher assumes normal outputs and independent points"
            )


# before the first block -----------------------------------------------------------------------------------------------


def _first(life: Life, job: Job, _: Any) -> tuple[Probe, None]:
    """The first base point, run on a worker, while the others load the model."""
    client = life.dask
    probing = client.submit(probe, job, pure=False)
    # Others may take it too: a task that must run on a worker that died would wait for ever.
    loading = [
        client.submit(warm, job, workers=[worker], allow_other_workers=True, pure=False) for worker in client.nthreads()
    ]
    try:
        return _answer(probing), None
    except KilledWorker as error:
        raise ModelError(
            "model: its first base point ends the worker process that it is in (a crash, too much memory, or more than "
            "`time_limit`)."
        ) from error
    finally:
        client.cancel(loading)


def _first_run(life: Life, job: Job, began: Mapping[str, Any] | None) -> tuple[Probe, FirstRun | None]:
    """The first run, which is to be kept; what it showed alone where it is kept already."""
    try:
        if began is None:
            seen, first = _answer(life.dask.submit(probe_run, job, pure=False))
            return seen, first
        fields = _answer(life.dask.submit(fields_again, job, began["fields"], pure=False))
    except KilledWorker as error:
        raise ModelError("model: its first run ends the worker process that it is in, or takes too long.") from error
    return Probe(fields, began["seconds"]), None


def _answer(future: Future) -> Any:
    """What a task returns, or an interrupt at once if a button is pressed before."""
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        future.cancel()

    with on_button(stop):
        try:
            return future.result()
        except CancelledError:
            if stopped:
                raise KeyboardInterrupt from None
            raise


def _pace(life: Life, job: Job, seen: Probe, plan: Plan) -> Pace:
    """A block's time, measured where that is a small part of the study, else as many times as long as one base point.

    A block may be quicker than so many base points one by one. Then a task takes fewer of them than it might.
    """
    limit = job.study.time_limit
    runs = 1 if job.study.granularity == "run" else plan.runs
    allowed = max(LEAST, PATIENCE * seen.seconds) if limit is None else limit * runs
    cost = TIMED * plan.block * seen.seconds
    is_cheap = cost < max(UNSEEN, SHARE * plan.base_points * seen.seconds) and seen.seconds * plan.block < QUICK
    if is_cheap and job.study.granularity == "block":
        # A block that ends its worker will do so again, and be told.
        with suppress(KilledWorker):
            timing = life.dask.submit(time_block, job, seen.fields, allowed * plan.at_once, pure=False)
            return Pace(float(_answer(timing)), allowed)
    return Pace(seen.seconds * plan.block, allowed)


def lay_out(life: Life, asked: Job, plan: Plan, overwrite: bool) -> None:
    """Begin the store, or have it go on, perhaps with more base points."""
    path = life.path
    if overwrite and path.exists():
        store.remove(path)
    if not path.exists():
        store.create(path, asked.study, asked.digests, plan.base_points, life.began)
        return
    before = int(store.attributes(path)["base_points"])
    if before < plan.base_points:
        life.reporter.say(f"extending: from {before} to {plan.base_points} base points")
    _extend(life, asked, before, plan.base_points)


def _extend(life: Life, asked: Job, before: int, base_points: int) -> None:
    """Have the store go on, with as many base points or more; states that are no part of a larger study are dropped."""
    larger = before < base_points
    drop = larger and (asked.study.granularity == "run" or bool(why_not_extended(asked, before, base_points)))
    store.extend(life.path, asked.study, base_points, keep=not drop)


# a round --------------------------------------------------------------------------------------------------------------


def run_round(life: Life, asked: Job, job: Job, plan: Plan, pace: Pace, make: Callable[[], int] | None) -> Outcome:
    """Reduce a fixed study, and write its maps if nothing asks for more base points.

    Parameters
    ----------
    make
        Makes the runs that are not kept yet, and returns how many had to be tried again; None where none are kept.
    """
    path, retried = life.path, int(store.attributes(life.path).get("runs_retried", 0))
    results = samples(job, plan)
    store.update(path, status="running", quantities=list(results), dims={name: _dims(plan, name) for name in results})
    rows = {slab.quantity: slab.stop for part in plan.parts for slab in part if slab.start == 0}
    fields = {name: (field.dims, field.shape, field.coords) for name, field in plan.fields.items() if name in results}
    told: list[Any] | None = None  # failures that the store tells of

    def prepare() -> None:
        store.prepare(path, job.study, fields, rows, results)

    def noted(done: int, ledger: Ledger) -> None:
        nonlocal told
        if ledger.failures != told:
            told = ledger.failures
            store.write_quarantine(path, job.study, told)
        store.update(path, base_points_done=done, **_on_record(plan, ledger, retried))

    try:
        if make is not None:
            retried += make()
            store.update(path, runs_retried=retried, retried=retried)
            job, pace = Job(job.study, job.digests, _record(path).read), READING
        write, checkpoint = partial(store.write_slab, path), path / store.CHECKPOINT
        stop = asked.study.stop
        grow = stop is not None and plan.base_points < stop.max_base_points
        record = partial(store.write_tasks, path)
        return reduce_study(
            life.dask, job, plan, pace, prepare, write, checkpoint, life.reporter, record, noted, stop=stop, grow=grow
        )
    except (DnnsaError, KeyboardInterrupt):
        with suppress(OSError):  # a full disk cannot be told that it is
            store.update(path, status="stopped")
        raise


def _dims(plan: Plan, quantity: str) -> list[tuple[str, str]]:
    """Each dimension of a quantity, with the type of its own coordinate if it has one."""
    field = plan.fields[quantity]
    kinds = {name: str(values.dtype) for name, (dims, values) in field.coords.items() if tuple(dims) == (name,)}
    return [(dim, kinds.get(dim, "")) for dim in field.dims]


def _make_runs(life: Life, job: Job, plan: Plan, seen: Probe, first: FirstRun | None, pace: Pace) -> int:
    """Make the runs that are not kept yet; returns how many had to be tried again."""
    path, record = life.path, _record(life.path)
    fields = {
        name: store.RunField(field.dims, field.shape, field.coords, field.dtype) for name, field in seen.fields.items()
    }
    store.prepare_runs(path, job.study, distinct(job).values, fields)
    if first is not None:
        record.write(0, first.outputs, first.seconds, first.began, first.place.worker, first.place.host)
    told = {name: [list(field.shape), field.dtype] for name, field in seen.fields.items()}
    dims = {name: list(field.dims) for name, field in seen.fields.items()}
    store.update(path, first_run={"fields": told, "seconds": seen.seconds, "dims": dims})
    return make_runs(life.dask, job, seen.fields, record, pace.base_point, life.reporter)


def _record(path: Path) -> Record:
    return Record(
        states=partial(store.run_states, path),
        is_done=partial(store.is_done, path),
        write=partial(store.write_run, path),
        write_failed=partial(store.write_failed, path),
        outputs=partial(store.read_runs, path),
        values=partial(store.read_run_values, path),
        failures=partial(store.failed_runs, path),
        ran_on=partial(store.add_backend, path),
    )


def _on_record(plan: Plan, ledger: Ledger, retried: int) -> dict[str, Any]:
    """What the store tells of how a study went."""
    machines = [
        json.loads(machine)
        | {"base_points": sum(plan.count(0, number) for _, first, end in spans for number in range(first, end))}
        for machine, spans in ledger.machines.items()
    ]
    return {"base_points_quarantined": len(ledger), "retried": retried + ledger.retried, "machines": machines}


# rounds ---------------------------------------------------------------------------------------------------------------


def _more(life: Life, asked: Job, plan: Plan) -> tuple[Job, Plan]:
    """Twice as many base points. What is done is part of them, unless a replicate was smaller than a block."""
    base_points = 2 * plan.base_points
    bigger = asked.at(base_points)
    life.reporter.say(f"{plan.base_points} base points are not enough to be sure: going on to {base_points}")
    _extend(life, asked, plan.base_points, base_points)
    return bigger, plan_of(bigger, plan.fields)


def end(life: Life, asked: Job, plan: Plan, outcome: Outcome) -> None:
    """What only the client can write, and the word that the store is complete."""
    study, path = asked.study, life.path
    level = next((e.level for e in study.estimators if hasattr(e, "level")), 0.95)
    for quantity, ratios in outcome.ratios.items():
        if plan.fields[quantity].shape:
            for name, ratio in ratios.items():
                store.write_aggregated(path, quantity, name, ratio.leading, aggregated(ratio, level), level)
    attrs = {}
    if study.stop is not None:
        share = round(least(outcome.narrow), 4)
        attrs["stop"] = {**study.document["stop"], "sure": sure(outcome.narrow, study.stop), "narrow": share}
    seconds = (datetime.now(UTC) - life.began).total_seconds()
    store.finish(path, plan.base_points, len(outcome.ledger), seconds, **attrs)
