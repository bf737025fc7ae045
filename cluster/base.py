"""What a cluster is: settings, and a way to a Dask client."""

from contextlib import AbstractContextManager
from typing import Any, Protocol


class Cluster(Protocol):
    """A place where workers run. It does not know what a study is."""

    @property
    def kind(self) -> str: ...

    def open(self) -> AbstractContextManager[Any]:
        """A ``distributed.Client`` of running workers, which end with the context."""
        ...
