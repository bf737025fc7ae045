"""A study is shown, and goes on whatever becomes of that."""

import logging
import time
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import Client, LocalCluster

import dnnsa
from dnnsa.engine import Job, Progress
from dnnsa.resume import standing
from dnnsa.rounds import run_rounds
from dnnsa.view.progress import Quiet
from dnnsa.watch import feed as feeding
from dnnsa.watch.feed import Feed
from tests.studies import study

LINE = "def f(x1, x2): return x1 + 2 * x2"


class Seen:
    """A view that keeps what it is shown."""

    def __init__(self):
        self.frames = []

    def show(self, frame):
        self.frames.append(frame)
        return True


class Broken:
    def show(self, frame):
        raise ValueError("no picture")


@pytest.fixture
def run(client, tmp_path, monkeypatch):
    monkeypatch.setattr(feeding, "EVERY", 0.05)

    def run(*views):
        asked = study(tmp_path, LINE, base_points=512)
        job = Job(asked, asked.digests())
        feed = Feed("small", tmp_path / "out.zarr", Quiet(), views)
        with feed.shown(), feed.on(client):
            held = standing(tmp_path / "out.zarr", job, False)
            run_rounds(client, job, tmp_path / "out.zarr", held.base_points, False, feed)
        return feed

    return run


def test_the_last_frame_is_of_all_base_points(run):
    seen = Seen()
    run(seen)
    assert seen.frames[0].status == "starting"
    assert seen.frames[-1].status == "complete"
    assert seen.frames[-1].progress == Progress(512, 512, 0)
    looks = [frame.look for frame in seen.frames if frame.look]
    assert looks[-1].base_points == 512
    np.testing.assert_allclose(looks[-1].quantities[0].indices["ST"].value, [0.2, 0.8], atol=0.05)


def test_a_view_that_fails_is_left_out_and_that_is_said(run):
    seen = Seen()
    feed = run(Broken(), seen)
    assert feed.latest.status == "complete"
    assert feed.latest.warnings == ("what shows this study has failed: ValueError: no picture",)
    assert seen.frames[-1].status == "complete"


def test_nobody_looks_at_states_where_nobody_watches(tmp_path, monkeypatch):
    monkeypatch.setattr(feeding, "EVERY", 0.05)
    looked = []
    monkeypatch.setattr(Feed, "_look", lambda *_: looked.append(1))
    alone = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **alone) as cluster, Client(cluster) as mine:
        dnnsa.run(study(tmp_path, LINE), mine, tmp_path / "out.zarr", reporter=Quiet())
    assert not looked


def test_warnings_are_kept_and_the_rate_is_of_what_is_counted(tmp_path, monkeypatch):
    clock = iter([10.0, 20.0, 30.0, 40.0])
    monkeypatch.setattr("dnnsa.watch.feed.time", SimpleNamespace(monotonic=lambda: next(clock), time=time.time))
    feed = Feed("small", tmp_path / "out.zarr", Quiet())
    feed.say("warning: first")
    feed.say("then this")
    assert (feed.latest.said, feed.latest.warnings) == ("then this", ("first",))
    feed.update(Progress(4, 9, 0, "runs"))
    assert feed.latest.rate is None
    feed.update(Progress(5, 9, 0, "runs"))
    assert (feed.latest.rate, feed.latest.left) == (None, None)
    feed.update(Progress(8, 9, 0, "runs"))
    assert (feed.latest.rate, feed.latest.left) == (pytest.approx(0.3), pytest.approx(1 / 0.3))
    feed.update(Progress(0, 64, 0))
    assert feed.latest.rate is None
