"""What a study as a whole must hold to, beyond the form of its parts: one sentence for each problem, with its path."""

import json
import keyword
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from dnnsa import reading
from dnnsa.cases import Cases
from dnnsa.designs import Design, External
from dnnsa.designs.sequences import MOST_COLUMNS
from dnnsa.draws import columns, in_order
from dnnsa.estimators import ActiveSubspace, Dgsm, Estimator, Sobol
from dnnsa.estimators.base import Finalized
from dnnsa.factors import Choice, Condition, Empirical, Factor, Integers, Range, family, holds
from dnnsa.factors.base import EDGES
from dnnsa.layout import Groups, Layout
from dnnsa.models import OF_INPUTS, Executable, Function, InputModel, Keras, Model
from dnnsa.models.ensemble import Ensemble
from dnnsa.perturb import Perturbation
from dnnsa.quantities import Gradient, Quantity
from dnnsa.stopping import Stop
from dnnsa.study.trainings import of_training
from dnnsa.training import Training
from dnnsa.weights import WeightPerturbation

TAKEN = ("factor", "factor_2", "unit", "law", "levels")  # names of coordinates that every quantity has
MANY = 100_000  # integers that are not gone through
SHARED = {"n", "status"}  # maps that all estimators give together
RESERVED = "`factor`, `factor_2`, `quarantine`, `runs`"  # names that the store gives to other things


class Parts(Protocol):
    """A study, as far as its checks read it."""

    @property
    def name(self) -> str: ...
    @property
    def factors(self) -> Mapping[str, Factor]: ...
    @property
    def design(self) -> Design: ...
    @property
    def model(self) -> Model: ...
    @property
    def cases(self) -> Cases | None: ...
    @property
    def perturb(self) -> tuple[Perturbation, ...]: ...
    @property
    def weights(self) -> tuple[WeightPerturbation, ...]: ...
    @property
    def quantities(self) -> Mapping[str, Quantity]: ...
    @property
    def estimators(self) -> tuple[Estimator, ...]: ...
    @property
    def granularity(self) -> str: ...
    @property
    def stop(self) -> Stop | None: ...
    @property
    def layout(self) -> Layout: ...


def problems(study: Parts) -> list[str]:
    """All that is wrong; estimators are asked what they make of the factors once these are right."""
    found = [*_of_names(study), *_of_laws(study), *_of_model(study)]
    found += _of_estimators(study) if not found else ()
    return found or [*_of_repeated(study), *_of_dims(study), *_of_stop(study)]


def _of_names(study: Parts) -> Iterator[str]:
    if Path(study.name).name != study.name or not study.name.isprintable():
        yield f"name: it names files: printable text without `/`, got {study.name!r}."
    a_factor = {"saltelli": 2, "sample": 1}.get(study.design.kind, 0)  # columns of the sequence
    if getattr(study.design, "sequence", "") == "sobol" and a_factor * len(study.factors) > MOST_COLUMNS:
        most = MOST_COLUMNS // a_factor
        yield f"factors: a Sobol' sequence serves at most {most}, got {len(study.factors)}: use another `sequence`."
    for name in study.factors:
        if not name.isidentifier() or keyword.iskeyword(name) or f"`{name}`" in RESERVED:
            yield f"factors.{name}: a factor's name must be a Python name, such as `noise_sd`, none of {RESERVED}."
    for name in study.quantities:
        if not name.isidentifier() or f"`{name}`" in RESERVED:
            yield f"quantities.{name}: a quantity's name must be a Python name, such as `p_true`, none of {RESERVED}."


def _of_laws(study: Parts) -> Iterator[str]:
    for label, members in columns(study.factors).items():
        named = [name for name in members if study.factors[name].group == label]  # a factor by itself names no group
        if named and (not label.isidentifier() or keyword.iskeyword(label) or f"`{label}`" in RESERVED):
            yield f"factors.{named[0]}.group: must be a Python name, none of {RESERVED}, got {label!r}."
        elif named and label in study.factors and study.factors[label].group != label:
            yield f"factors.{named[0]}.group: `{label}` is the name of a factor: call the group otherwise."
    for name, law in study.factors.items():
        for other, condition in (law.when or {}).items():
            where = f"factors.{name}.when.{other}"
            if other not in study.factors:
                yield f"{where}: no factor `{other}`{reading.nearest(other, [f for f in study.factors if f != name])}"
            elif told := _never(condition, study.factors[other], other):
                yield f"{where}: {told}."
    if not any(other not in study.factors for law in study.factors.values() for other in law.when or {}):
        try:
            in_order(study.factors)
        except ValueError as error:
            yield f"factors: {error}: a factor may be active only under conditions on others."
        else:
            yield from _of_chains(study.factors)


