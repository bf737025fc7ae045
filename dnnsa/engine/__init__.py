"""The engine: blocks of a study evaluated and reduced by Dask workers, merged in a tree that the study fixes."""

from dnnsa.engine.block import Failure, Job
from dnnsa.engine.drive import Outcome, committed, reduce_study
from dnnsa.engine.plan import Plan
from dnnsa.engine.report import Progress, Reporter
from dnnsa.engine.tasks import Probe, plan_of, probe, samples, time_block, warm

__all__ = [
    "Failure",
    "Job",
    "Outcome",
    "Plan",
    "Probe",
    "Progress",
    "Reporter",
    "committed",
    "plan_of",
    "probe",
    "reduce_study",
    "samples",
    "time_block",
    "warm",
]
