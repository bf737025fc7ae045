"""What fails in one place and not in another is the place's fault."""

import pytest

from dnnsa.cluster import Local
from dnnsa.engine.block import draws
from dnnsa.engine.places import Place, elsewhere
from tests.engine.test_drive import SCALAR, Watch, job, reduced, same

HERE, THERE = {"a": Place("one", "0"), "b": Place("one", "1")}, {"c": Place("two", "0")}


def test_another_host_is_tried_before_another_worker_of_the_same():
    assert elsewhere(HERE | THERE, frozenset({HERE["a"]})) == ["c"]
    assert elsewhere(HERE, frozenset({HERE["a"]})) == ["b"]
    assert elsewhere(HERE, frozenset(HERE.values())) == []


SOURCE = """import os, signal
from distributed import get_worker
def f(x1, x2):
    try:
        name = get_worker().name
    except ValueError:
        name = None
    if name == 0: HARM
    return np.exp(3 * x1) * x2
"""


def on_one_worker(what):
    return pytest.mark.harm("Machines and clusters", what, "bits", "told", "rest")


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param("raise OSError('no device')", marks=on_one_worker("Every run raises on one worker alone")),
        pytest.param("return x1 * np.nan", marks=on_one_worker("Every run gives NaN on one worker alone")),
    ],
)
def test_a_worker_where_every_run_fails_puts_nothing_in_quarantine_and_is_sent_nothing_more(client, folders, harm):
    sound = job(folders[1], SOURCE.replace("HARM", "pass"), base_points=2048)
    expected, _ = reduced(client, sound, folders[1], seconds=100.0)
    made = job(folders[0], SOURCE.replace("HARM", harm), base_points=2048)
    watch = Watch()
    with Local(workers=2).open() as dask:
        maps, outcome = reduced(dask, made, folders[0], seconds=100.0, watch=watch)
    same(expected, maps)
    assert outcome.ledger.failures == []
    assert any("worker 0 on host 127.0.0.1 fails with every run and others do not" in said for said in watch.said)


@pytest.mark.harm("Machines and clusters", "A worker dies of every run, and others do not", "bits", "rest")
def test_a_worker_that_dies_of_every_run_puts_nothing_in_quarantine(client, folders):
    """Runs die on worker 0 and nowhere else; the others' are sent elsewhere before they are believed to be deadly."""
    sound = job(folders[1], SOURCE.replace("HARM", "pass"), base_points=1024)
    expected, _ = reduced(client, sound, folders[1], seconds=100.0)
    made = job(folders[0], SOURCE.replace("HARM", "os.kill(os.getpid(), signal.SIGKILL)"), base_points=1024)
    with Local(workers=2).open() as dask:
        maps, outcome = reduced(dask, made, folders[0], seconds=100.0, fields=SCALAR)
    same(expected, maps)
    assert outcome.ledger.failures == []


TRANSIENT = """import os
def f(x1, x2):
    if len(x1) > 4 and (x1 > 0.4985).any():
        try:
            os.close(os.open(FILE + str(x1.max()), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return np.exp(3 * x1) * x2
        raise OSError("busy")
    return np.exp(3 * x1) * x2
"""


@pytest.mark.harm("Runs of the model", "Runs raise once, and not when tried again", "bits", "told", "rest")
def test_a_run_that_raises_once_is_tried_again_and_counted_and_changes_no_bit(client, folders):
    sound = job(folders[1], SOURCE.replace("HARM", "pass"), base_points=1024)
    expected, _ = reduced(client, sound, folders[1])
    made = job(folders[0], TRANSIENT.replace("FILE", repr(str(folders[0] / "raised"))), base_points=1024)
    maps, outcome = reduced(client, made, folders[0], seconds=100.0)
    at = draws(made)
    hot = sum(
        bool((at.runs(at.points(replicate, start, 64))["x1"] > 0.4985).any())
        for replicate in range(4)
        for start in range(0, 256, 64)
    )
    same(expected, maps)
    assert outcome.ledger.failures == []
    assert outcome.ledger.retried == hot > 0
