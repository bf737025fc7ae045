"""Other estimators from runs that are kept: the bits of a study that asked for them at first, and no model."""

import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import dnnsa
from dnnsa import store
from dnnsa.errors import InputError, Interrupted, ModelError, StoreError, StudyError, TooManyFailures
from dnnsa.view.progress import Quiet
from tests.studies import study
from tests.test_rounds import LOGGED, Said, calls, logged

SOBOL, MOMENTS, QUANTILES = {"kind": "sobol"}, {"kind": "moments"}, {"kind": "quantiles", "probabilities": [0.1, 0.9]}
DEAR = {"base_points": 16, "granularity": "run"}
CURVES = (
    "def f(x1, x2):\n"
    "    t = np.arange(3)\n"
    "    curve = np.exp(3 * x1)[:, None] * np.cos(t * x2[:, None])\n"
    "    wide = np.stack([x1, x2], axis=1)\n"
    "    return {'curve': curve.astype(np.float32), 'wide': wide, 'best': x1 * x2}\n"
)
NAMED = {
    "kind": "function",
    "call": "model:f",
    "dims": {"curve": ["epoch"], "wide": ["part"]},
    "coords": {"epoch": [1, 2, 4], "part": ["left", "right"]},
}


def run(asked, client, path, reporter=None, **settings):
    return dnnsa.run(asked, client, path, reporter=reporter or Quiet(), **settings)


def reduce(path, client, out, estimators=None, reporter=None, **settings):
    return dnnsa.reduce(path, estimators, client, out, reporter=reporter or Quiet(), **settings)


def without_model(folder):
    (folder / "model.py").unlink()
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)


def assert_same_store(one, other):
    """Every group, to the bit, but for when and by whom it was made."""
    assert set(one.children) == set(other.children)
    for name, node in one.children.items():
        mine = node.to_dataset().drop_vars(["began", "seconds", "worker", "host"], errors="ignore")
        theirs = other[name].to_dataset().drop_vars(["began", "seconds", "worker", "host"], errors="ignore")
        xr.testing.assert_identical(mine.load(), theirs.load())
    own = ("started", "finished", "seconds", "machines", "first_run", "backends", "reduced_from")
    assert {k: v for k, v in one.attrs.items() if k not in own} == {
        k: v for k, v in other.attrs.items() if k not in own
    }
    assert [{**m, "base_points": 0} for m in one.attrs["machines"]] == [
        {**m, "base_points": 0} for m in other.attrs["machines"]
    ]


@pytest.fixture
def line(client, tmp_path):
    """A store of a study of one estimator, and the folder that its model lies in."""
    run(study(tmp_path, LOGGED.replace("LOG", repr(str(tmp_path / "log"))), **DEAR), client, tmp_path / "out.zarr")
    return tmp_path


def test_kept_runs_reduce_to_the_bits_of_a_study_that_asked_for_all_at_first(client, tmp_path):
    both, first = (
        study(tmp_path, CURVES, model=NAMED, estimators=estimators, **DEAR)
        for estimators in ([SOBOL, QUANTILES], [SOBOL])
    )
    expected = run(both, client, tmp_path / "both.zarr")
    direct = run(study(tmp_path, CURVES, model=NAMED, estimators=[QUANTILES], **DEAR), client, tmp_path / "direct.zarr")
    run(first, client, tmp_path / "first.zarr")
    without_model(tmp_path)
    reduced = reduce(tmp_path / "first.zarr", client, tmp_path / "new.zarr", [QUANTILES])
    assert reduced.attrs["status"] == "complete"
    assert reduced.attrs["reduced_from"]["digest"] == first.digest
    assert_same_store(direct, reduced)
    for quantity in ("curve", "wide", "best"):
        for name in ("quantiles", "quantiles_lower", "quantiles_error", "n"):
            np.testing.assert_array_equal(reduced[quantity][name], expected[quantity][name], err_msg=name)
    assert_same_store(expected, reduce(tmp_path / "new.zarr", client, tmp_path / "again.zarr", [SOBOL, QUANTILES]))


