"""A study that runs in the background, and what can be done with it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from dnnsa.engine import Progress
from dnnsa.engine.interrupts import Button
from dnnsa.watch.feed import Feed
from dnnsa.watch.screen import Screen, in_words

T = TypeVar("T")


class Handle(Generic[T]):
    """A study that runs in a thread of this process, and ends with it: its last commit is kept.

    In a notebook, a cell that ends with it shows the study as it goes.
    """

    def __init__(self, run: Callable[[], T], feed: Feed, screen: Screen) -> None:
        self._run, self._feed, self._screen = run, feed, screen
        self._button, self._future = Button(), Future[T]()
        threading.Thread(target=self._work, name="dnnsa-run", daemon=True).start()

    def _work(self) -> None:
        try:
            with self._button.wired():
                found = self._run()
        except BaseException as error:  # for `result` to raise
            self._future.set_exception(error)
        else:
            self._future.set_result(found)

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._future.done()

    @property
    def progress(self) -> Progress | None:
        """How far it is: base points or runs; None before the first."""
        return self._feed.latest.progress

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, or for so many seconds; returns whether it has. It raises nothing."""
        ended = threading.Event()
        self._future.add_done_callback(lambda _: ended.set())
        return ended.wait(timeout)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the results.

        Parameters
        ----------
        timeout
            Seconds; without end unless given.

        Raises
        ------
        DnnsaError
            As `dnnsa.run` raises: what the study stopped for.
        TimeoutError
            It has not ended yet.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"after {timeout:g} s: {self!r}. It goes on; ask again, or `interrupt()` it.")
        return self._future.result()

    def interrupt(self) -> None:
        """Have it save what is done and stop, as Ctrl-C does; returns at once.

        `result` then raises `Interrupted`, and the same study goes on from there when it is run again. Maps that are
        being written are written first.
        """
        self._button.press()

    def __repr__(self) -> str:
        return f"<{in_words(self._feed.latest)}>"

    def _repr_html_(self) -> str:
        return self._screen.html(self._feed.latest)

    def _ipython_display_(self) -> None:
        self._screen.display(self._feed.latest)
