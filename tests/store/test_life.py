"""A store begins whole, keeps its last commit, goes on from there, and what is none is left alone."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import xarray as xr

import dnnsa
from dnnsa import store
from dnnsa.errors import StoreError
from tests.studies import parts


def a_study(**settings):
    return dnnsa.Study(**parts(**settings))


def on_disk(path):
    return json.loads((path / "zarr.json").read_text())


@pytest.fixture
def begun(tmp_path):
    """A store with one commit."""
    path = tmp_path / "begun.zarr"
    store.create(path, a_study(), {}, 256, datetime.now(UTC))
    (path / store.CHECKPOINT).mkdir()
    (path / store.CHECKPOINT / "manifest.json").write_text("the last commit")
    return path


@pytest.fixture
def complete(begun):
    store.finish(begun, 256, 0, 1.0, retried=2)
    return begun


def commit(path, folder):
    return (path / folder / "manifest.json").read_text()


def test_a_store_begins_with_nothing_tried_again_on_no_machine(begun):
    attrs = store.attributes(begun)
    assert (attrs["status"], attrs["retried"], attrs["machines"]) == ("running", 0, [])


def test_the_last_commit_is_put_by(complete, path):
    for one in (complete, path):
        assert not (one / store.CHECKPOINT).exists()
    assert commit(complete, store.STATES) == "the last commit"
    assert store.attributes(complete)["retried"] == 2


def test_an_older_commit_that_was_put_by_is_replaced(begun):
    (begun / store.STATES).mkdir()
    (begun / store.STATES / "manifest.json").write_text("an older commit")
    store.finish(begun, 256, 0, 1.0)
    assert commit(begun, store.STATES) == "the last commit"


def test_what_a_crash_left_is_put_by_later(complete):
    (complete / store.STATES).rename(complete / store.CHECKPOINT)
    store.tidy(complete)
    assert commit(complete, store.STATES) == "the last commit"
    store.tidy(complete)
    assert commit(complete, store.STATES) == "the last commit"


def test_plain_xarray_opens_a_store_with_a_commit_put_by_and_does_not_warn(complete):
    code = "import sys, xarray; print(xarray.open_datatree(sys.argv[1], engine='zarr').attrs['status'])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, complete], capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", "complete\n")


def test_an_extended_store_runs_again_from_its_last_commit(complete):
    assert "consolidated_metadata" in on_disk(complete)
    store.update(complete, quantities=["y"], stop={"sure": True})
    longer = a_study(base_points=512)
    store.extend(complete, longer, 512)
    assert commit(complete, store.CHECKPOINT) == "the last commit"
    assert not (complete / store.STATES).exists()
    attrs = store.attributes(complete)
    assert (attrs["status"], attrs["base_points"], attrs["digest"]) == ("running", 512, longer.digest)
    assert store.study_of(complete)[0].design.base_points == 512
    assert {"finished", "seconds", "stop"}.isdisjoint(attrs)
    assert {"started", "versions", "files", "quantities"} <= attrs.keys()
    assert "consolidated_metadata" not in on_disk(complete)  # which would tell of the maps as they were
    store.finish(complete, 512, 0, 1.0)
    assert commit(complete, store.STATES) == "the last commit"


@pytest.mark.harm("Processes", "The client dies while it extends a complete store", "kept")
def test_an_extension_that_died_half_way_leaves_the_store_complete(complete):
    (complete / store.STATES).rename(complete / store.CHECKPOINT)  # the first of two steps
    assert dnnsa.open(complete).attrs["status"] == "complete"
    store.extend(complete, a_study(base_points=512), 512)
    assert commit(complete, store.CHECKPOINT) == "the last commit"


def test_a_store_that_is_not_complete_is_extended_as_it_is(begun):
    store.update(begun, status="stopped")
    store.extend(begun, a_study(base_points=512), 512)
    attrs = store.attributes(begun)
    assert (attrs["status"], attrs["base_points"]) == ("running", 512)
    assert commit(begun, store.CHECKPOINT) == "the last commit"


def test_a_store_without_its_last_commit_cannot_be_extended(complete):
    (complete / store.STATES / "manifest.json").unlink()
    (complete / store.STATES).rmdir()
    before = on_disk(complete)
    with pytest.raises(StoreError) as error:
        store.extend(complete, a_study(base_points=512), 512)
    assert str(error.value) == (
        f"{complete}: has no folder .states, so it cannot be extended to 512 base points: give another --out, or start "
        "again with --overwrite."
    )
    assert on_disk(complete) == before


def test_what_is_no_store_is_refused_and_never_deleted(tmp_path):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years")
    for act in (dnnsa.open, store.remove):
        with pytest.raises(StoreError) as error:
            act(folder)
        assert str(error.value) == f"{folder}: is not a store of dnnsa."
    xr.Dataset({"a": 1}).to_zarr(tmp_path / "other.zarr", zarr_format=3, consolidated=False)
    with pytest.raises(StoreError, match=r"other.zarr: is not a store of dnnsa."):
        store.remove(tmp_path / "other.zarr")
    assert (folder / "thesis.tex").exists()


def test_a_place_that_cannot_hold_a_store_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"the store cannot be written: .*file is not a folder."):
        store.writable(tmp_path / "file" / "out.zarr")


def test_what_runs_were_made_by_is_noted_once_each(begun):
    for backend in ("jax 0.7.1 on cpu", "tensorflow 2.20.0 on cpu", "jax 0.7.1 on cpu"):
        store.add_backend(begun, backend)
    assert store.attributes(begun)["backends"] == ["jax 0.7.1 on cpu", "tensorflow 2.20.0 on cpu"]
