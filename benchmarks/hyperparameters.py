"""What Optuna, SALib and dnnsa say of the same runs, where the truth is known; and how many trainings a minute has.

    pip install dnnsa[bench]
    python benchmarks/hyperparameters.py [--small]

Three functions in the place of a training:

- `rate`: ``1[log10 lr < -3] + 0.2 u``, with lr log-uniform on [1e-5, 1] and u uniform. S of lr is .986.
- `interaction`: ``sign((a - 1/2) (b - 1/2))``, c inert. S is 0, 0, 0 and ST is 1, 1, 0.
- `luck`: ``1[log10 lr < -3] + v(seed)``, c inert, with v of variance .36: S of lr is .4, that of the seed .6.

dnnsa runs a pick-freeze design of independent points. SALib's `analyze.sobol` reads the same runs in its own order.
Optuna's fANOVA and PED-ANOVA read the points A and B of them as finished trials (the first 1,000, with --small 400: a
forest takes long), with ``FloatDistribution(log=True)`` for lr, as ``suggest_float(log=True)`` makes it. They are given
no seed: a seed is no parameter of a search. `binned` and `hsic_p` are dnnsa's from the points A and B, all of them:
what ``dnnsa analyse`` says of such a log.

Optuna's numbers sum to 1 whatever the factors explain; there is no total index, no interval and no share of luck.
fANOVA's are main effects under the uniform law between the bounds of lr, not under the one that it was drawn from.
PED-ANOVA's are of another question: what decides whether a trial is among the best tenth. `at most` is the upper end of
dnnsa's interval of ST, of 95 %. `binned` cannot see a seed, whose values share bins.

Then trainings of the digits example (examples/hyperparameters, 20 epochs of a small network): by ``dnnsa run`` in two
worker processes, compiling included, and by Keras, ``compile`` and ``fit`` of a new model for each of some of the same
runs in one process that has both cores. Their errors are compared too: seeds draw other numbers there, so the means.

The last line is JSON: `lr_index`, dnnsa's S1 of lr in `rate` (truth .986), `inert_total`, the largest ST that it gives
an inert factor (truth 0), and the peers' largest share of an inert factor and their share of lr; then
`trainings_per_minute`, that of Keras, and the ratio of the two.
"""

import argparse
import json
import runpy
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

try:
    import optuna
except ImportError as error:
    raise SystemExit(f"{error.name} is not installed: pip install dnnsa[bench]") from error
from SALib.analyze import sobol as salib

import dnnsa
from dnnsa.cluster import Inside, Local
from dnnsa.view.progress import Quiet

Array = np.ndarray[Any, Any]
RATE = {"kind": "loguniform", "low": 1e-5, "high": 1}
EXAMPLE = Path(__file__).parents[1] / "examples" / "hyperparameters"
FITS = {False: 24, True: 6}  # trainings by Keras
UNIT = {"kind": "uniform", "low": 0, "high": 1}
TRIALS = {False: 1000, True: 400}  # --small or not


def step(lr: Array) -> Array:
    return np.asarray(np.log10(lr) < -3, dtype=float)


def rate(lr: Array, u: Array) -> Array:
    return step(lr) + 0.2 * u


def interaction(a: Array, b: Array, c: Array) -> Array:
    return np.sign((a - 0.5) * (b - 0.5))


