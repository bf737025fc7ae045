"""Worker processes on this machine."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from dnnsa.cluster import configuration, gpus
from dnnsa.cluster.base import Say, quiet
from dnnsa.errors import ClusterError
from dnnsa.settings import settings

UNGUARDED = 'In a script, call dnnsa under `if __name__ == "__main__":`; worker processes import the script.'
LOOK_EVERY = 2.0  # seconds between looks at whether workers have been given up
# After which Dask looks whether a worker that has ended is there again; it may have ended once more 15 s later.
PATIENCE = {"distributed.deploy.lost-worker-timeout": "5 minutes"}


@settings
class Local:
    """Worker processes of one thread each on this machine, reachable from it alone."""

    kind: Literal["local"] = "local"
    workers: int | None = None
    """Worker processes; as many as there are cores unless given."""
    gpus: int = 0
    """GPUs of a worker, which takes its own of those that this process sees; 1 for a network on a GPU."""
    workers_per_gpu: int = 1
    """Workers that share a GPU, for small networks, with `gpus: 1`; each takes memory as it needs it."""
    dashboard: int = 0
    """Port of the dashboard on the loopback interface; 0 takes any that is free."""

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"`workers` must be 1 or more, got {self.workers}")
        for problem in gpus.problems(self.gpus, self.workers_per_gpu):
            raise ValueError(problem)
        if self.gpus and self.workers is None:
            raise ValueError(f"say how many `workers` share the GPUs, each with {self.gpus} of them")
        if not 0 <= self.dashboard < 65536:
            raise ValueError(f"`dashboard` must be a port from 0 to 65535, got {self.dashboard}")

    @contextmanager
    def open(self, say: Say = quiet) -> Iterator[Any]:
        import logging
        import multiprocessing

        if getattr(multiprocessing.current_process(), "_inheriting", False):  # a worker that runs the script it is of
            raise SystemExit("error: " + UNGUARDED)

        from dask.system import CPU_COUNT
        from distributed import Client, LocalCluster

        with _without_interrupts():
            try:
                cluster = LocalCluster(
                    n_workers=self.workers or CPU_COUNT,
                    threads_per_worker=1,  # a network's bits must not depend on how many threads share its sums
                    processes=True,
                    host="127.0.0.1",
                    preload=["dnnsa.cluster.preload"],
                    env=gpus.exported(self.gpus, self.workers_per_gpu),
                    dashboard_address=f"127.0.0.1:{self.dashboard}",
                    silence_logs=logging.CRITICAL,  # a worker that dies is told by the engine, in words
                )
            except RuntimeError as error:
                raise ClusterError(f"the workers did not start: {error} {UNGUARDED}") from None
        with cluster, kept(cluster, say), Client(cluster) as client:
            yield client


@contextmanager
def kept(cluster: Any, say: Say = quiet) -> Iterator[None]:
    """Start workers of a ``LocalCluster`` again that Dask has given up: it never does, and a run would wait for ever.

    It gives up one that does not start, and one that happens to be starting some time after another death.
    """
    import dask
    from distributed.core import Status
    from tornado.ioloop import PeriodicCallback

    def look() -> None:
        for name, nanny in list(cluster.workers.items()):
            if nanny.status in (Status.closed, Status.failed):
                del cluster.workers[name]
        if given_up := cluster.worker_spec.keys() - cluster.workers.keys():
            say(f"warning: worker processes that have not started again: {len(given_up)}; starting others")
            cluster.scale(len(cluster.worker_spec))

    async def begin() -> None:
        looks.start()

    async def end() -> None:
        looks.stop()

    looks = PeriodicCallback(look, LOOK_EVERY * 1000)
    with dask.config.set(configuration.missing(PATIENCE)):
        cluster.sync(begin)
        try:
            yield
        finally:
            cluster.sync(end)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C, here and in the processes that are started meanwhile.

    A terminal sends it to every process: half a cluster cannot be closed, and workers must outlive it, since they hold
    the states that the client then commits. Outside of the main thread, which alone may say so, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
