"""How often p-values of `hsic` fall below .05 and .01 where nothing depends on any factor, and should in as many.

    pip install dnnsa[bench]
    python benchmarks/hsic.py [--small]

For each number of runs, 300 designs of independent points (50 with --small) of three factors, uniform, of two levels
(of probability .1 and .9) and inactive in .02 of runs, and for each 10 normal and 10 lognormal outputs drawn without
regard to them: 3,000 tables a row, 500 with --small. `goal` is of the normal outputs. A share of 3,000 scatters by .004
at .05 and .002 at .01. A table in which one of two levels does not occur has no p-value and is not counted.

The peer is OpenTURNS's asymptotic p-value, of the V-statistic of Gaussian kernels with the standard deviations as
bandwidths, of the uniform factor in tables of the same laws, fewer of them as given: a share of 500 scatters by .01.

`sobol` is of scrambled Sobol' sets of 256 points, and an output that is a function of the other factor alone: there
p-values mean nothing, and `hsic` refuses such designs.

The last line is JSON: shares below .05 over .05, the least and the largest of all rows, ours and the peer's.
"""

import argparse
import json
from typing import Any

import numpy as np

try:
    import openturns
except ImportError as error:
    raise SystemExit(f"{error.name} is not installed: pip install dnnsa[bench]") from error
from scipy.stats import qmc

from dnnsa.estimators import Block, Hsic
from dnnsa.estimators.hsic import Goal
from dnnsa.factors import Choice, Uniform
from dnnsa.layout import SAMPLE, Layout, apart

Array = np.ndarray[Any, Any]
UNIT = Uniform(low=0, high=1)
LAYOUT = Layout(SAMPLE, apart(3), laws=(UNIT, Choice(values=("a", "b"), probabilities=(0.1, 0.9)), UNIT))
FACTORS = ("uniform", "two levels", "rarely inactive")
OUTPUTS = 10  # of each kind, of one design
RUNS = (8, 20, 50, 200, 1000)
PEER = {20: 500, 50: 500, 200: 200}  # runs -> tables


def p_values(estimator: Hsic, layout: Layout, of: Block) -> Array:
    """``(p, cells)``."""
    state = estimator.update(estimator.init(layout, of.y.shape[2:]), of)
    return estimator.finalize([state], layout, 2.0**-52).maps["hsic_p"].array


def design(rng: np.random.Generator, n: int) -> dict[str, Array]:
    """P-values of one design by kind of output, each ``(3, OUTPUTS)``."""
    u = rng.random((n, 1, 3))
    x, active = u.copy(), np.ones(u.shape, bool)
    x[..., 1] = np.where(u[..., 1] < 0.1, 0.05, 0.55)
    active[..., 2] = rng.random((n, 1)) > 0.02
    y = rng.normal(size=(n, 1, OUTPUTS))
    blocks = {"normal": y, "lognormal": np.exp(1.5 * y[:, :, ::-1]), "goal": y}
    kinds = {"goal": Hsic(goal=Goal())}
    return {
        name: p_values(kinds.get(name, Hsic()), LAYOUT, Block(z, u, x, active=active)) for name, z in blocks.items()
    }


def shares(p: Array) -> tuple[float, float, int]:
    """Shares below .05 and .01, and of how many tables."""
    p = p[np.isfinite(p)]
    return float((p < 0.05).mean()), float((p < 0.01).mean()), len(p)


def kernel(values: Array) -> Any:
    found = openturns.SquaredExponential(1)
    found.setScale([float(values.std(ddof=1))])
    return found


def peer(rng: np.random.Generator, n: int) -> float:
    """OpenTURNS's asymptotic p-value of one table of a uniform factor and a normal output."""
    x, y = rng.random((n, 1)), rng.normal(size=(n, 1))
    samples = [openturns.Sample(values) for values in (x, y)]
    found = openturns.HSICEstimatorGlobalSensitivity([kernel(x), kernel(y)], *samples, openturns.HSICVStat())
    return float(found.getPValuesAsymptotic()[0])


def of_sobol(sets: int) -> Array:
    """P-values of a factor that does nothing, of points that are more even than chance, ``(sets,)``."""
    layout, found = Layout(SAMPLE, apart(2)), []
    for seed in range(sets):
        u = qmc.Sobol(2, rng=seed).random(256)[:, None]
        found.append(p_values(Hsic(), layout, Block(np.sin(6 * u[:, :, 1]), u, u))[0])
    return np.array(found)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="500 tables a row, of at most 200 runs")
    small = arguments.parse_args().small
    rng, rows = np.random.default_rng(1), []
    print("  runs  factor           output     tables  below .05  below .01")
    for n in RUNS[:-1] if small else RUNS:
        designs = [design(rng, n) for _ in range(50 if small else 300)]
        for output in designs[0]:
            for k, factor in enumerate(FACTORS):
                rows.append((n, factor, output, *shares(np.stack([one[output][k] for one in designs]))))
    theirs = []
    for n, tables in PEER.items():
        found = shares(np.array([peer(rng, n) for _ in range(tables // (5 if small else 1))]))
        theirs.append((n, "uniform", "OpenTURNS", *found))
    for n, factor, output, five, one, tables in [*rows, *theirs]:
        print(f"{n:6d}  {factor:15s}  {output:9s}  {tables:6d}  {five:9.4f}  {one:9.4f}")
    even = of_sobol(100 if small else 300)
    print(f"sobol: {len(even)} sets, below .05 in {(even < 0.05).mean():.4f}, median {np.median(even):.4f}")
    ours, other = ([round(row[3] / 0.05, 3) for row in table] for table in (rows, theirs))
    ratios = {"least": min(ours), "largest": max(ours), "openturns_least": min(other), "openturns_largest": max(other)}
    print(json.dumps(ratios | {"sobol": round(float((even < 0.05).mean()) / 0.05, 3)}))


if __name__ == "__main__":
    main()
