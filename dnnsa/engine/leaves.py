"""Leaves on their way: a window of them, and what becomes of those that die, hang, or fail as a whole."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from distributed import Future, KilledWorker

from dnnsa.engine.block import Failure, Job
from dnnsa.engine.checkpoint import Checkpoint, name_of
from dnnsa.engine.isolation import Elsewhere, Trial, trial
from dnnsa.engine.ledger import Ledger, Report
from dnnsa.engine.limits import LATE
from dnnsa.engine.places import Place, Trust, elsewhere, places
from dnnsa.engine.plan import Plan
from dnnsa.engine.report import Reporter
from dnnsa.engine.submission import LEAF, MERGE, Submission, in_words, result, trouble
from dnnsa.engine.tasks import Leaf, leaf, pick, tell
from dnnsa.engine.tree import Node
from dnnsa.errors import RunError

BELIEVED = 3  # tasks that fail as a whole in two places, before one is enough
Arrived = Callable[[Node, Sequence[Any], Report], None]  # a future for each part, or the SHA-256 of its file


class Pace(NamedTuple):
    """Seconds that are expected and allowed."""

    block: float  # expected of a block
    base_point: float  # allowed to a base point by itself

    def allowed(self, plan: Plan, generous: bool) -> float:
        """To runs that are asked of the model at once; generously, as much as each of its base points by itself."""
        if generous:
            return self.base_point * plan.at_once
        return self.base_point + 20 * self.block * plan.at_once / plan.block


class Pending(NamedTuple):
    """A leaf in flight: it counts once its report and all its states are there."""

    report: Future
    states: tuple[Future, ...]  # none where they are in files
    been: frozenset[Place]  # where all its base points failed before


class Leaves:
    """The leaves of a study, until they have arrived.

    A leaf whose worker dies again and again, or that takes too long, is a suspect. When nothing else is left to do, its
    base points are tried one by one, alone; those that end their worker are left out, and it is sent out again.
    """

    def __init__(
        self,
        dask: Submission,
        job: Job,
        plan: Plan,
        checkpoint: Checkpoint,
        ledger: Ledger,
        pace: Pace,
        reporter: Reporter,
        arrived: Arrived,
    ) -> None:
        self.dask, self.job, self.plan, self.checkpoint, self.ledger = dask, job, plan, checkpoint, ledger
        self.pace, self.reporter, self.arrived = pace, reporter, arrived
        self.todo: deque[Node] = deque()
        self.in_flight: dict[Node, Pending] = {}
        self.suspects: deque[Node] = deque()
        self.on_trial: Node | None = None
        self.attempts: Counter[Node] = Counter()  # sent out again: 1, its base points tried; 2, one by one
        self.trust = Trust(dask.client, reporter)
        self.believed = 0

    @property
    def busy(self) -> bool:
        return bool(self.todo or self.in_flight or self.suspects or self.on_trial)

    def fill(self, window: int) -> None:
        """Send out leaves until there is a window of them."""
        while self.todo and len(self.in_flight) < window:
            self.start(self.todo.popleft())

    def start(self, node: Node, been: frozenset[Place] = frozenset(), workers: Collection[str] = ()) -> None:
        name, again = name_of(node), self.attempts[node]
        seconds = self.pace.allowed(self.plan, generous=again > 0)
        condemned = self.ledger.condemned_in(node, self.plan.block)
        files = self.checkpoint if self.plan.in_files else None
        made = self.dask.submit(
            leaf,
            *(self.job, self.plan, node, condemned, seconds, files, again > 1, self.dask.life),
            name=name,
            priority=LEAF,
            workers=workers,
        )
        states: tuple[Future, ...] = ()
        report = made
        if files is None:
            report = self.dask.submit(tell, made, name=name, priority=MERGE)
            parts = range(len(self.plan.parts))
            states = tuple(self.dask.submit(pick, made, part, name=f"{name}-{part}", priority=MERGE) for part in parts)
        self.in_flight[node] = pending = Pending(report, states, been)
        self.dask.then((report, *states), partial(self.came, node, pending))

    def came(self, node: Node, pending: Pending) -> None:
        """A leaf is done, or dead."""
        if self.in_flight.get(node) is not pending:
            return  # given up meanwhile
        try:
            for future in (pending.report, *pending.states):
                if error := trouble(future):
                    raise error
            told = result(pending.report)
        except KilledWorker:
            self.suspect(node)
            return
        except Exception as error:
            raise in_words(error, self.spelt(node)) from error
        report: Report = told.report if isinstance(told, Leaf) else told
        if self.is_doubtful(node, pending, report):
            return
        del self.in_flight[node]
        self.arrived(node, told.states if isinstance(told, Leaf) else pending.states, report)

    def give_up(self) -> None:
        """Call back what is out, so that it does not stand in the way."""
        for pending in self.in_flight.values():
            self.dask.client.cancel([pending.report, *pending.states])
        self.in_flight.clear()

    # a whole bad machine ----------------------------------------------------------------------------------------------

    def is_doubtful(self, node: Node, pending: Pending, report: Report) -> bool:
        """Whether all base points of a leaf failed where no other place has confirmed it; then it goes there."""
        count = self.plan.count(node.level, node.number)
        failed = len(report.failures) == count > len(self.ledger.condemned_in(node, self.plan.block))
        if not failed:
            for place in pending.been:
                self.trust.strike(place)
            return False
        if pending.been or self.believed >= BELIEVED:
            self.believed += bool(pending.been)
            return False
        been = frozenset({report.place})
        others = elsewhere(places(self.dask.client), been)
        if others:
            self.start(node, been, others)
        return bool(others)

    # runs that end or hang their worker -------------------------------------------------------------------------------

    def late(self, message: Any) -> None:
        """A worker tells that a leaf takes longer than it may. Called for every client of the cluster."""
        life, *node = message["word"]
        named = Node(*node)
        if life != self.dask.life or named not in self.in_flight:
            return
        if not message["ended"]:
            raise RunError(
                f"Runs among {self.spelt(named)} take longer than the {self.pace.allowed(self.plan, False):.3g} s that "
                "they may, and their worker has no nanny that would start it again after they are ended: set a larger "
                "`time_limit`, or use workers with a nanny."
            )
        pending = self.in_flight[named]
        self.dask.client.cancel([pending.report, *pending.states])
        self.suspect(named)

    def suspect(self, node: Node) -> None:
        """A leaf has ended its worker, or hung."""
        self.in_flight.pop(node, None)
        self.attempts[node] += 1
        if self.attempts[node] > 2:
            raise RunError(
                f"Runs among {self.spelt(node)} end the worker process that they are in (a crash, too much memory, or "
                "a hang), and none of its base points does by itself: give workers more memory, or a larger "
                "`time_limit`."
            )
        if self.attempts[node] == 1:
            self.suspects.append(node)
        else:
            self.todo.append(node)

    def isolate(self) -> None:
        """Try the base points of the next suspect, one by one; nothing else may be in flight."""
        if self.suspects and not (self.todo or self.in_flight or self.on_trial):
            self.on_trial = self.suspects.popleft()
            self.reporter.say(f"warning: {self.spelt(self.on_trial)} end their worker or hang: looking for which")
            self.journal(self.on_trial).unlink(missing_ok=True)
            self.journal(self.on_trial).parent.mkdir(parents=True, exist_ok=True)
            self.try_all(frozenset())

    def journal(self, node: Node) -> Path:
        return self.checkpoint.folder / f"{name_of(node)}.trial"

    def try_all(self, been: frozenset[Place]) -> None:
        assert self.on_trial is not None
        node = self.on_trial
        there = places(self.dask.client)
        apart = "host" if len({one.host for one in there.values()}) > 1 else "worker" if len(there) > 1 else ""
        others = elsewhere(there, been) if been else []
        if been and not others:  # where it died is all that is left
            apart = ""
        condemned = self.ledger.condemned_in(node, self.plan.block)
        future = self.dask.submit(
            trial,
            *(self.job, self.plan, node, condemned, self.journal(node), self.pace.base_point, apart),
            name=name_of(node),
            priority=LEAF,
            workers=others,
        )
        written = self.size(node)
        self.dask.then([future], partial(self.tried, node, future, written))

    def size(self, node: Node) -> int:
        return self.journal(node).stat().st_size if self.journal(node).exists() else 0

    def tried(self, node: Node, future: Future, written: int) -> None:
        """A trial has ended: the guilty ones are left out, and the leaf goes out again."""
        if node != self.on_trial:
            return
        error = trouble(future)
        if isinstance(error, Elsewhere):
            self.try_all(frozenset(error.been))
            return
        if isinstance(error, KilledWorker):
            if self.size(node) == written:
                raise RunError(f"Workers die when {self.spelt(node)} are tried, before any is run.") from error
            self.try_all(frozenset())
            return
        found: Trial = result(future)
        self.condemn(found.guilty)
        for place in found.bad:
            self.trust.strike(place)
        self.journal(node).unlink(missing_ok=True)
        self.on_trial = None
        self.todo.append(node)

    def condemn(self, guilty: Sequence[Failure]) -> None:
        for failure in guilty:
            self.ledger.condemned[failure.replicate, failure.number] = failure
            self.reporter.say(
                f"warning: base point {failure.number} of replicate {failure.replicate} {failure.cause}: it is left out"
            )

    def spelt(self, node: Node) -> str:
        first = (self.plan.block << node.level) * node.number
        last = first + self.plan.count(node.level, node.number) - 1
        return f"base points {first} to {last} of replicate {node.replicate}"


def listening(leaves: Leaves) -> tuple[str, Callable[[Any], None]]:
    """The topic to subscribe to, and what to do with its events: they are put in the queue, for the one thread."""

    def heard(event: tuple[float, Any]) -> None:
        leaves.dask.events.put(partial(leaves.late, event[1]))

    return LATE, heard
