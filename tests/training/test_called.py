"""Data that a function returns: the same results as of a file, and what is not the same or no data is refused."""

import re

import numpy as np
import pytest

import dnnsa
from dnnsa.errors import ModelError, StoreError, StudyError
from dnnsa.training.called import ARRAYS, digest_of
from dnnsa.view.progress import Quiet
from tests.training.conftest import training
from tests.training.test_model import FACTORS, MODEL, study

LOADER = """
import os
from pathlib import Path
import numpy as np

def blobs(scale=1.0, of=()):
    with np.load(Path(__file__).with_name("blobs.npz")) as file:
        arrays = dict(file)
    of and of.clear()
    return {**arrays, "inputs": arrays["inputs"] * scale}

def own():
    return {**blobs(), "inputs": blobs()["inputs"] + os.getpid()}

def raising(size): raise OSError("no network")
def nothing(): pass
def a_list(): return [blobs()["inputs"]]
def objects(): return {**blobs(), "inputs": np.array([None] * 150)}
def words(): return {**blobs(), "inputs": ["a", "b"]}
def long(): return {**blobs(), "inputs": blobs()["inputs"].astype("longdouble")}
def uneven(): return {**blobs(), "inputs": [[1.0], [1.0, 2.0]]}
def masked(): return {**blobs(), "inputs": np.ma.masked_greater(np.ones((150, 2)) * [1, 3], 2)}
def short(): return {**blobs(), "labels": [0, 1]}
def empty(): return {}
"""
CURVES = ["epochs_made", "diverged", "validation_error_curve"]
DATA = {"call": "loader:blobs", "labels": "labels", "split": "part"}


@pytest.fixture
def folder(blobs, tmp_path):
    (tmp_path / "blobs.npz").symlink_to(blobs / "blobs.npz")
    (tmp_path / "loader.py").write_text(LOADER, encoding="utf-8")
    return tmp_path


def small(folder, **data):
    model = {"data": {**DATA, **data}, "network": {"kind": "mlp"}, "batch_size": 32, "quantities": ["error", *CURVES]}
    return study(folder, {"rate": FACTORS["rate"], "seed": FACTORS["seed"]}, 2, model=model)


def test_a_study_has_the_results_of_the_same_arrays_in_a_file(client, folder):
    called, of_file = small(folder), small(folder, call=None, path="blobs.npz")
    ours = dnnsa.run(called, client, folder / "called.zarr", reporter=Quiet())
    theirs = dnnsa.run(of_file, client, folder / "file.zarr", reporter=Quiet())
    np.testing.assert_array_equal(ours["error"]["ST"], theirs["error"]["ST"])
    for name in ("error", "validation_error_curve"):
        np.testing.assert_array_equal(ours["runs"][name], theirs["runs"][name])
    assert list(called.digests()) == ["model.data.call", ARRAYS]
    trail = dnnsa.trail(folder / "called.zarr")
    assert set(trail["data.digest"]) == {called.digests()[ARRAYS]}
    assert set(trail["data.training"]) == {90}


@pytest.mark.harm("Commits and files", "The function that data come from returns others before a study goes on", "told")
def test_a_store_whose_function_returns_other_data_is_not_gone_on_with(client, folder):
    dnnsa.run(small(folder), client, folder / "out.zarr", reporter=Quiet())
    with np.load(folder / "blobs.npz") as file:
        arrays = dict(file)
    (folder / "blobs.npz").unlink()
    np.savez(folder / "blobs.npz", **{**arrays, "inputs": arrays["inputs"] + 1})
    with pytest.raises(StoreError) as error:
        dnnsa.run(small(folder), client, folder / "out.zarr", reporter=Quiet())
    assert str(error.value).splitlines()[1:] == ["model.data.call: the function returns other arrays"]
    with pytest.raises(ModelError, match=r"^model.data.call: on host .*, `loader:blobs` returned other arrays"):
        dnnsa.trail(folder / "out.zarr")
    (folder / "loader.py").write_text(LOADER + "# more", encoding="utf-8")
    with pytest.raises(StoreError, match=r"model.data.call: the file has changed"):
        dnnsa.run(small(folder), client, folder / "out.zarr", reporter=Quiet())


