"""What survives: states written by the workers that hold them, and one manifest, whose rename is the commit."""

import json
import os
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dnnsa.engine.block import Failure, Job, draws
from dnnsa.engine.plan import Part, Plan, estimators_of
from dnnsa.engine.tasks import PartState
from dnnsa.engine.tree import Node
from dnnsa.errors import RunError, StoreError
from dnnsa.files import digest

MANIFEST = "manifest.json"


class Commit(NamedTuple):
    """A consistent point of a study: nodes that together hold some leaves of every part, once each."""

    nodes: Mapping[Node, str]  # node -> SHA-256 of its file
    failures: tuple[Failure, ...]  # of the blocks of these nodes


@dataclass(frozen=True)
class Checkpoint:
    """A folder of states and a manifest."""

    folder: Path

    def file(self, node: Node) -> Path:
        return self.folder / ("-".join(map(str, node)) + ".npz")

    def read(self, plan: Plan) -> Commit:
        """The last commit; an empty one where there is none.

        Raises
        ------
        StoreError
            The manifest is damaged, or was made by another plan of the same study.
        """
        path = self.folder / MANIFEST
        if not path.exists():
            return Commit({}, ())
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            nodes = {Node(*node): str(sha) for *node, sha in manifest["nodes"]}
            failures = tuple(Failure(*failure) for failure in manifest["failures"])
            shape = manifest["shape"]
            if len({frozenset(_blocks(nodes, part)) for part in range(len(plan.parts))}) > 1:
                raise ValueError("its parts do not hold the same blocks")
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path}: is damaged ({error}): start again with --overwrite.") from error
        if shape != _shape(plan):
            raise StoreError(
                f"{path}: was made of other outputs, or of blocks cut otherwise, {shape} where there is {_shape(plan)} "
                "now: start again with --overwrite."
            )
        return Commit(nodes, failures)

    def commit(self, plan: Plan, commit: Commit, needed: Iterable[Node] = ()) -> None:
        """Make a commit the last one, then drop the files that neither it nor a running task needs.

        The files that it names are synced already. ``needed`` are nodes whose files a task may read again.

        Raises
        ------
        RunError
            The manifest cannot be written; the one before stands.
        """
        manifest = {
            "shape": _shape(plan),
            "nodes": [[*node, sha] for node, sha in commit.nodes.items()],
            "failures": commit.failures,
        }
        path = self.folder / MANIFEST
        try:
            _write(path, lambda file: file.write(json.dumps(manifest).encode()))
        except OSError as error:
            raise RunError(f"{path}: cannot be written: {error.strerror or error}.") from error
        keep = {MANIFEST, *(self.file(node).name for node in (*commit.nodes, *needed))}
        for path in self.folder.iterdir():
            if path.name not in keep:
                path.unlink(missing_ok=True)


def save(state: PartState, path: Path) -> str:
    """Write a state, in the worker that holds it, and return the file's SHA-256.

    A node's state is a function of the study, so that a second save, of a task run twice, writes the same arrays.
    """
    arrays = [np.asarray(array) for slab in state for estimator in slab for array in estimator]
    _write(path, lambda file: np.savez(file, *arrays))
    return digest(path)


def restore(job: Job, plan: Plan, part: Part, path: Path, committed: str) -> PartState:
    """Read a state back.

    Raises
    ------
    StoreError
        The file is missing or is not the one that was committed.
    """
    if not path.is_file():
        raise StoreError(f"{path}: is missing on host {socket.gethostname()}: start again with --overwrite.")
    if digest(path) != committed:
        raise StoreError(f"{path}: is damaged, its SHA-256 is not the committed one: start again with --overwrite.")
    with np.load(path, allow_pickle=False) as file:
        arrays: Iterable[Any] = iter([file[name] for name in file.files])
    layout = draws(job).layout
    return tuple(
        tuple(
            type(empty)(*(next(arrays) for _ in empty))  # type: ignore[call-overload]
            for empty in (e.init(layout, ()) for e in estimators_of(job.study.estimators, slab.quantity))
        )
        for slab in part
    )


def _blocks(nodes: Iterable[Node], part: int) -> Iterator[tuple[int, int]]:
    """The blocks that a part's nodes hold, by replicate and number."""
    for node in nodes:
        if node.part == part:
            yield from (
                (node.replicate, block) for block in range(node.number << node.level, (node.number + 1) << node.level)
            )


def _shape(plan: Plan) -> Any:
    fields = {name: [list(field.shape), field.dtype] for name, field in plan.fields.items()}
    return {"block": plan.block, "parts": len(plan.parts), "fields": fields}


def _write(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file whole or not at all, and have the disk hold it before it bears its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    with partial.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
