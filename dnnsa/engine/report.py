"""What the engine tells whoever watches."""

from typing import NamedTuple, Protocol


class Progress(NamedTuple):
    """How far a study has come."""

    done: int  # base points reduced, those in quarantine included
    total: int  # base points of the study
    quarantined: int  # base points with a run that failed, or an output that is not finite


class Reporter(Protocol):
    """Whoever watches: a terminal, a notebook, a log, or nobody."""

    def say(self, message: str) -> None: ...

    def update(self, progress: Progress) -> None: ...
