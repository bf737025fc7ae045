"""The network that a training of a store has left."""

from pathlib import Path
from typing import Any

import numpy as np

from dnnsa import store
from dnnsa.errors import InputError, StoreError
from dnnsa.interop.runs import given_values
from dnnsa.training import Training


def network_of(path: Path, run: int) -> Any:
    """The model of Keras that counts in the end of a run; see `dnnsa.network`."""
    results, (study, digests) = store.open_results(path), store.study_of(path)
    model = study.model
    if not isinstance(model, Training):
        raise StoreError(
            f"{path}: trainings (`kind: training`) leave networks, and its model is of kind `{model.kind}`."
        )
    if model.keep is None:
        raise StoreError(
            f"{path}: keeps no networks: give `model.keep`, a folder for them, and run the study again with "
            "--overwrite."
        )
    if "runs" not in results.children:
        raise StoreError(f"{path}: holds no runs yet: wait for them, or run the study again.")
    runs = results["runs"].to_dataset()
    _check_done(path, run, runs)
    columns = {name: runs[name].values[run : run + 1] for name in study.factors}
    values = {name: column[0] for name, column in given_values(study, columns).items()}
    left = model.left(study.directory, digests, values)
    assert left is not None  # a folder is given
    return left.read()


def _check_done(path: Path, run: int, runs: Any) -> None:
    count = runs.sizes["run"]
    if isinstance(run, bool) or not isinstance(run, int | np.integer) or not 0 <= run < count:
        raise InputError(f"run: must be an integer from 0 to {count - 1}, the last run of {path}, got {run!r}.")
    state = int(runs["state"].values[run])
    if state != store.DONE:
        told = "has failed" if state == store.FAILED else "is not done yet"
        raise InputError(f"run: {run} of {path} {told}, so there is no network of it: `dnnsa.runs` has their states.")
