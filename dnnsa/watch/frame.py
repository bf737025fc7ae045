"""How far a study is at one moment, for whoever shows it."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from dnnsa import store
from dnnsa.engine import Progress
from dnnsa.view.text import duration, pace
from dnnsa.watch.look import Look, committed_at, look
from dnnsa.watch.runs import SeenRuns

NONE = "none"
TASKS = 4096  # rows of the table of tasks that are read, the last ones
OVER = 60.0  # seconds that a rate is measured over


class Frame(NamedTuple):
    """A study at a moment. What is seen of its states may be a little older."""

    name: str
    store: str
    began: float  # when it did, in seconds since 1970
    status: str  # starting, running, complete, or why it is neither
    progress: Progress | None = None
    rate: float | None = None  # of what `progress` counts, a second
    committed: float | None = None  # when it was last, in seconds since 1970
    said: str = ""  # the last message
    warnings: tuple[str, ...] = ()
    look: Look | None = None

    @property
    def left(self) -> float | None:
        """Seconds until all is done, at this rate."""
        if self.progress is None or not self.rate or self.status != "running":
            return None
        return (self.progress.total - self.progress.done) / self.rate


def facts(frame: Frame, now: float) -> Iterator[tuple[str, str]]:
    """What is told of a study, and under which heading; ``now`` in seconds since 1970."""
    if told := frame.progress:
        yield told.unit, f"{told.done:,} of {told.total:,}"
        if frame.rate and frame.status == "running":
            yield "rate", pace(frame.rate, told.unit)
        if frame.left is not None:
            yield "time left", duration(frame.left)
        yield (
            "failed" if told.unit == "runs" else "in quarantine",
            f"{told.quarantined:,}" if told.quarantined else NONE,
        )
        if told.seen:
            yield "so far", told.seen
    if frame.status in ("starting", "running"):
        yield "running for", duration(now - frame.began)
    if frame.committed is not None:
        yield "last checkpoint", f"{duration(max(0.0, now - frame.committed))} ago"
    yield "store", frame.store


class Watched:
    """A store that is looked at again and again, from whichever host sees it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: float | None = None  # the commit that was looked at last
        self.look: Look | None = None
        self.rate: float | None = None
        self.runs = SeenRuns(path)

    def frame(self) -> Frame:
        """The study now. States are read again where there is a newer commit.

        Raises
        ------
        StoreError
            There is no store of dnnsa, or it is damaged.
        """
        attrs = store.attributes(self.path)
        committed = committed_at(self.path)
        if committed != self.seen:
            self.look, self.rate, self.seen = look(self.path), _rate(self.path), committed
        status = str(attrs["status"])
        if status == "running" and not store.is_held(self.path):
            status = "interrupted"
        done, out = int(attrs["base_points_done"]), int(attrs["base_points_quarantined"])
        began = datetime.fromisoformat(attrs["started"]).timestamp()
        runs = self.runs.progress(attrs)
        progress = runs or Progress(done, int(attrs["base_points"]), out)
        rate = self.runs.rate(began, time.time()) if runs else self.rate
        return Frame(str(attrs["name"]), str(self.path), began, status, progress, rate, committed, look=self.look)


def _rate(path: Path) -> float | None:
    """Base points a second, of the tasks that were the last to end; None before there are any."""
    tasks = store.read_tasks(path, ("began", "seconds", "base_points"), TASKS)
    began, ended = tasks["began"], tasks["began"] + tasks["seconds"]
    if not len(began):
        return None
    recent = ended >= ended.max() - OVER
    return float(tasks["base_points"][recent].sum() / (ended.max() - began[recent].min()))
