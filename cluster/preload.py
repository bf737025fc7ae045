"""What a worker process does when it starts, and each one that replaces it."""

import os
import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the client, and standard output too.

    A terminal sends Ctrl-C to all processes, and workers must outlive it: they hold the states that the client then
    commits. Standard output is for results; what a model prints goes to standard error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
