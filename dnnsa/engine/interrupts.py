"""Ctrl-C, taken where nothing is half done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def deferred(ask: Callable[[], None]) -> Iterator[None]:
    """Have the first Ctrl-C call ``ask``, which may only leave word; the second one interrupts at once.

    Outside of the main thread, which alone sees signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        ask()

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
