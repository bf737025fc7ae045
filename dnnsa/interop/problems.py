"""SALib's problems as the factors of a study, and the other way round."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dnnsa import factors
from dnnsa.draws import columns
from dnnsa.errors import InputError
from dnnsa.factors import Factor
from dnnsa.study import Study

Settings = dict[str, Any]  # of one factor, as in a study file


def from_salib(problem: Mapping[str, Any]) -> dict[str, Settings]:
    """The factors of a study from a problem of SALib, a dict or a `ProblemSpec`.

    Its `names`, `bounds`, `dists` and `groups` are read, as SALib 1.6 reads them: the peak of `triang` is a share of
    the interval and becomes a value; `norm` and `lognorm` have a mean and a standard deviation in the place of bounds.
    Its `outputs` and whatever else it holds are not.

    Raises
    ------
    InputError
        Lengths differ, a name stands twice, or a law is one that dnnsa has not.

    Examples
    --------
    >>> from_salib({"names": ["x", "y"], "bounds": [[0, 2], [1, 3, 0.25]], "dists": ["unif", "triang"]})["y"]
    {'kind': 'triangular', 'low': 1.0, 'mode': 1.5, 'high': 3.0}
    """
    names = _listed(problem, "names")
    bounds = _listed(problem, "bounds")
    dists = _listed(problem, "dists") or ["unif"] * len(names)
    groups = _listed(problem, "groups") or names
    for key, given in {"bounds": bounds, "dists": dists, "groups": groups}.items():
        if len(given) != len(names):
            raise InputError(f"`{key}` must be one for each of the {len(names)} `names`, got {len(given)}.")
    if problem.get("num_vars", len(names)) != len(names):
        raise InputError(f"`num_vars` must be the number of `names`, {len(names)}, got {problem['num_vars']}.")
    laws = {
        name: _law(str(name), str(dist), [float(number) for number in numbers])
        for name, dist, numbers in zip(_different(names), dists, bounds, strict=True)
    }
    alone = {name for name, group in zip(names, groups, strict=True) if name == group and groups.count(group) == 1}
    return {
        name: law if name in alone else law | {"group": str(group)}
        for (name, law), group in zip(laws.items(), groups, strict=True)
    }


def from_bounds(bounds: Iterable[Sequence[float]], names: Sequence[str] | None = None) -> dict[str, Settings]:
    """Uniform factors from pairs of bounds, named ``x1``, ``x2``, ... unless names are given.

    Raises
    ------
    InputError
        What is no pair of numbers in order, or names that are not one a pair.

    Examples
    --------
    >>> from_bounds([[0, 1]])
    {'x1': {'kind': 'uniform', 'low': 0.0, 'high': 1.0}}
    """
    pairs = [[float(number) for number in pair] for pair in bounds]
    names = [f"x{k}" for k in range(1, len(pairs) + 1)] if names is None else list(names)
    if len(names) != len(pairs):
        raise InputError(f"`names` must be one for each of the {len(pairs)} pairs of bounds, got {len(names)}.")
    return {name: _law(name, "unif", pair) for name, pair in zip(_different(names), pairs, strict=True)}


def to_salib_problem(study: Study) -> dict[str, Any]:
    """The factors of a study as a problem of SALib, to analyse a sample of it there.

    `names` and `num_vars` are what SALib's RBD-FAST, PAWN, delta and RSA read, and `groups`, where there are any, is
    what PAWN reads besides. `bounds` and `dists` are there only if SALib has every one of the laws: without them its
    samplers stop, where bounds without the law would let them draw from another one.
    """
    problem: dict[str, Any] = {"names": list(study.factors), "num_vars": len(study.factors)}
    if any(len(members) > 1 for members in columns(study.factors).values()):
        problem["groups"] = [law.group or name for name, law in study.factors.items()]
    spelt = [_spelt(law) for law in study.factors.values()]
    told = [pair for pair in spelt if pair is not None]
    if len(told) == len(spelt):
        problem |= {"dists": [dist for dist, _ in told], "bounds": [numbers for _, numbers in told]}
    return problem


def checked(name: str, law: Settings) -> Settings:
    """The settings of a factor, if there is such a law."""
    try:
        factors.KINDS[law["kind"]](**law)
    except ValueError as error:
        raise InputError(f"`{name}`: {error}.") from error
    return law


def _law(name: str, dist: str, numbers: list[float]) -> Settings:
    if dist not in _FROM:
        raise InputError(
            f"`{name}`: there is no law `{dist}`: use one of {', '.join(f'`{known}`' for known in _FROM)}."
        )
    wanted, make = _FROM[dist]
    if len(numbers) not in wanted:
        counts = " or ".join(str(count) for count in wanted)
        raise InputError(f"`{name}`: `{dist}` has {counts} numbers in `bounds`, got {numbers}.")
    return checked(name, make(name, *numbers))


def _triang(name: str, *numbers: float) -> Settings:
    low, high, peak = numbers if len(numbers) == 3 else (0.0, *numbers)
    if not 0 <= peak <= 1:
        raise InputError(f"`{name}`: the peak of `triang` must be a share of its interval, from 0 to 1, got {peak:g}.")
    return {"kind": "triangular", "low": low, "mode": low + peak * (high - low), "high": high}


def _weibull(name: str, shape: float, scale: float, loc: float = 0.0) -> Settings:
    if loc:
        raise InputError(
            f"`{name}`: the law `weibull` of dnnsa begins at 0, got a location of {loc:g}: give a location of 0 and "
            "add it to the factor in the model."
        )
    return {"kind": "weibull", "shape": shape, "scale": scale}


def _named(kind: str, *settings: str) -> Callable[..., Settings]:
    return lambda _, *numbers: {"kind": kind} | dict(zip(settings, numbers, strict=True))


_FROM: dict[str, tuple[tuple[int, ...], Callable[..., Settings]]] = {
    "unif": ((2,), _named("uniform", "low", "high")),
    "logunif": ((2,), _named("loguniform", "low", "high")),
    "norm": ((2,), _named("normal", "mean", "sd")),
    "lognorm": ((2,), _named("lognormal", "mean", "sd")),
    "truncnorm": ((4,), _named("truncnormal", "low", "high", "mean", "sd")),
    "triang": ((3, 2), _triang),
    "weibull": ((2, 3), _weibull),
}
_TO: dict[str, tuple[str, tuple[str, ...]]] = {
    "uniform": ("unif", ("low", "high")),
    "loguniform": ("logunif", ("low", "high")),
    "normal": ("norm", ("mean", "sd")),
    "lognormal": ("lognorm", ("mean", "sd")),
    "truncnormal": ("truncnorm", ("low", "high", "mean", "sd")),
    "triangular": ("triang", ("low", "high", "mode")),
    "weibull": ("weibull", ("shape", "scale")),
}


def _spelt(law: Factor | Any) -> tuple[str, list[float]] | None:
    """A law as SALib spells it; None if it has none such."""
    if law.kind not in _TO:
        return None
    dist, settings = _TO[law.kind]
    bounds = [getattr(law, bound, None) for bound in ("low", "high") if bound not in settings]
    if any(bound is not None for bound in bounds):  # a truncation that SALib's law has no place for
        return None
    numbers = [float(getattr(law, setting)) for setting in settings]
    if dist == "triang":
        low, high, mode = numbers
        numbers = [low, high, (mode - low) / (high - low)]
        if high < 0 or mode == high:  # SALib 1.6 refuses both
            return None
    return dist, numbers


def _listed(problem: Mapping[str, Any], key: str) -> list[Any]:
    given = problem.get(key)
    return [] if given is None else list(given)


def _different(names: Sequence[Any]) -> list[str]:
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(f"`names` must all be different, got `{name}` {times} times.")
    return [str(name) for name in names]
