"""The client's book: which leaves are out, which states wait for their sibling, what is committed."""

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from distributed import Client, Future, KilledWorker

from dnnsa.engine.block import Job
from dnnsa.engine.checkpoint import Checkpoint, Commit, restore, save
from dnnsa.engine.interrupts import deferred
from dnnsa.engine.plan import Plan
from dnnsa.engine.report import Progress, Reporter
from dnnsa.engine.tasks import Write, finalize, leaf, merge, pick, tell
from dnnsa.engine.tree import Node
from dnnsa.errors import DnnsaError, RunError, TooManyFailures
from dnnsa.estimators.base import Ratio

LEAF, MERGE, SAVE = 0, 10, 20  # priorities: what frees memory comes first
LOOK_EVERY = 5.0  # seconds between looks at how many workers there are


class Pending(NamedTuple):
    """A leaf in flight: it counts once its report and all its states are there."""

    node: Node  # part 0 stands for all parts
    report: Future
    states: tuple[Future, ...]


class Held(NamedTuple):
    """A merged state that waits for its sibling: in a worker's memory, in a committed file, or both."""

    future: Future | None
    digest: str  # of its committed file, "" for none
    files: frozenset[Node]  # whose files Dask would read again if a worker that holds it died


class Merging(NamedTuple):
    """A merge in flight; what it is made of is held until it is done."""

    future: Future
    files: frozenset[Node]


