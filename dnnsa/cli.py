"""The command line: it reads, calls and prints; it decides nothing."""

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from dnnsa.errors import DnnsaError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Global sensitivity analysis of neural networks.",
)

workers_app = typer.Typer(no_args_is_help=True, help="Look at a cluster profile before a study is run with it.")
app.add_typer(workers_app, name="cluster")

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study file.", show_default=False)]
Profile = Annotated[str, typer.Argument(metavar="PROFILE", help="A file, or a profile's name.", show_default=False)]
Store = Annotated[Path, typer.Argument(metavar="STORE", help="A store that `dnnsa run` made.", show_default=False)]


@app.command()
def run(
    study: StudyFile,
    out: Annotated[Path | None, typer.Option(help="The store; STUDY.zarr beside the study file unless given.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; as many as cores unless given.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="PROFILE", help="Where workers are: file or name.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete what the store holds and start again.")
    ] = False,
) -> None:
    """Run a study, or go on with one that was interrupted, and print its indices."""
    from dnnsa import api
    from dnnsa.cluster import Local
    from dnnsa.errors import InputError
    from dnnsa.study import Study
    from dnnsa.view.progress import watcher

    if cluster and workers:
        raise InputError("--workers is for this machine: with --cluster, the profile says how many.")
    asked = Study.from_yaml(study)
    path = out or study.with_suffix(".zarr")
    where = cluster or Local(workers=workers)
    with watcher() as reporter:
        results = api.run(asked, out=path, cluster=where, overwrite=overwrite, reporter=reporter)
    _summarize(results)
    print(f"store: {path}")  # noqa: T201


@app.command()
def plan(study: StudyFile) -> None:
    """Say what a study comes to, from one block of it run here: runs, tasks, bytes, time."""
    from dnnsa import api
    from dnnsa.study import Study
    from dnnsa.view.plan import plan_table

    _print(plan_table(*api.planned(Study.from_yaml(study))))


@app.command()
def screen(
    study: StudyFile,
    below: Annotated[float, typer.Option(help="Total index that a factor must stay below to count as inert.")],
    out: Annotated[
        Path | None, typer.Option(help="The new study file; STUDY.screened.yaml beside the study file unless given.")
    ] = None,
    of: Annotated[list[str] | None, typer.Option(help="A quantity that counts; may stand there several times.")] = None,
    base_points: Annotated[
        int | None, typer.Option(min=1, help="Runs with derivatives; about 1,024 unless given.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; as many as cores unless given.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="PROFILE", help="Where workers are: file or name.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over the new file and STUDY.screen.zarr if they are there.")
    ] = False,
) -> None:
    """Find factors that do next to nothing, by a network's derivatives, and write a study in which they are a group."""
    from dnnsa import api
    from dnnsa.cluster import Local
    from dnnsa.errors import InputError
    from dnnsa.study import Study
    from dnnsa.view.progress import watcher
    from dnnsa.view.screened import screening_summary

    if cluster and workers:
        raise InputError("--workers is for this machine: with --cluster, the profile says how many.")
    asked, store = Study.from_yaml(study), study.with_suffix(".screen.zarr")
    path = api.screened_file(study, out or study.with_suffix(".screened.yaml"), overwrite)
    where = cluster or Local(workers=workers)
    with watcher() as reporter:
        found = api.screen(
            asked,
            below,
            out=store,
            of=of or None,
            base_points=base_points,
            cluster=where,
            overwrite=overwrite,
            reporter=reporter,
        )
    _print(screening_summary(found))
    if found.inert:
        api.write_screened(study, found, path)
        print(f"study: {path}")  # noqa: T201
    print(f"store: {store}")  # noqa: T201


@app.command()
def show(
    store: Store,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Print a store's status, indices with intervals, and what was quarantined."""
    from dnnsa import api
    from dnnsa.view.table import as_json as values

    results = api.open(store)
    if as_json:
        print(json.dumps(values(results), allow_nan=False))  # noqa: T201
    else:
        _summarize(results)


@app.command()
def reduce(
    store: Store,
    estimators: Annotated[
        Path | None,
        typer.Option(metavar="FILE.yaml", help="What to estimate; as the store's study unless given."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The new store; NAME-reduced.zarr beside the old one unless given.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; as many as cores unless given.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="PROFILE", help="Where workers are: file or name.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete what the new store holds and start again.")
    ] = False,
) -> None:
    """Estimate something else from the runs that a store keeps, without running the model, and print it."""
    from dnnsa import api
    from dnnsa.cluster import Local
    from dnnsa.errors import InputError
    from dnnsa.view.progress import watcher

    if cluster and workers:
        raise InputError("--workers is for this machine: with --cluster, the profile says how many.")
    path = out or store.with_name(f"{store.absolute().stem}-reduced.zarr")
    where = cluster or Local(workers=workers)
    with watcher() as reporter:
        results = api.reduce(store, estimators, out=path, cluster=where, overwrite=overwrite, reporter=reporter)
    _summarize(results)
    print(f"store: {path}")  # noqa: T201


@app.command()
def trail(
    store: Store,
    csv: Annotated[Path | None, typer.Option(help="File that the whole table is written to.")] = None,
    thresholds: Annotated[str, typer.Option(help="Where classes end: late=0.3,learnt=0.1.")] = "",
    architecture: Annotated[
        bool, typer.Option("--architecture", help="Build networks of your own function to see their layers.")
    ] = False,
) -> None:
    """Say how trainings went, by class, and write what each was given, was made of and did."""
    from dnnsa import api
    from dnnsa.interop.trail import class_shares, read_thresholds
    from dnnsa.view.trail import trail_summary

    asked = read_thresholds(thresholds)
    table = api.trail(store, thresholds=asked, architecture=architecture)
    _print(trail_summary(table, class_shares(table, asked)))
    if csv:
        table.to_csv(csv)
        print(f"trail: {csv}")  # noqa: T201


@app.command()
def watch(
    store: Store,
    once: Annotated[bool, typer.Option("--once", help="Print how it is now, and end.")] = False,
) -> None:
    """Show a study while it runs, here or elsewhere: progress, indices and checkpoints, until it is complete."""
    from rich.console import Console

    from dnnsa.watch.terminal import watch as show_live

    show_live(store, Console(), once)


@app.command("plot")
def draw(
    store: Store,
    out: Annotated[Path | None, typer.Option(help="Folder of the figures; the store's folder unless given.")] = None,
) -> None:
    """Draw a store's indices and index maps, one figure a quantity, and print the files' names."""
    _draw(store, out or store.absolute().parent)


@app.command()
def attribute(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The network's file.", show_default=False)],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Pictures, .npy or .npz files.", show_default=False)
    ],
    target: Annotated[int | None, typer.Option(help="Class that is explained; the predicted unless given.")] = None,
    grid: Annotated[int, typer.Option(min=1, help="Rows, and columns, of cells.")] = 8,
    superpixels: Annotated[int | None, typer.Option(min=1, help="Superpixels instead of a grid.")] = None,
    fill: Annotated[str, typer.Option(help="What replaces a cell: a number, mean, blur or noise.")] = "0",
    sd: Annotated[float | None, typer.Option(help="Of blur, pixels; of noise, units of the input.")] = None,
    values: Annotated[
        tuple[float, float], typer.Option("--range", help="What a picture's 0 and 255 are to the network.")
    ] = (0.0, 1.0),
    base_points: Annotated[int, typer.Option(help="Of the design: a power of two.")] = 128,
    seed: Annotated[int, typer.Option(help="Of the design.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of the study, its store and figures: new or empty.")] = Path(
        "attribution"
    ),
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; this one unless given.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="PROFILE", help="Where workers are: file or name.")] = None,
) -> None:
    """Map what in images a classifier looks at: Sobol' indices of their cells, with intervals."""
    from dnnsa.attribution import attribute_files
    from dnnsa.attribution.attribute import STORE
    from dnnsa.cluster import Local
    from dnnsa.errors import InputError
    from dnnsa.view.attribution import attribution_table
    from dnnsa.view.progress import watcher

    if cluster and workers:
        raise InputError("--workers is for this machine: with --cluster, the profile says how many.")
    design = {"base_points": base_points, "seed": seed}
    with watcher() as reporter:
        maps, pictures = attribute_files(
            model,
            images,
            *values,
            target,
            superpixels,
            grid=grid,
            fill=_number_or_word(fill),
            sd=sd,
            folder=out,
            cluster=cluster or (Local(workers=workers) if workers else None),
            reporter=reporter,
            **design,
        )
    _print(attribution_table(maps, pictures.names))
    if pictures.resized:
        print(f"resized to what the network takes: {', '.join(pictures.resized)}")  # noqa: T201
    _draw(out / STORE, out)
    print(f"store: {out / STORE}")  # noqa: T201