def _of_chains(laws: Mapping[str, Factor]) -> Iterator[str]:
    """Factors whose conditions, with those of the factors they name, contradict each other."""
    asked: dict[str, list[tuple[str, Condition]]] = {}  # factor -> what it needs of others, through others too
    for name in in_order(laws):
        own = list((laws[name].when or {}).items())
        asked[name] = list(dict.fromkeys([*own, *(one for other, _ in own for one in asked[other])]))
        for other in dict.fromkeys(other for other, _ in asked[name]):
            conditions = [condition for needed, condition in asked[name] if needed == other]
            if len(conditions) > 1 and not _together(conditions, laws[other]):
                yield (
                    f"factors.{name}.when: it needs `{other}` to be two things at once, here and through a factor that "
                    "it names: it is never active."
                )


def _together(conditions: list[Condition], law: Factor | Empirical) -> bool:
    """Whether some value of a law meets all conditions; of a file, or of very many integers, nothing is known."""
    if isinstance(law, Empirical) or (isinstance(law, Integers) and law.high - law.low > MANY):
        return True
    if law.discrete:
        values = law.array() if isinstance(law, Choice) else np.arange(*(law.ppf(EDGES) + np.array([0, 1])))
        return bool(np.logical_and.reduce([holds(condition, values) for condition in conditions]).any())
    ranges = [condition for condition in conditions if isinstance(condition, Range)]
    low = max((one.low for one in ranges if one.low is not None), default=-np.inf)
    high = min((one.high for one in ranges if one.high is not None), default=np.inf)
    return bool(low < high)


def _never(condition: Condition, law: Factor | Empirical, name: str) -> str:
    """What of a condition on a factor never holds; of a law in a file, which is not read yet, nothing is known."""
    if isinstance(law, Empirical):
        return ""
    if isinstance(condition, Range):
        return "" if _overlap(condition, law) else f"`{name}` is never in this range: this factor is never active"
    if not law.discrete:
        middle = law.ppf(np.array([0.5]))[0]
        return f"`{name}`, a {law.kind} factor, meets single values never: give a range, such as {{low: {middle:.3g}}}"
    listed = condition if isinstance(condition, tuple) else (condition,)
    wrong = [value for value in listed if np.isnan(law.cdf(np.array([value], dtype=object)))]
    lowest, highest = law.ppf(EDGES)
    known = json.dumps(law.values) if isinstance(law, Choice) else f"the integers from {lowest} to {highest}"
    return f"`{name}` is never {json.dumps(wrong[0])}: use some of {known}" if wrong else ""


def _overlap(condition: Range, law: Factor) -> bool:
    """Whether a range holds values of a law that have a probability together."""
    if isinstance(law, Choice):
        return bool(holds(condition, law.array()).any())
    lowest, highest = law.ppf(EDGES)
    low = lowest if condition.low is None else max(lowest, condition.low)
    high = highest if condition.high is None else min(highest, condition.high)
    return bool(np.ceil(low) <= np.floor(high) if law.discrete else low < high)


def _of_dims(study: Parts) -> Iterator[str]:
    results = _results(study)
    leading = {dim for done in results for map_ in done.maps.values() for dim in map_.leading}
    taken = {*TAKEN, *leading, *(name for done in results for name in (*done.maps, *done.coords))}
    given = {f"quantities.{name}.dims": quantity.dims or () for name, quantity in study.quantities.items()}
    if isinstance(study.model, Function | Executable):
        given |= {f"model.dims.{name}": dims for name, dims in study.model.dims.items()}
    for setting, dims in given.items():
        for dim in dims:
            if not dim.isidentifier():
                yield f"{setting}: a dimension's name must be a Python name, such as `time`, got `{dim}`."
            if dim in taken:
                yield f"{setting}: `{dim}` is the name of something else in the store: call the dimension otherwise."
            if dims.count(dim) > 1:
                yield f"{setting}: `{dim}` stands there {dims.count(dim)} times: dimensions have different names."


