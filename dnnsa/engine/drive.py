"""The client's side: which blocks are in flight, what is merged, what is committed. It never holds a state."""

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from distributed import Client, Future

from dnnsa.engine.block import Failure, Job
from dnnsa.engine.checkpoint import Checkpoint, Commit, restore, save
from dnnsa.engine.plan import Plan, blocks_a_task
from dnnsa.engine.report import Progress, Reporter
from dnnsa.engine.tasks import Report, Write, finalize, leaf, merge, pick, tell
from dnnsa.engine.tree import Node
from dnnsa.errors import DnnsaError, Interrupted, RunError, TooManyFailures
from dnnsa.estimators.base import Ratio

LEAF, MERGE, SAVE = 0, 10, 20  # priorities: what frees memory comes first
LOOK_EVERY = 5.0  # seconds between looks at how many workers there are


class Outcome(NamedTuple):
    """What the client keeps of a study whose maps the workers have written."""

    ratios: Mapping[str, Mapping[str, Ratio]]  # quantity -> index -> sums over all cells
    failures: tuple[Failure, ...]


def reduce_study(
    client: Client,
    job: Job,
    plan: Plan,
    seconds_a_block: float,
    prepare: Callable[[], None],
    write: Write,
    checkpoint: Path,
    reporter: Reporter,
    commit_every: float = 60.0,
) -> Outcome:
    """Run all blocks of a study on a Dask cluster, merge them in the study's tree and write the maps.

    The maps are a function of the study alone. What is in flight is a window of twice the cluster's slots.

    Parameters
    ----------
    seconds_a_block
        Expected; how many neighbouring blocks a task takes follows from it, and no bit of the result does.
    prepare
        Called here once all blocks are reduced, before the first ``write``.
    write
        Called in the workers with each slab of the fields and its maps.
    checkpoint
        Folder that all workers and the client see; what an earlier run has committed there is not run again.
    commit_every
        Seconds between commits.

    Raises
    ------
    TooManyFailures, RunError, Interrupted
        What was done is committed; the same call goes on from there.
    """
    study = _Reduction(client, job, plan, Checkpoint(checkpoint), reporter)
    try:
        study.run(blocks_a_task(plan, seconds_a_block, study.slots()), commit_every)
        prepare()
        return study.finish(write)
    except KeyboardInterrupt as stop:
        study.stop()
        raise Interrupted(f"interrupted: {study.kept()}") from stop
    except DnnsaError as error:
        if client.status == "running" and type(error) in (RunError, TooManyFailures):
            study.stop()
        raise


def committed(checkpoint: Path, plan: Plan) -> tuple[int, tuple[Failure, ...]]:
    """How many base points the last commit holds, and which of them are in quarantine."""
    commit = Checkpoint(checkpoint).read(plan)
    return sum(plan.block << node.level for node in commit.nodes if node.part == 0), commit.failures


class _Pending(NamedTuple):
    """A leaf in flight: it counts once its report and all its states are there."""

    node: Node  # part 0 stands for all parts
    report: Future
    states: tuple[Future, ...]


class _Held:
    """A merged state that waits for its sibling: in a worker's memory, in a committed file, or both."""

    def __init__(self, future: Future | None = None, digest: str = "") -> None:
        self.future, self.digest = future, digest