@app.command()
def analyse(
    log: Annotated[Path, typer.Argument(metavar="LOG.csv", help="A table, a row a run.", show_default=False)],
    inputs: Annotated[str | None, typer.Option(help="Columns that varied: a,b,c. Of Optuna's, all params_.")] = None,
    outputs: Annotated[str | None, typer.Option(help="Columns that came out. Of Optuna's, value.")] = None,
    logarithm: Annotated[str, typer.Option("--log", help="Columns whose logarithm is taken: lr,loss.")] = "",
    best: Annotated[str, typer.Option(help="Which values are good: lowest or highest.")] = "lowest",
    first: Annotated[int | None, typer.Option(min=1, help="Take so many rows only, the first ones.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the study and its store; LOG-analysis beside the log unless given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over the study in the folder.")] = False,
) -> None:
    """Say what a log of runs can say: first-order indices, dependence, main effects; and what it cannot."""
    from dnnsa.given import analyse as analysed
    from dnnsa.view.progress import watcher

    folder = out or log.with_name(f"{log.stem}-analysis")
    with watcher() as reporter:
        found = analysed(
            log,
            _names(inputs),
            _names(outputs),
            log=_names(logarithm) or (),
            best=best,  # type: ignore[arg-type]
            first=first,
            folder=folder,
            name=log.stem,
            overwrite=overwrite,
            reporter=reporter,
        )
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
    _summarize(found.results)
    _print("\n" + "\n\n".join(found.cannot) + "\n")
    print(f"study: {folder / 'study.yaml'}")  # noqa: T201
    print(f"store: {folder / 'study.zarr'}")  # noqa: T201


