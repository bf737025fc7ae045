"""The client's book: which states wait for their sibling, which are merged, what is committed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from distributed import Client, Future, KilledWorker

from dnnsa.engine.block import Job
from dnnsa.engine.checkpoint import Checkpoint, Commit, Stored, name_of, save
from dnnsa.engine.interrupts import deferred
from dnnsa.engine.leaves import Leaves, Pace, listening
from dnnsa.engine.ledger import Done, Ledger, Report
from dnnsa.engine.plan import Plan, window
from dnnsa.engine.report import Progress, Reporter
from dnnsa.engine.submission import MERGE, SAVE, Submission, in_words, result, trouble
from dnnsa.engine.tasks import Write, finalize, merge, widths
from dnnsa.engine.tree import Node, missing
from dnnsa.engine.waiting import Waiting
from dnnsa.errors import RunError, TooManyFailures
from dnnsa.estimators.base import Ratio
from dnnsa.stopping import Narrow, Stop

LOOK_EVERY = 5.0  # seconds between looks at how many workers there are
FIRST_COMMIT = 5.0  # seconds; each next one waits twice as long, up to the interval that is asked for
GARBAGE = 2**31  # bytes of states in files, merged since the last commit, that ask for another
UNSAVED = 0.25  # share of the workers' memory that states may have which are in no file yet
ATTEMPTS = 3  # at a merge or a save whose worker dies


class Held(NamedTuple):
    """A state that waits for its sibling: in a worker's memory or in a file."""

    state: Future | Stored
    files: frozenset[Path]  # that Dask would read again if a worker that holds it died


class Merging(NamedTuple):
    """A merge in flight; what it is made of is held until it is done."""

    future: Future
    files: frozenset[Path]


class Saving(NamedTuple):
    """A commit on its way: a moment of the book, whose states are being written."""

    stored: dict[Node, Stored]  # those that are in files
    waiting: dict[Node, Future]  # those that workers write
    ledger: Ledger
    garbage: frozenset[Path]  # files that nothing needs once it is done


