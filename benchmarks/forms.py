"""Which form of the Sobol' indices errs least, from the same runs.

    python benchmarks/forms.py [--small] [--markdown]

Root mean square errors times 1,000, pooled over the inputs, of S1 and ST by each form, for the functions that are
usually shown and for others, under plain Monte Carlo and scrambled Sobol' points (in one replicate, and in four). Each
repetition has its own seed. The ratios of the last line, JSON, are geometric means over the functions of the error of
plain Martinez over that of the default, and of the default over that of the default with `control: linear`, which
begin with `control`: above 1 the latter errs less.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from subjects import KNOWN, OTHERS, states

from dnnsa.designs import Saltelli
from dnnsa.estimators import Sobol
from dnnsa.estimators.indices import FORMS

SUBJECTS = [*KNOWN, *OTHERS]
CONTROL = "corrected with control"
VARIANTS = [*FORMS, CONTROL]
DESIGNS = {"monte_carlo": ("monte_carlo", 4), "sobol": ("sobol", 1), "sobol in 4": ("sobol", 4)}


def once(number: int, design: str, base_points: int, seed: int) -> np.ndarray[Any, Any]:
    """Errors of S1 and ST by each variant, ``(variants, 2, p)``."""
    subject, (sequence, replicates) = SUBJECTS[number], DESIGNS[design]
    drawn = Saltelli(base_points=base_points, replicates=replicates, seed=seed, sequence=sequence)  # type: ignore[arg-type]
    controlled = Sobol(control="linear")
    layout, folded = states(subject, drawn)
    _, known = states(subject, drawn, controlled)
    finished = [Sobol(estimator=form).finalize(folded, layout, 2.0**-52) for form in FORMS]  # type: ignore[arg-type]
    errors = []
    for done in [*finished, controlled.finalize(known, layout, 2.0**-52)]:
        maps = done.maps
        errors.append([maps["S1"].array - subject.first, maps["ST"].array - subject.total])
    return np.array(errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--small", action="store_true", help="a minute's version: 20 repetitions")
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--base-points", type=int, default=1024)
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/adr has it")
    given = parser.parse_args()
    repetitions = 20 if given.small else given.repetitions
    head = ["function", "design", *(f"{index} {form}" for index in ("S1", "ST") for form in VARIANTS)]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}" if given.markdown else " | ".join(head))
    rmse: dict[tuple[str, str], np.ndarray[Any, Any]] = {}
    with ProcessPoolExecutor() as pool:
        for design in DESIGNS:
            for number, subject in enumerate(SUBJECTS):
                repeat = partial(once, number, design, given.base_points)
                errors = np.array(list(pool.map(repeat, range(repetitions), chunksize=10)))
                rmse[subject.label, design] = pooled = 1000 * np.sqrt((errors**2).mean(axis=(0, 3)))  # (variants, 2)
                text = " | ".join([subject.label, design, *(f"{error:.2f}" for error in pooled.T.ravel())])
                print(f"| {text} |" if given.markdown else text, flush=True)
    plain, default, control = (VARIANTS.index(name) for name in ("martinez", "corrected", CONTROL))
    ratios = {}
    for which, subjects in (("known", KNOWN), ("others", OTHERS)):
        for design in DESIGNS:
            errors = np.array([rmse[subject.label, design] for subject in subjects])  # (functions, variants, 2)
            better = np.exp(np.log(errors[:, plain] / errors[:, default]).mean(axis=0))
            worst = (errors[:, plain] / errors[:, default]).min(axis=0)
            gain = errors[:, default] / errors[:, control]  # (functions, 2)
            for k, index in enumerate(("S1", "ST")):
                ratios[f"{index}_{which}_{design}"] = round(float(better[k]), 2)
                ratios[f"{index}_{which}_{design}_worst"] = round(float(worst[k]), 2)
                ratios[f"control_{index}_{which}_{design}"] = round(float(np.exp(np.log(gain[:, k]).mean())), 2)
                ratios[f"control_{index}_{which}_{design}_worst"] = round(float(gain[:, k].min()), 2)
    print(json.dumps({"repetitions": repetitions, "base_points": given.base_points, **ratios}))


if __name__ == "__main__":
    main()
