"""The engine on real workers: bits, commits, deaths."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import dask
import numpy as np
import pytest
from distributed import Client, LocalCluster

from dnnsa.cluster import Local
from dnnsa.cluster.local import kept
from dnnsa.engine import Job, Pace, checkpoint, plan_of, probe, reduce_study
from dnnsa.engine.block import draws
from dnnsa.engine.checkpoint import MANIFEST, Checkpoint
from dnnsa.engine.plan import Field
from dnnsa.errors import Interrupted, StoreError, TooManyFailures
from tests.studies import study

param, harm = pytest.param, pytest.mark.harm
ROOT = Path(__file__).parents[2]
FIELD = "def f(x1, x2): return np.exp(3 * x1)[:, None] * np.cos(np.arange(5) * x2[:, None])"


class Watch:
    """A reporter that keeps what it is told, and may act on it."""

    def __init__(self, at=None, act=None):
        self.said, self.progress, self.at, self.act = [], [], at, act

    def say(self, message):
        self.said.append(message)

    def update(self, progress):
        self.progress.append(progress)
        if self.at is not None and progress.done >= self.at:
            self.at = None
            self.act()  # which may set another moment


def write(folder, quantity, start, stop, maps):
    arrays = {name: map_.array for name, map_ in maps.items()}
    np.savez(folder / f"{quantity}-{start}.npz", **arrays)


def job(folder, source=FIELD, **settings):
    made = study(folder, source, **settings)
    return Job(made, made.digests())


def ignore(done, ledger):
    pass


def committed(folder, plan):
    """How many base points the last commit holds, and which of them are in quarantine."""
    commit = Checkpoint(folder).read(plan)
    return sum(plan.count(node.level, node.number) for node in commit.nodes if node.part == 0), commit.ledger.failures


def reduced(client, made, folder, seconds=1e-3, watch=None, limit=60.0, fields=None, **settings):
    """Maps of a study, by file, and what the engine returned."""
    (folder / "maps").mkdir(exist_ok=True)
    plan = plan_of(made, fields or probe(made).fields)
    outcome = reduce_study(
        client,
        made,
        plan,
        Pace(seconds, limit),
        lambda: None,
        partial(write, folder / "maps"),
        folder / "checkpoint",
        watch or Watch(),
        ignore,
        ignore,
        **settings,
    )
    maps = {path.name: arrays(path) for path in sorted((folder / "maps").iterdir())}
    return maps, outcome


def arrays(path):
    with np.load(path) as file:
        return dict(file)


def same(left, right):
    assert left.keys() == right.keys()
    for name, maps in left.items():
        for key, array in maps.items():
            np.testing.assert_array_equal(array, right[name][key], err_msg=key)


@pytest.fixture(scope="module")
def one_worker():
    with Local(workers=1).open() as client:
        yield client


@pytest.mark.harm("Size and speed", "One worker or two, short tasks or long ones", "bits")
def test_the_maps_are_the_same_bits_with_one_worker_and_with_two_and_whatever_a_task_takes(client, one_worker, folders):
    made = job(folders[0], base_points=2048)
    first, _ = reduced(one_worker, made, folders[0], seconds=100.0)  # one block a task
    again, _ = reduced(client, made, folders[1], seconds=1e-9)  # as many as leave work for all
    same(first, again)


@pytest.mark.harm("Commits and files", "A commit at every turn, or never", "bits")
def test_the_maps_are_the_same_bits_after_a_commit_at_every_turn(client, folders):
    made = job(folders[0], base_points=1024)
    first, _ = reduced(client, made, folders[0])
    again, _ = reduced(client, made, folders[1], seconds=100.0, commit_every=0.0)
    same(first, again)


SLOW = "import time\ndef f(x1, x2):\n    time.sleep(0.02)\n    return np.exp(3 * x1) * x2"


@pytest.mark.harm("Processes", "A worker is killed with SIGKILL, and another, and another", "bits", "rest")
def test_workers_killed_three_times_on_the_way_change_no_bit(folders):
    made = job(folders[0], SLOW, base_points=4096)
    killed = []

    def harm():
        killed.append(min(client.run(os.getpid).values()))
        os.kill(killed[-1], signal.SIGKILL)
        watch.at = (len(killed) < 3 and 1024 * (len(killed) + 1)) or None

    with Local(workers=2).open() as client:
        first, _ = reduced(client, made, folders[0], seconds=100.0)
        watch = Watch(at=1024, act=harm)
        again, outcome = reduced(client, made, folders[1], seconds=100.0, watch=watch)
    assert len(set(killed)) == 3
    same(first, again)
    assert outcome.ledger.failures == []


def die_when_a_state_is_written():
    """In a worker: end it between the writing of a state and the name that the file gets."""

    whole = checkpoint.digest

    def digest(path):
        if not path.name.endswith(".partial"):  # a state that is read
            return whole(path)
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    checkpoint.digest = digest


@pytest.mark.harm("Processes", "A worker is killed while it writes a state that is to be committed", "bits", "rest")
def test_a_worker_killed_while_it_writes_a_commit_changes_no_bit(folders):
    made = job(folders[0], SLOW, base_points=2048)

    def harm():
        client.run(die_when_a_state_is_written, workers=[next(iter(client.nthreads()))])

    with Local(workers=2).open() as client:
        first, _ = reduced(client, made, folders[0], seconds=100.0)
        before = set(client.run(os.getpid).values())
        watch = Watch(at=512, act=harm)
        again, outcome = reduced(client, made, folders[1], seconds=100.0, watch=watch, commit_every=0.2)
        assert len(before & set(client.run(os.getpid).values())) == 1
    same(first, again)
    assert outcome.ledger.failures == []


@pytest.mark.harm("Processes", "Workers are killed while they write the last commit, of all there is", "bits", "rest")
def test_workers_killed_while_they_write_the_last_commit_change_no_bit(folders):
    made = job(folders[0], base_points=1024)
    settings = {"distributed.scheduler.allowed-failures": 0}  # one death, and Dask gives a task up
    with dask.config.set(settings), Local(workers=2).open() as client:
        first, _ = reduced(client, made, folders[0])
        before = set(client.run(os.getpid).values())
        watch = Watch(at=1024, act=lambda: client.run(die_when_a_state_is_written))
        again, outcome = reduced(client, made, folders[1], watch=watch)
        client.wait_for_workers(2)
        assert before != set(client.run(os.getpid).values())
    same(first, again)
    assert outcome.ledger.failures == []


@pytest.mark.harm("People", "Interrupted, and resumed with tasks of another size", "bits", "kept", "told")
def test_an_interrupted_study_goes_on_from_what_was_kept_to_the_same_bits(client, folders):
    made = job(folders[0], SLOW, base_points=2048)
    first, _ = reduced(client, made, folders[0], seconds=100.0)
    stop = Watch(at=1024, act=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match=r"interrupted: \d+ of 2048 base points are kept"):
        reduced(client, made, folders[1], seconds=100.0, watch=stop)
    kept, _ = committed(folders[1] / "checkpoint", plan_of(made, probe(made).fields))
    assert 1024 <= kept < 2048
    resumed = Watch()
    again, _ = reduced(client, made, folders[1], seconds=1e-9, watch=resumed)
    same(first, again)
    assert resumed.said == [f"resuming: {kept} of 2048 base points are done already"]
    assert resumed.progress[0].done == kept


@pytest.mark.harm("People", "Interrupted, and resumed: runs are counted where they are made", "once", "kept")
def test_nothing_is_run_twice_after_a_resume(client, folders):
    log = folders[0] / "calls"
    source = (
        f"import os, time\nFD = os.open({str(log)!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)\n"
        "def f(x1, x2):\n    time.sleep(0.02)\n    os.write(FD, b'%d ' % len(x1))\n    return x1 + x2"
    )
    made = job(folders[0], source, base_points=1024)
    stop = Watch(at=512, act=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted):
        reduced(client, made, folders[1], seconds=100.0, watch=stop)
    kept, _ = committed(folders[1] / "checkpoint", plan_of(made, probe(made).fields))
    time.sleep(0.5)  # what was out when it stopped
    log.write_text("")
    reduced(client, made, folders[1], seconds=100.0)
    runs = sum(map(int, log.read_text().split()))
    probed = 4 + 4  # the probe in this process: the first base point twice
    assert runs == (1024 - kept) * 4 + probed


@pytest.mark.harm("People", "Interrupted again and again, at any moment", "bits", "kept")
def test_an_interrupt_at_any_moment_leaves_what_can_be_resumed_to_the_same_bits(client, folders, monkeypatch):
    """With many parts to a state, so that there is much to tear."""
    monkeypatch.setattr("dnnsa.engine.plan.PART_BYTES", 300)
    made = job(folders[0], FIELD.replace("return", "import time; time.sleep(0.01); return"), base_points=1024)
    assert len(plan_of(made, probe(made).fields).parts) == 5
    first, _ = reduced(client, made, folders[0], seconds=100.0)
    for attempt in range(20):
        timer = threading.Timer(0.15 + 0.037 * attempt, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            again, _ = reduced(client, made, folders[1], seconds=100.0, commit_every=0.1 if attempt % 2 else 60.0)
        except (Interrupted, KeyboardInterrupt):
            continue
        finally:
            timer.cancel()
        break
    assert attempt > 0
    same(first, again)


SLOWER = SLOW.replace("0.02", "0.05")

CLIENT = """
import sys
from functools import partial
from pathlib import Path
from dnnsa.cluster import Local
from dnnsa.engine import Pace, reduce_study
from tests.engine.test_drive import SLOWER, Watch, ignore, job, plan_of, probe, write

