"""Running a study on a cluster: what is asked of the client, and what is kept when it stops on the way."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from distributed import Client

from dnnsa.engine.block import Failure, Job
from dnnsa.engine.checkpoint import Checkpoint
from dnnsa.engine.plan import Plan, blocks_a_task
from dnnsa.engine.reduction import Reduction
from dnnsa.engine.report import Reporter
from dnnsa.engine.tasks import Write
from dnnsa.errors import DnnsaError, Interrupted, RunError, TooManyFailures
from dnnsa.estimators.base import Ratio


class Outcome(NamedTuple):
    """What the client keeps of a study whose maps the workers have written."""

    ratios: Mapping[str, Mapping[str, Ratio]]  # quantity -> index -> sums over all cells
    failures: tuple[Failure, ...]


def reduce_study(
    client: Client,
    job: Job,
    plan: Plan,
    seconds_a_block: float,
    prepare: Callable[[], None],
    write: Write,
    checkpoint: Path,
    reporter: Reporter,
    commit_every: float = 60.0,
) -> Outcome:
    """Run all blocks of a study on a Dask cluster, merge them in the study's tree and write the maps.

    The maps are a function of the study alone. What is in flight is a window of twice the cluster's slots.

    Parameters
    ----------
    seconds_a_block
        Expected; how many neighbouring blocks a task takes follows from it, and no bit of the result does.
    prepare
        Called here once all blocks are reduced, before the first ``write``.
    write
        Called in the workers with each slab of the fields and its maps.
    checkpoint
        Folder that all workers and the client see; what an earlier run has committed there is not run again.
    commit_every
        Seconds between commits.

    Raises
    ------
    TooManyFailures, RunError, Interrupted
        What was done is committed, where that is still possible; the same call goes on from there.
    """
    study = Reduction(client, job, plan, Checkpoint(checkpoint), reporter)
    try:
        study.run(blocks_a_task(plan, seconds_a_block, study.slots()), commit_every)
        prepare()
        return Outcome(study.finish(write), tuple(sorted(study.failures)))
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


def committed(checkpoint: Path, plan: Plan) -> tuple[int, tuple[Failure, ...]]:
    """How many base points the last commit holds, and which of them are in quarantine."""
    commit = Checkpoint(checkpoint).read(plan)
    return sum(plan.count(node.level, node.number) for node in commit.nodes if node.part == 0), commit.failures
