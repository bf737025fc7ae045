"""What a worker process does when it starts: leave Ctrl-C, which a terminal sends to all processes, to the client.

Workers must outlive it: they hold the states that the client then commits.
"""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by Dask in the main thread of a worker process, and again in each one that replaces it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