def test_the_studys_own_estimators_are_the_default_and_the_store_is_the_studys_to_all_else(client, line):
    before = calls(line)
    reduced = reduce(line / "out.zarr", client, line / "new.zarr")
    assert calls(line) == []
    assert_same_store(dnnsa.open(line / "out.zarr"), reduced)
    said = Said()
    asked = study(line, logged(line), **DEAR)
    run(asked, client, line / "new.zarr", said)
    assert said.said == [f"{line / 'new.zarr'} holds this study, complete."]
    larger = run(study(line, logged(line), **DEAR | {"base_points": 32}), client, line / "new.zarr")
    added = calls(line)
    assert not {*added} & {*before}
    assert len(added) == 64
    assert larger.attrs["base_points"] == 32
    assert store.run_states(line / "out.zarr").size == 64


def test_a_reduction_of_more_base_points_takes_the_place_of_one_of_fewer(client, line):
    reduce(line / "out.zarr", client, line / "new.zarr", [QUANTILES])
    run(study(line, logged(line), **DEAR | {"base_points": 32}), client, line / "out.zarr")
    reduced = reduce(line / "out.zarr", client, line / "new.zarr", [QUANTILES])
    assert (reduced.attrs["base_points"], reduced.sizes, reduced["runs"].sizes["run"]) == (32, {}, 128)
    direct = study(line, logged(line), estimators=[QUANTILES], **DEAR | {"base_points": 32})
    assert_same_store(run(direct, client, line / "direct.zarr"), reduced)


def test_a_study_that_stopped_when_it_was_sure_is_reduced_with_all_its_base_points(client, tmp_path):
    stop = {"half_width": 1e-9, "max_base_points": 32}
    run(study(tmp_path, logged(tmp_path), **DEAR, stop=stop), client, tmp_path / "out.zarr")
    reduced = reduce(tmp_path / "out.zarr", client, tmp_path / "new.zarr", [MOMENTS])
    fixed = study(tmp_path, logged(tmp_path), granularity="run", base_points=32, estimators=[MOMENTS])
    assert_same_store(run(fixed, client, tmp_path / "fixed.zarr"), reduced)


def test_runs_that_failed_are_in_quarantine_as_they_were(client, tmp_path):
    source = "def f(x1, x2):\n    if x1[0] > 0.45: raise ValueError('too hot')\n    return x1 + x2"
    asked = study(tmp_path, source, base_points=64, granularity="run", max_failed=0.5)
    expected = run(asked, client, tmp_path / "out.zarr")
    without_model(tmp_path)
    reduced = reduce(tmp_path / "out.zarr", client, tmp_path / "new.zarr")
    assert reduced.attrs["base_points_quarantined"] == expected["quarantine"].sizes["base_point"] > 0
    assert_same_store(expected, reduced)
    document = {**asked.document, "max_failed": 0.0}
    store.update(tmp_path / "out.zarr", study=dnnsa.Study(directory=tmp_path, **document).to_yaml())
    with pytest.raises(TooManyFailures, match="more than max_failed: 0 allows of 64"):
        reduce(tmp_path / "out.zarr", client, tmp_path / "strict.zarr")


def test_dimensions_that_were_told_apart_have_their_own_names_again(client, tmp_path):
    source = "def f(x1, x2): return {'a': np.stack([x1, x2], axis=1), 'b': np.stack([x1, x2, x1], axis=1), 'c': x1}"
    alone = [{"kind": "moments", "of": ["c"]}]
    run(study(tmp_path, source, estimators=alone, **DEAR), client, tmp_path / "out.zarr")
    assert dnnsa.open(tmp_path / "out.zarr")["runs/b"].dims == ("run", "b_dim_0")
    reduced = reduce(tmp_path / "out.zarr", client, tmp_path / "new.zarr", [MOMENTS])
    assert_same_store(run(study(tmp_path, source, estimators=[MOMENTS], **DEAR), client, tmp_path / "b.zarr"), reduced)


