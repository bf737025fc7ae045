"""The store: one Zarr hierarchy for each study, which plain xarray opens."""

from dnnsa.store.contents import attributes, differences, open_results, study_of, version_differs
from dnnsa.store.kept import copy_runs, kept_fields
from dnnsa.store.life import CHECKPOINT, STATES, add_backend, create, extend, finish, remove, tidy, update, writable
from dnnsa.store.lock import alone, is_held
from dnnsa.store.maps import prepare, write_aggregated, write_slab
from dnnsa.store.outcomes import (
    failed_runs,
    is_done,
    read_run_values,
    read_runs,
    run_states,
    run_times,
    write_failed,
    write_run,
)
from dnnsa.store.quarantine import write_quarantine
from dnnsa.store.runs import DONE, FAILED, NOT_RUN, RUNS, RunField, prepare_runs, value_differs
from dnnsa.store.tasks import TASKS, read_tasks, write_tasks

__all__ = [
    "CHECKPOINT",
    "DONE",
    "FAILED",
    "NOT_RUN",
    "RUNS",
    "STATES",
    "TASKS",
    "RunField",
    "add_backend",
    "alone",
    "attributes",
    "copy_runs",
    "create",
    "differences",
    "extend",
    "failed_runs",
    "finish",
    "is_done",
    "is_held",
    "kept_fields",
    "open_results",
    "prepare",
    "prepare_runs",
    "read_run_values",
    "read_runs",
    "read_tasks",
    "remove",
    "run_states",
    "run_times",
    "study_of",
    "tidy",
    "update",
    "value_differs",
    "version_differs",
    "writable",
    "write_aggregated",
    "write_failed",
    "write_quarantine",
    "write_run",
    "write_slab",
    "write_tasks",
]
