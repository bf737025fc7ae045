"""What a study of trainings must hold to: each factor is a hyperparameter, and can only be what that may be."""

from collections.abc import Iterator, Mapping
from typing import Any

from dnnsa.factors import Choice, Empirical, Factor
from dnnsa.factors.base import EDGES
from dnnsa.reading import nearest
from dnnsa.training import Training
from dnnsa.training.hyperparameters import Sort
from dnnsa.training.networks import Build


def of_training(model: Training, factors: Mapping[str, Factor]) -> Iterator[str]:
    """What is wrong, one sentence each."""
    used = {other for law in factors.values() for other in law.when or {}}
    for setting, said in model.hyperparameters.items():
        sort = model.sorts[setting]
        if not sort.is_factor(said):
            continue
        used.add(said)
        if said not in factors:
            yield f"model.{setting}: no factor `{said}`{nearest(said, [*factors, *sort.words])}"
        elif told := _beyond(sort, factors[said]):
            yield f"model.{setting}: must be {sort.told()}, and factor `{said}` {told}."
    if isinstance(model.network, Build):
        used |= {said for said in model.network.hyperparameters.values() if isinstance(said, str)}
    horizon = model.horizon
    epochs = model.epochs if isinstance(model.epochs, str) and model.epochs in factors else None
    if epochs and horizon and (told := _beyond(Sort(int, low=1, high=horizon), factors[epochs])):
        yield f"model.horizon: must be at least what `epochs` can be, got {horizon}: factor `{epochs}` {told}."
    for name in factors:
        if name not in used:
            yield f"factors.{name}: is used by nothing: name it in `model`, or leave it out."


def _beyond(sort: Sort, law: Factor | Empirical) -> str:
    """What a law gives that a hyperparameter may not be, in words; of one in a file, not read yet, nothing is known."""
    if isinstance(law, Empirical):
        return ""
    if sort.type in (int, bool, str) and not law.discrete:
        return f"is of kind `{law.kind}`: make it {_instead(sort)}"
    given: list[Any] = list(law.values) if isinstance(law, Choice) else law.ppf(EDGES).tolist()
    wrong = [value for value in given if value is None or not sort.allows(value)]
    return f"can be {wrong[0]!r}" if wrong else ""


def _instead(sort: Sort) -> str:
    return {int: "`integers`", bool: "a `choice` of true and false", str: "a `choice` of these"}[sort.type]
