"""How often intervals hold the exact index, and how wide they are for it.

    python benchmarks/intervals.py [--small] [--markdown]

Each repetition is a whole design with its own seed. For each function, sequence and number of base points the table
has, pooled over the inputs whose index has an error at all: the share of nominal 95 % intervals that hold the exact
index (that of the input farthest from 95 % in brackets), their mean half-width over 1.96 times the root mean square
error of the index, and that error times 1,000. The peer is Fisher's z of plain Martinez indices, as Melissa and R's
sobolmartinez have it, from the same runs. The last line is JSON.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from subjects import DISCRETE, KNOWN, states

from dnnsa.designs import Saltelli
from dnnsa.estimators import Sobol

SUBJECTS = [*KNOWN, *DISCRETE]
FORMS = {"corrected": Sobol(), "fisher": Sobol(estimator="martinez", intervals="fisher")}
HEAD = ["function", "sequence", "base points", "R", "S1 holds", "width", "error", "ST holds", "width", "error"]
HEAD += ["Fisher S1", "Fisher ST"]


class Setting(NamedTuple):
    """What is repeated."""

    subject: int  # number in SUBJECTS
    sequence: str
    base_points: int
    replicates: int


def once(setting: Setting, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Value, lower and upper bound of S1 and ST by each form, ``(2, 3, p)``."""
    sizes = {"base_points": setting.base_points, "replicates": setting.replicates}
    design = Saltelli(**sizes, seed=seed, sequence=setting.sequence)  # type: ignore[arg-type]
    layout, folded = states(SUBJECTS[setting.subject], design)
    results = {}
    for form, estimator in FORMS.items():
        maps = estimator.finalize(folded, layout, 2.0**-52).maps
        results[form] = np.array([[maps[i + side].array for side in ("", "_lower", "_upper")] for i in ("S1", "ST")])
    return results


def row(setting: Setting, results: list[dict[str, np.ndarray[Any, Any]]]) -> dict[str, Any]:
    """Coverage, width and error of a setting, for each form and index."""
    subject = SUBJECTS[setting.subject]
    told: dict[str, Any] = setting._asdict() | {"function": subject.label}
    for form in FORMS:
        value, lower, upper = np.array([one[form] for one in results]).transpose(2, 1, 0, 3)  # (2, repetitions, p)
        for number, (index, exact) in enumerate((("S1", subject.first), ("ST", subject.total))):
            error = np.sqrt(((value[number] - exact) ** 2).mean(axis=0))  # (p,)
            moves = error > 1e-12  # an inert input has an index of 0, with no width, in every repetition
            held = ((lower[number] <= exact) & (exact <= upper[number])).mean(axis=0)[moves]
            wide = ((upper[number] - lower[number]) / 2).mean(axis=0)[moves] / (1.96 * error[moves])
            told |= {
                f"{form}_{index}_coverage": round(float(held.mean()), 3),
                f"{form}_{index}_farthest": round(float(held[np.argmax(np.abs(held - 0.95))]), 3),
                f"{form}_{index}_width": round(float(wide.mean()), 2),
                f"{form}_{index}_rmse": round(1000 * float(np.sqrt((error**2).mean())), 2),
            }
    return told


def line(told: dict[str, Any]) -> list[str]:
    cells = [told["function"], told["sequence"], f"{told['base_points']:,}", str(told["replicates"])]
    for key in ("corrected_S1", "corrected_ST"):
        cells.append(f"{told[f'{key}_coverage']:.3f} ({told[f'{key}_farthest']:.3f})")
        cells.append(f"{told[f'{key}_width']:.2f}")
        cells.append(f"{told[f'{key}_rmse']:.2f}")
    return [*cells, f"{told['fisher_S1_coverage']:.3f}", f"{told['fisher_ST_coverage']:.3f}"]


def summary(rows: list[dict[str, Any]], repetitions: int) -> dict[str, Any]:
    def all_of(form: str, what: str) -> np.ndarray[Any, Any]:
        return np.array([told[f"{form}_{index}_{what}"] for told in rows for index in ("S1", "ST")])

    off, fishers = (float(np.abs(all_of(form, "coverage") - 0.95).mean()) for form in FORMS)
    return {
        "repetitions": repetitions,
        "coverage_lowest": all_of("corrected", "coverage").min(),
        "coverage_highest": all_of("corrected", "coverage").max(),
        "width_over_1.96_rmse_largest": all_of("corrected", "width").max(),
        "fisher_coverage_lowest": all_of("fisher", "coverage").min(),
        "error_of_coverage_over_fishers": round(off / fishers, 3),
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--small", action="store_true", help="a minute's version: 40 repetitions of 1,024 base points")
    parser.add_argument("--repetitions", type=int, default=300)
    parser.add_argument("--replicates", type=int, nargs="+", default=[4], help="replicates of a design")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/intervals.md has it")
    given = parser.parse_args()
    repetitions, sizes = (40, [1024]) if given.small else (given.repetitions, [1024, 4096])
    settings = [
        Setting(number, sequence, size, replicates)
        for sequence in ("monte_carlo", "sobol")
        for size in sizes
        for replicates in given.replicates
        for number in range(len(SUBJECTS))
    ]
    print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}" if given.markdown else " | ".join(HEAD))
    rows = []
    with ProcessPoolExecutor() as pool:
        for setting in settings:
            rows.append(row(setting, list(pool.map(partial(once, setting), range(repetitions), chunksize=10))))
            text = " | ".join(line(rows[-1]))
            print(f"| {text} |" if given.markdown else text, flush=True)
    print(json.dumps(summary(rows, repetitions)))


if __name__ == "__main__":
    main()
