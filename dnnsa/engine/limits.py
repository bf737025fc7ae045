"""A task that takes too long is ended with the worker process that it is in: a thread cannot be."""

import faulthandler
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Worker, get_worker

LATE = "dnnsa-late"  # topic of the events that tell the client
GRACE = 2.0  # seconds between the word and the end

_arming = threading.Lock()
_ends: dict[int, float] = {}  # of this process's tasks: thread -> when it is ended; the process has one watchdog


def worker_here() -> Worker | None:
    """The Dask worker whose task this is; None outside of one."""
    try:
        return get_worker()
    except ValueError:
        return None


@contextmanager
def ended_after(seconds: float, late: Callable[[Worker], None]) -> Iterator[None]:
    """Give what is inside so many seconds; then call ``late`` in another thread, and end the worker process.

    The watchdog is faulthandler's: it needs no lock of Python's, which a hang in compiled code may hold. A worker
    without a nanny, which would start it again, is not ended: it may be the process of the client. Outside of a worker
    nothing is limited.
    """
    worker = worker_here()
    if worker is None:
        yield
        return
    timer = threading.Timer(seconds, late, (worker,))
    timer.daemon = True
    timer.start()
    if worker.nanny is not None:
        _arm(time.monotonic() + seconds + GRACE)
    try:
        yield
    finally:
        timer.cancel()
        if worker.nanny is not None:
            _arm(None)


def tell_late(word: Any, worker: Worker) -> None:
    """Tell the client that a task is late, and whether its worker is ended for it."""
    worker.log_event(LATE, {"word": word, "ended": worker.nanny is not None})


def _arm(end: float | None) -> None:
    """Set or drop the end of this thread's task; the watchdog goes off at the first of all."""
    with _arming:
        _ends.pop(threading.get_ident(), None)
        if end is not None:
            _ends[threading.get_ident()] = end
        if _ends:
            left = max(0.01, min(_ends.values()) - time.monotonic())
            faulthandler.dump_traceback_later(left, exit=True, file=sys.__stderr__ or 2)
        else:
            faulthandler.cancel_dump_traceback_later()
