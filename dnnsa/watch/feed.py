"""A running study, shown: a thread that tells whoever watches how far it is, and has a worker look at its states."""

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from distributed import Client, Future, KilledWorker

from dnnsa.engine import Progress, Reporter
from dnnsa.engine.submission import SAVE, trouble
from dnnsa.errors import Interrupted
from dnnsa.view.recent import Recent
from dnnsa.watch.frame import Frame
from dnnsa.watch.look import Look, committed_at, look
from dnnsa.watch.page import Page, page_link

EVERY = 1.0  # seconds between frames
SHARE = 200  # times what a look takes pass before the next one
LAST = 10.0  # seconds that the last look may take


class View(Protocol):
    """Where a study is shown."""

    def show(self, frame: Frame) -> bool:
        """Show a study; returns whether anybody sees it. The frame has a look where there is a new one."""
        ...


class Feed:
    """A reporter that passes on what it is told, and shows it.

    A study neither waits for its views nor needs them: one that fails is left out, and that is said.
    """

    def __init__(self, name: str, path: Path, reporter: Reporter, views: Sequence[View] = ()) -> None:
        self.path, self.reporter, self.views = path.absolute(), reporter, list(views)
        self.latest = Frame(name, str(path), time.time(), "starting")
        self.recent = Recent()
        self.client: Client | None = None
        self.looking: Future | None = None
        self.looked, self.took = 0.0, 0.0  # when a look began, how long the last one took; seconds
        self.seen: float | None = None  # the commit that was looked at
        self.fresh: Look | None = None  # what no view has shown yet
        self._telling, self._turn, self._over = threading.Lock(), threading.Lock(), threading.Event()

    # what it is told --------------------------------------------------------------------------------------------------

    def say(self, message: str) -> None:
        with self._telling:
            warnings = self.latest.warnings
            if message.startswith("warning: "):
                warnings = (*warnings, message.removeprefix("warning: "))
            self.latest = self.latest._replace(said=message, warnings=warnings)
        self.reporter.say(message)

    def update(self, progress: Progress) -> None:
        with self._telling:
            rate = self.recent.rate(time.monotonic(), progress.done, progress.unit, progress.total)
            self.latest = self.latest._replace(status="running", progress=progress, rate=rate or None)
        self.reporter.update(progress)

    @contextmanager
    def _until_ended(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._ended(error)
            raise
        self._ended()

    def _ended(self, error: BaseException | None = None) -> None:
        with self._telling:
            if error is None:
                self.latest = self.latest._replace(status="complete", said="")
            elif self.latest.status not in ("interrupted", "stopped"):
                status = "interrupted" if isinstance(error, Interrupted | KeyboardInterrupt) else "stopped"
                self.latest = self.latest._replace(status=status, said=str(error))

    # where it is shown ------------------------------------------------------------------------------------------------

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it meanwhile."""
        thread = threading.Thread(target=self._run, name="dnnsa-feed", daemon=True)
        thread.start()
        try:
            with self._until_ended():
                yield
        finally:
            self._over.set()
            thread.join()
            self._show()

    @contextmanager
    def on(self, client: Client) -> Iterator[None]:
        """Have its states looked at by workers, and show it on the client's dashboard if that is there."""
        self._add_page(client)
        with self._turn:
            self.client = client
        try:
            with self._until_ended():
                yield
        finally:
            with self._turn:
                self._last()
                self.client = self.looking = None
                self.views = [view for view in self.views if not isinstance(view, Page)]

    def _add_page(self, client: Client) -> None:
        try:
            link = page_link(client)
            page = Page(client) if link else None
        except Exception as error:  # whatever a scheduler elsewhere has to say
            self.say(f"dashboard: {client.dashboard_link}")
            self.say(f"warning: the dashboard has no page of this study: {error}")
            return
        if page is not None:
            self.say(f"dashboard: {link}")
            with self._turn:
                self.views.append(page)

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            with self._turn:
                if self._show() and self.client:
                    self._look(self.client)

    def _show(self) -> bool:
        """Show the present frame everywhere; returns whether anybody sees it."""
        committed = committed_at(self.path)
        with self._telling:
            frame = self.latest._replace(committed=committed, look=self.fresh)
        self.fresh = None
        seen = [self._show_in(view, frame) for view in list(self.views)]
        return any(seen)

    def _show_in(self, view: View, frame: Frame) -> bool:
        try:
            return view.show(frame)
        except Exception as error:  # of a browser, a notebook or a network: none may end a study
            self.views.remove(view)
            if self.client is None or self.client.status == "running":
                self.say(f"warning: what shows this study has failed: {type(error).__name__}: {error}")
            return False

    # looks ------------------------------------------------------------------------------------------------------------

    def _look(self, client: Client) -> None:
        """Have a worker look at a new commit, seldom, and take in what the last look has found."""
        if self.looking and self.looking.done():
            self._take_in(self.looking)
            self.looking = None
        committed = committed_at(self.path)
        early = time.monotonic() - self.looked < SHARE * self.took
        if self.looking or committed in (None, self.seen) or early:
            return
        self.seen, self.looked = committed, time.monotonic()
        key = f"dnnsa-look-{uuid.uuid4().hex[:8]}"
        self.looking = client.submit(look, self.path, key=key, pure=False, priority=SAVE)

    def _take_in(self, future: Future) -> None:
        error = trouble(future)
        if error is None:
            self.fresh = future.result()
            self.took = self.fresh.seconds if self.fresh else self.took
        elif not isinstance(error, KilledWorker):  # one that shared its worker with a deadly run says nothing
            self.say(f"warning: a look at the study has failed: {error}")

    def _last(self) -> None:
        """Show the end, with all that is committed, to those who watch."""
        client, until = self.client, time.monotonic() + LAST
        if not client or client.status != "running" or not self._show():
            return
        while (self.looking or committed_at(self.path) != self.seen) and (left := until - time.monotonic()) > 0:
            self.took = 0.0
            self._look(client)
            if self.looking:
                wait_for(self.looking, left)
        self._show()


def wait_for(future: Future, seconds: float) -> None:
    """Wait for a future, not for ever."""
    ended = threading.Event()
    future.add_done_callback(lambda _: ended.set())
    ended.wait(seconds)
