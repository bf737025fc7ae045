"""A field of ten million cells on two workers of 4 GB: whether it ends, what each process holds, what is written.

    python benchmarks/large_field.py [--small] [--folder FOLDER]

2,500 x 4,000 cells in float32 (1,000 x 1,000 and workers of 1 GB with --small), p = 8 factors, 16 base points in 4
replicates, Sobol' indices. A base point is 400 MB of outputs, and the sums of one replicate are 3 GB. The model writes
in place. Resident memory is sampled every 20 ms; the client's is that of this process, which holds Dask's scheduler too
and is to stay below 500 MB. FOLDER, a temporary one unless given, holds the store and what the workers put aside: tens
of gigabytes for the large field. Written bytes are those that the workers' processes have given to the disk's cache.
The last line is JSON.
"""

import argparse
import json
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
from distributed import LocalCluster
from processes import HERE

import dnnsa
from dnnsa.errors import DnnsaError

EVERY = 0.02  # seconds between samples of memory
DISK_EVERY = 1.0  # seconds between samples of the folder
P, BASE_POINTS = 8, 16


class Watch(threading.Thread):
    """Peaks of memory of this process and its workers, and of the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.ended = folder, threading.Event()
        self.client = self.disk = 0  # bytes
        self.workers: dict[int, int] = {}  # process -> bytes
        self.written: dict[int, int] = {}  # process -> bytes

    def run(self) -> None:
        this, looked, children = psutil.Process(), 0.0, []
        while not self.ended.wait(EVERY):
            self.client = max(self.client, this.memory_info().rss)
            if time.monotonic() - looked > DISK_EVERY:
                children = [child for child in this.children(recursive=True) if _is_worker(child)]
                self.disk, looked = max(self.disk, _size(self.folder)), time.monotonic()
            for child in children:
                with suppress(psutil.Error):  # it has ended
                    self.workers[child.pid] = max(self.workers.get(child.pid, 0), child.memory_info().rss)
                    self.written[child.pid] = child.io_counters().write_bytes

    def stop(self) -> None:
        self.ended.set()
        self.join()


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "multiprocessing.spawn" in " ".join(process.cmdline())
    return False


def _size(folder: Path) -> int:
    """Bytes of all files in a folder, which come and go meanwhile."""
    total = 0
    with suppress(OSError):
        for path in folder.rglob("*"):
            with suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
    return total


def the_study(small: bool) -> dnnsa.Study:
    call = "field_1e6" if small else "field_1e7"
    return dnnsa.Study(
        directory=HERE,
        name=call,
        factors={name: {"kind": "uniform", "low": -1, "high": 1} for name in "abcdefgh"[:P]},
        design={"kind": "saltelli", "base_points": BASE_POINTS, "replicates": 4},
        model={"kind": "function", "call": f"models:{call}", "dims": {"output": ["y", "x"]}},
        estimators=[{"kind": "sobol"}],
    )


def run(study: dnnsa.Study, memory: str, folder: Path) -> tuple[Watch, float, str]:
    """The peaks, the wall time in seconds, and what stopped it, if anything did."""
    options = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    stopped = ""
    with LocalCluster(memory_limit=memory, local_directory=str(folder), **options) as cluster:
        watch = Watch(folder)
        watch.start()
        began = time.perf_counter()
        try:
            with cluster.get_client() as client:
                dnnsa.run(study, client, folder / "out.zarr")
        except DnnsaError as error:
            stopped = f"{type(error).__name__}: {error}"
        wall = time.perf_counter() - began
        watch.stop()
    return watch, wall, stopped


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="1e6 cells, workers of 1 GB")
    arguments.add_argument("--folder", type=Path, help="a disk with room")
    given = arguments.parse_args()
    study, memory = the_study(given.small), "1GB" if given.small else "4GB"
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        watch, wall, stopped = run(study, memory, folder)
        results = _size(folder / "out.zarr")
    found = {
        "completed": not stopped,
        "stopped": stopped,
        "wall_s": round(wall, 1),
        "worker_peaks_mb": sorted((round(peak / 1e6) for peak in watch.workers.values()), reverse=True),
        "client_peak_mb": round(watch.client / 1e6),
        "client_below_500_mb": watch.client < 500e6,
        "written_gb": round(sum(watch.written.values()) / 1e9, 2),
        "folder_peak_gb": round(watch.disk / 1e9, 2),
        "store_gb": round(results / 1e9, 2),
    }
    for key, value in found.items():
        print(f"  {key:22s} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
