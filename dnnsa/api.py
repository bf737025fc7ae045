"""What people call: run a study, plan it, open its results."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, overload

import xarray as xr
from distributed import Client
from numpy.typing import NDArray

from dnnsa import store
from dnnsa.cluster import Batch, Cluster, Local, read_profile
from dnnsa.engine import Job, Plan, Reporter, plan_of, probe, probe_run, time_block
from dnnsa.errors import InputError, Interrupted, ModelError, RunError, StoreError
from dnnsa.from_runs import check_apart, kept, read_estimators
from dnnsa.interop.networks import network_of
from dnnsa.interop.runs import runs_table
from dnnsa.interop.trail import checked, trail_table
from dnnsa.resume import standing
from dnnsa.rounds import QUICK, run_rounds
from dnnsa.screening import Screening, regrouped, screening, study_of_bounds
from dnnsa.study import Study
from dnnsa.training import Thresholds, Training
from dnnsa.view.progress import Quiet, watcher
from dnnsa.view.screened import heading
from dnnsa.watch.feed import Feed
from dnnsa.watch.handle import Handle
from dnnsa.watch.screen import Screen, in_notebook


@overload
def run(
    study: Study,
    client: Client | None = None,
    out: str | Path | None = None,
    *,
    cluster: Cluster | str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
    wait: Literal[True] = True,
) -> xr.DataTree: ...


@overload
def run(
    study: Study,
    client: Client | None = None,
    out: str | Path | None = None,
    *,
    cluster: Cluster | str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
    wait: Literal[False],
) -> Handle[xr.DataTree]: ...


def run(
    study: Study,
    client: Client | None = None,
    out: str | Path | None = None,
    *,
    cluster: Cluster | str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
    wait: bool = True,
) -> xr.DataTree | Handle[xr.DataTree]:
    """Run a study, or go on with one that was interrupted, and return its results.

    Parameters
    ----------
    client
        A Dask client of yours, whose workers see the study's files and the store.
    out
        The store; ``NAME.zarr`` in the study's folder unless given. One that holds part of the same study is resumed,
        one that holds all of it is opened.
    cluster
        Where workers are started when no client is given, as a profile, its file or its name in ``~/.config/dnnsa``;
        this machine unless given.
    overwrite
        Delete what the store holds and start again.
    reporter
        Who is told of the progress; unless given a bar or lines on stderr, in a notebook a live view, and nobody with
        ``wait=False``. ``dnnsa.view.progress.Quiet()`` for nobody.
    wait
        Whether to wait for the results, or return a handle at once: `Handle.result` waits, `Handle.interrupt` stops,
        and errors below are raised by the former.

    Returns
    -------
    xarray.DataTree
        As ``dnnsa.open(out)``: a group for each quantity, read lazily. Or the handle.

    Raises
    ------
    StudyError, ProfileError, ModelError, StoreError
        The study cannot be run as it stands; nothing is left behind.
    RunError, TooManyFailures, Interrupted
        It stopped on the way; the same call goes on from what was kept.
    """
    path = Path(out) if out is not None else study.directory / f"{study.name}.zarr"
    where = read_profile(cluster) if isinstance(cluster, str | Path) else cluster or Local()
    screen = Screen()
    if not wait:
        if isinstance(where, Batch):
            where.request()  # tells what it lacks, and imports dask-jobqueue, which no other thread can
        path = path.absolute()  # the working folder may be another one later
        feed = Feed(study.name, path, reporter or Quiet(), [screen])
        return Handle(partial(_run, study, client, path, where, overwrite, feed), feed, screen)
    if reporter is None and in_notebook():
        feed = Feed(study.name, path, Quiet(), [screen])
        screen.display(feed.latest)
        return _run(study, client, path, where, overwrite, feed)
    with nullcontext(reporter) if reporter else watcher() as watching:
        return _run(study, client, path, where, overwrite, Feed(study.name, path, watching))


def _run(study: Study, client: Client | None, path: Path, cluster: Cluster, overwrite: bool, feed: Feed) -> xr.DataTree:
    return _work(Job(study, study.digests()), client, path, cluster, overwrite, feed, run_rounds)


def _work(
    job: Job,
    client: Client | None,
    path: Path,
    cluster: Cluster,
    overwrite: bool,
    feed: Feed,
    work: Callable[[Client, Job, Path, int, bool, Reporter], None],
) -> xr.DataTree:
    """Have ``work`` make what a store lacks of a study, on workers that are there or are started for it."""
    with feed.shown():
        held = standing(path, job, overwrite)
        if held.complete:
            with suppress(StoreError, OSError), store.alone(path):  # what a crash has left to do
                store.tidy(path)
            feed.say(f"{path} holds this study, complete.")
            return store.open_results(path)
        feed.say("starting workers" if client is None else "looking at the client's workers")
        try:
            with store.alone(path):
                held = standing(path, job, overwrite)  # another run may have ended since
                if not held.complete:
                    with nullcontext(client) if client else cluster.open(feed.say) as dask, feed.on(dask):
                        work(dask, job, path, held.base_points, overwrite, feed)
        except KeyboardInterrupt as stop:
            raise Interrupted("interrupted: what was committed is kept; run the same command again to go on.") from stop
        except OSError as error:
            raise RunError(
                f"{error.filename or path}: {error.strerror or error}. What was committed is kept; run the same "
                "command again to go on."
            ) from error
    return store.open_results(path)


def reduce(
    path: str | Path,
    estimators: Sequence[Any] | str | Path | None = None,
    client: Client | None = None,
    out: str | Path | None = None,
    *,
    cluster: Cluster | str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> xr.DataTree:
    """Compute other estimators from the runs that a store keeps, in a store of their own; no model is run or loaded.

    The results are those of the same study with these estimators, bit for bit, runs that failed and their quarantine
    with them; the new store has the runs too, and can itself be extended and reduced.

    Parameters
    ----------
    path
        A store of a study with ``granularity: run``, all of whose runs are there.
    estimators
        As in a study file, or a YAML file that holds them under ``estimators``; the study's own unless given.
    out
        The new store; ``NAME-reduced.zarr`` beside the old one, ``NAME.zarr``, unless given.
    client, cluster, overwrite, reporter
        As for `run`.

    Raises
    ------
    StoreError, StudyError, ModelError
        There are no such runs, or not all, or the estimators do not hold; nothing is left behind.
    RunError, TooManyFailures, Interrupted
        It stopped on the way; the same call goes on from what was kept.
    """
    path = Path(path)
    target = Path(out) if out is not None else path.absolute().with_name(f"{path.absolute().stem}-reduced.zarr")
    check_apart(path, target)
    where = read_profile(cluster) if isinstance(cluster, str | Path) else cluster or Local()
    listed = read_estimators(Path(estimators)) if isinstance(estimators, str | Path) else estimators
    found = kept(path, listed, str(estimators) if isinstance(estimators, str | Path) else "")
    with nullcontext(reporter) if reporter else watcher() as watching:
        feed = Feed(found.job.study.name, target, watching)
        return _work(found.job, client, target, where, overwrite, feed, found.work)


def runs(path: str | Path) -> Any:
    """The runs that a store keeps as a table of pandas, a row for each different run, whole at any time.

    The columns are the factors, the quantities without dimensions, `state` (``not_run``, ``done`` or ``failed``),
    `began` (UTC), `seconds`, `worker`, `host` and `cause`. Quantities with dimensions, and tracebacks, are in
    ``dnnsa.open(path)["runs"]``.

    Raises
    ------
    StoreError
        There is no store of dnnsa, or it keeps no runs.
    """
    return runs_table(store.open_results(path), str(path))


def trail(
    path: str | Path, *, thresholds: Thresholds | Mapping[str, float] | None = None, architecture: bool = False
) -> Any:
    """What each training of a store was given, what it was made of, and how it went: a table of pandas, a row a run.

    After the columns of `runs` come the settings (``model.learning_rate``), the ``backend`` with its devices, the
    architecture (``architecture.depth``), the file of its network and its SHA-256 if they are kept (``network.file``,
    ``network.digest``), and for the validation loss and error, whichever curve is kept, features of the skill and the
    class (``validation_loss.t50``, ``validation_loss.class``); see docs/behaviour.md.

    Parameters
    ----------
    thresholds
        Where classes end, by name, such as ``{"late": 0.3}``, and ``skill_threshold`` of the time to
        skill; those of ``dnnsa.training.Thresholds`` unless given.
    architecture
        Whether to build networks of kind ``build`` to see what they are made of, one for each set of hyperparameters.

    Raises
    ------
    StoreError
        There is no store of dnnsa, it keeps no runs, its model is no training, or a quantity is missing that behaviour
        is told from: ``epochs_made``, ``diverged``, and ``validation_loss_curve`` or ``validation_error_curve``.
    ModelError
        The data are not where they were, or other ones: skill is measured by what they are.
    InputError
        The thresholds do not hold.
    """
    return trail_table(Path(path), checked(thresholds), architecture)


def network(path: str | Path, run: int) -> Any:
    """The network that a training of a store has left (``model.keep``), as an uncompiled model of Keras.

    With early stopping that restores, it is that of the best epoch. A declared network gives probabilities where there
    are classes; one that a function of yours has built gives what it gave there.

    Parameters
    ----------
    run
        As in `runs` and `trail`, counted from 0.

    Raises
    ------
    StoreError
        There is no store of dnnsa, its model is no training, or its networks are not kept.
    InputError
        There is no such run, or it is not done.
    ModelError
        The file is not there, not the one that was written, or Keras cannot read it.
    """
    return network_of(Path(path), run)


def screen(
    study: Study,
    below: float,
    client: Client | None = None,
    out: str | Path | None = None,
    *,
    of: Sequence[str] | None = None,
    base_points: int | None = None,
    cluster: Cluster | str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Screening:
    """Find the factors of a network's study that do next to nothing, by bounds from derivatives.

    Parameters
    ----------
    below
        A factor is inert if the upper end of the bound of its total index is below this in every cell.
    out
        The store of the bounds; ``NAME-screen.zarr`` in the study's folder unless given.
    of
        The quantities that count; those of which Sobol' indices are estimated unless given.
    base_points
        Runs with derivatives, a power of two multiple of the study's replicates; about 1,024 unless given.
    client, cluster, overwrite, reporter
        As for `run`.

    Returns
    -------
    Screening
        The bounds, and the study in which the inert factors are one group: ``dnnsa.run(found.study)``.

    Raises
    ------
    InputError
        There are no bounds for such a study; else as `run`.
    """
    if not 0 < below < 1:
        raise InputError(f"below: must be between 0 and 1, a share of the variance, got {below:g}.")
    asked = study_of_bounds(study, of, base_points)
    results = run(asked, client, out, cluster=cluster, overwrite=overwrite, reporter=reporter)
    return screening(study, below, results)


def screened_file(source: Path, out: Path, overwrite: bool = False) -> Path:
    """Where `write_screened` may write; refused if something is there, or paths would not hold there.

    Raises
    ------
    InputError
        The file exists, or is in another folder than the study's.
    """
    if out.resolve().parent != source.resolve().parent:
        raise InputError(f"{out}: must be in the study's folder, {source.parent}: paths in it are relative to that.")
    if out.resolve() == source.resolve() or (out.exists() and not overwrite):
        raise InputError(f"{out}: is there already; give another --out, or --overwrite.")
    return out


def write_screened(source: Path, found: Screening, out: Path) -> None:
    """Write the study file in which the inert factors are one group; all else, comments too, is as in ``source``."""
    text = source.read_text(encoding="utf-8")
    out.write_text(regrouped(text, found.study, found.inert, found.group, heading(found, source.name)), "utf-8")


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
    made, seconds, _ = planned(study)
    return made, seconds


def planned(study: Study) -> tuple[Plan, float, int]:
    """As `plan`, and the bytes of the network that its first training leaves, 0 if none is kept; it stays nowhere."""
    with TemporaryDirectory() as folder:
        job = Job(_leaving(study, folder), study.digests())
        made, seconds = _planned(job)
        return made, seconds, sum(path.stat().st_size for path in Path(folder).iterdir())


def _leaving(study: Study, folder: str) -> Study:
    """A study whose trainings leave their networks in another folder, if they leave any."""
    if not isinstance(study.model, Training) or study.model.keep is None:
        return study
    document = {**study.document, "model": {**study.document["model"], "keep": folder}}
    return Study(directory=study.directory, **document)


def _planned(job: Job) -> tuple[Plan, float]:
    if job.study.granularity == "run":
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