def test_an_interrupted_reduction_goes_on(client, line):
    with pytest.raises(Interrupted):
        reduce(line / "out.zarr", client, line / "new.zarr", [QUANTILES], Said(at=1))
    assert dnnsa.open(line / "new.zarr").attrs["status"] == "stopped"
    reduced = reduce(line / "out.zarr", client, line / "new.zarr", [QUANTILES])
    assert reduced.attrs["status"] == "complete"
    said = Said()
    reduce(line / "out.zarr", client, line / "new.zarr", [QUANTILES], said)
    assert said.said == [f"{line / 'new.zarr'} holds this study, complete."]


def test_files_of_runs_are_links_where_the_disk_has_them_and_copies_elsewhere(client, line, monkeypatch):
    reduce(line / "out.zarr", client, line / "new.zarr")
    name = "runs/output/c.3"
    assert (line / "out.zarr" / name).samefile(line / "new.zarr" / name)
    assert not (line / "out.zarr/runs/zarr.json").samefile(line / "new.zarr/runs/zarr.json")
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links")))
    store.copy_runs(line / "out.zarr", line / "new.zarr")
    assert not (line / "out.zarr" / name).samefile(line / "new.zarr" / name)
    assert store.run_states(line / "new.zarr").tolist() == [store.DONE] * 64


def test_a_store_without_runs_is_refused_with_the_setting_that_keeps_them(client, tmp_path):
    run(study(tmp_path, logged(tmp_path), base_points=64), client, tmp_path / "out.zarr")
    for command in (dnnsa.reduce, dnnsa.runs):
        with pytest.raises(StoreError) as error:
            command(tmp_path / "out.zarr")
        assert "run its study with `granularity: run`" in str(error.value)
    assert not (tmp_path / "out-reduced.zarr").exists()


def test_runs_that_are_not_all_there_are_refused_with_what_makes_the_others(client, tmp_path):
    source = logged(tmp_path, LOGGED.replace("    return", "    import time; time.sleep(0.01)\n    return"))
    with pytest.raises(Interrupted):
        run(study(tmp_path, source, **DEAR), client, tmp_path / "out.zarr", Said(at=20))
    path = tmp_path / "out.zarr"
    with pytest.raises(StoreError) as error:
        reduce(path, client, tmp_path / "new.zarr", [MOMENTS])
    there = (store.run_states(path) == store.DONE).sum()
    assert str(error.value) == (
        f"{path}: {there} of its 64 runs are there: make the others, `dnnsa run STUDY.yaml --out {path}` goes on from "
        "them, and reduce it then."
    )
    assert not (tmp_path / "new.zarr").exists()
    table = dnnsa.runs(path)
    assert table["state"].value_counts().to_dict() == {"done": there, "not_run": 64 - there, "failed": 0}


def test_what_cannot_be_estimated_of_these_runs_is_told_before_anything_is_written(client, line):
    with pytest.raises(ModelError, match=r"estimators\[0\]: no quantity `other`"):
        reduce(line / "out.zarr", client, line / "new.zarr", [{"kind": "moments", "of": ["other"]}])
    with pytest.raises(StudyError, match=r"estimators\[0\]: `morris` "):
        reduce(line / "out.zarr", client, line / "new.zarr", [{"kind": "morris"}])
    with pytest.raises(InputError, match=r"out.zarr: is the store that is reduced: give another --out."):
        reduce(line / "out.zarr", client, line / "out.zarr", [MOMENTS], overwrite=True)
    reduce(line / "out.zarr", client, line / "new.zarr", [MOMENTS])
    with pytest.raises(StoreError, match=r"new.zarr: holds another study; give another --out, or --overwrite"):
        reduce(line / "out.zarr", client, line / "new.zarr", [QUANTILES])
    assert "quantiles" in reduce(line / "out.zarr", client, line / "new.zarr", [QUANTILES], overwrite=True)["output"]


def test_a_store_that_is_being_written_is_not_read(client, line):
    with store.alone(line / "out.zarr"), pytest.raises(StoreError) as error:
        reduce(line / "out.zarr", client, line / "new.zarr")
    assert str(error.value) == f"{line / 'out.zarr'}: `dnnsa run` is writing there: wait for it."
    assert not (line / "new.zarr").exists()


