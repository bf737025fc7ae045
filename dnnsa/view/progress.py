"""How far a study is, for a person: a bar in a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO

from dnnsa.view.recent import Recent
from dnnsa.view.text import duration, pace


class State(Protocol):
    """How far a study has come, in base points or in runs."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...

    @property
    def quarantined(self) -> int: ...

    @property
    def unit(self) -> str: ...

    @property
    def seen(self) -> str: ...


class Quiet:
    """Nobody watches."""

    def say(self, message: str) -> None:
        pass

    def update(self, progress: State) -> None:
        pass


class Lines:
    """Plain lines, one every few seconds at most, for logs."""

    def __init__(self, stream: TextIO, every: float = 5.0) -> None:
        self.stream, self.every = stream, every
        self.recent, self.counted = Recent(), ("", 0)  # what is counted, and of how many
        self.last = float("-inf")

    def say(self, message: str) -> None:
        print(message, file=self.stream, flush=True)

    def update(self, progress: State) -> None:
        now = time.monotonic()
        rate = self.recent.rate(now, progress.done, progress.unit, progress.total)
        if self.counted != (progress.unit, progress.total):
            self.counted, self.last = (progress.unit, progress.total), float("-inf")
        if now - self.last < self.every and progress.done < progress.total:
            return
        self.last = now
        told = [f"{progress.done} of {progress.total} {progress.unit}", *_speed(progress, rate), *_notes(progress)]
        self.say(", ".join(told))


class Bar:
    """A bar that lives while the study runs."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.console = Console(file=stream)
        self.bar = Progress(
            TextColumn("{task.fields[unit]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", style="yellow"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self.console,
        )
        self.task: Any = None
        self.unit, self.total = "", 0
        self.recent = Recent()

    def say(self, message: str) -> None:
        self.bar.console.print(message, highlight=False, soft_wrap=True, markup=False)

    def update(self, progress: State) -> None:
        now = time.monotonic()
        if self.unit != progress.unit or self.total != progress.total:  # runs, then base points, then more of them
            self.bar.start()
            self.unit, self.total = progress.unit, progress.total
            self.task = self.bar.add_task(
                "", total=self.total, completed=progress.done, note="", left="", unit=self.unit
            )
        rate = self.recent.rate(now, progress.done, progress.unit, progress.total)
        speed = [pace(rate, progress.unit)] if rate and progress.unit == "runs" else []
        note = ", ".join([*speed, *_notes(progress)])
        self.bar.update(self.task, completed=progress.done, note=note, left=_left(progress, rate))

    def close(self) -> None:
        self.bar.stop()


def _left(progress: State, rate: float) -> str:
    """``7 min 30 s left``; nothing where it cannot be told, or nothing is left."""
    rest = progress.total - progress.done
    return f"{duration(rest / rate)} left" if rate and rest else ""


def _speed(progress: State, rate: float) -> list[str]:
    """How fast it goes, and what is left of runs, which may take hours."""
    if not rate:
        return []
    left = _left(progress, rate) if progress.unit == "runs" else ""
    return [pace(rate, progress.unit), *([left] if left else [])]


def _notes(progress: State) -> list[str]:
    told = "failed" if progress.unit == "runs" else "in quarantine"
    return [progress.seen] * bool(progress.seen) + [f"{progress.quarantined} {told}"] * bool(progress.quarantined)


@contextmanager
def watcher(stream: TextIO | None = None) -> Iterator[Bar | Lines]:
    """A bar where there is a terminal, else plain lines; on stderr unless told otherwise."""
    from rich.console import Console

    stream = stream or sys.stderr
    if not Console(file=stream).is_terminal:
        yield Lines(stream)
        return
    bar = Bar(stream)
    try:
        yield bar
    finally:
        bar.close()
