"""A store begins whole, ends without its checkpoint, and what is none is left alone."""

import pytest
import xarray as xr

import dnnsa
from dnnsa import store
from dnnsa.errors import StoreError


def test_nothing_of_the_checkpoint_is_left(path):
    assert not (path / store.CHECKPOINT).exists()


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


def test_a_store_is_held_by_one_run_at_a_time(tmp_path):
    path = tmp_path / "out.zarr"
    with store.alone(path):
        with pytest.raises(StoreError, match=r"another `dnnsa run` is writing there"), store.alone(path):
            pass
        assert (tmp_path / ".out.zarr.lock").exists()
    with store.alone(path):
        pass
    assert list(tmp_path.iterdir()) == []