@app.command()
def schema() -> None:
    """Print the JSON Schema of a study file, for editors."""
    from dnnsa.study import schema

    print(json.dumps(schema(), indent=2))  # noqa: T201


@workers_app.command("show")
def show_profile(profile: Profile) -> None:
    """Print the job script that a run would submit, and which settings came from dask's jobqueue.yaml."""
    from dnnsa.cluster import read_profile, show
    from dnnsa.view.workers import origin

    shown = show(read_profile(profile))
    print(shown.script)  # noqa: T201
    print(origin(shown))  # noqa: T201


@workers_app.command("check")
def check_profile(
    profile: Profile,
    folder: Annotated[Path | None, typer.Option(help="Where studies are; the working folder unless given.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds until the worker must be there.")] = 600.0,
) -> None:
    """Start one worker, print what it is and sees beside this host, and stop it; exit status 1 if a run would fail."""
    from dnnsa.cluster import check, read_profile
    from dnnsa.errors import ClusterError
    from dnnsa.view.progress import watcher
    from dnnsa.view.workers import check_table

    with watcher() as reporter:
        checked = check(read_profile(profile), folder, wait, reporter.say)
    _print(check_table(checked))
    if checked.problems:
        raise ClusterError("\n".join(checked.problems))


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(f"dnnsa {version('dnnsa')}")  # noqa: T201
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Global sensitivity analysis of neural networks."""


def _names(text: str | None) -> list[str] | None:
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def _number_or_word(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _draw(store: Path, folder: Path) -> None:
    from dnnsa import api
    from dnnsa.attribution import all_pixel_maps
    from dnnsa.view.figures import plot
    from dnnsa.view.pixels import IMAGES

    for path in plot(api.open(store), folder, api.thumbnails(store), all_pixel_maps(store, IMAGES)):
        print(f"figure: {path}")  # noqa: T201


def _print(renderable: Any) -> None:
    from rich.console import Console

    Console().print(renderable)


def _summarize(results: Any) -> None:
    from dnnsa.view.table import summary

    _print(summary(results))


def main() -> NoReturn:
    """Run a command: a user's error is one message and an exit status, anything else keeps its traceback.

    The end of a job, in which dnnsa may run, is as Ctrl-C: what was done is saved, jobs are cancelled and keys deleted.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        app()
    except DnnsaError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_status)
    sys.exit(0)
