"""The cases of ``tests/reference``: which factors, under which laws, and which function; and how a study is folded."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa import Study
from dnnsa.draws import Draws
from dnnsa.estimators import Block, Estimator

Array = NDArray[Any]

REFERENCE = Path(__file__).parents[1] / "reference"
EXACT: dict[str, dict[str, Any]] = json.loads((REFERENCE / "sobol_indices.json").read_text())
EVERY = 4  # of the rows and columns of a map, one in so many is looked at
MESH = np.linspace(0, 1, 33)[::EVERY]  # of u and of v
Z = np.linspace(-90, 90, 64)[::EVERY]  # of z1 and of z2


class Subject(NamedTuple):
    """A function and what it is given; the names and order of the factors are those of the reference."""

    factors: Mapping[str, Mapping[str, Any]]
    function: Callable[..., Array]  # of one (n,) array for each factor, to (n, *shape)


def uniform(low: float, high: float) -> dict[str, Any]:
    return {"kind": "uniform", "low": low, "high": high}


def normal(mean: float, sd: float, **ends: float) -> dict[str, Any]:
    return {"kind": "normal", "mean": mean, "sd": sd, **ends}


def triangular(low: float, mode: float, high: float) -> dict[str, Any]:
    return {"kind": "triangular", "low": low, "mode": mode, "high": high}


def lognormal_of_moments(mean: float, sd: float) -> dict[str, Any]:
    """By mean and standard deviation of the value: s^2 = log(1 + sd^2 / mean^2), m = log(mean) - s^2 / 2."""
    variance = np.log1p((sd / mean) ** 2)
    return {"kind": "lognormal", "mean": float(np.log(mean) - variance / 2), "sd": float(np.sqrt(variance))}


def same(law: dict[str, Any], p: int) -> dict[str, dict[str, Any]]:
    """``x1`` to ``xp`` under one law."""
    return {f"x{k + 1}": law for k in range(p)}


# a study without a cluster --------------------------------------------------------------------------------------------


def block(draws: Draws, function: Callable[..., Array], replicate: int, start: int, size: int) -> Block:
    """The runs of ``size`` base points of a replicate from number ``start``."""
    points = draws.points(replicate, start, size)
    y = function(**{name: values.reshape(-1) for name, values in draws.runs(points).items()})
    return Block(y.reshape(points.size, -1, *y.shape[1:]), points.u, draws.x(points), replicate, start)


def folded(
    study: Study, function: Callable[..., Array], estimators: Sequence[Estimator], size: int = 256
) -> dict[str, Array]:
    """The maps that estimators make of a function in the place of the study's model, block by block of ``size``."""
    draws, maps = study.draws({}), dict[str, Array]()
    starts = range(0, draws.base_points // draws.replicates, size)
    parts = [[block(draws, function, r, start, size) for start in starts] for r in range(draws.replicates)]
    for estimator in estimators:
        empty = estimator.init(draws.layout, parts[0][0].y.shape[2:])
        states = [reduce(estimator.merge, [estimator.update(empty, one) for one in part]) for part in parts]
        maps |= {key: map_.array for key, map_ in estimator.finalize(states, draws.layout, 2.0**-52).maps.items()}
    return maps


# functions ------------------------------------------------------------------------------------------------------------


def ishigami(x1: Array, x2: Array, x3: Array, b: float) -> Array:
    return np.asarray(np.sin(x1) + 7 * np.sin(x2) ** 2 + b * x3**4 * np.sin(x1))


def ishigami_mesh(x1: Array, x2: Array, x3: Array) -> Array:
    """Shape ``(n, v, u)``; the cell of u = v = 0 is 0 in every run."""
    u, v = MESH[None, :], MESH[:, None]
    some = np.where((u == 0) & (v == 0), 0.0, 1.0)
    x1, x2, x3 = (x[:, None, None] for x in (x1, x2, x3))
    return np.asarray(some * np.sin(x1) * (1 + 0.1 * v * x3**4) + 7 * u * np.sin(x2) ** 2)


def g(a: list[float], alpha: float, **x: Array) -> Array:
    terms = [((1 + alpha) * np.abs(2 * v - 1) ** alpha + a_k) / (1 + a_k) for v, a_k in zip(x.values(), a, strict=True)]
    return np.asarray(np.prod(terms, axis=0))


def weighted(c: tuple[float, ...], **x: Array) -> Array:
    return np.asarray(sum(c_k * v for c_k, v in zip(c, x.values(), strict=True)))


def morokoff_caflisch(**x: Array) -> Array:
    d = len(x)
    return np.asarray((1 + 1 / d) ** d * np.prod(list(x.values()), axis=0) ** (1 / d))


def bratley(**x: Array) -> Array:
    products = np.cumprod(list(x.values()), axis=0)  # (d, n)
    signs = np.where(np.arange(len(products)) % 2, 1.0, -1.0)
    return np.asarray(signs @ products)


def borehole(rw: Array, r: Array, Tu: Array, Hu: Array, Tl: Array, Hl: Array, L: Array, Kw: Array) -> Array:
    log = np.log(r / rw)
    return np.asarray(2 * np.pi * Tu * (Hu - Hl) / (log * (1 + 2 * L * Tu / (log * rw**2 * Kw) + Tu / Tl)))


def flood(Q: Array, Ks: Array, Zv: Array, Zm: Array, Hd: Array, Cb: Array, L: Array, B: Array) -> Array:
    return np.asarray(Zv + (Q / (B * Ks * np.sqrt((Zm - Zv) / L))) ** 0.6 - Hd - Cb)


def linear_field(w1: Array, b1: Array, w2: Array, b2: Array, **x: Array) -> Array:
    return np.asarray((np.stack(list(x.values()), axis=1) @ w1 + b1) @ w2 + b2)  # (n, 5)


def quadratic(w: Array, b: Array, v: Array, **x: Array) -> Array:
    return np.asarray((np.stack(list(x.values()), axis=1) @ w + b) ** 2 @ v)


def campbell2d(**x: Array) -> Array:
    """Shape ``(n, z1, z2)``."""
    x1, x2, x3, x4, x5, x6, x7, x8 = (v[:, None, None] for v in x.values())
    z1, z2 = Z[:, None], Z[None, :]
    return np.asarray(
        x1 * np.exp(-((0.8 * z1 + 0.2 * z2 - 10 * x2) ** 2) / (60 * x1**2))
        + (x2 + x4) * np.exp((0.5 * z1 + 0.5 * z2) * x1 / 500)
        + x5 * (x3 - 2) * np.exp(-((0.4 * z1 + 0.6 * z2 - 20 * x6) ** 2) / (40 * x5**2))
        + (x6 + x8) * np.exp((0.3 * z1 + 0.7 * z2) * x7 / 250)
    )


# subjects -------------------------------------------------------------------------------------------------------------


def g_subject(name: str) -> Subject:
    case = EXACT[name]
    return Subject(same(uniform(0, 1), len(case["a"])), partial(g, case["a"], case.get("alpha", 1.0)))


def weights(name: str, *keys: str) -> list[Array]:
    return [np.array(EXACT[name][key]) for key in keys]


PI = float(np.pi)
BOREHOLE = {
    "rw": uniform(0.05, 0.15),
    "r": uniform(100, 50000),
    "Tu": uniform(63070, 115600),
    "Hu": uniform(990, 1110),
    "Tl": uniform(63.1, 116),
    "Hl": uniform(700, 820),
    "L": uniform(1120, 1680),
    "Kw": uniform(9855, 12045),
}
SUBJECTS: dict[str, Subject] = {
    "ishigami_a7_b0.1": Subject(same(uniform(-PI, PI), 3), partial(ishigami, b=0.1)),
    "ishigami_a7_b0.05": Subject(same(uniform(-PI, PI), 3), partial(ishigami, b=0.05)),
    **{name: g_subject(name) for name in EXACT if name.startswith(("gfunction", "gstar"))},
    "linear_normal": Subject(
        {
            "x1": normal(0.5, 1.0),
            "x2": normal(1.0, 1.5),
            "x3": normal(1.5, 2.0),
            "x4": normal(2.0, 2.5),
            "x5": normal(3.0, 1.0),
        },
        partial(weighted, (1.0, 2.0, 3.0, 4.0, 0.0)),
    ),
    "product_zero_mean": Subject(same(normal(0, 1), 2), lambda x1, x2: x1 * x2),
    "morokoff_caflisch_d5": Subject(same(uniform(0, 1), 5), morokoff_caflisch),
    "bratley1992_d6": Subject(same(uniform(0, 1), 6), bratley),
    "borehole_uniform": Subject(BOREHOLE, borehole),
    "borehole_normal": Subject(
        {**BOREHOLE, "rw": normal(0.10, 0.0161812), "r": {"kind": "lognormal", "mean": 7.71, "sd": 1.0056}}, borehole
    ),
    "flood_iooss_lemaitre2015": Subject(
        {
            "Q": {"kind": "gumbel", "loc": 1013, "scale": 558, "low": 500, "high": 3000},
            "Ks": normal(30, 8, low=15),
            "Zv": triangular(49, 50, 51),
            "Zm": triangular(54, 55, 56),
            "Hd": uniform(7, 9),
            "Cb": triangular(55, 55.5, 56),
            "L": triangular(4990, 5000, 5010),
            "B": triangular(295, 300, 305),
        },
        flood,
    ),
    "cantilever_beam_openturns": Subject(
        {
            "E": {"kind": "beta", "a": 0.9, "b": 3.5, "low": 65e9, "high": 75e9},
            "F": lognormal_of_moments(300, 30),
            "L": uniform(2.5, 2.6),
            "I": {"kind": "beta", "a": 2.5, "b": 4, "low": 1.3e-7, "high": 1.7e-7},
        },
        lambda E, F, L, I: F * L**3 / (3 * E * I),  # noqa: E741
    ),
    "nn_linear_field": Subject(
        {f"x{k + 1}": normal(0, sd) for k, sd in enumerate((0.5, 1.0, 1.5, 2.0, 0.25, 1.0))},
        partial(linear_field, *weights("nn_linear_field", "W1", "b1", "W2", "b2")),
    ),
    "nn_quadratic": Subject(same(normal(0, 1), 5), partial(quadratic, *weights("nn_quadratic", "W", "b", "v"))),
    "field_ishigami_mesh": Subject(same(uniform(-PI, PI), 3), ishigami_mesh),
    "field_campbell2d": Subject(same(uniform(-1, 5), 8), campbell2d),
}


# what they come to ----------------------------------------------------------------------------------------------------


def exact(name: str) -> dict[str, Array]:
    """What the reference says: S1 and ST (p, *shape), S2 (p, p, *shape), mean and variance (*shape), those it has."""
    case = EXACT[name]
    if name.startswith("field_"):
        return _maps(name.split("_")[1])
    known = {key: np.array(case[key]) for key in ("mean", "variance") if key in case}
    known |= {key: np.array(case[key]).T for key in ("S1", "ST")}  # of a field the reference has (cells, p)
    if "S2" in case:
        p = len(case["names"])
        known["S2"] = np.full((p, p), np.nan)
        for pair, value in case["S2"].items():
            j, k = map(int, pair.split(","))
            known["S2"][[j, k], [k, j]] = value
    return known


def _maps(prefix: str) -> dict[str, Array]:
    keys = {"S1": "S1", "ST": "ST", "mean": "mean", "variance": "V"}
    with np.load(REFERENCE / "index_maps.npz") as file:
        prefix = "ishigami_mesh" if prefix == "ishigami" else "campbell"
        names = {key: f"{prefix}_{name}" for key, name in keys.items() if f"{prefix}_{name}" in file.files}
        return {key: file[name][..., ::EVERY, ::EVERY] for key, name in names.items()}
