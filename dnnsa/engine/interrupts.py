"""Ctrl-C, taken where nothing is half done, and what does the same to a study in another thread."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Ask = Callable[[], None]  # leaves word, and returns at once


class Button:
    """What stops the study that runs in the thread of `wired`, once, as a first Ctrl-C does in the main thread."""

    def __init__(self) -> None:
        self.pressed = False
        self._ask: Ask | None = None
        self._lock = threading.Lock()

    def press(self) -> None:
        """Have the study stop at the next place where nothing is half done. Pressed again, nothing happens."""
        with self._lock:
            if self._ask and not self.pressed:
                self._ask()
            self.pressed = True

    @contextmanager
    def wired(self) -> Iterator[None]:
        """Be the button of this thread."""
        token = _button.set(self)
        try:
            yield
        finally:
            _button.reset(token)

    @contextmanager
    def asks(self, ask: Ask) -> Iterator[None]:
        """Call ``ask`` when pressed meanwhile, or now if that was before."""
        with self._lock:
            self._ask = ask
            if self.pressed:
                ask()
        try:
            yield
        finally:
            with self._lock:
                self._ask = None


# Of the thread: a signal is no argument of the functions that it passes through, and this is its like.
_button: ContextVar[Button | None] = ContextVar("button", default=None)


@contextmanager
def deferred(ask: Ask) -> Iterator[None]:
    """Have the first Ctrl-C call ``ask``, which may only leave word; the second one interrupts at once.

    Outside of the main thread, which alone sees signals, the thread's button does so if it has one.
    """
    if threading.current_thread() is not threading.main_thread():
        with on_button(ask):
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


@contextmanager
def on_button(ask: Ask) -> Iterator[None]:
    """Have the thread's button call ``ask``, if there is one; where Ctrl-C may interrupt at once."""
    button = _button.get()
    if button is None:
        yield
        return
    with button.asks(ask):
        yield


def check_button() -> None:
    """Interrupt here if the thread's button has been pressed."""
    button = _button.get()
    if button is not None and button.pressed:
        raise KeyboardInterrupt
