"""What people call: run a study, plan it, open its results."""

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import xarray as xr
from distributed import Client
from numpy.typing import NDArray

from dnnsa import store
from dnnsa.cluster import Cluster, Local
from dnnsa.engine import Job, Plan, Reporter, plan_of, probe, probe_run, time_block
from dnnsa.errors import Interrupted, ModelError, RunError, StoreError
from dnnsa.resume import standing
from dnnsa.rounds import QUICK, run_rounds
from dnnsa.study import Study
from dnnsa.view.progress import watcher


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
        held = standing(path, job, overwrite)
        if held.complete:
            with suppress(StoreError, OSError), store.alone(path):  # what a crash has left to do
                store.tidy(path)
            watching.say(f"{path} holds this study, complete.")
            return store.open_results(path)
        watching.say("starting workers" if client is None else "looking at the client's workers")
        try:
            with store.alone(path):
                held = standing(path, job, overwrite)  # another run may have ended since
                if not held.complete:
                    with nullcontext(client) if client else (cluster or Local()).open(watching.say) as dask:
                        run_rounds(dask, job, path, held.base_points, overwrite, watching)
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
    if study.granularity == "run":
        seen, _ = probe_run(job)
        made = plan_of(job, seen.fields)
        return made, seen.seconds * made.runs * made.block
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
