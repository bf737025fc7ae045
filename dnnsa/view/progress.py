"""How far a study is, for a person: a bar in a terminal or a notebook, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO


class State(Protocol):
    """How far a study has come, in base points."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...

    @property
    def quarantined(self) -> int: ...


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
        self.began: tuple[float, int] | None = None  # when, and with how many base points done
        self.last = float("-inf")

    def say(self, message: str) -> None:
        print(message, file=self.stream, flush=True)

    def update(self, progress: State) -> None:
        now = time.monotonic()
        self.began = self.began or (now, progress.done)
        if now - self.last < self.every and progress.done < progress.total:
            return
        self.last = now
        seconds, done = now - self.began[0], progress.done - self.began[1]
        rate = f", {done / seconds:.0f} base points/s" if done and seconds > 0 else ""
        quarantined = f", {progress.quarantined} in quarantine" if progress.quarantined else ""
        self.say(f"{progress.done} of {progress.total} base points{rate}{quarantined}")


class Bar:
    """A bar that lives while the study runs."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        self.console = Console(file=stream)
        self.bar = Progress(
            TextColumn("base points"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", style="yellow"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeLeft(),
            console=self.console,
        )
        self.task: Any = None

    def say(self, message: str) -> None:
        self.bar.console.print(message, highlight=False, soft_wrap=True, markup=False)

    def update(self, progress: State) -> None:
        note = f"{progress.quarantined} in quarantine" if progress.quarantined else ""
        if self.task is None:
            self.bar.start()
            self.task = self.bar.add_task("", total=progress.total, completed=progress.done, note=note)
        self.bar.update(self.task, completed=progress.done, note=note)

    def close(self) -> None:
        self.bar.stop()


@contextmanager
def watcher(stream: TextIO | None = None) -> Iterator[Bar | Lines]:
    """A bar where there is a terminal or a notebook, else plain lines; on stderr unless told otherwise."""
    from rich.console import Console

    stream = stream or sys.stderr
    console = Console(file=stream)
    if not (console.is_terminal or console.is_jupyter):
        yield Lines(stream)
        return
    bar = Bar(stream)
    try:
        yield bar
    finally:
        bar.close()
