"""What it costs to show a study, in processor seconds: `PYTHONPATH=. python benchmarks/watching.py`."""

import argparse
import tempfile
import time
from pathlib import Path

from distributed import Client

import dnnsa
from dnnsa.cluster import Local
from dnnsa.view.progress import Quiet
from dnnsa.watch.feed import EVERY, SHARE
from dnnsa.watch.look import look
from tests.watch.browser import browser

SLEEPS = "import time\nimport numpy as np\ndef f(x1, x2):\n    time.sleep(0.25)\n    return x1 * x2\n"
UNIFORM = {"kind": "uniform", "low": 0, "high": 1}


def sleeping(folder: Path, seconds: float, workers: int) -> dnnsa.Study:
    """A study of one value that only sleeps, for about so many seconds."""
    (folder / "model.py").write_text(SLEEPS, encoding="utf-8")
    blocks = 2 ** round(seconds * workers / 0.25).bit_length()
    return dnnsa.Study(
        name="sleeping",
        directory=folder,
        factors={"x1": UNIFORM, "x2": UNIFORM},
        design={"kind": "saltelli", "base_points": 64 * blocks},
        model={"kind": "function", "call": "model:f"},
    )


def frames(client: Client, study: dnnsa.Study, seconds: float, watched: bool) -> float:
    """Processor seconds a second of the process of client and scheduler, while a study runs."""
    store = study.directory / f"{watched}.zarr"
    with browser() as page:
        handle = dnnsa.run(study, client, store, reporter=Quiet(), wait=False)
        while not handle.progress:
            handle.wait(0.1)
        if watched:
            page.open(client.dashboard_link.replace("/status", "/dnnsa"))
            page.wait_for(lambda text: "base points" in text)
        spent, began = time.process_time(), time.monotonic()
        handle.wait(seconds)
        share = (time.process_time() - spent) / (time.monotonic() - began)
        handle.interrupt()
        handle.wait()
    return share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="that each of four measurements takes")
    parser.add_argument("--store", type=Path, nargs="*", default=[], help="of studies that looks are timed of")
    asked = parser.parse_args()
    for store in asked.store:
        took = min(look(store).seconds for _ in range(5))
        print(f"{store.name}: a look takes {took:.3f} s of a processor, at most once in {SHARE * took:.0f} s")
    with tempfile.TemporaryDirectory() as folder, Local(workers=2).open() as client:
        study = sleeping(Path(folder), 4 * asked.seconds, 2)
        alone, watched = [], []
        for _ in range(2):
            for shares, shown in ((alone, False), (watched, True)):
                shares.append(frames(client, dnnsa.Study(**study.document, directory=folder), asked.seconds, shown))
        print(f"client and scheduler, share of a processor: {min(alone):.2%} alone, {min(watched):.2%} watched,")
        print(f"with a frame every {EVERY:g} s")


if __name__ == "__main__":
    main()
