"""What a log of runs can say of the sensitivity of its outputs, and what it cannot."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr
from distributed import Client
from numpy.typing import NDArray

from dnnsa import api
from dnnsa.cluster import Cluster, Inside
from dnnsa.engine import Reporter
from dnnsa.errors import InputError
from dnnsa.given.dependence import derived, pairs
from dnnsa.given.folder import INPUTS, OUTPUTS, ROW, STORE, STUDY, parts_of, write_study
from dnnsa.given.log import Input, Log, read
from dnnsa.study import Study

Best = Literal["lowest", "highest"]
SHARE = 0.25  # of the rows that are the best
DRIFT = 1e-3  # p-value of the row's number from which on outputs are told to drift
CANNOT = (
    "What a log cannot say: total indices and interactions (they need runs that exchange inputs: `dnnsa run` with "
    "`design: {kind: saltelli}`). A small hsic_p says that an input matters. An S1_binned of 0 and a large hsic_p do "
    "not say that it does nothing: it may matter together with others alone. A seed's values share bins: luck goes "
    "unseen.",
    "What is meant by the variance: the laws of the inputs are unknown, each column's own values (its ranks) are taken "
    "for them. Another log, with other ranges, has other indices.",
    "Causes: S1_binned is the effect of setting an input only if inputs were drawn at random, independently of each "
    "other, of the seed and of the order of runs. A log cannot prove that; that no dependence was found is no proof.",
)


class Analysis(NamedTuple):
    """What was found."""

    results: xr.DataTree
    """As ``dnnsa.open``: a group for each output, for whether it is among the best, and for whether it failed."""
    warnings: tuple[str, ...]
    """What is wrong with the log, in sentences; indices are to be read with them."""
    cannot: tuple[str, ...]
    """What no such log can say."""


def analyse(
    data: Any,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    *,
    log: Sequence[str] = (),
    best: Best = "lowest",
    first: int | None = None,
    folder: str | Path | None = None,
    name: str = "log",
    overwrite: bool = False,
    client: Client | None = None,
    cluster: Cluster | str | Path | None = None,
    reporter: Reporter | None = None,
) -> Analysis:
    """First-order indices, dependence with p-values and main effects, from a log of runs that are there already.

    Of each output ``y``: ``y`` itself, from the runs that succeeded; ``y_best``, whether a run is among the best
    quarter of all (a failed one is not); and ``y_failed``, if any failed. The first is refused where inputs depend on
    each other among the runs that succeeded.

    Parameters
    ----------
    data
        A .csv file, a DataFrame or a mapping of columns: a row a run. Optuna's ``trials_dataframe()`` is known as such.
    inputs, outputs
        Names of columns: what varied, and what came out.
    log
        Columns whose logarithm of base ten is taken. Of inputs it is for the axes alone: indices are of ranks.
    best
        Which values of the outputs are good ones.
    first
        Take so many rows only, such as those that a sampler draws at random before it searches.
    folder
        Where the study, its tables and its store are kept, for ``dnnsa run`` and ``dnnsa plot``; new or empty. Nothing
        is kept unless given.
    name
        Of the study.
    overwrite
        Write over a study that lies in the folder.
    client, cluster, reporter
        As of `dnnsa.run`; a worker in this process unless one of the first two is given.

    Raises
    ------
    InputError
        There are no such columns, too few rows, a column can be computed from others, inputs depend on each other, or
        they change along the log: then no index of one input is its own.
    """
    if best not in ("lowest", "highest"):
        raise InputError(f"best: must be `lowest` or `highest`, got `{best}`.")
    given = read(data, inputs, outputs, log, first)
    check(given)
    given, warnings = _whole(given)
    quantities, more = _quantities(given, best)
    warnings += more
    with _place(folder, overwrite) as place:
        path = write_study(place, name, given.inputs, quantities, [*_wrapped(warnings), *_wrapped(CANNOT)])
        study = Study.from_yaml(path)
        where = cluster if client or cluster else Inside()
        results = api.run(study, client, place / STORE, cluster=where, overwrite=overwrite, reporter=reporter).load()
    return Analysis(results, (*warnings, *_drifts(results)), CANNOT)


def check(given: Log) -> None:
    """Refuse a log whose inputs are no independent draws.

    Raises
    ------
    InputError
        A column can be computed from others, inputs depend on each other, or they change along the log.
    """
    if found := derived(given.inputs):
        name, r2 = found[0]
        raise InputError(
            f"inputs: `{name}` can be computed from the other inputs (R2 {r2:.4f}): it is an outcome of them, not an "
            "input beside them. With it among the inputs, their effects are shared out to it, and what they do at a "
            "given value of it is no effect of theirs. Leave it out, or make it an output."
        )
    if related := pairs(given.inputs):
        raise InputError(
            f"inputs: {related[0].told()} depend on each other"
            + (f", and so do {len(related) - 1} more pairs" if len(related) > 1 else "")
            + ": what one does cannot be told from what the other does. Indices are of inputs that were drawn "
            "independently: leave one out only if it does nothing; take the part of the log that was drawn at random "
            "(--first), or run a study."
        )
    order = Input(ROW, np.arange(given.rows, dtype=np.float64))
    moved = [pair for one in given.inputs for pair in pairs([one, order])]
    if moved:
        pair = max(moved, key=lambda pair: abs(pair.strength))
        raise InputError(
            f"inputs: `{pair.left}` changes along the log ({pair.measure} with the row's number {pair.strength:.2f}): "
            "an adaptive search, or several searches one after the other. Later rows look where earlier ones were "
            "good, so rows are no independent draws, and whatever else changes along the log seems to act. Take the "
            "part that was drawn at random (--first), or run a study."
        )


def _whole(given: Log) -> tuple[Log, list[str]]:
    """The log in equal parts, and what is to be told so far."""
    over = given.rows % parts_of(given.rows)
    warnings = list(given.notes)
    if not over:
        return given, warnings
    told = f"the last {over} rows are" if over > 1 else "the last row is"
    warnings.append(f"{told} left out, so that the others make {parts_of(given.rows)} equal parts, for intervals.")
    inputs = tuple(one._replace(values=one.values[:-over]) for one in given.inputs)
    outputs = {name: values[:-over] for name, values in given.outputs.items()}
    return Log(inputs, outputs, given.notes), warnings


def _quantities(given: Log, best: Best) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """What is analysed, ``(rows,)`` each: P(fail) first."""
    quantities: dict[str, NDArray[Any]] = {}
    warnings: list[str] = []
    for name, values in given.outputs.items():
        failed = ~np.isfinite(values)
        if failed.all() or np.ptp(values[~failed]) == 0:
            raise InputError(f"outputs: `{name}` has no two different numbers.")
        if failed.any():
            quantities[f"{name}_failed"] = failed.astype(np.float64)
            warnings.append(_of_failures(name, failed))
        good, told = _best(name, values, best)
        quantities[f"{name}_best"] = good
        warnings += told
        kept = [one._replace(values=one.values[~failed]) for one in given.inputs]
        if failed.any() and (found := pairs([one for one in kept if len(np.unique(one.values)) > 1])):
            warnings.append(
                f"`{name}` itself is not analysed: among the runs that succeeded {found[0].told()} depend on each "
                "other, since failure hangs on both. An input that does nothing but make runs fail would have an index "
                f"there. `{name}_failed` and `{name}_best` are of all rows."
            )
        else:
            quantities[name] = values
    return quantities, warnings


def _of_failures(name: str, failed: NDArray[np.bool_]) -> str:
    return (
        f"{failed.sum()} of {len(failed)} rows ({100 * failed.mean():.3g} %) have no `{name}`: they failed. Read "
        f"`{name}_failed` first, which is what decides that. Indices of `{name}` are of the runs that succeeded, under "
        "the laws that inputs have among these: conditional on success."
    )


def _best(name: str, values: NDArray[Any], best: Best) -> tuple[NDArray[np.float64], list[str]]:
    """Whether a run is among the best quarter of all rows; one that failed is not."""
    cost = np.where(np.isfinite(values), values if best == "lowest" else -values, np.inf)
    good = (cost <= np.sort(cost)[max(0, round(SHARE * len(cost)) - 1)]) & np.isfinite(cost)
    told = [f"`{name}_best`: {100 * good.mean():.3g} % of rows are as good as the best quarter: ties, or failures."]
    return good.astype(np.float64), told if abs(good.mean() - SHARE) > 0.05 else []


def _drifts(results: xr.DataTree) -> Iterator[str]:
    for name in results.attrs["quantities"]:
        p = float(results[name]["hsic_p"].sel(factor=ROW))
        if p < DRIFT:
            yield (
                f"`{name}` changes along the log (hsic_p of `{ROW}` {p:.1g}): something that is no input changed too, "
                "such as the code or the data. Intervals take rows for exchangeable."
            )


@contextmanager
def _place(folder: str | Path | None, overwrite: bool) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)
        return
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    foreign = [one.name for one in place.iterdir() if one.name not in (INPUTS, OUTPUTS, STUDY, STORE)]
    if foreign and not (overwrite and (place / STUDY).is_file()):
        raise InputError(f"{place}: holds `{sorted(foreign)[0]}`: give a folder that is new or empty.")
    if (place / STUDY).exists() and not overwrite:
        raise InputError(f"{place}: holds a study already: give another folder, or --overwrite.")
    yield place


def _wrapped(sentences: Sequence[str]) -> Iterator[str]:
    from textwrap import wrap

    for sentence in sentences:
        yield from wrap(sentence, 118)
