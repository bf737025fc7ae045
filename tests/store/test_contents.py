"""A store is opened by plain xarray, says what it holds, and is never mistaken for another."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

import dnnsa
from dnnsa import store
from dnnsa.errors import StoreError
from tests.studies import parts, study

FIELD = "def f(x1, x2):\n    return x1"


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


def test_a_store_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match=r"there is no store: `dnnsa run STUDY.yaml` makes one."):
        dnnsa.open(tmp_path / "nothing.zarr")


def test_what_differs_is_named(tmp_path):
    first = study(tmp_path, FIELD)
    attrs = {"digest": first.digest, "files": first.digests(), "study": first.to_yaml()}
    assert store.differences(attrs, study(tmp_path, FIELD, name="renamed"), first.digests()) == []
    other = study(tmp_path, FIELD, design={"kind": "saltelli", "base_points": 512, "seed": 1})
    assert store.differences(attrs, other, first.digests()) == ["design.seed: 0 in the store, 1 in the study"]
    changed = study(tmp_path, FIELD + "\n# mended")
    assert store.differences(attrs, changed, changed.digests()) == ["model.call: the file has changed"]
    more = study(tmp_path, FIELD, p=3)
    assert 'factors.x3.kind: nothing in the store, "uniform" in the study' in store.differences(
        attrs, more, more.digests()
    )
    swapped = study(tmp_path, FIELD, factors=dict(reversed(first.document["factors"].items())))
    assert store.differences(attrs, swapped, first.digests()) == ["factors: they stand in another order"]


def test_a_study_with_more_base_points_is_the_same_study(tmp_path):
    first = study(tmp_path, FIELD)
    attrs = {"digest": first.digest, "files": first.digests(), "study": first.to_yaml()}
    longer = study(tmp_path, FIELD, base_points=512, max_failed=0.5, name="longer")
    assert store.differences(attrs, longer, longer.digests()) == []


def test_a_store_of_another_version_says_so():
    assert store.version_differs({"versions": {"dnnsa": "0.1.0"}}) == ""
    assert store.version_differs({"versions": {"dnnsa": "0.0.9"}}) == (
        "made by dnnsa 0.0.9, this is 0.1.0: go on with dnnsa 0.0.9, give another --out, or --overwrite."
    )


def test_a_store_whose_run_is_gone_is_interrupted(tmp_path):
    path = tmp_path / "out.zarr"
    store.create(path, dnnsa.Study(**parts()), {}, 256, datetime.now(UTC))
    assert dnnsa.open(path).attrs["status"] == "interrupted"
    assert store.attributes(path)["status"] == "running"
    with store.alone(path):
        assert dnnsa.open(path).attrs["status"] == "running"
    store.update(path, status="stopped")
    assert dnnsa.open(path).attrs["status"] == "stopped"