class Reduction:
    """One life of a study on one client. Every event is handled whole, in one thread, before the next is looked at."""

    def __init__(
        self,
        client: Client,
        job: Job,
        plan: Plan,
        checkpoint: Checkpoint,
        pace: Pace,
        reporter: Reporter,
        record: Callable[[int, Sequence[Done]], None],
        noted: Callable[[int, Ledger], None],
    ) -> None:
        self.client, self.job, self.plan, self.lean = client, job, plan, plan.lean()
        self.checkpoint, self.reporter, self.record, self.noted = checkpoint, reporter, record, noted
        self.dask = Submission(client)
        commit = checkpoint.read(plan)
        checkpoint.sweep(commit)
        self.committed: Mapping[Node, Stored] = {
            node: checkpoint.stored(node, sha) for node, sha in commit.nodes.items()
        }
        self.held = {node: Held(stored, frozenset()) for node, stored in self.committed.items()}
        self.ledger = commit.ledger
        self.merging: dict[Node, Merging] = {}
        self.deaths: Counter[Node] = Counter()  # of merges and saves
        self.garbage: dict[Path, int] = {}  # file -> bytes
        self.saving: Saving | None = None
        self.level = 0
        self.leaves = Leaves(self.dask, job, self.lean, checkpoint, self.ledger, pace, reporter, self.arrived)

    @property
    def done(self) -> int:
        """Base points whose states of all parts are held."""
        counts = [0] * len(self.plan.parts)
        for node in (*self.held, *self.merging):
            if node in self.merging or node.parent not in self.merging:
                counts[node.part] += self.plan.count(node.level, node.number)
        return min(counts)

    # the loop ---------------------------------------------------------------------------------------------------------

    def run(self, level: int, commit_every: float) -> None:
        """Run every block that is not held, until each replicate of each part is one state, and that is committed.

        Parameters
        ----------
        level
            A leaf takes 2^level blocks at most.
        commit_every
            Seconds between commits; the first ones come sooner.
        """
        self.level = level
        if self.held:
            self.reporter.say(f"resuming: {self.done} of {self.plan.base_points} base points are done already")
        self.check_failures()
        roots = [root for part in range(len(self.plan.parts)) for root in self.roots(part)]
        self.ask_for(node for root in roots for node in missing(root, [*self.held], level))
        for node in list(self.held):
            self.climb(node)
        self.tell()
        topic, heard = listening(self.leaves)
        self.client.subscribe_topic(topic, heard)
        try:
            with deferred(lambda: self.dask.events.put(interrupt)):
                self.loop(commit_every)
        finally:
            if self.client.status == "running":
                self.client.unsubscribe_topic(topic)

    def loop(self, commit_every: float) -> None:
        wait = min(FIRST_COMMIT, commit_every)
        committed, looked, slots, room = time.monotonic(), 0.0, 0, 0.0
        waiting = Waiting(self.reporter.say)
        last: Saving | None = None  # the commit of the whole
        while (busy := bool(self.leaves.busy or self.merging)) or not (last and self.committed is last.stored):
            if time.monotonic() - looked > LOOK_EVERY:  # workers come and go
                slots, room, looked = self.dask.slots(), self.room(), time.monotonic()
                waiting.look(slots, looked)
            unsaved = self.unsaved()
            if unsaved < 2 * room or not self.saving:
                self.leaves.fill(window(slots))
            if not self.merging:
                self.leaves.isolate()
            full = unsaved > room or sum(self.garbage.values()) > GARBAGE
            begins = not self.saving and (full or not busy or time.monotonic() - committed > wait)
            if begins:
                saving = self.begin_commit()
                last = None if busy else saving
                committed, wait = time.monotonic(), min(2 * wait, commit_every)
            if handle := self.dask.next(0.0 if begins else 1.0):
                handle()

    def room(self) -> float:
        """Bytes of states that the workers may hold which are in no file."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return UNSAVED * sum(worker["memory_limit"] or 2**32 for worker in workers)

    def unsaved(self) -> int:
        return sum(self.size(node) for node, held in self.held.items() if isinstance(held.state, Future))

    def size(self, node: Node) -> int:
        return sum(self.plan.slab_bytes(slab) for slab in self.plan.parts[node.part])

    def roots(self, part: int) -> list[Node]:
        return [Node(part, replicate, self.plan.levels, 0) for replicate in range(self.plan.replicates)]

    def ask_for(self, nodes: Iterator[Node]) -> None:
        """Have leaves run, those of all parts at once; replicates advance side by side."""
        wanted = {node._replace(part=0) for node in nodes}
        known = {*self.leaves.todo, *self.leaves.in_flight, *self.leaves.suspects}
        new = [node for node in wanted if not any(other.covers(node) for other in known)]
        self.leaves.todo.extend(sorted(new, key=lambda node: (node.number << node.level, node.replicate)))

    def arrived(self, node: Node, states: Sequence[Future | str], report: Report) -> None:
        """A leaf is there: its states wait for their siblings. Those of parts that have its blocks are not needed."""
        start, count = self.plan.span(node.level, node.number)
        self.ledger.add(node, report, start, count)
        if len(self.ledger.machines) > 1:
            self.warn_of_a_mix()
        nodes = [node._replace(part=part) for part in range(len(states))]
        new = [(one, state) for one, state in zip(nodes, states, strict=True) if not self.is_in(one)]
        for one, state in new:
            self.held[one] = Held(self.checkpoint.stored(one, state) if isinstance(state, str) else state, frozenset())
        for one, _ in new:
            self.climb(one)
        self.tell()
        self.check_failures()

    def is_in(self, node: Node) -> bool:
        """Whether a node's blocks are in a state that is held or in the making."""
        while node.level <= self.plan.levels:
            if node in self.held or node in self.merging:
                return True
            node = node.parent
        return False

    def warn_of_a_mix(self) -> None:
        if not self.mixed:
            self.reporter.say(
                "warning: blocks run on machines that differ, so that last bits may too: "
                + " and ".join(sorted(self.ledger.machines))
            )
        self.mixed = True

    mixed = False

    def check_failures(self) -> None:
        allowed = self.job.study.max_failed * self.plan.base_points
        if len(self.ledger) > allowed:
            raise TooManyFailures(
                f"{len(self.ledger)} base points are in quarantine, more than max_failed: "
                f"{self.job.study.max_failed:g} allows of {self.plan.base_points}. The last one: "
                f"{self.ledger.failures[-1].cause}."
            )

    # merges -----------------------------------------------------------------------------------------------------------

    def climb(self, node: Node) -> None:
        """Merge a node with its sibling when both are there. They are held until the merge is done."""
        parent = node.parent
        if node.level == self.plan.levels or parent in self.merging:
            return
        if node not in self.held or node.sibling not in self.held:
            return
        left, right = (self.held[child] for child in parent.children)
        files = self.checkpoint if self.plan.in_files else None
        future = self.dask.submit(
            merge,
            *(self.job, self.lean, parent, left.state, right.state, files),
            name=name_of(parent),
            priority=MERGE,
        )
        read = frozenset(held.state.path for held in (left, right) if isinstance(held.state, Stored))
        self.merging[parent] = Merging(future, read | left.files | right.files)
        self.dask.then([future], partial(self.merged, parent, future))

    def merged(self, node: Node, future: Future) -> None:
        """A merge is done: it stands for its children."""
        if node not in self.merging or self.merging[node].future is not future:
            return
        error = trouble(future)
        if isinstance(error, KilledWorker):
            self.broken(node)
            return
        if error:
            raise in_words(error, self.leaves.spelt(node)) from error
        state: Future | Stored = self.checkpoint.stored(node, result(future)) if self.plan.in_files else future
        files = self.merging.pop(node).files
        self.held[node] = Held(state, frozenset() if isinstance(state, Stored) else files)
        for child in node.children:
            held = self.held.pop(child)
            if isinstance(held.state, Stored):
                self.garbage[held.state.path] = self.size(child)
        self.climb(node)

    def broken(self, node: Node) -> None:
        """A merge has died, or something that it is made of has: that is made again."""
        del self.merging[node]
        self.died("Merging", node)
        for child in node.children:
            state = self.held[child].state
            if isinstance(state, Future) and trouble(state):
                self.lost(child)
        self.climb(node.children[0])

    def died(self, doing: str, node: Node) -> None:
        """A worker has died of a node: once more, and it is told."""
        self.deaths[node] += 1
        if self.deaths[node] > ATTEMPTS:
            raise RunError(
                f"{doing} the states of {self.leaves.spelt(node)} ends the worker process: give workers more memory."
            )

    def lost(self, node: Node) -> None:
        """A state can not be had any more: what is committed of it is taken up again, the rest is run again."""
        del self.held[node]
        inside = [other for other in self.committed if node.covers(other)]
        for other in inside:
            self.held[other] = Held(self.committed[other], frozenset())
        gone = list(missing(node, inside, self.level))
        for leaf in gone:
            self.ledger.forget(leaf, self.plan.block)
        self.ask_for(iter(gone))
        for other in inside:
            self.climb(other)

    # commits ----------------------------------------------------------------------------------------------------------

    def begin_commit(self) -> Saving:
        """Have the workers write what is held and in no file yet; then a manifest names it all."""
        stored = {node: held.state for node, held in self.held.items() if isinstance(held.state, Stored)}
        self.saving = saving = Saving(stored, {}, self.ledger.copied(), frozenset(self.garbage))
        for node, held in self.held.items():
            if isinstance(held.state, Future):
                future = self.dask.submit(save, held.state, self.checkpoint, node, name=name_of(node), priority=SAVE)
                saving.waiting[node] = future
        for node, future in saving.waiting.items():
            self.dask.then([future], partial(self.saved, saving, node, future))
        if not saving.waiting:
            self.end_commit(saving)
        return saving

    def saved(self, saving: Saving, node: Node, future: Future) -> None:
        if self.saving is not saving:
            return
        if isinstance(trouble(future), KilledWorker):  # the last commit stands
            self.saving = None
            self.died("Saving", node)
            if node in self.held and isinstance(state := self.held[node].state, Future) and trouble(state):
                self.lost(node)
            return
        saving.stored[node] = self.checkpoint.stored(node, result(future))
        del saving.waiting[node]
        if not saving.waiting:
            self.end_commit(saving)

    def end_commit(self, saving: Saving) -> None:
        """The manifest is the commit. A file is as good as a future, and Dask can forget how the state was made."""
        if saving.ledger.done:
            self.record(saving.ledger.recorded, saving.ledger.done)
        self.checkpoint.commit(self.plan, Commit({node: one.sha for node, one in saving.stored.items()}, saving.ledger))
        self.ledger.were_recorded(len(saving.ledger.done))
        self.saving, self.committed = None, saving.stored
        for node, one in saving.stored.items():
            if node in self.held:
                self.held[node] = Held(one, frozenset())
            else:
                self.garbage[one.path] = self.size(node)  # merged meanwhile
        named = {one.path for one in saving.stored.values()}
        read = {path for held in self.held.values() for path in held.files}
        read |= {path for merging in self.merging.values() for path in merging.files}
        for path in saving.garbage - named - read:
            path.unlink(missing_ok=True)
            del self.garbage[path]
        done = sum(self.plan.count(node.level, node.number) for node in saving.stored if node.part == 0)
        self.noted(done, saving.ledger)

    def commit(self) -> None:
        """Commit now, whatever else there is to do.

        Raises
        ------
        RunError
            A state cannot be had or written; the last commit stands.
        """
        saving = self.begin_commit()
        while self.committed is not saving.stored:
            handle = self.dask.next(1.0)
            if isinstance(handle, partial) and handle.func == self.saved:
                handle()
            if self.saving is not saving and self.committed is not saving.stored:
                raise RunError("a worker died with what it had to save.")
            if not self.dask.slots():
                raise RunError("there is no worker left to save it.")

    def stop(self) -> None:
        """Keep what is done; what is still out is given up, so that it does not stand in the way."""
        if self.client.status != "running" or not self.dask.slots():
            raise RunError("there is no worker left to save it.")
        self.leaves.give_up()
        self.commit()

    def tell(self) -> None:
        self.reporter.update(Progress(self.done, self.plan.base_points, len(self.ledger)))

    # results ----------------------------------------------------------------------------------------------------------

    def stored(self, part: int) -> list[Stored]:
        """The replicates' states of a part, all of them committed."""
        return [self.committed[root] for root in self.roots(part)]

    def narrowness(self, stop: Stop) -> dict[str, Narrow]:
        """How many cells of each quantity are known narrowly enough, after a commit of the whole."""
        counts: dict[str, Narrow] = {}
        for found in self.of_parts(widths, stop):
            for quantity, one in found:
                counts[quantity] = counts.get(quantity, Narrow(0, 0)).plus(one)
        return counts

    def finish(self, write: Write) -> dict[str, dict[str, Ratio]]:
        """Have the maps written, after a commit of the whole; a part's replicates meet in one worker.

        Returns sums over all cells.
        """
        sums: dict[str, dict[str, Ratio]] = {}
        for written in self.of_parts(finalize, write):
            for quantity, ratios in written:
                have = sums.setdefault(quantity, {})
                for name, ratio in ratios.items():
                    have[name] = have[name].plus(ratio) if name in have else ratio
        return sums

    def of_parts(self, function: Callable[..., Any], *args: Any) -> Iterator[Any]:
        """What a task returns for each part."""
        futures = [
            self.dask.submit(
                function, self.job, self.lean, part, self.stored(part), *args, name=str(part), priority=SAVE
            )
            for part in range(len(self.plan.parts))
        ]
        for future in futures:
            try:
                yield result(future)
            except KilledWorker as error:
                raise RunError("Writing the maps ends the worker process: give workers more memory.") from error


def interrupt() -> None:
    raise KeyboardInterrupt
