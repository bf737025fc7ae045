"""What survives: states written by the workers that hold them, and one manifest, whose rename is the commit."""

import hashlib
import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dnnsa.engine.block import Job, draws
from dnnsa.engine.ledger import Ledger
from dnnsa.engine.plan import Field, Part, Plan, estimators_of
from dnnsa.engine.tree import Node
from dnnsa.errors import RunError, StoreError
from dnnsa.files import digest, sync

MANIFEST = "manifest.json"
PartState = tuple[tuple[Any, ...], ...]  # a state for each slab and each estimator


class Stored(NamedTuple):
    """A state in a file. The name has the content's digest: two workers that write a state never meet."""

    path: Path
    sha: str


class Commit(NamedTuple):
    """A consistent point of a study: nodes that together hold blocks of every part once each, and what is on record."""

    nodes: Mapping[Node, str]  # node -> SHA-256 of its file
    ledger: Ledger


@dataclass(frozen=True)
class Checkpoint:
    """A folder of states and a manifest."""

    folder: Path

    def stored(self, node: Node, sha: str) -> Stored:
        return Stored(self.folder / f"{name_of(node)}.{sha[:16]}.npz", sha)

    def read(self, plan: Plan) -> Commit:
        """The last commit; an empty one where there is none.

        Raises
        ------
        StoreError
            The manifest is damaged, or was made by another plan of the same study.
        """
        path = self.folder / MANIFEST
        if not path.exists():
            return Commit({}, Ledger())
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            if manifest["sha256"] != _sha(manifest["commit"]):
                raise ValueError("its SHA-256 is not that of what it says")
            commit = manifest["commit"]
            nodes = {Node(*node): str(sha) for *node, sha in commit["nodes"]}
            ledger, shape = Ledger.of(commit["ledger"]), commit["shape"]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path}: is damaged ({error}): start again with --overwrite.") from error
        if shape != _shape(plan):
            raise StoreError(
                f"{path}: was made of other outputs, or of blocks cut otherwise, {shape} where there is {_shape(plan)} "
                "now: start again with --overwrite."
            )
        return Commit(nodes, ledger)

    def fields(self) -> dict[str, Field]:
        """The quantities that the last commit is of, without names; none where there is no commit."""
        path = self.folder / MANIFEST
        if not path.exists():
            return {}
        try:
            told = json.loads(path.read_text(encoding="utf-8"))["commit"]["shape"]["fields"]
            return {name: Field(tuple(shape), dtype, (), {}) for name, (shape, dtype) in told.items()}
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path}: is damaged ({error}): start again with --overwrite.") from error

    def commit(self, plan: Plan, commit: Commit) -> None:
        """Make a commit the last one. The files that it names are synced already.

        Raises
        ------
        RunError
            The manifest cannot be written; the one before stands.
        """
        content = {
            "shape": _shape(plan),
            "nodes": [[*node, sha] for node, sha in commit.nodes.items()],
            "ledger": commit.ledger.told(),
        }
        path = self.folder / MANIFEST
        text = json.dumps({"sha256": _sha(content), "commit": content})
        try:
            _write(path, lambda file: file.write(text.encode()))
        except OSError as error:
            raise RunError(f"{path}: cannot be written: {error.strerror or error}.") from error

    def sweep(self, commit: Commit) -> None:
        """Drop what a commit does not name, nobody being at work here."""
        keep = {MANIFEST, *(self.stored(node, sha).path.name for node, sha in commit.nodes.items())}
        for path in self.folder.iterdir() if self.folder.exists() else ():
            if path.name not in keep:
                path.unlink(missing_ok=True)


def name_of(node: Node) -> str:
    return "-".join(map(str, node))


def save(state: PartState, checkpoint: Checkpoint, node: Node) -> str:
    """Write a state, in the worker that holds it, and return the file's SHA-256.

    Raises
    ------
    RunError
        It cannot be written, such as on a full disk.
    """
    arrays = [np.asarray(array) for slab in state for estimator in slab for array in estimator]
    partial = checkpoint.folder / f"{name_of(node)}.{uuid.uuid4().hex}.partial"
    try:
        _written(partial, lambda file: np.savez(file, *arrays))
        sha = digest(partial)
        partial.replace(checkpoint.stored(node, sha).path)
        sync(checkpoint.folder)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RunError(
            f"{checkpoint.folder}: a state cannot be written on host {socket.gethostname()}: {error.strerror or error}."
        ) from error
    return sha


def restore(job: Job, plan: Plan, part: Part, stored: Stored) -> PartState:
    """Read a state back.

    Raises
    ------
    StoreError
        The file is missing or is not the one that was committed.
    """
    path = stored.path
    if not path.is_file():
        raise StoreError(f"{path}: is missing on host {socket.gethostname()}: start again with --overwrite.")
    if digest(path) != stored.sha:
        raise StoreError(f"{path}: is damaged, its SHA-256 is not the committed one: start again with --overwrite.")
    with np.load(path, allow_pickle=False) as file:
        arrays: Iterator[Any] = iter([file[name] for name in file.files])
    layout = draws(job).layout
    return tuple(
        tuple(
            type(empty)(*(next(arrays) for _ in empty))
            for empty in (e.init(layout, ()) for e in estimators_of(job.study.estimators, slab.quantity))
        )
        for slab in part
    )


def _shape(plan: Plan) -> Any:
    fields = {name: [list(field.shape), field.dtype] for name, field in plan.fields.items()}
    return {"block": plan.block, "at_once": plan.at_once, "parts": len(plan.parts), "fields": fields}


def _sha(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _write(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file whole or not at all, and have the disk hold it before it bears its name."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        _written(partial, write)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _written(path: Path, write: Callable[[Any], Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
