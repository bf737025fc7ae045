"""The networks that trainings leave: what they give is the run's, and what is in their place is refused in words."""

import os
import re
import signal
import threading

import numpy as np
import pytest

import dnnsa
from dnnsa.cluster import Local
from dnnsa.errors import InputError, Interrupted, ModelError, StoreError, StudyError
from dnnsa.files import digest
from dnnsa.models import backend
from dnnsa.study import Study
from dnnsa.training.hyperparameters import ACTIVATIONS
from dnnsa.training.left import Left, digest_of, left_by, newest
from dnnsa.view.progress import Quiet
from tests.studies import study as study_of_a_function
from tests.test_api import Said
from tests.training.conftest import training
from tests.training.test_model import BUILD, FACTORS, study

KEPT = {"keep": "networks", "quantities": ["predictions"]}


def trained(folder, values=None, **settings):
    """Predictions of one training, those of the network that it has left, and where that is."""
    model = training(**KEPT, **settings)
    values = values or {"unused": 0}
    digests = {name: digest(path) for name, path in model.files(folder).items()}
    found = model.load(folder, digests).run({name: np.array([value]) for name, value in values.items()})
    left = model.left(folder, digests, values)
    inputs = model.data.load(folder, digests).test.inputs
    return found["predictions"][0], left.read().predict_on_batch(inputs), left


@pytest.fixture
def folder(blobs, tmp_path):
    (tmp_path / "blobs.npz").symlink_to(blobs / "blobs.npz")
    return tmp_path


# what they give -------------------------------------------------------------------------------------------------------

DEEP = {"layers": 3, "width": 5, "dropout": 0.2, "skip": True}


@pytest.mark.parametrize(
    "network",
    [
        *({"activation": name} for name in ACTIVATIONS),
        DEEP | {"normalisation": "batch"},
        DEEP | {"normalisation": "layer", "activation": "tanh"},
        {"width": 40, "normalisation": "batch", "activation": "gelu"},
    ],
    ids=str,
)
def test_a_declared_network_is_left_with_the_predictions_of_its_run(stepwise, folder, network):
    ours, theirs, left = trained(folder, network=network, learning_rate=0.05, epochs=3)
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    assert [layer.units for layer in left.read().layers if layer.name.startswith("dense")] == [
        network.get("width", 5)
    ] * network.get("layers", 1)


@pytest.mark.parametrize(
    "network",
    [
        {"layers": 4, "width": 4, "normalisation": "batch", "dropout": 0.1, "skip": True},
        {"layers": 2, "width": 3, "normalisation": "layer", "kernel": 2},
    ],
    ids=str,
)
def test_so_is_a_convolution(stepwise, folder, network):
    settings = {"data": {"inputs": "images"}, "learning_rate": 0.05}
    ours, theirs, _ = trained(folder, network={"kind": "cnn", **network}, **settings)
    np.testing.assert_allclose(theirs, ours, atol=1e-5)


def test_so_is_one_of_values_with_inputs_that_are_flattened(stepwise, folder):
    data = {"inputs": "images", "labels": None, "targets": "targets"}
    ours, theirs, _ = trained(folder, data=data, learning_rate=0.01)
    assert ours.shape == theirs.shape == (30, 2)
    np.testing.assert_allclose(theirs, ours, atol=1e-5 * np.abs(ours).max())


def test_that_of_the_best_epoch_is_left_where_it_is_restored(stepwise, folder):
    settings = {"learning_rate": 1.0, "epochs": 12, "seed": 3, "early_stopping": {"patience": 2}}
    ours, theirs, _ = trained(folder, **settings)
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    last, of_last, _ = trained(folder, **{**settings, "early_stopping": {"patience": 2, "restore": False}})
    np.testing.assert_allclose(of_last, last, atol=1e-5)
    assert np.abs(last - ours).max() > 1e-3


def test_one_that_diverged_is_left_as_it_is(stepwise, folder):
    data = {"labels": None, "targets": "targets"}
    ours, theirs, _ = trained(folder, data=data, optimizer="sgd", learning_rate=1e9, epochs=4)
    assert np.isfinite(ours).all()
    assert not np.isfinite(theirs).all()


def build(**hyperparameters):
    return {"network": {"kind": "build", "call": "own:network", "hyperparameters": hyperparameters}}