class Reduction:
    """One life of a study on one client. Every event is handled whole, in one thread, before the next is looked at."""

    def __init__(self, client: Client, job: Job, plan: Plan, checkpoint: Checkpoint, reporter: Reporter) -> None:
        self.client, self.job, self.plan, self.lean = client, job, plan, plan.lean()
        self.checkpoint, self.reporter = checkpoint, reporter
        self.life = uuid.uuid4().hex[:8]  # keys of another life on the same cluster are other keys
        self.events: SimpleQueue[tuple[Callable[[Any], None], Any]] = SimpleQueue()
        committed = checkpoint.read(plan)
        self.held = {node: Held(None, sha, frozenset({node})) for node, sha in committed.nodes.items()}
        self.failures = list(committed.failures)
        self.merging: dict[Node, Merging] = {}
        self.in_flight: dict[Node, Pending] = {}

    @property
    def done(self) -> int:
        """Base points in the states that are held."""
        return sum(self.plan.count(node.level, node.number) for node in self.held if node.part == 0)

    def slots(self) -> int:
        """Tasks that run at once."""
        try:
            return sum(int(threads) for threads in self.client.nthreads().values())
        except (OSError, CancelledError) as error:
            raise RunError("The Dask scheduler is gone.") from error

    def submit(self, function: Callable[..., Any], *args: Any, name: str, priority: int) -> Future:
        key = f"dnnsa-{function.__name__}-{self.life}-{name}-{uuid.uuid4().hex[:6]}"
        return self.client.submit(function, *args, key=key, priority=priority, pure=False)

    # the loop ---------------------------------------------------------------------------------------------------------

    def run(self, level: int, commit_every: float) -> None:
        """Run every block that is not held, until each replicate of each part is one state.

        Parameters
        ----------
        level
            A leaf takes 2^level blocks at most.
        commit_every
            Seconds between commits.
        """
        if self.held:
            self.reporter.say(f"resuming: {self.done} of {self.plan.base_points} base points are done already")
        self.check_failures()
        todo = deque(self.leaves(level))
        for node in list(self.held):
            self.climb(node)
        self.tell()
        with deferred(lambda: self.events.put((interrupt, None))):
            self.loop(todo, commit_every)

    def loop(self, todo: deque[Node], commit_every: float) -> None:
        committed = looked = time.monotonic()
        slots = self.slots()
        while todo or self.in_flight or self.merging:
            while todo and len(self.in_flight) < max(4, 2 * slots):
                self.start(todo.popleft())
            try:
                handle, thing = self.events.get(timeout=1.0)
            except Empty:
                if self.client.status != "running":
                    raise RunError("The Dask scheduler is gone.") from None
            else:
                handle(thing)
            if time.monotonic() - committed > commit_every:
                self.commit()
                committed = time.monotonic()
            if time.monotonic() - looked > LOOK_EVERY:  # workers come and go
                slots, looked = self.slots(), time.monotonic()
                if not slots:
                    self.reporter.say("there is no worker: waiting for one")

    def leaves(self, level: int) -> Iterator[Node]:
        """Nodes of at most this level that hold all missing blocks, each once; replicates advance side by side."""
        roots = [Node(0, replicate, self.plan.levels, 0) for replicate in range(self.plan.replicates)]
        held = [node for node in self.held if node.part == 0]
        missing = [node for root in roots for node in _missing(root, held, level)]
        return iter(sorted(missing, key=lambda node: (node.number << node.level, node.replicate)))

    def start(self, node: Node) -> None:
        """Send a leaf out."""
        name = f"{node.replicate}-{node.level}-{node.number}"
        made = self.submit(leaf, self.job, self.lean, node.replicate, node.level, node.number, name=name, priority=LEAF)
        report = self.submit(tell, made, name=name, priority=MERGE)
        parts = range(len(self.plan.parts))
        states = tuple(self.submit(pick, made, part, name=f"{name}-{part}", priority=MERGE) for part in parts)
        self.in_flight[node] = pending = Pending(node, report, states)
        waiting = {future.key for future in (report, *states)}

        def one_more(future: Future) -> None:
            waiting.discard(future.key)
            if not waiting:
                self.events.put((self.arrived, pending))

        for future in (report, *states):
            future.add_done_callback(one_more)

    def arrived(self, pending: Pending) -> None:
        """A leaf is done: its states wait for their siblings."""
        failures = self.result(pending.report, pending.node)
        for future in pending.states:
            self.check(future, pending.node)
        del self.in_flight[pending.node]
        self.failures += failures
        nodes = [pending.node._replace(part=part) for part in range(len(pending.states))]
        for node, future in zip(nodes, pending.states, strict=True):
            self.held[node] = Held(future, "", frozenset())
        for node in nodes:
            self.climb(node)
        self.tell()
        self.check_failures()

    def check_failures(self) -> None:
        allowed = self.job.study.max_failed * self.plan.base_points
        if len(self.failures) > allowed:
            raise TooManyFailures(
                f"{len(self.failures)} base points are in quarantine, more than max_failed: "
                f"{self.job.study.max_failed:g} allows of {self.plan.base_points}. The last one: "
                f"{self.failures[-1].cause}."
            )

    def climb(self, node: Node) -> None:
        """Merge a node with its sibling when both are there. They are held until the merge is done."""
        parent = node.parent
        if node.level == self.plan.levels or node.sibling not in self.held or parent in self.merging:
            return
        left, right = parent.children
        name = "-".join(map(str, parent))
        part = self.plan.parts[node.part]
        future = self.submit(merge, self.job, part, self.state(left), self.state(right), name=name, priority=MERGE)
        self.merging[parent] = Merging(future, self.held[left].files | self.held[right].files)
        future.add_done_callback(lambda _: self.events.put((self.merged, parent)))

    def merged(self, node: Node) -> None:
        """A merge is done: it stands for its children."""
        self.check(self.merging[node].future, node)
        future, files = self.merging.pop(node)
        self.held[node] = Held(future, "", files)
        for child in node.children:
            del self.held[child]
        self.climb(node)

    def state(self, node: Node) -> Future:
        """A held state as a future; what is only in a file is read by the worker that needs it."""
        held = self.held[node]
        if held.future is not None:
            return held.future
        part = self.plan.parts[node.part]
        path, name = self.checkpoint.file(node), "-".join(map(str, node))
        return self.submit(restore, self.job, self.lean, part, path, held.digest, name=name, priority=MERGE)

    def finish(self, write: Write) -> dict[str, dict[str, Ratio]]:
        """Have the maps written; a part's replicates meet in one worker. Returns sums over all cells."""
        futures = []
        for number, part in enumerate(self.plan.parts):
            roots = [Node(number, replicate, self.plan.levels, 0) for replicate in range(self.plan.replicates)]
            states = [self.state(root) for root in roots]
            futures.append(
                self.submit(finalize, self.job, self.lean, part, states, write, name=str(number), priority=SAVE)
            )
        sums: dict[str, dict[str, Ratio]] = {}
        for future in futures:
            for quantity, ratios in self.result(future, None):
                have = sums.setdefault(quantity, {})
                for name, ratio in ratios.items():
                    have[name] = have[name].plus(ratio) if name in have else ratio
        return sums

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
        saved = {node: self.result(future, node) for node, future in saving.items()}
        digests = {node: held.digest or saved[node] for node, held in self.held.items()}
        needed = frozenset[Node]().union(*(merging.files for merging in self.merging.values()))
        self.checkpoint.commit(self.plan, Commit(digests, tuple(sorted(self.failures))), needed)
        # A file is as good as a future, and the scheduler can forget how the state was made.
        self.held = {node: Held(None, sha, frozenset({node})) for node, sha in digests.items()}

    def stop(self) -> None:
        """Keep what is done; what is still out is given up, so that it does not stand in the way."""
        if self.client.status != "running" or not self.slots():
            raise RunError("there is no worker left to save it.")
        self.client.cancel([future for out in self.in_flight.values() for future in (out.report, *out.states)])
        self.commit()

    def tell(self) -> None:
        self.reporter.update(Progress(self.done, self.plan.base_points, len(self.failures)))

    # futures ----------------------------------------------------------------------------------------------------------

    def check(self, future: Future, node: Node | None) -> None:
        """Refuse what failed. What was lost with its worker after it was done is no failure: Dask makes it again."""
        if future.status == "error":
            raise self.failure(future.exception(), node)
        if future.status == "cancelled":
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
            return RunError("The Dask scheduler has lost a task.")
        if isinstance(error, KilledWorker) and node:
            return RunError(
                f"A run among {self.spelt(node)} ends the worker process that it is in (a crash, or too much memory), "
                "whichever it is: have the model raise instead."
            )
        where = f" at {self.spelt(node)}" if node else ""
        return RunError(f"{type(error).__name__}{where}: {str(error).rstrip('.')}.")

    def spelt(self, node: Node) -> str:
        first = (self.plan.block << node.level) * node.number
        last = first + self.plan.count(node.level, node.number) - 1
        return f"base points {first} to {last} of replicate {node.replicate}"


def interrupt(_: object) -> None:
    raise KeyboardInterrupt


def _missing(node: Node, held: list[Node], level: int) -> Iterator[Node]:
    if any(other.covers(node) for other in held):
        return
    if node.level <= level and not any(node.covers(other) for other in held):
        yield node
        return
    for child in node.children:
        yield from _missing(child, held, level)
