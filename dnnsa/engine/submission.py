"""The one door to Dask: tasks go out with names, priorities and places, and come back as events."""

import uuid
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue
from typing import Any

from distributed import Client, Future, KilledWorker
from distributed.comm import CommClosedError

from dnnsa.errors import DnnsaError, RunError

LEAF, MERGE, SAVE = 0, 10, 20  # priorities: what frees memory comes first
GONE = "The Dask scheduler is gone."


class Submission:
    """One life of a client: what it sends out, and the queue of what comes back, which one thread takes up."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.life = uuid.uuid4().hex[:8]  # keys of another life on the same cluster are other keys
        self.events: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def submit(
        self, function: Callable[..., Any], *args: Any, name: str, priority: int, workers: Collection[str] = ()
    ) -> Future:
        """Have a worker call a function, one of ``workers`` if any of them is there."""
        key = f"dnnsa-{function.__name__}-{self.life}-{name}-{uuid.uuid4().hex[:6]}"
        where = {"workers": list(workers), "allow_other_workers": True} if workers else {}
        return self.client.submit(function, *args, key=key, priority=priority, pure=False, **where)

    def then(self, futures: Iterable[Future], handle: Callable[[], None]) -> None:
        """Have an event when all of these are done, whether well or not."""
        futures = list(futures)
        waiting = {future.key for future in futures}

        def one_more(future: Future) -> None:
            waiting.discard(future.key)
            if not waiting:
                self.events.put(handle)

        for future in futures:
            future.add_done_callback(one_more)

    def next(self, seconds: float) -> Callable[[], None] | None:
        """The next event; None when there is none for so long.

        Raises
        ------
        RunError
            The scheduler is gone.
        """
        try:
            return self.events.get(timeout=seconds)
        except Empty:
            if self.client.status != "running":
                raise RunError(GONE) from None
            return None

    def slots(self) -> int:
        """Tasks that run at once."""
        try:
            return sum(int(threads) for threads in self.client.nthreads().values())
        except (OSError, CancelledError) as error:
            raise RunError(GONE) from error
        except (RuntimeError, AttributeError) as error:  # a client that closes meanwhile lacks this and that
            if self.client.status == "running":
                raise
            raise RunError(GONE) from error


def trouble(future: Future) -> BaseException | None:
    """What a future failed with. What was lost with its worker after it was done is no failure: Dask makes it again."""
    if future.status == "error":
        return future.exception()  # type: ignore[no-any-return]
    return CancelledError() if future.status == "cancelled" else None


def result(future: Future) -> Any:
    """What a task returned.

    Raises
    ------
    DnnsaError, KilledWorker
        As the task.
    RunError
        It failed in another way.
    """
    try:
        return future.result()
    except (DnnsaError, KilledWorker):
        raise
    except Exception as error:
        raise in_words(error) from error


def in_words(error: BaseException, where: str = "") -> DnnsaError:
    """A task's failure in words; its own where it failed with words."""
    if isinstance(error, DnnsaError):
        return error
    if isinstance(error, CancelledError):
        return RunError("The Dask scheduler is gone, or has lost a task.")
    if isinstance(error, CommClosedError):
        return RunError(GONE)
    at = f" at {where}" if where else ""
    return RunError(f"{type(error).__name__}{at}: {str(error).rstrip('.')}.")
