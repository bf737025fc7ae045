"""OpenTURNS's distributions and intervals as the factors of a study, without importing it."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from dnnsa.errors import InputError
from dnnsa.interop.problems import Settings, checked, from_bounds


def from_openturns(thing: Any, names: Sequence[str] | None = None) -> dict[str, Settings]:
    """The factors of a study from a distribution of OpenTURNS with independent marginals, or from an interval.

    Marginals may be `Uniform`, `LogUniform`, `Normal`, `LogNormal`, `TruncatedNormal`, `Triangular`, `Beta`,
    `WeibullMin`, `Gumbel`, and `TruncatedDistribution` of `Normal`, `LogNormal`, `WeibullMin` or `Gumbel`. An interval
    has uniform factors.

    Parameters
    ----------
    names
        Of the factors; the distribution's description unless given, ``x1``, ``x2``, ... of an interval.

    Raises
    ------
    InputError
        The inputs depend on each other, or a law is one that dnnsa has not.
    """
    if not hasattr(thing, "hasIndependentCopula"):
        return _of_interval(thing, names)
    if not thing.hasIndependentCopula():
        raise InputError(
            f"the copula of {thing.getClassName()} is not independent: factors of dnnsa are independent of each other. "
            "Draw the table with OpenTURNS, exchanging dependent inputs together, read it with `design: {kind: "
            "external}`, and give dependent inputs the same `group`."
        )
    names = list(thing.getDescription()) if names is None else list(names)
    if len(names) != thing.getDimension() or len(set(names)) < len(names):
        raise InputError(f"`names` must be {thing.getDimension()} different names, got {names}.")
    return {name: checked(name, _law(name, thing.getMarginal(k))) for k, name in enumerate(names)}


def _of_interval(interval: Any, names: Sequence[str] | None) -> dict[str, Settings]:
    if not all((*interval.getFiniteLowerBound(), *interval.getFiniteUpperBound())):
        raise InputError(f"an interval of factors must be finite, got {interval}.")
    return from_bounds(zip(interval.getLowerBound(), interval.getUpperBound(), strict=True), names)


def _law(name: str, marginal: Any) -> Settings:
    law = marginal.getImplementation() if hasattr(marginal, "getImplementation") else marginal
    kind = law.getClassName()
    if kind == "TruncatedDistribution":
        return _truncated(name, law)
    if kind not in _KINDS:
        raise InputError(f"`{name}`: there is no law `{kind}`: use one of {', '.join(f'`{k}`' for k in _KINDS)}.")
    return _KINDS[kind](name, *law.getParameter())


def _truncated(name: str, law: Any) -> Settings:
    inner, bounds = _law(name, law.getDistribution()), law.getBounds()
    if inner["kind"] not in ("normal", "lognormal", "weibull", "gumbel") or "low" in inner or "high" in inner:
        raise InputError(
            f"`{name}`: `TruncatedDistribution` can be of `Normal`, `LogNormal`, `WeibullMin` or `Gumbel`, got "
            f"`{law.getDistribution().getImplementation().getClassName()}`."
        )
    low = {"low": bounds.getLowerBound()[0]} if bounds.getFiniteLowerBound()[0] else {}
    high = {"high": bounds.getUpperBound()[0]} if bounds.getFiniteUpperBound()[0] else {}
    return inner | low | high


def _at_zero(name: str, kind: str, gamma: float) -> None:
    if gamma:
        raise InputError(
            f"`{name}`: the law `{kind}` of dnnsa begins at 0, got a location of {gamma:g}: give a location of 0 and "
            "add it to the factor in the model."
        )


def _lognormal(name: str, mean: float, sd: float, gamma: float) -> Settings:
    _at_zero(name, "lognormal", gamma)
    return {"kind": "lognormal", "mean": mean, "sd": sd}


def _weibull(name: str, scale: float, shape: float, gamma: float) -> Settings:
    _at_zero(name, "weibull", gamma)
    return {"kind": "weibull", "shape": shape, "scale": scale}


def _named(kind: str, *settings: str) -> Callable[..., Settings]:
    return lambda _, *numbers: {"kind": kind} | dict(zip(settings, numbers, strict=True))


_KINDS: dict[str, Callable[..., Settings]] = {
    "Uniform": _named("uniform", "low", "high"),
    "LogUniform": lambda _, low, high: {"kind": "loguniform", "low": math.exp(low), "high": math.exp(high)},
    "Normal": _named("normal", "mean", "sd"),
    "LogNormal": _lognormal,
    "TruncatedNormal": _named("truncnormal", "mean", "sd", "low", "high"),
    "Triangular": _named("triangular", "low", "mode", "high"),
    "Beta": _named("beta", "a", "b", "low", "high"),
    "WeibullMin": _weibull,
    "Gumbel": _named("gumbel", "scale", "loc"),
}