class _Reduction:
    def __init__(self, client: Client, job: Job, plan: Plan, checkpoint: Checkpoint, reporter: Reporter) -> None:
        self.client, self.job, self.plan = client, job, plan
        self.checkpoint, self.reporter = checkpoint, reporter
        self.life = uuid.uuid4().hex[:8]  # keys of another life on the same cluster are other keys
        self.events: SimpleQueue[tuple[Callable[[Any], None], Any]] = SimpleQueue()
        committed = checkpoint.read(plan)
        self.held = {node: _Held(digest=sha) for node, sha in committed.nodes.items()}
        self.failures = list(committed.failures)
        self.merging: dict[Node, Future] = {}
        self.in_flight: dict[Node, _Pending] = {}
        self.done = sum(plan.block << node.level for node in self.held if node.part == 0)

    def slots(self) -> int:
        return max(1, sum(int(threads) for threads in self.client.nthreads().values()))

    def submit(self, function: Callable[..., Any], *args: Any, name: str, priority: int) -> Future:
        key = f"dnnsa-{function.__name__}-{self.life}-{name}-{uuid.uuid4().hex[:6]}"
        return self.client.submit(function, *args, key=key, priority=priority, pure=False)

    # the loop ---------------------------------------------------------------------------------------------------------

    def run(self, level: int, commit_every: float) -> None:
        """Run every block that is not held, until each replicate of each part is one state."""
        if self.held:
            self.reporter.say(f"resuming: {self.done} of {self.plan.base_points} base points are done already")
        self.check_failures()
        todo = deque(self.leaves(level))
        for node in list(self.held):
            self.climb(node)
        committed = looked = time.monotonic()
        slots = self.slots()
        self.tell()
        while todo or self.in_flight or self.merging:
            while todo and len(self.in_flight) < max(4, 2 * slots):
                self.start(todo.popleft())
            try:
                handle, thing = self.events.get(timeout=1.0)
            except Empty:
                if self.client.status != "running":
                    raise RunError("the Dask scheduler is gone: run the same command again to go on.") from None
            else:
                handle(thing)
            if time.monotonic() - committed > commit_every:
                self.commit()
                committed = time.monotonic()
            if time.monotonic() - looked > LOOK_EVERY:  # workers come and go
                slots = self.slots()
                looked = time.monotonic()

    def leaves(self, level: int) -> Iterator[Node]:
        """Nodes of at most this level that hold all missing blocks, each once; replicates advance side by side."""
        roots = [Node(0, replicate, self.plan.levels, 0) for replicate in range(self.plan.replicates)]
        held = [node for node in self.held if node.part == 0]
        missing = [node for root in roots for node in _missing(root, held, level)]
        return iter(sorted(missing, key=lambda node: (node.number << node.level, node.replicate)))

    def start(self, node: Node) -> None:
        name = f"{node.replicate}-{node.level}-{node.number}"
        made = self.submit(leaf, self.job, self.plan, node.replicate, node.level, node.number, name=name, priority=LEAF)
        report = self.submit(tell, made, name=name, priority=MERGE)
        parts = range(len(self.plan.parts))
        states = tuple(self.submit(pick, made, part, name=f"{name}-{part}", priority=MERGE) for part in parts)
        pending = _Pending(node, report, states)
        waiting = {future.key for future in (report, *states)}
        self.in_flight[node] = pending

        def one_more(future: Future) -> None:
            waiting.discard(future.key)
            if not waiting:
                self.events.put((self.arrived, pending))

        for future in (report, *states):
            future.add_done_callback(one_more)

    def arrived(self, pending: _Pending) -> None:
        """A leaf is done: its states wait for their siblings."""
        node = pending.node
        report: Report = self.result(pending.report, node)
        for future in pending.states:
            self.check(future, node)
        del self.in_flight[node]
        self.done += self.plan.block << node.level
        self.failures += report.failures
        for part, future in enumerate(pending.states):
            self.held[node._replace(part=part)] = _Held(future)
            self.climb(node._replace(part=part))
        self.tell()
        self.check_failures()

    def check_failures(self) -> None:
        allowed = self.job.study.max_failed * self.plan.base_points
        if len(self.failures) > allowed:
            raise TooManyFailures(
                f"{len(self.failures)} base points are in quarantine, more than max_failed: "
                f"{self.job.study.max_failed:g} allows of {self.plan.base_points}. The last one: "
                f"{self.failures[-1].cause}. {self.kept()} With a larger `max_failed` it goes on."
            )

    def climb(self, node: Node) -> None:
        """Merge a node with its sibling when both are there. They are held until the merge is."""
        parent = node.parent
        if node.level == self.plan.levels or node.sibling not in self.held or parent in self.merging:
            return
        left, right = parent.children
        name = "-".join(map(str, parent))
        future = self.submit(merge, self.job, self.state(left), self.state(right), name=name, priority=MERGE)
        self.merging[parent] = future
        future.add_done_callback(lambda _: self.events.put((self.merged, parent)))

    def merged(self, node: Node) -> None:
        future = self.merging.pop(node)
        self.check(future, node)
        for child in node.children:
            del self.held[child]
        self.held[node] = _Held(future)
        self.climb(node)

    def state(self, node: Node) -> Future:
        """A held state as a future; what is only in a file is read by the worker that needs it."""
        held = self.held[node]
        if held.future is not None:
            return held.future
        part = self.plan.parts[node.part]
        path, name = self.checkpoint.file(node), "-".join(map(str, node))
        return self.submit(restore, self.job, self.plan, part, path, held.digest, name=name, priority=MERGE)

    def finish(self, write: Write) -> Outcome:
        """Have the maps written; a part's replicates meet in one worker."""
        futures = []
        for number, part in enumerate(self.plan.parts):
            roots = [
                self.state(Node(number, replicate, self.plan.levels, 0)) for replicate in range(self.plan.replicates)
            ]
            futures.append(
                self.submit(finalize, self.job, self.plan, part, roots, write, name=str(number), priority=SAVE)
            )
        sums: dict[str, dict[str, Ratio]] = {}
        for future in futures:
            for quantity, ratios in self.result(future, None):
                have = sums.setdefault(quantity, {})
                for name, ratio in ratios.items():
                    have[name] = _add(have[name], ratio) if name in have else ratio
        return Outcome(sums, tuple(sorted(self.failures)))

    # commits ----------------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Have the workers write what is held and not yet written, then name it all in the manifest."""
        saving = {
            node: self.submit(
                save, held.future, self.checkpoint.file(node), name="-".join(map(str, node)), priority=SAVE
            )
            for node, held in self.held.items()
            if not held.digest
        }
        for node, future in saving.items():
            self.held[node].digest = self.result(future, node)
        self.checkpoint.commit(
            self.plan, Commit({node: held.digest for node, held in self.held.items()}, tuple(sorted(self.failures)))
        )
        for held in self.held.values():
            held.future = None  # the file is as good, and the scheduler can forget how the state was made

    def stop(self) -> None:
        """Keep what is done; what is still out is given up, so that it does not stand in the way."""
        self.client.cancel([future for out in self.in_flight.values() for future in (out.report, *out.states)])
        self.commit()

    def kept(self) -> str:
        return f"{self.done} of {self.plan.base_points} base points are kept; run the same command again to go on."

    def tell(self) -> None:
        self.reporter.update(Progress(self.done, self.plan.base_points, len(self.failures)))

    # futures ----------------------------------------------------------------------------------------------------------

    def check(self, future: Future, node: Node | None) -> None:
        """Refuse what failed. What is pending was lost with its worker after it was done, and is made again by Dask."""
        if future.status == "error":
            raise self.failure(future.exception(), node)
        if future.status in ("cancelled", "lost"):
            raise self.failure(CancelledError(), node)

    def result(self, future: Future, node: Node | None) -> Any:
        try:
            return future.result()
        except Exception as error:
            raise self.failure(error, node) from error

    def failure(self, error: BaseException | None, node: Node | None) -> DnnsaError:
        """A failed task in words; its own where it failed with words."""
        if isinstance(error, DnnsaError):
            return error
        if isinstance(error, CancelledError):
            return RunError(f"the Dask scheduler has lost a task ({error}): run the same command again to go on.")
        where = f" at {self.spelt(node)}" if node else ""
        return RunError(f"{type(error).__name__}{where}: {error}")

    def spelt(self, node: Node) -> str:
        size = self.plan.block << node.level
        return f"base points {node.number * size} to {(node.number + 1) * size - 1} of replicate {node.replicate}"


def _missing(node: Node, held: list[Node], level: int) -> Iterator[Node]:
    if any(other.covers(node) for other in held):
        return
    if node.level <= level and not any(node.covers(other) for other in held):
        yield node
        return
    for child in node.children:
        yield from _missing(child, held, level)


def _add(one: Ratio, other: Ratio) -> Ratio:
    return Ratio(one.numerator + other.numerator, one.denominator + other.denominator)
