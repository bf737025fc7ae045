"""The package dask-jobqueue, without what its import does to the process."""

import signal
import sys
import threading
from typing import Any

from dnnsa.errors import ClusterError


def jobqueue() -> Any:
    """The module ``dask_jobqueue``. Its import makes Ctrl-C an exit with status 0, which is undone.

    Raises
    ------
    ClusterError
        It is not the main thread that asks first.
    """
    if "dask_jobqueue" not in sys.modules and threading.current_thread() is not threading.main_thread():
        raise ClusterError("import `dask_jobqueue` in the main thread first: it cannot be imported in another one.")
    before = signal.getsignal(signal.SIGINT)
    import dask_jobqueue

    if signal.getsignal(signal.SIGINT) is not before:
        signal.signal(signal.SIGINT, before)
    return dask_jobqueue
