"""What a log reads of a study on its way."""

import io
import time
from types import SimpleNamespace

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


def test_runs_are_told_by_the_minute_with_what_is_left_and_what_they_gave(monkeypatch):
    clock = iter([90.0, 100.0, 130.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    start, first = Progress(3, 100, 0, "runs"), Progress(4, 100, 0, "runs")
    assert lines(start, first, Progress(10, 100, 2, "runs", "error 0.02 to 0.9")) == [
        "3 of 100 runs",
        "4 of 100 runs",
        "10 of 100 runs, 12 runs/min, 7 min 30 s left, error 0.02 to 0.9, 2 failed",
    ]


def test_base_points_are_told_by_the_second(monkeypatch):
    clock = iter([100.0, 102.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    assert lines(Progress(0, 64, 0), Progress(32, 64, 0))[-1] == "32 of 64 base points, 16 base points/s"


def test_a_bar_has_runs_by_the_minute_and_what_they_gave(monkeypatch):
    clock = iter([90.0, 100.0, 130.0])
    bar = Bar(io.StringIO())
    monkeypatch.setattr("dnnsa.view.progress.time", SimpleNamespace(monotonic=lambda: next(clock)))
    bar.update(Progress(3, 100, 0, "runs"))
    bar.update(Progress(4, 100, 0, "runs"))
    bar.update(Progress(10, 100, 2, "runs", "error 0.02 to 0.9"))
    bar.close()
    assert bar.bar.tasks[0].fields["note"] == "12 runs/min, error 0.02 to 0.9, 2 failed"
    assert bar.bar.tasks[0].fields["left"] == "7 min 30 s left"
