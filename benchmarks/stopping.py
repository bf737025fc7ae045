"""How often intervals hold the exact index in studies that stop when they are sure.

    python benchmarks/stopping.py [--small] [--markdown] [--processes N]

Each repetition is a study with its own seed, of 256 base points, then 512 and so on up to 16,384, each size beginning
with the points of the one before where the design does. The rule is that of `stop`, with `cells: 1`: it stops at the
first size whose intervals of S1 and ST are all narrow enough. The table has, pooled over the inputs whose index has an
error at all, the share of nominal 95 % intervals that hold the exact index: of all studies, of which those that were
not sure with 16,384 base points stopped there; of those alone that were sure; and of studies of a fixed size, the one
nearest to the mean of those that the first stopped at, with the same seeds. The last line is JSON: *pooled* is the
mean over the functions of which at least half of the studies were sure, *rare* that of the others' studies that were.
"""

import argparse
import json
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from subjects import DISCRETE, KNOWN, Subject

from dnnsa.designs import Saltelli
from dnnsa.estimators import Block, Sobol
from dnnsa.estimators.base import Map
from dnnsa.layout import apart
from dnnsa.stopping import Stop, narrow, sure

SUBJECTS = [*KNOWN, *DISCRETE]
SIZES = [256 << doubled for doubled in range(7)]  # base points, up to 16,384
HALF_WIDTHS = [0.05, 0.02]
TOGETHER = 20  # studies
HEAD = ["function", "sequence", "R", "half-width", "stopped at", "not sure", "S1 holds", "ST holds"]
HEAD += ["where sure, S1", "ST", "fixed size", "S1 holds", "ST holds"]
COVERAGE = [f"{which}_{index}" for which in ("stopped", "sure", "fixed") for index in ("S1", "ST")]
Array = np.ndarray[Any, Any]


class Setting(NamedTuple):
    """What is repeated."""

    subject: int  # number in SUBJECTS
    sequence: str
    replicates: int
    most: int  # base points


class Grown(NamedTuple):
    """Studies at each of their sizes."""

    indices: Array  # (studies, sizes, 2, 3, p) value, lower and upper bound of S1 and ST
    sure: Array  # (studies, sizes, half-widths) whether it would stop


