"""Other estimates of a study, from the runs that its store keeps: no model is loaded, and none need be there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from distributed import Client

from dnnsa import reading, store
from dnnsa.designs import External
from dnnsa.engine import Field, Job, Reporter, check_estimators, distinct, plan_of, wait_for_worker
from dnnsa.errors import InputError, StoreError, StudyError
from dnnsa.rounds import READING, Life, end, lay_out, run_round
from dnnsa.study import Study

MADE = ("first_run", "runs_retried", "backends")  # what a store says of how its runs were made


@dataclass(frozen=True)
class Kept:
    """The runs of a store, all of them, and the study that is to be made of them."""

    source: Path
    job: Job
    fields: dict[str, Field]

    def work(self, dask: Client, job: Job, path: Path, held: int, overwrite: bool, reporter: Reporter) -> None:
        """Reduce the runs in a store of their own, which is then complete."""
        life = Life(dask, path, reporter, datetime.now(UTC))
        wait_for_worker(dask, reporter.say)
        plan, attrs = plan_of(job, self.fields), store.attributes(self.source)
        reporter.say(f"reducing {self.source}: its {distinct(job).size:,} runs are all there, and no model is run")
        lay_out(life, job, plan, overwrite)
        store.copy_runs(self.source, path)
        origin = {"store": str(self.source.absolute()), "digest": attrs["digest"]}
        made = {"runs_retried": 0} | {key: attrs[key] for key in MADE if key in attrs}
        store.update(path, **made, reduced_from=origin)
        end(life, job, plan, run_round(life, job, job, plan, READING, lambda: 0))


def kept(path: Path, estimators: Sequence[Any] | None = None, where: str = "") -> Kept:
    """The runs of a store, with the study of as many base points as it holds and of these estimators.

    Parameters
    ----------
    estimators
        As in a study file; those of the store's own study unless given.
    where
        The file that they stand in, for messages.

    Raises
    ------
    StoreError
        There is no store, it keeps no runs, or not all of them are there.
    StudyError, ModelError
        The estimators do not hold, or have no such quantities.
    """
    attrs = store.attributes(path)
    found = {name: Field(one.shape, one.dtype, one.dims, one.coords) for name, one in store.kept_fields(path).items()}
    if store.is_held(path):
        raise StoreError(f"{path}: `dnnsa run` is writing there: wait for it.")
    study, digests = store.study_of(path)
    settings: dict[str, Any] = {"estimators": study.estimators if estimators is None else estimators, "stop": None}
    if not isinstance(study.design, External):  # with `stop` there may be more than the study begins with
        settings["design"] = {**study.document["design"], "base_points": int(attrs["base_points"])}
    asked = Study(directory=study.directory, source=where, **{**study.document, **settings})
    check_estimators(asked.estimators, found, len(asked.factors))
    job = Job(asked, digests)
    _check_all_there(path, job, attrs)
    return Kept(path, job, found)


def read_estimators(path: Path) -> list[Any]:
    """The list `estimators` of a file that holds nothing else.

    Raises
    ------
    StudyError
        It does not.
    """
    keys = reading.read_file(path, StudyError)
    if list(keys) != ["estimators"] or not isinstance(keys["estimators"], list):
        told = ", ".join(f"`{key}`" for key in keys) or "nothing"
        raise StudyError(
            [f"the file: must hold `estimators`, a list as in a study file, and nothing else, got {told}."], str(path)
        )
    return keys["estimators"]


def check_apart(path: Path, out: Path) -> None:
    """Refuse to write where the runs are read.

    Raises
    ------
    InputError
        Both are the same store.
    """
    if path.resolve() == out.resolve():
        raise InputError(f"{out}: is the store that is reduced: give another --out.")


def _check_all_there(path: Path, job: Job, attrs: dict[str, Any]) -> None:
    runs = distinct(job)
    if told := store.value_differs(path, runs.values):
        raise StoreError(
            f"{path}: {told}: dnnsa {attrs['versions']['dnnsa']}, which made it, drew other points: reduce it with "
            "that version."
        )
    there = int((store.run_states(path)[: runs.size] != store.NOT_RUN).sum())
    if there < runs.size:
        raise StoreError(
            f"{path}: {there} of its {runs.size} runs are there: make the others, `dnnsa run STUDY.yaml --out {path}` "
            "goes on from them, and reduce it then."
        )
