"""A Dask scheduler and workers in processes of their own, as on a cluster, and what each of them spends."""

import asyncio
import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import dask
import psutil
from distributed import Client, Worker

from dnnsa.view.progress import Quiet, State

HERE = Path(__file__).parent
PYTHON = (sys.executable, "-m")
# What a worker does besides its tasks, and hundreds in one process would do hundreds of times.
QUIET_WORKERS = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "10s",
    "distributed.worker.use-file-locking": False,
    "distributed.admin.system-monitor.interval": "1h",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.tick.interval": "1h",
    "distributed.diagnostics.nvml": False,
    "distributed.comm.timeouts.connect": "120s",
    "distributed.comm.timeouts.tcp": "120s",
}


class Spent(NamedTuple):
    """What has been spent so far, or between two moments."""

    wall: float  # seconds
    scheduler: float  # CPU seconds of the scheduler's process
    client: float  # of this process
    workers: float  # of the workers' processes
    tasks: int  # of dnnsa that Dask has run
    states: int  # bytes of results that workers have sent, to each other or to the client
    messages: int  # bytes of the streams between the client, the scheduler and the workers: tasks, and news of them

    def since(self, before: "Spent") -> "Spent":
        return Spent(*(now - then for now, then in zip(self, before, strict=True)))


class Cluster(NamedTuple):
    """A client, and the processes that it talks to."""

    client: Client
    scheduler: psutil.Process
    workers: tuple[psutil.Process, ...]

    def spent(self) -> Spent:
        """What has been spent since the processes began."""
        wall, cpu = time.perf_counter(), [_cpu(self.scheduler), _cpu(psutil.Process()), sum(map(_cpu, self.workers))]
        tasks, messages = self.client.run_on_scheduler(_of_scheduler)
        of_workers = self.client.run(_of_worker).values()
        messages += self.client.scheduler_comm.byte_count + sum(sent for _, sent in of_workers)
        return Spent(wall, *cpu, tasks, sum(states for states, _ in of_workers), messages)


class Meter(Quiet):
    """A reporter that notes what has been spent when the first block starts, and when how much was done."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.before = cluster, None
        self.done: list[tuple[float, int]] = []  # seconds, base points

    def update(self, progress: State) -> None:
        self.before = self.before or self.cluster.spent()
        self.done.append((time.perf_counter(), progress.done))

    def spent(self) -> Spent:
        """From the first block to now."""
        return self.cluster.spent().since(self.before)


@contextmanager
def two_workers() -> Iterator[Cluster]:
    """Two worker processes of one thread, each with its nanny."""
    with _scheduler() as (file, scheduler):
        options = ("--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard")
        place = ("--scheduler-file", str(file), "--local-directory", str(file.parent))
        command = (*PYTHON, "distributed.cli.dask_worker", *place, *options, "--preload", "dnnsa.cluster.preload")
        with _started(command), Client(scheduler_file=str(file)) as client:
            client.wait_for_workers(2, timeout=60)
            pids = client.run(os.getpid).values()
            yield Cluster(client, scheduler, tuple(map(psutil.Process, pids)))


@contextmanager
def many_workers(count: int) -> Iterator[Cluster]:
    """Real workers of one thread each, all in one process: tasks that sleep do not know the difference."""
    with _scheduler() as (file, scheduler):
        host = multiprocessing.get_context("spawn").Process(target=_serve, args=(str(file), count), daemon=True)
        host.start()
        try:
            with Client(scheduler_file=str(file)) as client:
                client.wait_for_workers(count, timeout=300)
                yield Cluster(client, scheduler, (psutil.Process(host.pid),))
        finally:
            host.terminate()
            host.join()


def _serve(file: str, count: int) -> None:
    async def one(number: int) -> Worker:
        options = {"nthreads": 1, "memory_limit": 0, "host": "127.0.0.1", "dashboard": False}
        return await Worker(scheduler_file=file, name=number, local_directory=str(Path(file).parent), **options)

    async def all_of_them() -> None:
        workers: list[Worker] = []
        while len(workers) < count:  # some at a time, or connections time out
            few = range(len(workers), min(len(workers) + 25, count))
            workers += await asyncio.gather(*map(one, few))
        await asyncio.gather(*(worker.finished() for worker in workers))

    logging.getLogger("distributed").setLevel(logging.ERROR)
    with dask.config.set(QUIET_WORKERS):
        asyncio.run(all_of_them())


@contextmanager
def _scheduler() -> Iterator[tuple[Path, psutil.Process]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
        command = (*PYTHON, "distributed.cli.dask_scheduler", *options, "--scheduler-file", str(file))
        with _started(command) as process:
            yield file, psutil.Process(process.pid)


@contextmanager
def _started(command: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the context ends. It runs in this folder, so that it finds the functions that count here."""
    environment = os.environ | {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}
    process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _of_scheduler(dask_scheduler) -> tuple[int, int]:
    """Tasks of dnnsa that have ended well, and bytes sent in streams."""
    prefixes = dask_scheduler.task_prefixes.values()
    streams = (*dask_scheduler.stream_comms.values(), *dask_scheduler.client_comms.values())
    tasks = sum(prefix.state_counts["memory"] for prefix in prefixes if prefix.name.startswith("dnnsa"))
    return tasks, sum(stream.byte_count for stream in streams)


def _of_worker(dask_worker) -> tuple[int, int]:
    """Bytes of results sent, and of news for the scheduler."""
    return dask_worker.transfer_outgoing_bytes_total, dask_worker.batched_stream.byte_count
