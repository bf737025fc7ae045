"""A store is opened by plain xarray, says what it holds, and is never mistaken for another."""

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import dnnsa
from dnnsa import store
from dnnsa.errors import StoreError
from dnnsa.view.progress import Quiet
from tests.studies import study

FIELD = (
    "def f(x1, x2):\n    angle = np.arange(6).reshape(2, 3) * x2[:, None, None]\n"
    "    return {'field': np.exp(3 * x1)[:, None, None] * np.cos(angle), 'number': x1}"
)
MODEL = {
    "kind": "function",
    "call": "model:f",
    "dims": {"field": ["y", "x"]},
    "coords": {"x": [0.5, 1.0, 2.0], "y": ["up", "down"]},
}


@pytest.fixture(scope="module")
def path(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    source = FIELD.replace("'number': x1", "'number': np.where(x1 > 0.499, np.nan, x1)")
    factors = {
        "x1": {"kind": "uniform", "low": -0.5, "high": 0.5, "unit": "m"},
        "x2": {"kind": "choice", "values": [0.5, 1, 2]},
    }
    made = study(folder, source, base_points=1024, model=MODEL, factors=factors, max_failed=0.5)
    dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())
    return folder / "out.zarr"


def test_plain_xarray_opens_it_in_an_interpreter_without_dnnsa(path, tmp_path):
    code = (
        "import sys, json, xarray; sys.modules['dnnsa'] = None; "
        f"tree = xarray.open_datatree({str(path)!r}, engine='zarr'); "
        "print(json.dumps({name: list(map(str, node.data_vars)) for name, node in tree.children.items()}))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    groups = json.loads(done.stdout)
    assert set(groups) == {"field", "number", "quarantine"}
    assert {"S1", "ST", "S1_lower", "ST_upper", "mean", "variance", "n", "status", "ST_aggregated"} <= set(
        groups["field"]
    )


def test_maps_carry_dimensions_and_coordinates(path):
    tree = dnnsa.open(path)
    assert tree["field/S1"].dims == ("factor", "y", "x")
    assert tree["field/mean"].dims == ("y", "x")
    assert tree["field/ST_aggregated_upper"].dims == ("factor",)
    assert tree["number/ST"].dims == ("factor",)
    assert "S1_aggregated" not in tree["number"]
    assert tree["field"].coords["x"].values.tolist() == [0.5, 1.0, 2.0]
    assert tree["field"].coords["y"].values.tolist() == ["up", "down"]
    assert tree["field/S1"].sel(factor="x2", y="down", x=2.0).shape == ()


def test_factors_carry_units_laws_and_levels(path):
    coords = dnnsa.open(path)["field"].coords
    assert coords["factor"].values.tolist() == ["x1", "x2"]
    assert coords["unit"].values.tolist() == ["m", ""]
    assert coords["law"].values.tolist()[0] == 'uniform {"low": -0.5, "high": 0.5}'
    assert coords["levels"].values.tolist() == ["", "[0.5, 1, 2]"]


def test_the_root_says_what_was_run(path):
    attrs = dnnsa.open(path).attrs
    assert attrs["status"] == "complete"
    assert attrs["base_points"] == attrs["base_points_done"] == 1024
    assert attrs["base_points_quarantined"] == dnnsa.open(path)["quarantine"].sizes["base_point"] > 0
    assert attrs["versions"]["dnnsa"] == "0.1.0"
    assert attrs["started"] <= attrs["finished"]
    again, digests = store.study_of(path)
    assert again.digest == attrs["digest"]
    assert again.digests() == digests == attrs["files"]


def test_flags_are_explained(path):
    status = dnnsa.open(path)["number/status"]
    assert int(status) == 1
    assert status.attrs["flag_meanings"].split()[0] == "base_points_left_out"
    assert status.attrs["flag_masks"][:4] == [1, 2, 4, 8]


def test_what_failed_is_in_the_quarantine_with_its_values(path):
    tree = dnnsa.open(path)
    table = tree["quarantine"].to_dataset()
    assert int(tree["number/n"]) + table.sizes["base_point"] == 1024
    assert "values of `number` are NaN or infinite" in str(table["cause"].values[0])
    values = np.maximum(
        table["a"].sel(factor="x1").values.astype(float), table["b"].sel(factor="x1").values.astype(float)
    )
    assert (values > 0.499).all()


def test_nothing_of_the_checkpoint_is_left(path):
    assert not (path / store.CHECKPOINT).exists()


def test_a_flipped_bit_in_a_map_is_an_error_and_not_a_number(path, tmp_path):
    import shutil

    copy = tmp_path / "copy.zarr"
    shutil.copytree(path, copy)
    chunk = copy / "field" / "S1" / "c" / "0" / "0" / "0"
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(Exception, match=r"(?i)checksum|corrupt|decompress"):
        dnnsa.open(copy)["field/S1"].load()


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


def test_a_store_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match=r"there is no store: `dnnsa run STUDY.yaml` makes one."):
        dnnsa.open(tmp_path / "nothing.zarr")


def test_a_place_that_cannot_hold_a_store_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"the store cannot be written: .*file is not a folder."):
        store.writable(tmp_path / "file" / "out.zarr")


def test_what_differs_is_named(tmp_path):
    first = study(tmp_path, FIELD)
    attrs = {"digest": first.digest, "files": first.digests(), "study": first.to_yaml()}
    assert store.differences(attrs, study(tmp_path, FIELD, name="renamed"), first.digests()) == []
    longer = study(tmp_path, FIELD, base_points=512)
    assert store.differences(attrs, longer, longer.digests()) == [
        "design.base_points: 256 in the store, 512 in the study"
    ]
    changed = study(tmp_path, FIELD + "\n# mended")
    assert store.differences(attrs, changed, changed.digests()) == ["model.call: the file has changed"]
    more = study(tmp_path, FIELD, p=3)
    assert 'factors.x3.kind: nothing in the store, "uniform" in the study' in store.differences(
        attrs, more, more.digests()
    )
    swapped = study(tmp_path, FIELD, factors=dict(reversed(first.document["factors"].items())))
    assert store.differences(attrs, swapped, first.digests()) == ["factors: they stand in another order"]