def luck(lr: Array, c: Array, seed: Array) -> Array:
    """The seed's part is even between -1.04 and 1.04, by a hash of it."""
    mixed = (seed.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(11)
    return step(lr) + np.sqrt(12 * 0.36) * (mixed / 2.0**53 - 0.5)


class Case(NamedTuple):
    """A function with its factors and, of each, S and ST."""

    function: Callable[..., Array]
    factors: dict[str, dict[str, Any]]
    exact: dict[str, tuple[float, float]]


CASES = (
    Case(rate, {"lr": RATE, "u": UNIT}, {"lr": (0.986, 0.986), "u": (0.014, 0.014)}),
    Case(interaction, dict.fromkeys("abc", UNIT), {"a": (0, 1), "b": (0, 1), "c": (0, 0)}),
    Case(
        luck,
        {"lr": RATE, "c": UNIT, "seed": {"kind": "integers", "low": 0, "high": 2**31}},
        {"lr": (0.4, 0.4), "c": (0, 0), "seed": (0.6, 0.6)},
    ),
)


def study_of(case: Case, base_points: int, folder: Path) -> dnnsa.Study:
    (folder / "cases.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    return dnnsa.Study(
        directory=folder,
        name=case.function.__name__,
        factors=case.factors,
        design={
            "kind": "saltelli",
            "base_points": base_points,
            "replicates": 8,
            "sequence": "monte_carlo",
        },
        model={"kind": "function", "call": f"cases:{case.function.__name__}"},
        estimators=[{"kind": "sobol"}, {"kind": "binned"}, {"kind": "hsic"}],
    )


def runs_of(study: dnnsa.Study, case: Case) -> tuple[dict[str, Array], Array]:
    """Each factor's values in every run and what came out, ``(n, p + 2)``: A, B, E_1 ... E_p."""
    draws = study.draws()
    size = draws.base_points // draws.replicates
    parts = [draws.runs(draws.points(replicate, 0, size)) for replicate in range(draws.replicates)]
    values = {name: np.concatenate([part[name] for part in parts]) for name in case.factors}
    return values, case.function(**values)


def of_salib(y: Array, names: list[str]) -> Any:
    """SALib's order is A, E_1 ... E_p, B."""
    ordered = np.concatenate([y[:, :1], y[:, 2:], y[:, 1:2]], axis=1).ravel()
    problem = {"num_vars": len(names), "names": names, "bounds": [[0, 1]] * len(names)}
    return salib.analyze(problem, ordered, calc_second_order=False, seed=1)


def of_optuna(values: dict[str, Array], y: Array, trials: int) -> tuple[dict[str, float], dict[str, float]]:
    """FANOVA's and PED-ANOVA's importances from the first trials of A and B."""
    names = [name for name in values if name != "seed"]
    laws: dict[str, Any] = {
        name: optuna.distributions.FloatDistribution(1e-5 if name == "lr" else 0, 1, log=name == "lr") for name in names
    }
    search = optuna.create_study()
    rows = {name: values[name][:, :2].ravel()[:trials] for name in names}
    for k, value in enumerate(y[:, :2].ravel()[:trials]):
        params = {name: float(rows[name][k]) for name in names}
        search.add_trial(optuna.create_trial(params=params, distributions=laws, value=float(value)))
    evaluators = (
        optuna.importance.FanovaImportanceEvaluator(seed=0),
        optuna.importance.PedAnovaImportanceEvaluator(),
    )
    found = [optuna.importance.get_param_importances(search, evaluator=one) for one in evaluators]
    return dict(found[0]), dict(found[1])


def rows_of(case: Case, base_points: int, trials: int) -> list[dict[str, Any]]:
    """A row a factor."""
    with tempfile.TemporaryDirectory() as made:
        study = study_of(case, base_points, Path(made))
        results = dnnsa.run(study, out=Path(made) / "out.zarr", cluster=Inside(), reporter=Quiet())["output"].load()
        values, y = runs_of(study, case)
    theirs, (forest, ped) = of_salib(y, list(case.factors)), of_optuna(values, y, trials)
    rows = []
    for k, name in enumerate(case.factors):
        row = {
            "case": case.function.__name__,
            "factor": name,
            "S": case.exact[name][0],
            "exact_ST": case.exact[name][1],
        }
        ours = {index: float(results[index].values[k]) for index in ("S1", "ST", "ST_upper", "S1_binned", "hsic_p")}
        row |= ours | {"salib_S1": float(theirs["S1"][k]), "salib_ST": float(theirs["ST"][k])}
        rows.append(row | {"fanova": forest.get(name, np.nan), "ped": ped.get(name, np.nan)})
    return rows


class Trained(NamedTuple):
    """Some trainings."""

    per_minute: float
    error: float  # the mean of their shares of errors on test data


def trained(base_points: int, fits: int) -> tuple[Trained, Trained]:
    """By dnnsa, and the first ones by Keras."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copy(EXAMPLE / "train.py", folder)
        runpy.run_path(str(folder / "train.py"))["main"]()
        document = dnnsa.Study.from_yaml(EXAMPLE / "study.yaml").document
        design = {**document["design"], "base_points": base_points}
        study = dnnsa.Study(directory=folder, **{**document, "design": design})
        began = time.perf_counter()
        dnnsa.run(study, out=folder / "out.zarr", cluster=Local(workers=2), reporter=Quiet())
        seconds = time.perf_counter() - began
        runs = dnnsa.runs(folder / "out.zarr")
        ours = Trained(60 * len(runs) / seconds, float(runs["error"][:fits].mean()))
        data = study.model.data.load(folder, study.digests())
        began = time.perf_counter()
        errors = [fitted(run, data) for run in runs[:fits].itertuples()]
        return ours, Trained(60 * fits / (time.perf_counter() - began), float(np.mean(errors)))


def fitted(run: Any, data: Any) -> float:
    """The error of one training by Keras."""
    import keras

    keras.utils.set_random_seed(int(run.seed))
    penalty = keras.regularizers.L2(run.l2)
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(int(run.width), run.activation, kernel_regularizer=penalty),
        keras.layers.Dense(data.classes, "softmax", kernel_regularizer=penalty),
    ]
    model = keras.Sequential(layers)
    named = {} if run.optimizer == "adam" else {"momentum": run.momentum}
    optimizer = keras.optimizers.get(run.optimizer)
    optimizer = type(optimizer)(learning_rate=run.learning_rate, **named)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    known = (data.validation.inputs, data.validation.truth)
    inputs, labels = data.training
    model.fit(inputs, labels, batch_size=int(run.batch_size), epochs=20, validation_data=known, verbose=0)
    return float((model.predict(data.test.inputs, verbose=0).argmax(axis=1) != data.test.truth).mean())


COLUMNS = {
    "S": "exact S",
    "exact_ST": "exact ST",
    "S1": "dnnsa S1",
    "ST": "dnnsa ST",
    "ST_upper": "at most",
    "S1_binned": "binned",
    "hsic_p": "hsic_p",
    "salib_S1": "SALib S1",
    "salib_ST": "SALib ST",
    "fanova": "fANOVA",
    "ped": "PED-ANOVA",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="fewer base points, of functions and of trainings")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    small = arguments.parse_args().small
    rows = [row for case in CASES for row in rows_of(case, 1024 if small else 8192, TRIALS[small])]
    print(f"{'case':12s} {'factor':6s} " + " ".join(f"{title:>9s}" for title in COLUMNS.values()))
    for row in rows:
        print(f"{row['case']:12s} {row['factor']:6s} " + " ".join(f"{row[name]:9.3f}" for name in COLUMNS))
    ours, keras = trained(8 if small else 64, FITS[small])
    print(f"\n{'':8s} {'trainings a minute':>18s} {'mean error of the first ' + str(FITS[small]):>28s}")
    for name, one in (("dnnsa", ours), ("Keras", keras)):
        print(f"{name:8s} {one.per_minute:18.1f} {one.error:28.3f}")
    inert = [row for row in rows if row["factor"] == "c"]
    (of_lr,) = [row for row in rows if row["case"] == "rate" and row["factor"] == "lr"]
    numbers = {
        "lr_index": of_lr["S1"],
        "inert_total": max(row["ST"] for row in inert),
        "salib_inert_total": max(row["salib_ST"] for row in inert),
        "fanova_lr": of_lr["fanova"],
        "fanova_inert": max(row["fanova"] for row in inert),
        "ped_anova_inert": max(row["ped"] for row in inert),
        "trainings_per_minute": ours.per_minute,
        "keras_trainings_per_minute": keras.per_minute,
        "vs_keras": ours.per_minute / keras.per_minute,
    }
    print(json.dumps({name: round(value, 4) for name, value in numbers.items()}))


if __name__ == "__main__":
    main()