def test_a_built_network_is_left_for_each_set_of_what_its_function_is_called_with(client, folder):
    (folder / "own.py").write_text(BUILD, encoding="utf-8")
    factors = {
        "units": {"kind": "choice", "values": [2, 3]},
        "activation": {"kind": "choice", "values": ["relu", "tanh"]},
    }
    parts = build(units="units", rate=0.2, activation="activation")
    parts |= {"learning_rate": 0.001, "batch_size": 32, "seed": 0, "quantities": ["predictions"], "keep": "networks"}
    dnnsa.run(study(folder, factors, 4, model=parts), client, folder / "out.zarr", reporter=Quiet())
    runs = dnnsa.open(folder / "out.zarr")["runs"].to_dataset()
    assert len(list((folder / "networks").iterdir())) == runs.sizes["run"] == 4
    check_networks(folder)


def check_networks(folder):
    """The network of every run predicts what the store has of it."""
    runs = dnnsa.open(folder / "out.zarr")["runs"].to_dataset()
    inputs = training().data.load(folder, {"model.data.path": digest(folder / "blobs.npz")}).test.inputs
    for run in np.flatnonzero(runs["state"].values == 1).tolist():
        network = dnnsa.network(folder / "out.zarr", run)
        np.testing.assert_allclose(network.predict_on_batch(inputs), runs["predictions"].values[run], atol=1e-5)


# a real study ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored(client, blobs, tmp_path_factory):
    """A folder with a study, interrupted once, and its networks."""
    folder = tmp_path_factory.mktemp("left")
    (folder / "blobs.npz").symlink_to(blobs / "blobs.npz")
    factors = {
        "rate": {"kind": "choice", "values": [0.01, 0.1]},
        "width": {"kind": "integers", "low": 3, "high": 8},
        "activation": FACTORS["activation"],
        "batch": {"kind": "choice", "values": [16, 32]},
        "seed": {"kind": "choice", "values": [1, 2]},
    }
    quantities = ["predictions", "epochs_made", "diverged", "validation_error_curve"]
    made = study(folder, factors, 4, model={"keep": "networks", "quantities": quantities})
    with pytest.raises(Interrupted):
        dnnsa.run(made, client, folder / "out.zarr", reporter=Said(at=6))
    dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())
    return folder


def test_the_network_of_every_run_of_a_study_is_there_once(stored):
    check_networks(stored)
    trail = dnnsa.trail(stored / "out.zarr")
    files = sorted(path.name for path in (stored / "networks").iterdir())
    assert sorted(trail["network.file"]) == [f"networks/{name}" for name in files]
    assert len(set(files)) == len(trail)
    for file, sha in zip(trail["network.file"], trail["network.digest"], strict=True):
        assert digest(stored / file) == sha


def test_a_network_that_was_left_is_the_subject_of_a_study(client, stored):
    file = dnnsa.trail(stored / "out.zarr")["network.file"][0]
    subject = Study(
        directory=stored,
        name="subject",
        factors={f"x{number}": {"kind": "normal", "mean": 0, "sd": 1} for number in range(4)},
        design={"kind": "saltelli", "base_points": 4, "replicates": 2},
        model={"kind": "keras", "path": file, "outputs": "probabilities", "inputs": ["x0", "x1", "x2", "x3"]},
        quantities={"p": {"kind": "probability", "of": 0}},
    )
    results = dnnsa.run(subject, client, stored / "subject.zarr", reporter=Quiet())
    assert results["p"]["ST"].sizes == {"factor": 4}


@pytest.mark.harm("Processes", "A worker is killed while a training leaves its network", "once", "rest")
def test_a_worker_killed_while_it_leaves_a_network_leaves_each_once(folder):
    factors = {
        "rate": {"kind": "loguniform", "low": 1e-3, "high": 0.1},
        "seed": {"kind": "integers", "low": 0, "high": 9},
    }
    asked = study(folder, factors, 4, model={**KEPT, "network": {"kind": "mlp", "width": 4}, "batch_size": 32})
    killed, done = [], threading.Event()

    def harm(worker):
        while not killed and not done.is_set():
            if any((folder / "networks").glob("*.partial.keras")):
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    with Local(workers=1).open() as harmed:
        harming = threading.Thread(target=harm, args=harmed.run(os.getpid).values())
        harming.start()
        results = dnnsa.run(asked, harmed, folder / "out.zarr", reporter=Quiet())
        done.set()
        harming.join()
    assert killed
    assert results.attrs["base_points_quarantined"] == 0
    check_networks(folder)
    whole = [path for path in (folder / "networks").iterdir() if ".partial." not in path.name]
    assert len({path.name.partition("-")[0] for path in whole}) == len(whole) == results["runs"].sizes["run"]


