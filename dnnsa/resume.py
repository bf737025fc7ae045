"""Whether a store holds a study's results, can be gone on with, or belongs to something else."""

from pathlib import Path
from typing import Any, NamedTuple

from dnnsa import store
from dnnsa.designs import External
from dnnsa.engine import Job
from dnnsa.engine.plan import BLOCK
from dnnsa.errors import StoreError


class Standing(NamedTuple):
    """What a place holds of a study."""

    complete: bool  # it holds the results
    base_points: int  # that it holds or was to hold; 0 where nothing is


def standing(path: Path, job: Job, overwrite: bool) -> Standing:
    """What ``path`` holds of a job's study, as far as that is to be used.

    Raises
    ------
    StoreError
        It holds something else, or what this study cannot go on from; the message names what differs.
    """
    if not path.exists():
        store.writable(path)
        return Standing(False, 0)
    attrs = store.attributes(path)
    if overwrite:
        return Standing(False, 0)
    if differences := store.differences(attrs, job.study, job.digests):
        raise StoreError(
            "\n".join([f"{path}: holds another study; give another --out, or --overwrite. What differs:", *differences])
        )
    held, study = int(attrs["base_points"]), job.study
    asked = held if isinstance(study.design, External) else study.design.base_points
    if study.stop is None and held > asked:
        raise StoreError(
            f"{path}: holds {held} base points where design.base_points asks for {asked}: ask for {held} or more, give "
            "another --out, or --overwrite."
        )
    if attrs["status"] == "complete" and held >= asked and _stopped_alike(attrs, job):
        return Standing(True, held)
    if told := store.version_differs(attrs):
        raise StoreError(f"{path}: {told}")
    if held < asked and (told := why_not_extended(job, held, asked)):
        raise StoreError(f"{path}: cannot go on from its {held} base points to {asked}: {told}")
    grows = attrs["status"] == "complete" and study.stop is not None and held < study.stop.max_base_points
    if grows and (told := why_not_extended(job, held, 2 * held)):
        raise StoreError(f"{path}: cannot go on from its {held} base points to {2 * held}: {told}")
    return Standing(False, max(held, asked))


def _stopped_alike(attrs: dict[str, Any], job: Job) -> bool:
    """Whether a complete store stopped for what a study asks now; one that does not ask takes any."""
    asked = job.study.document["stop"]
    return asked is None or {key: attrs.get("stop", {}).get(key) for key in asked} == asked


def why_not_extended(job: Job, held: int, asked: int) -> str:
    """Why a study of more base points has nothing in common with one of fewer; empty where it goes on from it."""
    study = job.study
    share = held // study.design.replicates
    if not study.at(asked).design.begins_with(study.layout.groups, held):
        return "so many begin with other points. Give another --out, or --overwrite."
    if share < BLOCK and study.granularity == "block":
        return f"a replicate has {share} there, fewer than a block of {BLOCK}. Give another --out, or --overwrite."
    return ""
