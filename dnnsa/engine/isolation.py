"""Finding the base points that end their worker: one is run after the other, and a journal outlives the process."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from dnnsa.draws import Points
from dnnsa.engine.block import RAISED, Condemned, Failure, Job, draws, evaluate, failure_of, warm
from dnnsa.engine.limits import ended_after
from dnnsa.engine.places import Place, place
from dnnsa.engine.plan import Plan
from dnnsa.engine.tree import Node
from dnnsa.errors import DnnsaError

DEATHS = 2  # of a base point run by itself, before it is believed to end its worker
DIES = "ends the worker process that it is in: a crash, too much memory, or a hang in compiled code"


class Elsewhere(Exception):
    """A base point has ended a worker here already: it is to be tried in another place."""

    def __init__(self, been: list[Place]) -> None:
        self.been = been
        super().__init__(been)


class Trial(NamedTuple):
    """What a trial has found."""

    guilty: list[Failure]
    bad: list[Place]  # where a base point died that did not in another place


class Story(NamedTuple):
    """What the journal says of a base point."""

    died: list[Place]  # where it was begun; if it has ended, that was in the last one
    late: bool
    ended: bool


def trial(job: Job, plan: Plan, node: Node, condemned: Condemned, journal: Path, seconds: float, apart: str) -> Trial:
    """Base points of a leaf that end the worker when they are run by themselves; the rest is as good as any.

    The task dies with them, Dask starts it again, and it goes on from its journal. It must be alone in its process.

    Parameters
    ----------
    seconds
        What a base point may take.
    apart
        What makes two places two: "host", "worker", or nothing where there is one. A base point must have died in two
        before it is believed.

    Raises
    ------
    Elsewhere
        There is another place, and it must be tried.
    """
    start = (node.number << node.level) * plan.block
    points = draws(job).points(node.replicate, start, plan.block << node.level)
    warm(job)
    with suppress(*RAISED):  # the probe's, which has compiled what a single base point needs
        evaluate(job, draws(job).points(0, 0, 1), plan.fields)
    stories = _stories(journal)
    guilty = []
    for offset in range(points.size):
        point = points.rows(offset, offset + 1)
        story = stories.setdefault(point.start, Story([], False, False))
        if point.start in condemned or story.ended:
            continue
        if _guilty(story, apart):
            cause = f"takes longer than the {seconds:g} s that it may" if story.late else DIES
            guilty.append(failure_of(job, point, cause, ""))
            continue
        if apart and _key(place(), apart) in {_key(one, apart) for one in story.died}:
            raise Elsewhere(story.died)
        _try(job, plan, point, journal, seconds)
        stories[point.start] = Story([*story.died, place()], story.late, True)
    bad = [one for story in stories.values() if story.ended for one in story.died[:-1]]  # the last is where it ended
    return Trial(guilty, bad)


def _guilty(story: Story, apart: str) -> bool:
    return len({_key(one, apart) for one in story.died} if apart else story.died) >= DEATHS


def _key(place: Place, apart: str) -> Place | str:
    return place.host if apart == "host" else place


def _try(job: Job, plan: Plan, point: Points, journal: Path, seconds: float) -> None:
    tell: Callable[..., None] = partial(_tell, journal, point.start)
    tell("began", *place())
    with ended_after(seconds, lambda _: tell("late")):
        try:
            evaluate(job, point, plan.fields)
        except DnnsaError:
            raise
        except RAISED:
            pass  # it is found, and told, when its block is run
    tell("ended")


def _tell(journal: Path, number: int, *words: Any) -> None:
    with journal.open("a", encoding="utf-8") as file:  # what is written outlives the process
        file.write(json.dumps([number, *words]) + "\n")


def _stories(journal: Path) -> dict[int, Story]:
    """What the journal says, by the number of the base point."""
    stories: dict[int, Story] = {}
    for line in journal.read_text(encoding="utf-8").splitlines() if journal.exists() else ():
        number, word, *about = json.loads(line)
        story = stories.get(number, Story([], False, False))
        died = [*story.died, Place(*about)] if word == "began" else story.died
        stories[number] = Story(died, story.late or word == "late", story.ended or word == "ended")
    return stories