@pytest.mark.harm("Commits and files", "The network that a training has left is torn, or gone", "told")
def test_what_was_changed_torn_or_dropped_is_refused(stored):
    trail = dnnsa.trail(stored / "out.zarr")
    path = stored / trail["network.file"][1]
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ModelError) as error:
            dnnsa.network(stored / "out.zarr", 1)
        assert str(error.value) == (
            f"model.keep: {path} is damaged or another file: its name has the SHA-256 of what was written, and its "
            f"own is {digest(path)}: put that file back, or run the study again with --overwrite."
        )
        path.unlink()
        with pytest.raises(ModelError, match=r"networks has no network of this training, `\w{32}-\.\.\.\.keras`"):
            dnnsa.network(stored / "out.zarr", 1)
        again = dnnsa.trail(stored / "out.zarr")
        assert again["network.file"].isna().tolist() == [run == 1 for run in range(len(again))]
    finally:
        path.write_bytes(whole)


def test_the_plan_tells_the_space_that_networks_take_and_leaves_none(command, folder):
    path = folder / "study.yaml"
    path.write_text(study(folder, base_points=4, model={"keep": "networks"}).to_yaml(), encoding="utf-8")
    status, out, err = command("plan", path)
    assert (status, err) == (0, "")
    told = re.search(r"networks +([\d.]+) kB of the first, about ([\d.]+) kB if all runs are different", flat(out))
    assert 10 < float(told[1]) < 100
    assert float(told[2]) == pytest.approx(28 * float(told[1]), rel=0.01)
    assert not (folder / "networks").exists()


def flat(text):
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize("run", [-1, 1000, True, "2"])
def test_a_run_that_is_not_there_is_told(stored, run):
    with pytest.raises(InputError, match=r"^run: must be an integer from 0 to \d+, the last run of .*, got "):
        dnnsa.network(stored / "out.zarr", run)


def test_a_store_without_networks_is_told(client, folder):
    made = study(folder, {"rate": FACTORS["rate"], "seed": FACTORS["seed"]}, 2, model={**SMALL, "epochs": 1})
    dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())
    with pytest.raises(StoreError, match=r"keeps no networks: give `model.keep`, a folder for them"):
        dnnsa.network(folder / "out.zarr", 0)
    line = study_of_a_function(folder, "def f(x1, x2): return x1 + x2")
    dnnsa.run(line, client, folder / "line.zarr", reporter=Quiet())
    with pytest.raises(StoreError, match=r"leave networks, and its model is of kind `function`\."):
        dnnsa.network(folder / "line.zarr", 0)


SMALL = {"network": {"kind": "mlp"}, "batch_size": 32, "quantities": ["error"]}


def test_networks_are_kept_where_runs_are():
    with pytest.raises(StudyError, match=r"model.keep: a store says with `granularity: run` alone which"):
        Study(**{**study(".", model={"keep": "networks"}).document, "granularity": "block"})


# files ----------------------------------------------------------------------------------------------------------------


class Saved:
    """A network that saves these bytes."""

    def __init__(self, text):
        self.text = text

    def save(self, path):
        path.write_text(self.text, encoding="utf-8")


def test_a_training_that_is_made_again_replaces_what_it_left(tmp_path):
    left = left_by(tmp_path, {"a": 1})
    first, same, second = (left.write(Saved(text)) for text in ("one", "one", "two"))
    assert first == same != second
    assert list(tmp_path.iterdir()) == [left.file()] == [second]
    assert digest_of(second) == digest(second)
    assert left_by(tmp_path, {"a": 2}).file() is None


def test_a_worker_that_is_late_does_not_drop_what_a_later_one_has_left(tmp_path):
    left = Left(tmp_path, "a" * 32)
    newer = tmp_path / f"{left.training}-{'0' * 64}.keras"
    newer.write_text("")
    os.utime(newer, (2**32, 2**32))
    left.write(Saved("late"))
    assert newest(tmp_path) == {left.training: newer}
    assert left.file() == newer
    assert len(list(tmp_path.iterdir())) == 2


def test_a_network_that_keras_cannot_save_is_told_and_leaves_nothing(tmp_path):
    class Own:
        def save(self, path):
            path.write_text("half")
            raise NotImplementedError("no config")

    with pytest.raises(ModelError) as error:
        left_by(tmp_path, {"a": 1}).write(Own())
    assert str(error.value) == (
        "model.keep: Keras cannot save a network of class Own (no config): build one of layers that it can, or leave "
        "`keep` out."
    )
    assert list(tmp_path.iterdir()) == []


def test_the_name_does_not_follow_from_what_is_computed(blobs):
    backend.start()
    digests, values = {"model.data.path": "0"}, {"unused": 0}
    one, same, other = (
        training(keep="networks", **more).left(blobs, digests, values)
        for more in ({}, {"quantities": ["error"], "threshold": 0.2, "checkpoint": {"epochs": 1}}, {"seed": 1})
    )
    assert one == same != other
