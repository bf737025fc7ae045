"""A cluster may be without workers for hours, such as in a queue: that is told, and nothing fails for it."""

import time
from collections.abc import Callable

from distributed import Client

from dnnsa.engine.interrupts import check_button
from dnnsa.engine.submission import GONE, Submission, result
from dnnsa.errors import RunError

AGAIN = 60.0  # seconds until it is told again, then twice as many, and so on


class Waiting:
    """Tells that there is no worker: at once, then less and less often; and when there is one again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.since: float | None = None
        self.next = 0.0

    def look(self, workers: int, now: float) -> None:
        """Take note of how many workers there are at a time in seconds."""
        if workers:
            if self.since is not None:
                self.say(f"there is a worker, after {_spelt(now - self.since)}")
            self.since = None
        elif self.since is None:
            self.say("there is no worker: waiting for one")
            self.since, self.next = now, now + AGAIN
        elif now >= self.next:
            self.say(f"there has been no worker for {_spelt(now - self.since)}: waiting for one")
            self.next = now + (now - self.since)


def wait_for_worker(client: Client, say: Callable[[str], None]) -> None:
    """Return when a worker has done something: a cluster that follows the work has no worker where there is none.

    Raises
    ------
    RunError
        The scheduler is gone.
    """
    waiting, dask = Waiting(say), Submission(client)
    knock = client.submit(int, pure=False)
    while not knock.done():
        if client.status != "running":
            raise RunError(GONE)
        check_button()
        waiting.look(dask.slots(), time.monotonic())
        time.sleep(0.05)
    result(knock)
    waiting.look(1, time.monotonic())


def _spelt(seconds: float) -> str:
    """A duration for a person.

    Examples
    --------
    >>> _spelt(61), _spelt(7322)
    ('1 min', '2 h 2 min')
    """
    minutes = int(seconds // 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"