def _of_model(study: Parts) -> Iterator[str]:
    if isinstance(study.model, OF_INPUTS):
        yield from _of_network(study, study.model)
        return
    for key in ("cases", "perturb", "weights", "quantities"):
        if getattr(study, key):
            yield f"{key}: is for networks, such as `model.kind: keras`; a function names its quantities itself."
    if isinstance(study.model, Training):
        yield from of_training(study.model, study.factors)
        if study.model.keep is not None and study.granularity != "run":
            yield "model.keep: a store says with `granularity: run` alone which network is of which run: give that too."


def _of_network(study: Parts, model: InputModel) -> Iterator[str]:
    if not study.quantities:
        yield "quantities: at least one is needed for a network, such as `y: {kind: output}`."
    if (study.cases is None) == (model.inputs is None):
        yield (
            "model.inputs: give either `cases` (nominal inputs that factors perturb) or `model.inputs` (the factors "
            "that are the network's input), not both and not none."
        )
    if model.inputs and study.perturb:
        yield "perturb: needs `cases`; with `model.inputs` the factors are the network's input."
    used = Counter(model.inputs or ())
    for name, times in used.items():
        if times > 1:
            yield f"model.inputs: `{name}` stands there {times} times: a factor can be one column only."
    for name, quantity in study.quantities.items():
        if isinstance(quantity, Gradient) and quantity.of not in study.quantities:
            there = reading.nearest(quantity.of, [one for one in study.quantities if one != name])
            yield f"quantities.{name}.of: no quantity `{quantity.of}`{there}"
    if isinstance(model, Keras) and model.ensemble:
        yield from _of_ensemble(study, model.ensemble)
    yield from _of_seeds(study, model)
    where = _readers(study, model)
    conditions = {other for law in study.factors.values() for other in law.when or {}}
    read = {one for name in where for one in family(name, study.factors)}
    for name, setting in where.items():
        if not family(name, study.factors):
            yield f"{setting}: no factor `{name}`{reading.nearest(name, study.factors)}"
    for name in study.factors:
        if name not in read and name not in conditions:
            yield (
                f"factors.{name}: is used by nothing: name it in `perturb`, `weights`, `cases.factor` or `model`, or "
                "leave it out."
            )


def _of_ensemble(study: Parts, ensemble: Ensemble) -> Iterator[str]:
    if study.weights:
        yield "weights: those of an `ensemble` cannot be perturbed: leave one of the two out."
    law, last = study.factors.get(ensemble.member), len(ensemble.paths)
    if law is None or (isinstance(law, Integers) and law.low >= 0 and law.high <= last):
        return
    told = f"from {law.low} to {law.high}" if isinstance(law, Integers) else f"of kind `{law.kind}`"
    yield (
        f"model.ensemble.member: `{ensemble.member}` must be an integer from 0 to {last}, the number of a member, and "
        f"is {told}: make it {{kind: integers, low: 0, high: {last}}}."
    )


def _of_seeds(study: Parts, model: InputModel) -> Iterator[str]:
    """Masks of dropout and noise on weights are told apart by integers."""
    dropped = model.dropout if isinstance(model, Keras) else None
    layers = dropped if isinstance(dropped, dict) else {"": dropped} if dropped else {}
    seeds: dict[str, Any] = {f"model.dropout{'.' if layer else ''}{layer}": name for layer, name in layers.items()}
    seeds |= {f"weights[{number}].seed": getattr(part, "seed", None) for number, part in enumerate(study.weights)}
    for where, name in seeds.items():
        law = study.factors.get(name) if isinstance(name, str) else None
        whole = isinstance(law, Choice) and all(type(value) is int for value in law.values)
        if law is not None and not isinstance(law, Integers) and not whole:
            yield (
                f"{where}: `{name}` must give integers, and is of kind `{law.kind}`: make it `kind: integers`, or a "
                "`choice` of integers."
            )


def _readers(study: Parts, model: InputModel) -> dict[str, str]:
    """What names factors, by the name there."""
    where = dict.fromkeys(model.inputs or (), "model.inputs") | dict.fromkeys(model.factors, "model")
    if study.cases and study.cases.factor:
        where[study.cases.factor] = "cases.factor"
    for room in ("perturb", "weights"):
        for number, step in enumerate(getattr(study, room)):
            where |= dict.fromkeys(step.factors, f"{room}[{number}]")
    return where


