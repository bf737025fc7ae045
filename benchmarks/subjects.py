"""Functions with exact indices, for the benchmarks of forms and intervals; their indices are in tests/reference."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dnnsa.designs import Saltelli
from dnnsa.estimators import Block, Sobol
from dnnsa.estimators.pick_freeze import SobolState
from dnnsa.factors import Factor, Gumbel, Integers, Normal, Triangular, Uniform
from dnnsa.layout import Layout, apart

Array = np.ndarray[Any, Any]
EXACT: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "tests" / "reference" / "sobol_indices.json").read_text(encoding="utf-8")
)
PI = 3.141592653589793
UNIT = Uniform(low=0, high=1)
STANDARD = Normal(mean=0, sd=1)


class Subject(NamedTuple):
    """A function of independent inputs."""

    label: str
    laws: list[Factor]
    f: Callable[[Array], Array]  # inputs (p, *any) to outputs (*any)
    first: Array  # (p,) exact first-order indices
    total: Array  # (p,)


def ishigami(x: Array) -> Array:
    return np.asarray(np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0]))


def g_star(x: Array, a: list[float], alpha: float = 1.0) -> Array:
    factors = [((1 + alpha) * np.abs(2 * v - 1) ** alpha + c) / (1 + c) for v, c in zip(x, a, strict=True)]
    return np.asarray(np.prod(factors, axis=0))


def squares(x: Array, case: Mapping[str, Any]) -> Array:
    """A network of one layer of squares."""
    w, b, v = (np.array(case[key]) for key in ("W", "b", "v"))
    w = w if len(w) == len(x) else w.T  # (inputs, neurons)
    return np.asarray(np.tensordot((np.tensordot(x, w, axes=(0, 0)) + b) ** 2, v, axes=1))


def borehole(x: Array) -> Array:
    rw, r, tu, hu, tl, hl, length, kw = x
    ratio = np.log(r / rw)
    return np.asarray(2 * PI * tu * (hu - hl) / (ratio * (1 + 2 * length * tu / (ratio * rw**2 * kw) + tu / tl)))


def flood(x: Array) -> Array:
    q, ks, zv, zm, hd, cb, length, b = x
    return np.asarray(zv + (q / (b * ks * np.sqrt((zm - zv) / length))) ** 0.6 - hd - cb)


def bratley(x: Array) -> Array:
    return np.asarray(np.sum([(-1) ** i * np.prod(x[:i], axis=0) for i in range(1, len(x) + 1)], axis=0))


def _of(name: str, label: str, laws: list[Factor], f: Callable[[Array], Array]) -> Subject:
    return Subject(label, laws, f, np.array(EXACT[name]["S1"]), np.array(EXACT[name]["ST"]))


def _exponential() -> Subject:
    """The exponential of normal variables of standard deviations 1, .5, .2 and 0: a product of lognormals."""
    sd = np.array([1.0, 0.5, 0.2, 0.0])
    v = np.exp(sd**2) - 1  # squared coefficients of variation
    whole = np.prod(1 + v) - 1
    total = v * np.prod(1 + v) / (1 + v) / whole
    return Subject("exp of normals", [STANDARD] * 4, lambda x: np.exp(np.tensordot(sd, x, axes=1)), v / whole, total)


def _majority() -> Subject:
    """Whether more than half of nine coins show heads; its indices by going through all 512 throws."""
    coins = 9
    throws = (np.arange(2**coins)[:, None] >> np.arange(coins)) & 1  # (512, 9)
    f = (throws.sum(axis=1) > coins / 2).astype(float)
    alone = np.array([f[throws[:, 0] == side].mean() for side in (0, 1)]).var() / f.var()
    others = np.array([f[(throws[:, 1:] == rest).all(axis=1)].var() for rest in throws[throws[:, 0] == 0][:, 1:]])
    laws: list[Factor] = [Integers(low=0, high=1)] * coins
    return Subject(
        "majority of nine coins",
        laws,
        lambda x: np.asarray((x.sum(axis=0) > coins / 2).astype(float)),
        np.full(coins, alone),
        np.full(coins, others.mean() / f.var()),
    )


def _g(name: str, label: str) -> Subject:
    case = EXACT[name]
    f = partial(g_star, a=case["a"], alpha=case.get("alpha", 1.0))
    return _of(name, label, [UNIT] * len(case["a"]), f)


def _linear() -> Subject:
    moments = zip([0.5, 1.0, 1.5, 2.0, 3.0], [1.0, 1.5, 2.0, 2.5, 1.0], strict=True)
    laws: list[Factor] = [Normal(mean=mean, sd=sd) for mean, sd in moments]
    weights = np.array([1.0, 2.0, 3.0, 4.0, 0.0])
    return _of("linear_normal", "linear, normal inputs", laws, lambda x: np.tensordot(weights, x, axes=1))


def _borehole() -> Subject:
    bounds = [(0.05, 0.15), (100, 50000), (63070, 115600), (990, 1110), (63.1, 116), (700, 820), (1120, 1680)]
    laws: list[Factor] = [Uniform(low=low, high=high) for low, high in [*bounds, (9855, 12045)]]
    return _of("borehole_uniform", "borehole", laws, borehole)


def _flood() -> Subject:
    threes = [(49, 50, 51), (54, 55, 56), (55, 55.5, 56), (4990, 5000, 5010), (295, 300, 305)]
    zv, zm, cb, length, b = (Triangular(low=low, mode=mode, high=high) for low, mode, high in threes)
    flow, friction = Gumbel(loc=1013, scale=558, low=500, high=3000), Normal(mean=30, sd=8, low=15)
    laws: list[Factor] = [flow, friction, zv, zm, Uniform(low=7, high=9), cb, length, b]
    return _of("flood_iooss_lemaitre2015", "flood", laws, flood)


def _network() -> Subject:
    return _of("nn_quadratic", "network of squares", [STANDARD] * 5, partial(squares, case=EXACT["nn_quadratic"]))


KNOWN = [  # functions that are usually shown
    _of("ishigami_a7_b0.1", "Ishigami", [Uniform(low=-PI, high=PI)] * 3, ishigami),
    _g("gfunction_A_saltelli", "g, a = 0 1 4.5 9 99 99 99 99"),
    _g("gfunction_B_equal6.52", "g, a = 6.52 eight times"),
    _g("gfunction_C_equal0", "g, a = 0 eight times"),
    _g("gfunction_D_i", "g, a = 0 to 7"),
    _network(),
    _linear(),
]
DISCRETE = [_majority()]
OTHERS = [  # functions outside that table
    _g("gstar_G2", "g*, alpha = 1, ten inputs"),
    _g("gstar_G3", "g*, alpha = .5"),
    _g("gstar_G5", "g*, alpha = 2"),
    _of("product_zero_mean", "product of normals", [STANDARD] * 2, lambda x: np.asarray(x[0] * x[1])),
    _of(
        "morokoff_caflisch_d5", "Morokoff-Caflisch", [UNIT] * 5, lambda x: np.asarray(1.2**5 * np.prod(x**0.2, axis=0))
    ),
    _of("bratley1992_d6", "Bratley", [UNIT] * 6, bratley),
    _borehole(),
    _flood(),
    _exponential(),
]


def states(subject: Subject, design: Saltelli, estimator: Sobol | None = None) -> tuple[Layout, list[SobolState]]:
    """The state of each replicate of a design, of the default estimator unless given."""
    sobol = estimator or Sobol()
    groups = apart(len(subject.laws))
    layout, share = design.layout(groups), design.base_points // design.replicates
    folded = []
    for replicate in range(design.replicates):
        u = design.points(groups, replicate, 0, share)
        x = np.array([design.column(k, groups, law.ppf(u[..., k])) for k, law in enumerate(subject.laws)])
        folded.append(sobol.update(sobol.init(layout, ()), Block(subject.f(x), u, u)))  # x: (p, n, runs)
    return layout, folded