def several(setting: Setting, seeds: range) -> Grown:
    """Studies with these seeds at every size, reduced side by side, as cells of one quantity."""
    subject = SUBJECTS[setting.subject]
    groups, estimator, last = apart(len(subject.laws)), Sobol(), 0
    indices, enough = [], []
    for size in [size for size in SIZES if size <= setting.most]:
        sizes = {"base_points": size, "replicates": setting.replicates}
        designs = [Saltelli(**sizes, seed=seed, sequence=setting.sequence) for seed in seeds]  # type: ignore[arg-type]
        layout = designs[0].layout(groups)
        if not (last and designs[0].begins_with(groups, last)):
            last, folded = 0, [estimator.init(layout, (len(seeds),))] * setting.replicates
        for number, state in enumerate(folded):
            share = (size - last) // setting.replicates
            drawn = [outputs(subject, design, number, last // setting.replicates, share) for design in designs]
            unread = np.empty((share, 2, len(groups)))  # points, which Sobol' indices are not made of
            folded[number] = estimator.update(state, Block(np.stack(drawn, axis=-1), unread, unread))
        last, maps = size, estimator.finalize(folded, layout, 2.0**-52).maps
        indices.append([[maps[i + side].array for side in ("", "_lower", "_upper")] for i in ("S1", "ST")])
        enough.append([[is_sure(maps, cell, half) for half in HALF_WIDTHS] for cell in range(len(seeds))])
    return Grown(np.moveaxis(np.array(indices), -1, 0), np.array(enough).swapaxes(0, 1))


def outputs(subject: Subject, design: Saltelli, replicate: int, start: int, size: int) -> Array:
    """Runs of some base points, ``(size, runs)``."""
    groups = apart(len(subject.laws))
    u = design.points(groups, replicate, start, size)
    x = [design.column(k, groups, law.ppf(u[..., k])) for k, law in enumerate(subject.laws)]
    return subject.f(np.array(x))  # of (p, size, runs)


def is_sure(maps: Mapping[str, Map], cell: int, half_width: float) -> bool:
    """Whether a study would stop, which is one of the cells."""
    stop = Stop(half_width=half_width, max_base_points=SIZES[-1], cells=1.0)
    return sure(
        {"y": narrow({name: map_._replace(array=map_.array[..., cell]) for name, map_ in maps.items()}, stop)}, stop
    )


def held(setting: Setting, indices: Array) -> list[float]:
    """Share of intervals of S1 and of ST that hold, of ``(repetitions, 2, 3, p)``."""
    subject = SUBJECTS[setting.subject]
    shares = []
    for number, exact in enumerate((subject.first, subject.total)):
        value, lower, upper = indices[:, number].swapaxes(0, 1)  # (repetitions, p) each
        moves = np.abs(value - exact).max(axis=0, initial=0) > 1e-12  # an inert input has an index of 0, with no width
        inside = ((lower <= exact) & (exact <= upper))[:, moves]
        shares.append(float(inside.mean()) if inside.size else float("nan"))
    return shares


def row(setting: Setting, which: int, grown: Grown) -> dict[str, Any]:
    """Coverage with one half-width, of studies that stopped and of studies of a fixed size."""
    indices, enough = grown.indices, grown.sure[..., which]  # (repetitions, sizes, 2, 3, p), (repetitions, sizes)
    sizes = np.array(SIZES[: enough.shape[1]])
    last = np.where(enough.any(axis=1), enough.argmax(axis=1), len(sizes) - 1)  # (repetitions,)
    mean = float(sizes[last].mean())
    nearest = int(np.argmin(np.abs(np.log(sizes / mean))))
    ended = indices[np.arange(len(last)), last]  # (repetitions, 2, 3, p)
    coverage = [*held(setting, ended), *held(setting, ended[enough.any(axis=1)]), *held(setting, indices[:, nearest])]
    return {
        "function": SUBJECTS[setting.subject].label,
        "sequence": setting.sequence,
        "replicates": setting.replicates,
        "half_width": HALF_WIDTHS[which],
        "stopped_at": round(mean),
        "stopped_first": round(float((last == 0).mean()), 3),
        "not_sure": round(1 - float(enough.any(axis=1).mean()), 3),
        "fixed": int(sizes[nearest]),
        **{name: None if np.isnan(share) else round(share, 3) for name, share in zip(COVERAGE, coverage, strict=True)},
    }


def line(told: dict[str, Any]) -> list[str]:
    cells = [told["function"], told["sequence"], str(told["replicates"]), f"{told['half_width']:g}"]
    cells += [f"{told['stopped_at']:,}", f"{told['not_sure']:.2f}"]
    shares = ["-" if told[name] is None else f"{told[name]:.3f}" for name in COVERAGE]
    return [*cells, *shares[:4], f"{told['fixed']:,}", *shares[4:]]


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Coverage over the functions that could be sure, for each sequence, number of replicates and half-width."""
    keys = ("sequence", "replicates", "half_width")
    found = []
    for kind in dict.fromkeys(tuple(told[key] for key in keys) for told in rows):
        of = [told for told in rows if tuple(told[key] for key in keys) == kind and told["not_sure"] <= 0.5]
        pooled = {name: round(float(np.mean([told[name] for told in of])), 3) for name in COVERAGE if of}
        lowest = {f"lowest_{name}": min(told[name] for told in of) for name in COVERAGE if of}
        found.append({**dict(zip(keys, kind, strict=True)), "functions": len(of), **pooled, **lowest})
    return found


def rare(rows: list[dict[str, Any]], repetitions: int) -> dict[str, Any]:
    """Coverage of the studies that were sure where most were not, and of all that ran as long."""
    of = [told for told in rows if 0.5 < told["not_sure"] < 1]
    studies = [repetitions * (1 - told["not_sure"]) for told in of]
    names = [name for name in COVERAGE if not name.startswith("stopped") and of]
    shares = {name: round(float(np.average([told[name] for told in of], weights=studies)), 3) for name in names}
    return {"studies": round(sum(studies)), **shares}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--small", action="store_true", help="a minute's version: 40 repetitions, to 2,048 base points")
    parser.add_argument("--repetitions", type=int, default=300)
    parser.add_argument("--replicates", type=int, nargs="+", default=[4, 8], help="replicates of a design")
    parser.add_argument("--sequences", nargs="+", default=["monte_carlo", "sobol"])
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/intervals.md has it")
    parser.add_argument("--processes", type=int, help="of this machine; as many as it has cores, unless given")
    given = parser.parse_args()
    repetitions, most = (40, 2048) if given.small else (given.repetitions, SIZES[-1])
    settings = [
        Setting(number, sequence, replicates, most)
        for sequence in given.sequences
        for replicates in given.replicates
        for number in range(len(SUBJECTS))
    ]
    seeds = [range(repetitions)[start : start + TOGETHER] for start in range(0, repetitions, TOGETHER)]
    began, rows = time.perf_counter(), []
    print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}" if given.markdown else " | ".join(HEAD))
    with ProcessPoolExecutor(given.processes) as pool:
        for setting in settings:
            parts = list(pool.map(partial(several, setting), seeds))
            grown = Grown(*(np.concatenate(array) for array in zip(*parts, strict=True)))
            for which in range(len(HALF_WIDTHS)):
                rows.append(row(setting, which, grown))
                text = " | ".join(line(rows[-1]))
                print(f"| {text} |" if given.markdown else text, flush=True)
    seconds = round(time.perf_counter() - began, 1)
    found = {"pooled": summary(rows), "rare": rare(rows, repetitions)}
    print(json.dumps({"repetitions": repetitions, "seconds": seconds, **found, "rows": rows}))


if __name__ == "__main__":
    main()
