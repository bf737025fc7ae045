"""What is on record of a study beside its states: who failed, how often something was tried again, and where it ran."""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from dnnsa.engine.block import Failure
from dnnsa.engine.places import Place
from dnnsa.engine.tree import Node

Span = tuple[int, int, int]  # replicate, first block, block after the last


class Report(NamedTuple):
    """What a leaf tells the client."""

    failures: tuple[Failure, ...]
    retried: int  # attempts that failed and then did not
    machine: str  # as `machine.machine` tells it
    place: Place
    began: float  # seconds since 1970
    seconds: float


class Done(NamedTuple):
    """A leaf that has arrived, as the store's table of tasks has it."""

    replicate: int
    start: int  # its first base point, by number in the replicate
    base_points: int
    worker: str
    host: str
    machine: int  # place among the ledger's machines
    began: float  # seconds since 1970
    seconds: float
    retried: int  # attempts that failed and then did not
    failed: int  # base points


class Ledger:
    """The client's record. It goes into every commit, so that it and the states tell of the same blocks."""

    def __init__(self) -> None:
        self._failures: dict[tuple[int, int], Failure] = {}  # by replicate and number
        self.condemned: dict[tuple[int, int], Failure] = {}  # base points that are not run again: they end their worker
        self.retried = 0
        self._machines: dict[str, list[Span]] = {}  # machine -> the blocks that ran there
        self.recorded = 0  # tasks that stand in the store's table
        self.done: list[Done] = []  # those that do not yet

    @property
    def failures(self) -> list[Failure]:
        """Base points in quarantine, in order."""
        return [self._failures[key] for key in sorted(self._failures)]

    def __len__(self) -> int:
        return len(self._failures)

    @property
    def machines(self) -> Mapping[str, list[Span]]:
        """Which blocks ran on which machines, as `machine.machine` tells them."""
        return self._machines

    def add(self, node: Node, report: Report, start: int, base_points: int) -> None:
        """The report of a leaf, which has so many base points from number ``start`` of its replicate on."""
        self._failures |= {(failure.replicate, failure.number): failure for failure in report.failures}
        self.retried += report.retried
        _insert(self._machines.setdefault(report.machine, []), span_of(node))
        self.done.append(
            Done(
                replicate=node.replicate,
                start=start,
                base_points=base_points,
                worker=report.place.worker,
                host=report.place.host,
                machine=list(self._machines).index(report.machine),
                began=report.began,
                seconds=report.seconds,
                retried=report.retried,
                failed=len(report.failures),
            )
        )

    def forget(self, node: Node, block: int) -> None:
        """Drop what a leaf has reported, which is run again; ``block`` is in base points."""
        replicate, first, end = span_of(node)
        for key in [key for key in self._failures if key[0] == replicate and first <= key[1] // block < end]:
            del self._failures[key]
        for machine, spans in self._machines.items():
            self._machines[machine] = [rest for span in spans for rest in _without(span, (replicate, first, end))]

    def condemned_in(self, node: Node, block: int) -> dict[int, Failure]:
        """Base points of a leaf that are not to be run, by number."""
        replicate, first, end = span_of(node)
        inside = (key for key in self.condemned if key[0] == replicate and first <= key[1] // block < end)
        return {key[1]: self.condemned[key] for key in inside}

    def copied(self) -> "Ledger":
        return copy.deepcopy(self)

    def were_recorded(self, count: int) -> None:
        """The next so many tasks stand in the store's table now."""
        self.recorded += count
        del self.done[:count]

    def told(self) -> dict[str, Any]:
        """As values of JSON, once the tasks that are done have been recorded."""
        return {
            "failures": self.failures,
            "condemned": list(self.condemned.values()),
            "retried": self.retried,
            "machines": self._machines,
            "recorded": self.recorded + len(self.done),
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Ledger":
        """The ledger that `told` told."""
        ledger = cls()
        ledger._failures = {(f[0], f[1]): Failure(*f) for f in told["failures"]}
        ledger.condemned = {(f[0], f[1]): Failure(*f) for f in told["condemned"]}
        ledger.retried, ledger.recorded = int(told["retried"]), int(told["recorded"])
        ledger._machines = {str(name): [(s[0], s[1], s[2]) for s in spans] for name, spans in told["machines"].items()}
        return ledger


def span_of(node: Node) -> Span:
    return node.replicate, node.number << node.level, (node.number + 1) << node.level


def _insert(spans: list[Span], span: Span) -> None:
    """Add a span to disjoint ones, neighbours as one."""
    replicate, first, end = span
    for other in [s for s in spans if s[0] == replicate and (s[2] == first or s[1] == end)]:
        spans.remove(other)
        first, end = min(first, other[1]), max(end, other[2])
    spans.append((replicate, first, end))


def _without(span: Span, gone: Span) -> list[Span]:
    """What is left of a span."""
    replicate, first, end = span
    if replicate != gone[0]:
        return [span]
    left = [(replicate, first, min(end, gone[1])), (replicate, max(first, gone[2]), end)]
    return [one for one in left if one[1] < one[2]]
