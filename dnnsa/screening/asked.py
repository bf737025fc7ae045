"""What is run to screen a study: the same factors, network and quantities, with bounds from derivatives."""

from collections.abc import Iterator, Sequence

from dnnsa.errors import InputError, StudyError
from dnnsa.models import Keras
from dnnsa.quantities import Gradient
from dnnsa.study import Study

RUNS = 1024  # of a screening, about
RANKED = ("sobol", "morris")  # estimators whose runs are saved
REGROUPED = ("saltelli", "morris")  # designs in which a group costs one run a base point


def study_of_bounds(study: Study, of: Sequence[str] | None = None, base_points: int | None = None) -> Study:
    """The study whose results say which factors of another do next to nothing.

    A sample with the other's replicates and sequence, but points of its own: what the screening finds is not checked
    later by the points that it was found from.

    Parameters
    ----------
    of
        The quantities that have to be known; those of which Sobol' indices are estimated unless given.
    base_points
        Runs, a power of two multiple of the replicates; about 1,024 unless given.

    Raises
    ------
    InputError
        There are no bounds for such a study, and why.
    """
    wanted = _quantities(study, of)
    if told := [*_refusals(study, wanted)]:
        raise InputError("\n".join(told))
    _check_groups(study)
    design = study.document["design"]
    slopes = {name: _new(f"slope_of_{name}", [*study.quantities, *study.factors]) for name in wanted}
    level = next((one.level for one in study.estimators if hasattr(one, "level")), 0.95)  # all have the same
    document = {
        **study.document,
        "name": f"{study.name}-screen",
        "factors": {name: {**law, "group": None} for name, law in study.document["factors"].items()},
        "design": {
            "kind": "sample",
            "base_points": base_points or _about(RUNS, design["replicates"]),
            "replicates": design["replicates"],
            "seed": (design["seed"] + 1) % 2**32,
            "sequence": design.get("sequence", "sobol"),
        },
        "quantities": {name: study.document["quantities"][name] for name in wanted}
        | {slope: {"kind": "gradient", "of": name} for name, slope in slopes.items()},
        "estimators": [
            {"kind": "dgsm", "quantity": name, "gradient": slope, "level": level} for name, slope in slopes.items()
        ],
        "granularity": "block",
        "stop": None,
    }
    return Study(directory=study.directory, **document)


def in_one_group(study: Study, factors: Sequence[str], group: str) -> Study:
    """The study in which some factors move together, under a name of its own."""
    changed = {
        name: {**law, "group": group} if name in factors else law for name, law in study.document["factors"].items()
    }
    name = f"{study.name}-screened"
    return Study(directory=study.directory, **{**study.document, "name": name, "factors": changed})


def free_group(study: Study) -> str:
    """A name for the group of what does next to nothing, which nothing has yet."""
    return _new("inert", [*study.factors, *(law.group or "" for law in study.factors.values())])


def _new(name: str, taken: Sequence[str]) -> str:
    """The name, with the first number behind it that makes it one of its own.

    >>> _new("inert", ["x"]), _new("inert", ["inert", "inert_2"])
    ('inert', 'inert_3')
    """
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _about(runs: int, replicates: int) -> int:
    """So many runs or a few more: a power of two in each replicate.

    >>> _about(1024, 4), _about(1024, 3), _about(1024, 2048)
    (1024, 1536, 2048)
    """
    return replicates << max(0, -(-runs // replicates) - 1).bit_length()


def _quantities(study: Study, of: Sequence[str] | None) -> list[str]:
    """The quantities whose variance counts."""
    if of is None:
        named = [one.of for one in study.estimators if one.kind in RANKED]
        every = not named or None in named
        own = [name for name, quantity in study.quantities.items() if not isinstance(quantity, Gradient)]
        return [name for name in own if every or any(name in (some or ()) for some in named)]
    for name in of:
        if name not in study.quantities:
            raise InputError(f"of: no quantity `{name}`: use some of {', '.join(f'`{q}`' for q in study.quantities)}.")
    return list(dict.fromkeys(of))


def _refusals(study: Study, wanted: Sequence[str]) -> Iterator[str]:
    """Why there are no bounds, or nothing to gain by them."""
    if not isinstance(study.model, Keras):
        yield (
            f"model.kind: screening differentiates a network of Keras, and this is a `{study.model.kind}` model: for "
            "one that returns its derivatives, see the estimator `dgsm`."
        )
    if study.weights:
        yield "weights: screening differentiates by inputs, not by `weights`: leave one of the two out."
    if study.design.kind not in REGROUPED:
        yield (
            f"design.kind: screening saves runs of `saltelli` and `morris`, and a base point of `{study.design.kind}` "
            "costs the same whatever is in a group."
        )
    if study.design.replicates < 2:
        yield "design.replicates: the bounds need intervals, so 2 replicates or more, got 1."
    for name in wanted:
        if not study.quantities[name].smooth:
            yield (
                f"quantities.{name}: kind `{study.quantities[name].kind}` jumps or has no derivative, so nothing "
                "bounds what a factor does to it: leave it out, or name the others (`--of`)."
            )
    for number, part in enumerate(study.perturb):
        if not part.smooth:
            yield (
                f"perturb[{number}]: `{part.kind}` jumps as its factors change, and a bound from derivatives would be "
                "wrong: leave it out."
            )
    for name, law in study.factors.items():
        if law.when:
            yield f"factors.{name}.when: the model may jump where `{name}` becomes active: leave one of the two out."
    if all(law.discrete for law in study.factors.values()):
        yield "factors: none has derivatives: all are integers, choices or the like."


def _check_groups(study: Study) -> None:
    """Refuse, before anything is run, a study that could not take a group."""
    smooth = [name for name, law in study.factors.items() if not law.discrete]
    try:
        in_one_group(study, smooth, free_group(study))
    except StudyError as error:
        raise InputError("\n".join(["The study would not take a group of factors:", *error.problems])) from error