if __name__ == "__main__":
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    made = job(folder, SLOWER, base_points=4096)
    plan = plan_of(made, probe(made).fields)
    with Local(workers=2).open() as client:
        reduce_study(
            client, made, plan, Pace(100.0, 60.0), lambda: None, partial(write, out), out / "checkpoint", Watch(),
            ignore, ignore, commit_every=0.1,
        )
"""


@pytest.mark.harm("Processes", "The client, with its scheduler, is killed with SIGKILL twice", "bits", "kept")
def test_a_client_killed_with_9_twice_loses_nothing_committed_and_no_bit(client, folders):
    made = job(folders[0], SLOWER, base_points=4096)
    first, _ = reduced(client, made, folders[0], seconds=100.0)
    plan, checkpoint, before = plan_of(made, probe(made).fields), folders[1] / "checkpoint", 0
    (folders[1] / "client.py").write_text(CLIENT, encoding="utf-8")
    for _ in range(2):
        command = [sys.executable, folders[1] / "client.py", folders[0], folders[1]]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        while process.poll() is None and committed(checkpoint, plan)[0] < before + 256:
            time.sleep(0.02)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        before = committed(checkpoint, plan)[0]
    assert 512 <= before < 4096
    again, _ = reduced(client, made, folders[1], seconds=100.0)
    same(first, again)


@pytest.mark.harm("Processes", "A worker is killed with results that the client has not yet heard of", "bits")
def test_a_worker_killed_while_the_client_looks_away_changes_no_bit(folders):
    """What was done is lost before the client has heard that it was done."""
    made = job(folders[0], SLOW, base_points=2048)

    def harm():
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        time.sleep(1.0)

    with Local(workers=2).open() as client:
        first, _ = reduced(client, made, folders[0], seconds=100.0)
        again, _ = reduced(client, made, folders[1], seconds=100.0, watch=Watch(at=768, act=harm), commit_every=0.3)
    same(first, again)


def interrupted_at(client, made, folder, at, **settings):
    stop = Watch(at=at, act=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted):
        reduced(client, made, folder, seconds=100.0, watch=stop, **settings)


DAMAGED = "is damaged, its SHA-256 is not the committed one: start again with --overwrite."


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        param(flip_a_bit, DAMAGED, marks=harm("Commits and files", "A bit of a committed state is flipped", "told")),
        param(truncate, DAMAGED, marks=harm("Commits and files", "A committed state is cut to its half", "told")),
        param(
            Path.unlink, "is missing on host", marks=harm("Commits and files", "A committed state is removed", "told")
        ),
    ],
)
def test_a_damaged_checkpoint_file_is_named_and_never_used(client, folders, harm, told):
    made = job(folders[0], SLOW, base_points=1024)
    interrupted_at(client, made, folders[0], 512)
    victim = max((folders[0] / "checkpoint").glob("*.npz"), key=lambda path: path.stat().st_size)
    harm(victim)
    with pytest.raises(StoreError, match=f"{victim.name}: {told}"):
        reduced(client, made, folders[0], seconds=100.0)


@pytest.mark.harm("Commits and files", "The manifest of the commit is torn", "told")
def test_a_torn_manifest_is_told(client, folders):
    made = job(folders[0], SLOW, base_points=1024)
    interrupted_at(client, made, folders[0], 512)
    manifest = folders[0] / "checkpoint" / MANIFEST
    manifest.write_text(manifest.read_text()[:-20])
    with pytest.raises(StoreError, match=r"manifest.json: is damaged \("):
        reduced(client, made, folders[0])


def test_a_study_leaves_only_the_files_of_its_last_commit(client, folders):
    made = job(folders[0], SLOW, base_points=1024)
    plan = plan_of(made, probe(made).fields)
    for commit_every in (0.0, 60.0):
        interrupted_at(client, made, folders[0], 512, commit_every=commit_every)
        checkpoint = Checkpoint(folders[0] / "checkpoint")
        named = {checkpoint.stored(*node).path.name for node in checkpoint.read(plan).nodes.items()}
        reduced(client, made, folders[0], seconds=100.0)
        named = {checkpoint.stored(*node).path.name for node in checkpoint.read(plan).nodes.items()}
        assert {path.name for path in checkpoint.folder.iterdir()} == named | {MANIFEST}
        assert len(named) == plan.replicates


RARE = "def f(x1, x2): return np.where(x1 > LIMIT, np.nan, x1 + x2)"


def test_base_points_that_fail_are_told_and_the_rest_is_used(client, folders):
    made = job(folders[0], RARE.replace("LIMIT", "0.495"), base_points=1024, max_failed=0.1)
    maps, outcome = reduced(client, made, folders[0])
    (found,) = maps.values()
    assert 0 < len(outcome.ledger.failures) < 102
    assert found["n"] + len(outcome.ledger.failures) == 1024
    assert found["status"] == 1
    assert np.isfinite(found["ST"]).all()
    assert len({(failure.replicate, failure.number) for failure in outcome.ledger.failures}) == len(
        outcome.ledger.failures
    )


@pytest.mark.harm("Runs of the model", "More base points fail than `max_failed` allows", "once", "kept", "told")
def test_too_many_failures_stop_the_study_and_keep_what_was_done(client, folders):
    made = job(folders[0], RARE.replace("LIMIT", "0.4"), base_points=1024)
    with pytest.raises(
        TooManyFailures, match=r"base points are in quarantine, more than max_failed: 0.01 allows of 1024"
    ):
        reduced(client, made, folders[0], seconds=100.0)
    kept, failures = committed(folders[0] / "checkpoint", plan_of(made, probe(made).fields))
    assert kept > 0
    assert len(failures) > 10
    with pytest.raises(TooManyFailures):  # again, and before anything is run
        reduced(client, made, folders[0], seconds=100.0)
    assert committed(folders[0] / "checkpoint", plan_of(made, probe(made).fields))[0] == kept
    lenient = job(folders[0], RARE.replace("LIMIT", "0.4"), base_points=1024, max_failed=1.0)
    maps, outcome = reduced(client, lenient, folders[0])
    (found,) = maps.values()
    assert found["n"] + len(outcome.ledger.failures) == 1024


SOUND = "np.exp(3 * x1) * x2"
DEADLY = f"import os, signal\ndef f(x1, x2):\n    if (x1 > 0.4992).any(): HARM\n    return {SOUND}"


SMALL = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "700MB"}
QUIET = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
SCALAR = {"output": Field((), "float64", (), {})}


def harmed(harm):
    return DEADLY.replace("HARM", harm)


def bad(what):
    return harm("Runs of the model", what, "bits", "once", "told", "rest")


def left_out(made):
    """The base points of a study of `DEADLY` that do harm, by replicate and number."""
    at = draws(made)
    for replicate in range(at.replicates):
        hot = (at.runs(at.points(replicate, 0, 256))["x1"] > 0.4992).any(axis=1)
        yield from ((replicate, int(number)) for number in np.flatnonzero(hot))


def same_but_for(client, folders, harmful, outcome, maps):
    """The result is that of a study in which these base points raise."""
    harmless = job(folders[1], harmed("raise ValueError"), base_points=1024, max_failed=1.0)
    expected, told = reduced(client, harmless, folders[1])
    numbers = [(failure.replicate, failure.number) for failure in outcome.ledger.failures]
    assert numbers == harmful == [(failure.replicate, failure.number) for failure in told.ledger.failures]
    same(expected, maps)


HARMS = [
    param("raise ValueError('too hot')", "ValueError: too hot", marks=bad("A run raises")),
    param(f"return {SOUND} * np.where(x1 > 0.4992, np.nan, 1)", "are NaN or infinite", marks=bad("A run gives NaN")),
    param(f"return {SOUND} * np.where(x1 > 0.4992, np.inf, 1)", "are NaN or infinite", marks=bad("A run gives inf")),
    param("return x1[:-1]", "`output` has shape (3,) for 4", marks=bad("Outputs have another shape, later on")),
    param("return {'y': x1}", "quantities ['y'] where", marks=bad("Outputs have other names, later on")),
]


@pytest.mark.parametrize(("source", "cause"), HARMS)
def test_a_bad_run_costs_its_base_point_and_no_other(client, folders, source, cause):
    made = job(folders[0], harmed(source), base_points=1024, max_failed=1.0)
    maps, outcome = reduced(client, made, folders[0])
    same_but_for(client, folders, list(left_out(made)), outcome, maps)
    for failure in outcome.ledger.failures:
        assert cause in failure.cause
        assert max(float(failure.a["x1"]), float(failure.b["x1"])) > 0.4992


KILLED = "ends the worker process that it is in"
HANGING = "__import__('time').sleep(3600)"
EATING = "[np.ones(2**27), __import__('time').sleep(60)]"  # 1 GiB, of 700 MB


@pytest.mark.parametrize(
    ("harm", "limit", "cause"),
    [
        param("os.kill(os.getpid(), signal.SIGKILL)", 60.0, KILLED, marks=bad("A run ends its worker's process")),
        param(EATING, 100.0, KILLED, marks=bad("A run takes more memory than its worker may have")),
        param(HANGING, 1.0, "takes longer than the 1 s that it may", marks=bad("A run hangs")),
    ],
)
def test_a_base_point_that_ends_or_hangs_its_worker_is_the_only_one_lost(client, folders, harm, limit, cause):
    made = job(folders[0], harmed(harm), base_points=1024, max_failed=1.0)
    harmful = list(left_out(made))
    assert 0 < len(harmful) < 5
    with (
        LocalCluster(**SMALL, **QUIET) as cluster,
        kept(cluster),
        Client(cluster) as small,
    ):
        maps, outcome = reduced(small, made, folders[0], limit=limit, fields=SCALAR)
    same_but_for(client, folders, harmful, outcome, maps)
    assert all(cause in failure.cause for failure in outcome.ledger.failures)
    assert not list((folders[0] / "checkpoint").glob("*.trial"))


@pytest.mark.harm("Size and speed", "More tasks than workers: no more are handed out than the window", "rest")
def test_the_window_bounds_what_is_in_flight(client, folders):
    made = job(folders[0], SLOW, base_points=4096)
    seen = []

    def unfinished(dask_scheduler):
        states = {key: task.state for key, task in dask_scheduler.tasks.items() if str(key).startswith("dnnsa-leaf")}
        return sum(state in ("queued", "waiting", "processing", "no-worker") for state in states.values())

    def count():
        while not done.is_set():
            seen.append(client.run_on_scheduler(unfinished))

    done = threading.Event()
    thread = threading.Thread(target=count)
    thread.start()
    reduced(client, made, folders[0], seconds=100.0)
    done.set()
    thread.join()
    assert 2 <= max(seen) <= 4