@pytest.mark.harm("Machines and clusters", "The function that data come from returns others on a worker", "told")
def test_a_function_that_returns_something_else_on_a_worker_is_refused(client, folder):
    with pytest.raises(ModelError) as error:
        dnnsa.run(small(folder, call="loader:own"), client, folder / "out.zarr", reporter=Quiet())
    assert re.search(
        r"model.data.call: on host \S+, `loader:own` returned other arrays \(float32 \(150, 4\), int64 \(150,\), "
        r"int64 \(150,\)\) than when the study was started: have it return the same on every host and in every "
        "process",
        str(error.value),
    )


def test_what_it_is_called_with_is_part_of_the_study_and_stays_what_it_is(folder):
    twice = small(folder, arguments={"scale": 2, "of": [1]})
    digests = twice.digests()
    assert digests[ARRAYS] != small(folder).digests()[ARRAYS]
    assert twice.digests() == digests
    assert twice.model.data.arguments == {"scale": 2, "of": [1]}
    loaded = twice.model.data.load(folder, digests)
    with np.load(folder / "blobs.npz") as file:
        np.testing.assert_array_equal(loaded.training.inputs, 2 * file["inputs"][:90])


MESSAGES = [
    ("nothing", "model.data.call: `loader:nothing` must return a mapping of names to arrays, such as {'inputs': ..., "),
    ("nothing", "'labels': ..., 'part': ...}, got None of type NoneType."),
    ("a_list", "of type list."),
    ("empty", "model.data.inputs: no array `inputs` in what `loader:empty` returned: it holds nothing."),
    (
        "objects",
        "model.data.inputs: `inputs` of what `loader:objects` returned must be an array of numbers of up to 64",
    ),
    ("objects", "bits, got object of shape (150,), array("),
    ("words", "got <U1 of shape (2,), ['a', 'b'] of type list: make it one of a type such as float32 or int64."),
    ("long", "got float128 of shape (150, 4)"),
    ("uneven", "model.data.inputs: `inputs` of what `loader:uneven` returned is no array (setting an array element"),
    ("masked", "model.data.inputs: `inputs` of what `loader:masked` returned has 150 masked numbers: leave"),
    ("absent", "model.data.call: module `loader` has no function `absent`."),
    ("raising", "model.data.call: `loader:raising`, called with {}, raised TypeError: raising() missing 1 required"),
]


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_what_is_no_data_is_refused_before_a_study_is_started(folder, name, message):
    with pytest.raises(ModelError) as error:
        small(folder, call=f"loader:{name}").digests()
    assert message in str(error.value)


def test_other_errors_of_its_use_are_told(folder):
    with pytest.raises(ModelError, match=r"called with \{'size': 3\}, raised OSError: no network$"):
        small(folder, call="loader:raising", arguments={"size": 3}).digests()
    with pytest.raises(ModelError, match=r"model.data.labels: no array `lables` in what `loader:blobs` returned: it h"):
        small(folder, labels="lables").digests()
    with pytest.raises(ModelError, match=r"^model.data.call: no module `laoder`"):
        small(folder, call="laoder:blobs").digests()
    short = small(folder, call="loader:short")
    with pytest.raises(
        ModelError, match=r"^model.data.labels: `labels` must hold the integer class of each of the 150"
    ):
        short.model.load(folder, short.digests())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"call": None}, "model.data: give either `path` (an .npz file) or `call` (a function), not both and not none"),
        ({"path": "blobs.npz"}, "give either `path` (an .npz file) or `call` (a function), not both and not none"),
        ({"call": "loader"}, "`call` must be `module:function`, got `loader`"),
        (
            {"call": None, "path": "blobs.npz", "arguments": {"a": 1}},
            "`arguments` are what `call` is called with, and there is none, got {'a': 1}",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(data, message):
    with pytest.raises(StudyError) as error:
        small(".", **data)
    assert message in str(error.value)


def test_the_digest_is_of_types_shapes_and_numbers():
    one = np.arange(6, dtype="float32").reshape(2, 3)
    known = {digest_of({"a": array}) for array in (one, one.T, one.ravel(), one.astype("int32"), one + 1, one[:0])}
    assert len(known) == 6
    assert digest_of({"a": one}) == digest_of({"a": np.asfortranarray(one)}) != digest_of({"b": one})


def test_networks_that_are_left_are_told_apart_by_what_was_returned(folder):
    model = training(data={"path": None, "call": "loader:blobs"}, keep="networks")
    names = {model.left(folder, {ARRAYS: sha}, {"unused": 0}).training for sha in ("1", "2")}
    assert len(names) == 2


def test_the_model_of_a_file_is_as_it_was(folder):
    assert list(study(folder, model=MODEL).digests()) == ["model.data.path"]