def _of_estimators(study: Parts) -> Iterator[str]:
    for number, estimator in enumerate(study.estimators):
        try:
            estimator.init(study.layout, ())
        except ValueError as error:
            yield f"estimators[{number}]: {error}."
        conditional = [name for name, law in study.factors.items() if law.when]
        if isinstance(estimator, Dgsm | ActiveSubspace) and conditional:
            yield (
                f"estimators[{number}]: `{estimator.kind}` needs a model without jumps, and it may jump where "
                f"`{conditional[0]}` becomes active: leave one of the two out."
            )
        if isinstance(estimator, Sobol) and estimator.control != "none" and isinstance(study.design, External):
            yield (
                f"estimators[{number}].control: `{estimator.control}` is for points that dnnsa draws, and those of an "
                "`external` table may be others: leave it out."
            )
        if estimator.of == ():
            yield f"estimators[{number}].of: must name at least one quantity, got []: leave it out for all."
        for name in estimator.of or ():
            if study.quantities and name not in study.quantities:
                yield f"estimators[{number}].of: no quantity `{name}`{reading.nearest(name, study.quantities)}"
    levels = sorted({estimator.level for estimator in study.estimators if hasattr(estimator, "level")})
    if len(levels) > 1:
        yield f"estimators: all intervals have one `level`, got {', '.join(f'{level:g}' for level in levels)}."


def _of_stop(study: Parts) -> Iterator[str]:
    if study.stop is None:
        return
    if isinstance(study.design, External):
        yield "stop: an `external` design has no more base points than its table: leave one of the two out."
        return
    least, most = study.design.base_points, study.stop.max_base_points
    if most < least or most % least or (most // least).bit_count() != 1:
        yield (
            f"stop.max_base_points: must be design.base_points, {least}, or that doubled some times, got {most}: use "
            f"{_doubled(least, most)}."
        )
    maps = {name for done in _results(study) for name in done.maps}
    known = sorted(name for name in maps if {f"{name}_lower", f"{name}_upper"} <= maps)
    for name in study.stop.of:
        if name not in known:
            yield f"stop.of: no `{name}` with an interval among what is estimated{reading.nearest(name, known)}"
    if study.granularity == "run" and (first := _first_that_grows(study.design, study.layout.groups, most)) != least:
        yield (
            f"design.base_points: with `stop` and `granularity: run` a study must begin with the points of the smaller "
            f"one, and {least} do not grow to {most} so: use {first} or more."
        )
    if study.design.replicates < 2 and not (_by_fisher(study) and {"S1", "ST"}.issuperset(study.stop.of)):
        yield "stop: intervals need `design.replicates` of 2 or more, got 1: there is nothing to be sure by."


def _first_that_grows(design: Design, groups: Groups, most: int) -> int:
    """The fewest base points, the design's or these doubled, whose doublings up to ``most`` begin with each other."""
    sizes = [design.base_points]
    while 2 * sizes[-1] <= most:
        sizes.append(2 * sizes[-1])
    alike = [replace(design, base_points=2 * size).begins_with(groups, size) for size in sizes[:-1]]  # type: ignore[type-var]
    return sizes[len(alike) - alike[::-1].index(False)] if False in alike else sizes[0]


def _by_fisher(study: Parts) -> bool:
    """Whether intervals of S1 and ST are made without replicates."""
    return any(isinstance(one, Sobol) and one.intervals == "fisher" for one in study.estimators)


def _doubled(least: int, most: int) -> str:
    """The nearest doublings of a number, in words."""
    below = least << (max(least, most) // least).bit_length() - 1
    return f"{below} or {2 * below}"


def _of_repeated(study: Parts) -> Iterator[str]:
    """Estimators that would write the same map of the same quantity."""
    made = [(e.of, set(done.maps) - SHARED) for e, done in zip(study.estimators, _results(study), strict=True)]
    for (first, (one, maps)), (second, (other, others)) in combinations(enumerate(made), 2):
        both = None if one is None or other is None else set(one) & set(other)
        if maps & others and (both is None or both):
            where = f" of `{min(both)}`" if both else ""
            yield (
                f"estimators[{second}]: gives `{min(maps & others)}`{where}, which estimators[{first}] gives too: "
                "leave one of them out."
            )


def _results(study: Parts) -> list[Finalized]:
    """What each estimator says of no base point: which maps there will be."""
    return [e.finalize([e.init(study.layout, ())], study.layout, 0.0) for e in study.estimators]
