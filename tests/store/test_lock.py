"""A store is held by one run at a time, and anybody can see that it is."""

import subprocess
import sys

import pytest

from dnnsa import store
from dnnsa.errors import StoreError

HOLD = (
    "import sys, pathlib; from dnnsa import store\n"
    "with store.alone(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
)


def test_a_store_is_held_by_one_run_at_a_time(tmp_path):
    path = tmp_path / "out.zarr"
    with store.alone(path):
        with pytest.raises(StoreError, match=r"another `dnnsa run` is writing there"), store.alone(path):
            pass
        assert (tmp_path / ".out.zarr.lock").exists()
    with store.alone(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_it_is_seen_that_a_store_is_held(tmp_path):
    path = tmp_path / "out.zarr"
    assert not store.is_held(path)
    with store.alone(path):
        assert store.is_held(path)
    assert not store.is_held(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.harm("Processes", "A run that holds a store is killed: the next one is let in", "kept")
def test_a_process_that_was_killed_holds_nothing(tmp_path):
    path = tmp_path / "out.zarr"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        assert store.is_held(path)
        holder.kill()
    assert (tmp_path / ".out.zarr.lock").exists()
    assert not store.is_held(path)
