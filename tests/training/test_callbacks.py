"""Callbacks of the user's own: they hear what `fit` tells them, and what they do to a training is recorded."""

import sys

import numpy as np
import pytest

import dnnsa
from dnnsa.errors import DnnsaError, StoreError, StudyError
from dnnsa.view.progress import Quiet
from tests.training.conftest import training
from tests.training.test_model import study

OWN = """
import keras

class Wide(keras.layers.Dense):
    pass

def network(units, own=False, **others):
    layer = Wide if own else keras.layers.Dense
    model = keras.Sequential([keras.Input((4,)), layer(units, "tanh"), keras.layers.Dense(3, "softmax")])
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    return model
"""
CALLBACKS = """
import keras

class Stop(keras.callbacks.Callback):
    def __init__(self, epochs, batches=None):
        super().__init__()
        self.epochs, self.batches = epochs, batches
    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epochs:
            self.model.stop_training = True
    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.batches:
            self.model.stop_training = True

class Heard(keras.callbacks.Callback):
    told = []
    def on_train_begin(self, logs=None):
        self.told[:] = ["train", self.params, isinstance(self.model.layers[0], Wide)]
    def on_epoch_begin(self, epoch, logs=None): self.told.append(f"epoch {epoch}")
    def on_train_batch_begin(self, batch, logs=None): self.told.append(f"batch {batch}")
    def on_train_batch_end(self, batch, logs=None): self.told.append(list(logs))
    def on_epoch_end(self, epoch, logs=None): self.told.append(logs)
    def on_train_end(self, logs=None): self.told.append("end")

class Doubled(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        self.model.set_weights([2 * one for one in self.model.get_weights()])

def stop(epochs): return [Stop(epochs)]
def at_once(): return [Stop(0, batches=1)]
class Never(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.model.stop_training = True

def never(): return [Never()]
def schedule(rate): return [keras.callbacks.LearningRateScheduler(lambda epoch: rate)]
def restoring(): return [keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)]
def doubled(): return (Doubled(),)
def heard(): return [Heard()]
def given(**all): return [keras.callbacks.LambdaCallback(on_train_begin=lambda logs: Heard.told.append(all))]
def none(): return []
def one(): return Stop(1)
def classes(): return [Stop(1), Stop]
def nothing(): pass
def raising(): raise OSError("no disk")
def broken(): return [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)]
"""
QUANTITIES = ["epochs_made", "diverged", "validation_loss", "validation_loss_curve", "predictions"]
UNITS = {"units": {"kind": "integers", "low": 3, "high": 5}}


@pytest.fixture
def folder(blobs, tmp_path):
    (tmp_path / "blobs.npz").symlink_to(blobs / "blobs.npz")
    (tmp_path / "own.py").write_text(OWN + CALLBACKS, encoding="utf-8")
    return tmp_path


def parts(callbacks, hyperparameters=None, **settings):
    """Settings of a study's model."""
    network = {"kind": "build", "call": "own:network", "hyperparameters": {"units": 4, **(hyperparameters or {})}}
    if callbacks:
        network["callbacks"] = callbacks if ":" in callbacks else f"own:{callbacks}"
    return {
        "network": network,
        "learning_rate": 0.001,
        "seed": 0,
        "batch_size": 45,
        "epochs": 5,
        "quantities": QUANTITIES,
    } | settings


@pytest.fixture
def run(folder):
    """Quantities of one training with these callbacks, and what was told to those that write it down."""

    def of(callbacks, hyperparameters=None, **settings):
        settings = parts(callbacks, {"units": "units", **(hyperparameters or {})}, **settings)
        made = study(folder, UNITS, 2, model=settings)
        evaluator = made.model.load(folder, made.digests())
        found = evaluator.run({"units": np.array([4])})
        return {name: y[0] for name, y in found.items()}

    return of


def module():
    """The study's own, as it was loaded last."""
    return sys.modules["dnnsa_study_own"]


def told():
    """What was told last."""
    return module().Heard.told


def equal(one, other):
    return all(np.array_equal(y, other[name]) for name, y in one.items())


def test_one_that_stops_after_two_epochs_is_recorded_so(run):
    stopped, short, whole = run("stop", {"epochs": 2}), run(None, epochs=2, horizon=5), run(None)
    assert (stopped["epochs_made"], whole["epochs_made"]) == (2, 5)
    assert equal(stopped, short)
    np.testing.assert_array_equal(stopped["validation_loss_curve"][:2], whole["validation_loss_curve"][:2])
    assert np.ptp(stopped["validation_loss_curve"][1:]) == 0 < np.ptp(whole["validation_loss_curve"][1:])


def test_one_that_stops_within_an_epoch_ends_it_there(run):
    stopped, short = run("at_once"), run(None, epochs=1, horizon=5)
    assert stopped["epochs_made"] == 1
    assert stopped["validation_loss"] != short["validation_loss"]
    assert equal(run("never"), stopped)  # as `fit` has it: something was trained, and can be measured


def test_a_schedule_of_the_learning_rate_changes_the_results(run):
    same, other, none = run("schedule", {"rate": 0.5}), run("schedule", {"rate": 0.05}), run(None)
    assert equal(same, none)
    assert not equal(other, none)
    assert equal(run("none"), none)


