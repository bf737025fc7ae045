"""What people call: run a study, plan it, open its results."""

from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr
from distributed import Client, KilledWorker
from numpy.typing import NDArray

from dnnsa import store
from dnnsa.cluster import Cluster, Local
from dnnsa.engine import (
    Job,
    Outcome,
    Plan,
    Probe,
    Reporter,
    committed,
    plan_of,
    probe,
    reduce_study,
    samples,
    time_block,
    warm,
)
from dnnsa.errors import DnnsaError, Interrupted, ModelError, RunError, StoreError
from dnnsa.estimators import Sobol
from dnnsa.estimators.intervals import aggregated
from dnnsa.study import Study
from dnnsa.view.progress import watcher

QUICK = 10.0  # seconds that timing a block may take before a study


def run(
    study: Study,
    client: Client | None = None,
    out: str | Path | None = None,
    *,
    cluster: Cluster | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> xr.DataTree:
    """Run a study, or go on with one that was interrupted, and return its results.

    Parameters
    ----------
    client
        A Dask client of yours, whose workers see the study's files and the store.
    out
        The store; ``NAME.zarr`` in the study's folder unless given. One that holds part of the same study is resumed,
        one that holds all of it is opened.
    cluster
        Where workers are started when no client is given; this machine unless given.
    overwrite
        Delete what the store holds and start again.
    reporter
        Who is told of the progress; a bar or lines on stderr unless given, ``dnnsa.view.progress.Quiet()`` for nobody.

    Returns
    -------
    xarray.DataTree
        As ``dnnsa.open(out)``: a group for each quantity, read lazily.

    Raises
    ------
    StudyError, ModelError, StoreError
        The study cannot be run as it stands; nothing is left behind.
    RunError, TooManyFailures, Interrupted
        It stopped on the way; the same call goes on from what was kept.
    """
    path = Path(out) if out is not None else study.directory / f"{study.name}.zarr"
    job = Job(study, study.digests())
    with nullcontext(reporter) if reporter else watcher() as watching:
        if _is_complete(path, job, overwrite):
            store.tidy(path)
            watching.say(f"{path} holds this study, complete.")
            return store.open_results(path)
        watching.say("starting workers" if client is None else "looking at the client's workers")
        try:
            with store.alone(path):
                if not _is_complete(path, job, overwrite):  # another run may have ended since
                    with nullcontext(client) if client else (cluster or Local()).open() as dask:
                        _run(dask, job, path, overwrite, watching)
        except KeyboardInterrupt as stop:
            raise Interrupted("interrupted: what was committed is kept; run the same command again to go on.") from stop
        except OSError as error:
            raise RunError(
                f"{error.filename or path}: {error.strerror or error}. What was committed is kept; run the same "
                "command again to go on."
            ) from error
    return store.open_results(path)


def open(path: str | Path) -> xr.DataTree:  # noqa: A001
    """The results in a store: a group for each quantity, read lazily.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    return store.open_results(path)


def plan(study: Study) -> tuple[Plan, float]:
    """What a study would come to, and the seconds of one block, which is run for it in this process.

    Raises
    ------
    ModelError
        The model does not load, raises, or answers with something that is no quantity.
    """
    job = Job(study, study.digests())
    seen = probe(job)
    made = plan_of(job, seen.fields)
    return made, time_block(job, seen.fields) if seen.seconds * made.block < QUICK else seen.seconds * made.block


def thumbnails(path: str | Path) -> NDArray[Any] | None:
    """The nominal images of a store's cases, ``(case, height, width[, channels])``, for its figures.

    None where the cases are no images, or their file is not where it was or not what it was.
    """
    study, digests = store.study_of(Path(path))
    try:
        images = study.cases.load(study.directory, digests).inputs if study.cases else None
    except ModelError:
        return None
    return images if images is not None and images.ndim in (3, 4) else None


def _is_complete(path: Path, job: Job, overwrite: bool) -> bool:
    """Whether ``path`` holds the results already; refuses what is not this study's."""
    if not path.exists():
        store.writable(path)
        return False
    attrs = store.attributes(path)
    if overwrite:
        return False
    differences = store.differences(attrs, job.study, job.digests)
    if differences:
        raise StoreError(
            "\n".join([f"{path}: holds another study; give another --out, or --overwrite. What differs:", *differences])
        )
    return bool(attrs["status"] == "complete")


def _run(dask: Client, job: Job, path: Path, overwrite: bool, reporter: Reporter) -> None:
    began = datetime.now(UTC)
    if dask.dashboard_link:
        reporter.say(f"dashboard: {dask.dashboard_link}")
    if not dask.nthreads():
        reporter.say("there is no worker: waiting for one")
    reporter.say("loading the model and running the first base point")
    seen = _first(dask, job)
    plan = plan_of(job, seen.fields)
    seconds = _seconds_a_block(dask, job, seen, plan)
    for number, estimator in enumerate(job.study.estimators):
        if isinstance(estimator, Sobol) and estimator.intervals == "fisher":
            reporter.say(
                f"warning: estimators[{number}]: intervals: fisher assumes normal outputs and independent points"
            )
    reporter.say(f"{plan.base_points * plan.runs:,} runs of {plan.cells:,} values, in {plan.runs} runs a base point")
    if overwrite and path.exists():
        store.remove(path)
    if not path.exists():
        store.create(path, job.study, job.digests, plan.base_points, began)
    _reduce(dask, job, plan, seconds, path, reporter, began)


def _first(client: Client, job: Job) -> Probe:
    """The first base point, run on a worker, while the others load the model."""
    probing = client.submit(probe, job, pure=False)
    # Others may take it too: a task that must run on a worker that died would wait for ever.
    loading = [
        client.submit(warm, job, workers=[worker], allow_other_workers=True, pure=False) for worker in client.nthreads()
    ]
    try:
        seen: Probe = probing.result()
    except KilledWorker as error:
        raise ModelError(
            "model: its first base point ends the worker process that it is in (a crash, or too much memory)."
        ) from error
    finally:
        client.cancel(loading)
    return seen


def _seconds_a_block(client: Client, job: Job, seen: Probe, plan: Plan) -> float:
    """Measured where a base point is quick, else as many times as long as one base point."""
    if seen.seconds * plan.block < QUICK:
        # A block that ends its worker will do so again, with its number told.
        with suppress(KilledWorker):
            return float(client.submit(time_block, job, seen.fields, pure=False).result())
    return seen.seconds * plan.block


def _reduce(
    client: Client, job: Job, plan: Plan, seconds: float, path: Path, reporter: Reporter, began: datetime
) -> None:
    """Run what is missing and write the results; what stops it on the way is written in the store."""
    study, checkpoint = job.study, path / store.CHECKPOINT
    results = samples(job, plan)
    store.update(path, status="running", quantities=list(results))
    rows = {slab.quantity: slab.stop for part in plan.parts for slab in part if slab.start == 0}
    fields = {name: (field.dims, field.shape, field.coords) for name, field in plan.fields.items() if name in results}

    def prepare() -> None:
        store.prepare(path, study, fields, rows, results)

    write = partial(store.write_slab, path)
    try:
        outcome = reduce_study(client, job, plan, seconds, prepare, write, checkpoint, reporter)
    except (DnnsaError, KeyboardInterrupt):
        with suppress(OSError):  # a full disk cannot be told that it is
            done, failures = committed(checkpoint, plan)
            store.write_quarantine(path, study, failures)
            store.update(path, status="stopped", base_points_done=done, base_points_quarantined=len(failures))
        raise
    _aggregate(path, study, plan, outcome)
    store.write_quarantine(path, study, outcome.failures)
    store.finish(path, plan.base_points, len(outcome.failures), (datetime.now(UTC) - began).total_seconds())


def _aggregate(path: Path, study: Study, plan: Plan, outcome: Outcome) -> None:
    level = next((e.level for e in study.estimators if hasattr(e, "level")), 0.95)
    for quantity, ratios in outcome.ratios.items():
        if plan.fields[quantity].shape:
            for name, ratio in ratios.items():
                store.write_aggregated(path, quantity, name, ratio.leading, aggregated(ratio, level), level)
