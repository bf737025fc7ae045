"""What a cluster is: settings, and a way to a Dask client."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

Say = Callable[[str], None]  # tells the user one line


def quiet(line: str) -> None:
    """Nobody is told."""


class Cluster(Protocol):
    """A place where workers run. It does not know what a study is."""

    @property
    def kind(self) -> str: ...

    def open(self, say: Say = quiet) -> AbstractContextManager[Any]:
        """A ``distributed.Client`` of workers, which end with the context if they were started for it.

        Workers may come later: nothing waits for them here.
        """
        ...
