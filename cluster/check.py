"""Whether a profile works: one worker is started, asked what it is and sees, and stopped."""

import dataclasses
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dnnsa.cluster import probe
from dnnsa.cluster.base import Cluster, Say, quiet
from dnnsa.cluster.job import JobSettings
from dnnsa.cluster.local import Local
from dnnsa.cluster.probe import Facts, Seen
from dnnsa.errors import ClusterError


class Checked(NamedTuple):
    """A worker beside this process."""

    here: Facts
    there: Facts
    folder: Seen  # the working folder, which studies and stores are in
    scratch: Seen
    problems: tuple[str, ...]
    """What would keep a study from running; none where all is well."""


def check(profile: Cluster, folder: Path | None = None, wait: float = 600.0, say: Say = quiet) -> Checked:
    """Start one worker of a profile, one job, and look whether a study would run there.

    Parameters
    ----------
    folder
        The folder that studies and their stores are in; the working folder unless given. A small file is written
        there, by this process and by the worker, and deleted.
    wait
        Seconds until the worker must be there, its time in a queue included.

    Raises
    ------
    ClusterError
        There is no worker.
    """
    folder = (folder or Path.cwd()).absolute()
    token = secrets.token_hex(8)
    asked, answered = f".dnnsa-check-{token}", f".dnnsa-check-{token}.answer"
    with _one_job(profile).open(say) as client:
        worker = _first(client, wait)
        try:
            (folder / asked).write_text(token, encoding="ascii")
            told = [
                client.submit(probe.facts, workers=[worker], pure=False),
                client.submit(probe.shared, folder, asked, answered, workers=[worker], pure=False),
                client.submit(probe.scratch, workers=[worker], pure=False),
            ]
            there, shared, scratch = client.gather(told)
            if not shared.problem and _read(folder / answered) != token:
                shared = shared._replace(problem=f"this host sees no file that {there.host} has written there")
        except OSError as error:
            raise ClusterError(f"{error.filename or folder}: {error.strerror or error} on this host.") from error
        finally:
            for name in (asked, answered):
                (folder / name).unlink(missing_ok=True)
    here = probe.facts(look_for_gpus=False)
    checked = Checked(here, there, shared, scratch, ())
    return checked._replace(problems=tuple(problems(checked, getattr(profile, "gpus", 0))))


def _one_job(profile: Cluster) -> Cluster:
    """The profile with as few workers as it can have; a running scheduler keeps its own."""
    if isinstance(profile, JobSettings):
        return dataclasses.replace(profile, workers=profile.workers_per_job, adapt=None)
    return dataclasses.replace(profile, workers=1) if isinstance(profile, Local) else profile


def _first(client: Any, wait: float) -> str:
    try:
        client.wait_for_workers(1, timeout=wait)
    except TimeoutError:
        raise ClusterError(
            f"no worker came within {wait:g} s: wait longer, or look at the queue and at the output of the job."
        ) from None
    return str(next(iter(client.nthreads())))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="ascii") if path.is_file() else None


def problems(checked: Checked, gpus: int) -> Iterator[str]:
    """What would keep a study with so many GPUs a worker from running, one sentence each."""
    here, there = checked.here, checked.there
    for seen, what in ((checked.folder, "the working folder"), (checked.scratch, "its scratch folder")):
        if seen.problem:
            yield f"host {there.host} cannot use {what} {seen.path}: {seen.problem}"
    if here.python.rpartition(".")[0] != there.python.rpartition(".")[0]:
        yield f"Python is {there.python} on host {there.host} and {here.python} here: functions do not travel so far"
    for package, version in there.versions.items():
        if version is None:
            yield f"{package} is not installed for {there.executable} on host {there.host}"
    if there.versions["dnnsa"] not in (None, here.versions["dnnsa"]):
        yield f"dnnsa is {there.versions['dnnsa']} on host {there.host} and {here.versions['dnnsa']} here"
    if there.gpus_problem:
        yield f"TensorFlow does not start on host {there.host}: {there.gpus_problem}"
    if not there.gpus_problem and len(there.gpus) < gpus:
        yield f"gpus: {gpus} asked for a worker, and TensorFlow sees {len(there.gpus)} on host {there.host}"
