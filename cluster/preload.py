"""What a worker process does when it starts, and each one that replaces it."""

import os
import signal
from typing import Any

from dnnsa.cluster import gpus
from dnnsa.cluster.drain import Drain, job_of


async def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the client, and standard output to the results.

    What a model prints goes to standard error. A worker whose job has an end leaves before it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
    gpus.take(str(worker.name), os.environ)
    if job := job_of(os.environ):
        await worker.plugin_add(Drain(job))
