"""Running a study on a cluster: what is asked of the client, and what is kept when it stops on the way."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distributed import Client

from dnnsa.engine.block import Job
from dnnsa.engine.checkpoint import Checkpoint
from dnnsa.engine.leaves import Pace
from dnnsa.engine.ledger import Done, Ledger
from dnnsa.engine.plan import Plan, blocks_a_task
from dnnsa.engine.reduction import Reduction
from dnnsa.engine.report import Reporter
from dnnsa.engine.tasks import Write
from dnnsa.errors import DnnsaError, Interrupted, RunError, TooManyFailures
from dnnsa.estimators.base import Ratio
from dnnsa.stopping import Narrow, Stop, sure

Recorded = Callable[[int, Sequence[Done]], None]  # how many leaves are on record already, and the next ones
Noted = Callable[[int, Ledger], None]  # base points done, and what is on record of them


class Outcome(NamedTuple):
    """What the client keeps of a study whose maps the workers have written, if it is sure enough for that."""

    complete: bool
    ratios: Mapping[str, Mapping[str, Ratio]]  # quantity -> index -> sums over all cells
    ledger: Ledger
    narrow: Mapping[str, Narrow]  # how many cells of each quantity are known narrowly enough, where that is asked


def reduce_study(
    client: Client,
    job: Job,
    plan: Plan,
    pace: Pace,
    prepare: Callable[[], None],
    write: Write,
    checkpoint: Path,
    reporter: Reporter,
    record: Recorded,
    noted: Noted,
    commit_every: float = 60.0,
    stop: Stop | None = None,
    grow: bool = False,
) -> Outcome:
    """Run all blocks of a study on a Dask cluster, merge them in the study's tree and write the maps.

    The maps are a function of the study alone. What is in flight is a window of twice the cluster's slots.

    Parameters
    ----------
    pace
        What a block is expected to take, from which follows how many a task takes, and what a base point may take,
        after which its worker is ended. No bit of the result follows from either.
    prepare
        Called here once all blocks are reduced, before the first ``write``.
    write
        Called in the workers with each slab of the fields and its maps.
    checkpoint
        Folder that all workers and the client see; what an earlier run has committed there is not run again. It holds
        one state a replicate and part at the end.
    record
        Called here before a commit that tells of more leaves.
    noted
        Called here after every commit.
    commit_every
        Seconds between commits; the first ones come sooner.
    stop
        How sure to be.
    grow
        Whether there may be more base points: then no maps are written before it is sure.

    Raises
    ------
    TooManyFailures, RunError, Interrupted
        What was done is committed, where that is still possible; the same call goes on from there.
    """
    study = Reduction(client, job, plan, Checkpoint(checkpoint), pace, reporter, record, noted)
    try:
        study.run(blocks_a_task(plan, pace.block, study.dask.slots()), commit_every)
        narrow = {} if stop is None else study.narrowness(stop)
        if stop is not None and grow and not sure(narrow, stop):
            return Outcome(False, {}, study.ledger, narrow)
        prepare()
        return Outcome(True, study.finish(write), study.ledger, narrow)
    except KeyboardInterrupt as stop:
        reporter.say("interrupted: saving what is done; Ctrl-C again ends at once")
        raise Interrupted(f"interrupted: {_kept(study)}") from stop
    except TooManyFailures as error:
        raise TooManyFailures(f"{error} {_kept(study)} With a larger `max_failed` it goes on.") from error
    except RunError as error:
        raise RunError(f"{error} {_kept(study)}") from error


def _kept(study: Reduction) -> str:
    """Commit what can be, and say what is kept."""
    try:
        study.stop()
    except DnnsaError as error:
        return f"What was done since the last commit is lost ({error}) Run the same command again to go on from there."
    return f"{study.done} of {study.plan.base_points} base points are kept; run the same command again to go on."
