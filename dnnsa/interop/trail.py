"""Record trails: what each training of a store was given, what it was made of, and how it went, one row a run."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from dnnsa import store
from dnnsa.errors import InputError, ModelError, StoreError
from dnnsa.interop.runs import given_values, runs_table
from dnnsa.reading import nearest
from dnnsa.study import Study
from dnnsa.training import Thresholds, Training
from dnnsa.training.architecture import Architecture
from dnnsa.training.behaviour import CLASSES, NONE, Features, classify, features, skill
from dnnsa.training.data import Loaded, training_size
from dnnsa.training.described import built_of, declared_of
from dnnsa.training.history import VALIDATION_ERROR, VALIDATION_LOSS
from dnnsa.training.hyperparameters import chosen
from dnnsa.training.left import digest_of, newest
from dnnsa.training.networks import Build
from dnnsa.training.quantities import nothing_learnt

SERIES = {"validation_loss": VALIDATION_LOSS, "validation_error": VALIDATION_ERROR}  # with their rows of the curves
PLACES = {name: place for place, name in enumerate(CLASSES)}
NEEDED = {
    "epochs_made": "curves go on with their last value where a training ended early",
    "diverged": "curves of a training that diverged go on with the loss of one that has learnt nothing",
}


def trail_table(path: Path, thresholds: Thresholds, architecture: bool) -> Any:
    """A row a run; see `dnnsa.trail`."""
    import pandas

    results = store.open_results(path)
    table, (study, digests) = runs_table(results, str(path)), store.study_of(path)
    runs, model = results["runs"].to_dataset(), study.model
    if not isinstance(model, Training):
        raise StoreError(
            f"{path}: a trail is of trainings (`kind: training`), and its model is of kind `{model.kind}`."
        )
    _check_kept(path, runs.attrs["quantities"])
    data = model.data.load(study.directory, digests)
    done = np.flatnonzero(table["state"] == "done")
    given = given_values(study, table)
    columns = {f"model.{name}": values for name, values in _settings(study, given).items()}
    columns["backend"] = ["; ".join(results.attrs.get("backends", [])) or None] * len(table)
    columns["data.digest"] = [digests[model.data.known_by]] * len(table)
    values = [{name: column[run] for name, column in given.items()} for run in done]
    columns |= _spread(_made(study, digests, data, values, architecture), done, len(table))
    if model.keep is not None:
        columns |= _spread(_left(study, digests, values), done, len(table))
    guess = nothing_learnt(data)
    for name, row in SERIES.items():
        if f"{name}_curve" in runs:
            curves = skill(runs[f"{name}_curve"].values, float(guess[row]))
            columns |= _behaviour(name, curves, table, columns["model.epochs"], thresholds)
    return pandas.concat([table, pandas.DataFrame(columns, index=table.index)], axis=1)


def class_shares(trail: Any, thresholds: Thresholds | None = None) -> Any:
    """How many runs of a trail are of each class, at the thresholds and with each of them halved and doubled.

    Returns
    -------
    pandas.DataFrame
        Shares of the runs that are done, a row for each series and change, a column a class; `none` are those without
        one.
    """
    import pandas

    rows = {}
    for name in SERIES:
        if f"{name}.best" not in trail:
            continue
        done = trail[trail["state"] == "done"]
        found = Features(*(done[f"{name}.{feature}"].to_numpy() for feature in Features._fields))
        facts = [done[one].to_numpy(dtype=np.int64) for one in ("epochs_made", "model.epochs", "diverged")]
        for change, moved in (thresholds or Thresholds()).around():
            which = classify(found, facts[0], facts[1], facts[2] == 1, moved)
            rows[name, change] = {
                one: (which == place).mean() if len(which) else np.nan
                for one, place in {**PLACES, "none": NONE}.items()
            }
    return pandas.DataFrame.from_dict(rows, orient="index").rename_axis(["series", "thresholds"])


def read_thresholds(text: str) -> Thresholds:
    """Thresholds from ``late=0.3,learnt=0.1``; those that are not named are as always.

    >>> read_thresholds("late=0.3").late
    0.3
    """
    known = [field.name for field in fields(Thresholds)]
    given: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in known:
            raise InputError(f"thresholds: no threshold `{name}`{nearest(name, known)}")
        try:
            given[name] = float(value)
        except ValueError:
            raise InputError(f"thresholds: `{name}` must be a number, such as {name}=0.2, got `{part}`.") from None
    return checked(given)


def checked(thresholds: Thresholds | Mapping[str, float] | None) -> Thresholds:
    """Thresholds from what a caller gives."""
    if isinstance(thresholds, Thresholds):
        return thresholds
    try:
        return Thresholds(**(thresholds or {}))
    except TypeError:
        known = [field.name for field in fields(Thresholds)]
        wrong = next(name for name in thresholds or {} if name not in known)
        raise InputError(f"thresholds: no threshold `{wrong}`{nearest(wrong, known)}") from None
    except ValueError as error:
        raise InputError(f"thresholds: {error}.") from error


def _check_kept(path: Path, kept: Sequence[str]) -> None:
    curves = [f"{name}_curve" for name in SERIES]
    again = "name it in `model.quantities`, and run the study again"
    if not any(name in kept for name in curves):
        raise StoreError(
            f"{path}: keeps neither `{curves[0]}` nor `{curves[1]}`, by which a training's behaviour is told: {again}."
        )
    for name, why in NEEDED.items():
        if name not in kept:
            raise StoreError(f"{path}: does not keep `{name}`, and {why}: {again}.")


# what a run was given -------------------------------------------------------------------------------------------------


def _settings(study: Study, given: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Settings of `model` in each run, by their path from there: constants of the study and factors alike."""
    assert isinstance(study.model, Training)
    count = len(next(iter(given.values())))
    says = {name: [said] * count for name, said in _flat(study.document["model"]).items()}
    sorts = study.model.sorts
    for name, said in study.model.hyperparameters.items():
        if sorts[name].is_factor(said):
            says[name] = given[said]
    if isinstance(study.model.network, Build):
        for name, said in study.model.network.hyperparameters.items():
            if isinstance(said, str) and said in given:
                says[f"network.hyperparameters.{name}"] = given[said]
    return says


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Single settings by their path; lists are none."""
    if isinstance(value, Mapping):
        parts = [_flat(part, f"{path}.{key}".lstrip(".")) for key, part in value.items()]
        return {name: said for part in parts for name, said in part.items()}
    return {} if isinstance(value, list | tuple) else {path: value}


# what it was made of --------------------------------------------------------------------------------------------------


def _made(
    study: Study, digests: Mapping[str, str], data: Loaded, values: Sequence[dict[str, Any]], architecture: bool
) -> list[dict[str, Any]]:
    """Columns of the architecture for each run of those that are done, and how many training data it had."""
    model = study.model
    assert isinstance(model, Training)
    asked = [chosen(model.sorts, model.hyperparameters, one) for one in values]
    rows: list[dict[str, Any]] = [{"data.training": training_size(data, one)} for one in asked]
    if not isinstance(model.network, Build):
        found = declared_of(model.network, data, asked)
    elif architecture:
        found = _built(model, study.directory, digests, values)
    else:
        return rows
    return [row | _told(one) for row, one in zip(rows, found, strict=True)]


def _built(
    model: Training, directory: Path, digests: Mapping[str, str], values: Sequence[dict[str, Any]]
) -> list[Architecture]:
    try:
        return built_of(model, directory, digests, values)
    except ValueError as error:
        raise ModelError(f"model.network.call: {error}.") from error


def _told(one: Architecture) -> dict[str, Any]:
    told = one._asdict() | {
        "layers": len(one.layers),
        "types": ", ".join(f"{kind} {count}" for kind, count in one.types.items()),
        "sequence": " ".join(one.sequence),
        "shapes": " ".join("x".join(map(str, (layer.shape or ("?", "?"))[1:])) for layer in one.layers),
    }
    return {f"architecture.{name}": value for name, value in told.items()}


def _left(study: Study, digests: Mapping[str, str], values: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The file of the network that each run has left, from the study's folder, and its SHA-256; none if it is gone."""
    assert isinstance(study.model, Training)
    folder = Path(str(study.model.keep))
    files = newest(study.directory / folder)
    rows = []
    for one in values:
        left = study.model.left(study.directory, digests, one)
        file = files.get(left.training) if left else None
        place = folder / file.name if file else None
        rows.append({"network.file": place and place.as_posix(), "network.digest": file and digest_of(file)})
    return rows


def _spread(rows: Sequence[Mapping[str, Any]], done: Any, count: int) -> dict[str, Any]:
    """Columns of all runs, of which some have a row."""
    import pandas

    return dict(pandas.DataFrame(rows, index=done).reindex(range(count)).convert_dtypes().items())


# how it went ----------------------------------------------------------------------------------------------------------


def _behaviour(name: str, curves: Any, table: Any, epochs: Sequence[Any], thresholds: Thresholds) -> dict[str, Any]:
    """Features and class by skill ``(runs, epochs)``; none of a run that is not done."""
    import pandas

    done = np.flatnonzero(table["state"] == "done")
    made = table["epochs_made"].to_numpy()[done].astype(np.int64)
    budget = np.asarray(epochs, dtype=np.int64)[done]
    found = features(curves[done], made, thresholds.skill_threshold)
    which = np.full(len(table), NONE)
    which[done] = classify(found, made, budget, table["diverged"].to_numpy()[done] == 1, thresholds)
    told: dict[str, Any] = {}
    for feature, values in found._asdict().items():
        column = np.full(len(table), np.nan)
        column[done] = values
        told[f"{name}.{feature}"] = column
    told[f"{name}.class"] = pandas.Categorical.from_codes(which, categories=CLASSES)
    return told