def test_runs_of_other_points_than_the_studys_are_refused(client, line):
    document = {**dnnsa.Study.from_yaml(_written(line)).document}
    document["design"] = {**document["design"], "seed": 1}
    store.update(line / "out.zarr", study=dnnsa.Study(directory=line, **document).to_yaml())
    with pytest.raises(StoreError, match=r"x1 of run 0 is .* in the store and .* in the study: dnnsa \S+, which made"):
        reduce(line / "out.zarr", client, line / "new.zarr")


def _written(folder):
    (folder / "study.yaml").write_text(store.attributes(folder / "out.zarr")["study"])
    return folder / "study.yaml"


def test_the_table_of_runs_has_a_row_for_each_different_run(client, tmp_path):
    laws = {"x1": {"kind": "choice", "values": [0.1, 0.2]}, "x2": {"kind": "choice", "values": ["a", 1]}}
    source = (
        "def f(x1, x2):\n    if x2[0] == 1 and x1[0] == .2: raise ValueError('no')\n"
        "    return {'best': x1, 'curve': np.stack([x1, x1], 1)}"
    )
    asked = study(tmp_path, source, factors=laws, max_failed=1.0, granularity="run", base_points=16)
    run(asked, client, tmp_path / "out.zarr")
    table = dnnsa.runs(tmp_path / "out.zarr")
    assert list(table) == ["x1", "x2", "best", "state", "began", "seconds", "worker", "host", "cause"]
    assert table.index.name == "run"
    table = table.sort_values(["x1", "x2"])
    assert table["x2"].tolist() == ["1", "a", "1", "a"]
    assert table["state"].tolist() == ["done", "done", "failed", "done"]
    np.testing.assert_array_equal(table["best"], [0.1, 0.1, np.nan, 0.2])
    assert table["cause"].tolist() == ["", "", "ValueError: no", ""]
    assert isinstance(table["began"].dtype, np.dtype)
    assert pd.api.types.is_datetime64_any_dtype(table["began"])
    assert (table["seconds"].dropna() >= 0).all()


FILE = "estimators:\n  - {kind: quantiles, probabilities: [0.5]}\n"


def test_the_command_reduces_prints_and_names_the_new_store(command, line):
    (line / "other.yaml").write_text(FILE)
    without_model(line)
    status, out, err = command("reduce", line / "out.zarr", "--estimators", line / "other.yaml", "--workers", 1)
    assert status == 0
    assert f"reducing {line / 'out.zarr'}: its 64 runs are all there, and no model is run" in err
    assert "16 of 16 base points" in err
    assert re.search(r"^small +complete$", out, re.MULTILINE)
    assert out.endswith(f"store: {line / 'out-reduced.zarr'}\n")
    assert command("reduce", line / "out.zarr", "--estimators", line / "other.yaml")[2] == (
        f"{line / 'out-reduced.zarr'} holds this study, complete.\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("estimators: []\n", "other.yaml:\nestimators: must hold at least 1, got []."),
        (
            "kind: sobol\n",
            "other.yaml:\nthe file: must hold `estimators`, a list as in a study file, and nothing else, ",
        ),
        (FILE + "name: x\n", "and nothing else, got `estimators`, `name`."),
        ("estimators: [{kind: sobl}]\n", "other.yaml:\nestimators[0].kind: no kind `sobl`: did you mean `sobol`?"),
    ],
)
def test_a_file_of_estimators_that_does_not_hold_is_one_message_and_status_two(command, line, text, message):
    (line / "other.yaml").write_text(text)
    status, out, err = command("reduce", line / "out.zarr", "--estimators", line / "other.yaml")
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert not (line / "out-reduced.zarr").exists()


def test_the_command_refuses_what_is_no_store_and_workers_beside_a_cluster(command, tmp_path):
    status, _, err = command("reduce", tmp_path / "no.zarr")
    assert (status, err) == (
        2,
        f"error: {tmp_path / 'no.zarr'}: there is no store: `dnnsa run STUDY.yaml` makes one.\n",
    )
    status, _, err = command("reduce", tmp_path / "no.zarr", "--workers", 2, "--cluster", "x.yaml")
    assert (status, err) == (2, "error: --workers is for this machine: with --cluster, the profile says how many.\n")
