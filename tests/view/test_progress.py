"""What a log reads of a study on its way."""

import io

from dnnsa.engine import Progress
from dnnsa.view.progress import Bar, Lines


def lines(*told):
    stream = io.StringIO()
    watching = Lines(stream, every=0.0)
    for progress in told:
        watching.update(progress)
    return stream.getvalue().splitlines()


def test_base_points_and_those_in_quarantine_are_told():
    assert lines(Progress(0, 64, 0), Progress(64, 64, 3))[-1].startswith("64 of 64 base points, ")
    assert lines(Progress(64, 64, 3)) == ["64 of 64 base points, 3 in quarantine"]


def test_runs_are_told_as_runs_and_then_their_base_points():
    told = lines(Progress(9, 9, 1, "runs"), Progress(0, 64, 0))
    assert told == ["9 of 9 runs, 1 failed", "0 of 64 base points"]


def test_a_bar_has_a_line_for_the_runs_and_one_for_each_round_of_base_points():
    bar = Bar(io.StringIO())
    for progress in (Progress(9, 9, 1, "runs"), Progress(64, 64, 0), Progress(64, 128, 0)):
        bar.update(progress)
    bar.close()
    assert [(task.total, task.fields["unit"], task.fields["note"]) for task in bar.bar.tasks] == [
        (9, "runs", "1 failed"),
        (64, "base points", ""),
        (128, "base points", ""),
    ]
