"""The engine: blocks of a study evaluated and reduced by Dask workers, merged in a tree that the study fixes."""

from dnnsa.engine.block import Failure, Job, distinct, warm
from dnnsa.engine.dear import Record, make_runs
from dnnsa.engine.drive import Outcome, reduce_study
from dnnsa.engine.leaves import Pace
from dnnsa.engine.ledger import Ledger
from dnnsa.engine.plan import Field, Plan
from dnnsa.engine.probing import FirstRun, Probe, check_estimators, fields_again, plan_of, probe, probe_run, time_block
from dnnsa.engine.report import Progress, Reporter
from dnnsa.engine.tasks import samples
from dnnsa.engine.waiting import wait_for_worker

__all__ = [
    "Failure",
    "Field",
    "FirstRun",
    "Job",
    "Ledger",
    "Outcome",
    "Pace",
    "Plan",
    "Probe",
    "Progress",
    "Record",
    "Reporter",
    "check_estimators",
    "distinct",
    "fields_again",
    "make_runs",
    "plan_of",
    "probe",
    "probe_run",
    "reduce_study",
    "samples",
    "time_block",
    "wait_for_worker",
    "warm",
]