def test_they_hear_what_fit_tells_them_and_share_the_module_of_the_network(run):
    curves = ["train_loss_curve", "validation_loss_curve", "validation_error_curve"]
    found = run("heard", {"own": True}, epochs=2, quantities=curves)
    heard = list(told())
    assert heard[:3] == ["train", {"verbose": 0, "epochs": 2, "steps": 2}, True]
    batches = ["batch 0", ["loss"], "batch 1", ["loss"]]
    assert heard[3:] == ["epoch 0", *batches, heard[8], "epoch 1", *batches, heard[14], "end"]
    for epoch, logs in enumerate((heard[8], heard[14])):
        assert list(logs) == ["loss", "val_loss", "accuracy", "val_accuracy"]
        assert logs["loss"] == found["train_loss_curve"][epoch]
        assert logs["val_loss"] == found["validation_loss_curve"][epoch]
        assert logs["val_accuracy"] == 1 - found["validation_error_curve"][epoch]
    own, inputs, labels = module(), np.zeros((90, 4)), np.zeros(90)
    model = own.network(4, own=True)
    model.fit(inputs, labels, 45, 2, verbose=0, callbacks=[own.Heard()], validation_data=(inputs, labels))
    of_fit = [one for one in told() if not isinstance(one, dict)]
    assert of_fit == [one for one in heard if not isinstance(one, dict)]
    assert told()[1] == heard[1]


def test_they_are_made_with_what_they_name_or_all(run):
    run("given", {"rate": 0.1})
    assert told() == [{"units": 4, "rate": 0.1}]


def test_those_of_values_hear_of_losses_alone(folder):
    own = (OWN + CALLBACKS).replace('3, "softmax"', "2").replace("sparse_categorical_crossentropy", "mse")
    (folder / "own.py").write_text(own, encoding="utf-8")
    data = {"path": "blobs.npz", "targets": "targets", "split": "part"}
    made = study(folder, UNITS, 2, model=parts("heard", {"units": "units"}, data=data))
    made.model.load(folder, made.digests()).run({"units": np.array([4])})
    assert list(told()[8]) == ["loss", "val_loss"]


def test_weights_that_a_callback_leaves_are_those_that_count(run):
    whole, doubled = run(None), run("doubled")
    np.testing.assert_array_equal(whole["validation_loss_curve"], doubled["validation_loss_curve"])
    assert doubled["validation_loss"] != doubled["validation_loss_curve"][-1] == whole["validation_loss"]
    assert (doubled["predictions"] != whole["predictions"]).any()
    restored = run("doubled", early_stopping={"patience": 9})
    assert restored["validation_loss"] == restored["validation_loss_curve"].min()
    assert equal(restored, run(None, early_stopping={"patience": 9}))


def test_early_stopping_of_keras_is_that_of_dnnsa(run):
    settings = {"epochs": 40, "data": {"path": "blobs.npz", "labels": "labels", "split": "part", "size": 20}}
    theirs, ours = run("restoring", **settings), run(None, **settings, early_stopping={"patience": 2})
    assert ours["epochs_made"] < 40
    assert equal(theirs, ours)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("one", r"must return a list of callbacks of Keras, got <.* of type Stop"),
        ("nothing", "must return a list of callbacks of Keras, got None of type NoneType"),
        ("classes", r"instances of keras.callbacks.Callback, and its entry 1 is <class .* of type type"),
    ],
)
def test_what_are_no_callbacks_is_refused(run, name, message):
    with pytest.raises(ValueError, match=f"^model.network.callbacks: .*{message}"):
        run(name)


# a real study ---------------------------------------------------------------------------------------------------------


def test_a_study_has_when_to_stop_as_a_factor_and_its_file_among_its_own(client, folder):
    factors = UNITS | {"stop": {"kind": "choice", "values": [1, 3]}}
    (folder / "calls.py").write_text(CALLBACKS, encoding="utf-8")
    settings = parts("calls:stop", {"units": "units", "epochs": "stop"}, keep="networks")
    made = study(folder, factors, 4, model=settings)
    assert list(made.digests()) == ["model.data.path", "model.network.call", "model.network.callbacks"]
    dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())
    trail = dnnsa.trail(folder / "out.zarr")
    np.testing.assert_array_equal(trail["epochs_made"], trail["stop"])
    assert set(trail["stop"]) == {1, 3}
    assert set(trail["model.network.callbacks"]) == {"calls:stop"}
    runs = dnnsa.open(folder / "out.zarr")["runs"].to_dataset()
    inputs = training().data.load(folder, made.digests()).test.inputs
    predicted = dnnsa.network(folder / "out.zarr", 1).predict_on_batch(inputs)
    np.testing.assert_allclose(predicted, runs["predictions"].values[1], atol=1e-5)
    (folder / "calls.py").write_text(CALLBACKS + "# more", encoding="utf-8")
    with pytest.raises(StoreError, match=r"model.network.callbacks: the file has changed"):
        dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("one", "model.network.callbacks: must return a list of callbacks of Keras, got"),
        ("raising", "OSError: no disk"),
        ("broken", "ZeroDivisionError"),
        ("absent", "model.network.callbacks: module `own` has no function `absent`."),
    ],
)
def test_a_study_of_what_fails_says_why(client, folder, name, message):
    made = study(folder, UNITS, 2, model=parts(name, {"units": "units"}))
    with pytest.raises(DnnsaError) as error:
        dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())
    assert message in str(error.value)


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(StudyError, match="`callbacks` must be `module:function`, got `calls`"):
        study(".", UNITS, 2, model=parts(None) | {"network": {"kind": "build", "call": "a:b", "callbacks": "calls"}})
    with pytest.raises(StudyError, match=r"model.network: unknown key `callbacks`"):
        study(".", UNITS, 2, model={"network": {"kind": "mlp", "callbacks": "calls:stop"}})
