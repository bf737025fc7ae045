"""The digits study beside a bare loop of the same forward passes: what perturbing, reducing and Dask cost.

    python examples/digits/train.py
    python benchmarks/digits.py [--small]

The study is examples/digits/study.yaml at 64 images and 2,048 base points (16 and 1,024 with --small). The bare loop is
the network alone in one compiled function on one thread, fed as many nominal images in batches of the study's size.
Ratios are to that loop, so that a noisy machine weighs on both sides. The last line is JSON.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import dnnsa
from dnnsa.cluster import Local
from dnnsa.engine import Job, probe
from dnnsa.engine.block import draws, evaluate
from dnnsa.errors import StudyError
from dnnsa.models.backend import compiled
from dnnsa.reading import read_file
from dnnsa.view.progress import Quiet

FOLDER = Path(__file__).parents[1] / "examples" / "digits"


CHEAP = ("brightness", "contrast")


def the_study(small: bool, cheap: bool = False) -> dnnsa.Study:
    """The example's study; or of its cheap corruptions alone, with at least as many passes."""
    parts = read_file(FOLDER / "study.yaml", StudyError)
    parts["cases"]["count"], parts["design"]["base_points"] = (16, 1024) if small else (64, 2048)
    if cheap:
        parts["factors"] = {name: parts["factors"][name] for name in CHEAP}
        parts["perturb"] = [step for step in parts["perturb"] if step["kind"] in (*CHEAP, "clip")]
        parts["design"]["base_points"] *= 4
    return dnnsa.Study(directory=FOLDER, **parts)


def bare_loop(study: dnnsa.Study, passes: int) -> float:
    """Seconds of ``passes`` forward passes of the network and nothing else, compiled, on one thread."""
    network = study.model.load(study.directory, study.digests())
    images = study.cases.load(study.directory, study.digests()).inputs
    size = study.model.batch_size
    batch = images[[row % len(images) for row in range(size)]]
    step = compiled(lambda images: network.predict(images, {})[0])
    step(batch)
    began = time.perf_counter()
    for _ in range(0, passes, size):
        step(batch).numpy()
    return (time.perf_counter() - began) * passes / (-(-passes // size) * size)


def composed_loop(study: dnnsa.Study) -> float:
    """Seconds of all perturbed passes with their quantities, block by block in this process, nothing reduced."""
    job = Job(study, study.digests())
    fields, block = probe(job).fields, 64
    share = study.design.base_points // study.design.replicates
    began = time.perf_counter()
    for replicate in range(study.design.replicates):
        for start in range(0, share, block):
            evaluate(job, draws(job).points(replicate, start, block), fields)
    return time.perf_counter() - began


def whole_study(study: dnnsa.Study, workers: int) -> tuple[float, float]:
    """Seconds of ``dnnsa.run`` on fresh workers, and those from the first block to the last map."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        clock = Clock()
        with Local(workers=workers).open() as client:
            dnnsa.run(study, client, Path(folder) / "out.zarr", reporter=clock)
            ended = time.perf_counter()
        return ended - began, ended - clock.began


class Clock(Quiet):
    began = 0.0

    def update(self, progress):
        self.began = self.began or time.perf_counter()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="16 images, 1,024 base points")
    study = the_study(arguments.parse_args().small)
    passes = study.design.base_points * study.layout.runs * study.cases.count
    one, two = whole_study(study, 1), whole_study(study, 2)
    bare, composed = bare_loop(study, passes), composed_loop(study)
    rows = {
        "bare loop, 1 thread": bare,
        "perturbed, with quantities, 1 thread": composed,
        "study, 1 worker, blocks to maps": one[1],
        "study, 2 workers, blocks to maps": two[1],
        "study, 1 worker, from nothing": one[0],
        "study, 2 workers, from nothing": two[0],
    }
    print(f"{passes} forward passes")
    for name, seconds in rows.items():
        print(f"{name:40s} {seconds:8.2f} s {passes / seconds:10.0f} passes/s {seconds / bare:6.2f} x bare")
    print(
        json.dumps(
            {
                "passes": passes,
                "wall_over_bare_loop": round(one[1] / bare, 3),
                "wall_over_perturbed_loop": round(one[1] / composed, 3),
                "perturbed_over_bare_loop": round(composed / bare, 3),
                "speedup_2_workers": round(one[1] / two[1], 3),
                "from_nothing_2_workers_over_bare_loop": round(two[0] / bare, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
