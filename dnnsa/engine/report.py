"""What the engine tells whoever watches."""

from typing import NamedTuple, Protocol


class Progress(NamedTuple):
    """How far a study has come: base points that are reduced, or dear runs that are made."""

    done: int  # those that failed included
    total: int
    quarantined: int  # base points with a run that failed, or an output that is not finite; runs that failed
    unit: str = "base points"
    seen: str = ""  # what runs gave so far, in words


class Reporter(Protocol):
    """Whoever watches: a terminal, a notebook, a log, or nobody."""

    def say(self, message: str) -> None: ...

    def update(self, progress: Progress) -> None: ...
