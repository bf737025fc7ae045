"""The runs that a store keeps as a table of pandas, one row a run."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dnnsa.errors import StoreError
from dnnsa.factors import Choice
from dnnsa.study import Study

TOLD = ("began", "seconds", "worker", "host", "cause")  # of a run, beside its factors, quantities and state


def runs_table(results: Any, where: str) -> Any:
    """Factors, quantities without dimensions, state and circumstances of each run of a ``DataTree`` of results.

    Raises
    ------
    StoreError
        No runs are kept in the store ``where``.
    """
    import pandas

    if "runs" not in results.children:
        raise StoreError(f"{where}: keeps no runs: run its study with `granularity: run`.")
    runs = results["runs"].to_dataset()
    factors = [name for name, coord in runs.coords.items() if coord.dims == ("run",)]
    scalars = [name for name in runs.attrs["quantities"] if runs[name].dims == ("run",)]
    columns = {str(name): _values(runs[name]) for name in (*factors, *scalars)}
    columns["state"] = _states(runs["state"])
    columns |= {name: _values(runs[name]) for name in TOLD}
    return pandas.DataFrame(columns, index=pandas.RangeIndex(runs.sizes["run"], name="run"))


def given_values(study: Study, columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Values of each factor, as the model had them; a store has choices that are no numbers as text.

    Parameters
    ----------
    columns
        Values of each factor by its name, ``(runs,)``, as a store has them.
    """
    given = {}
    for name, law in study.factors.items():
        values = np.asarray(columns[name]).tolist()
        if isinstance(law, Choice):
            told = {str(value): value for value in law.values}
            values = [told.get(value, value) if isinstance(value, str) else value for value in values]
        given[name] = values
    return given


def _values(array: Any) -> Any:
    """A column ``(runs,)``; one number a chunk, as runs lie in a store."""
    return array.values


def _states(state: Any) -> Any:
    """States in words, ``(runs,)``."""
    import pandas

    words = str(state.attrs["flag_meanings"]).split()
    return pandas.Categorical.from_codes(np.asarray(state.values, dtype=np.int8), categories=words)
