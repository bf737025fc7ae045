"""A training as a model: what can be asked for, what comes of it, and what is refused in words."""

import numpy as np
import pytest

from dnnsa.errors import ModelError, StudyError
from dnnsa.files import digest
from dnnsa.study import Study
from dnnsa.training import checkpoint, declared
from dnnsa.training.data import Loaded, Part
from dnnsa.training.history import History
from dnnsa.training.model import Name
from dnnsa.training.networks import Build
from dnnsa.training.quantities import QUANTITIES, ended, guessed
from dnnsa.training.stopping import Course
from tests.training.conftest import training

ALL = ["error", "loss", "validation_loss_curve", "validation_error_curve", "epochs_made", "best_epoch", "diverged"]
FACTORS = {
    "rate": {"kind": "loguniform", "low": 1e-3, "high": 1},
    "width": {"kind": "integers", "low": 3, "high": 32},
    "activation": {"kind": "choice", "values": ["relu", "tanh"]},
    "batch": {"kind": "integers", "low": 16, "high": 32},
    "seed": {"kind": "integers", "low": 0, "high": 1000000},
}
MODEL = {
    "kind": "training",
    "data": {"path": "blobs.npz", "labels": "labels", "split": "part"},
    "network": {"kind": "mlp", "width": "width", "activation": "activation"},
    "learning_rate": "rate",
    "batch_size": "batch",
    "epochs": 3,
    "seed": "seed",
    "quantities": ["error", "loss", "predictions", "validation_loss_curve"],
}


def study(folder, factors=FACTORS, base_points=8, model=None, **settings):
    return Study(
        directory=folder,
        name="small",
        factors=factors,
        design={"kind": "saltelli", "base_points": base_points, "replicates": 2},
        model={**MODEL, **(model or {})},
        granularity="run",
        **settings,
    )


# what comes of it -----------------------------------------------------------------------------------------------------


def test_every_quantity_has_a_name_that_a_study_file_knows(stepwise, made):
    from typing import get_args

    assert list(get_args(Name)) == list(QUANTITIES)
    found = made(quantities=list(QUANTITIES))
    assert {name: y.shape for name, y in found.items() if y.shape} == {
        "train_loss_curve": (2,),
        "train_error_curve": (2,),
        "validation_loss_curve": (2,),
        "validation_error_curve": (2,),
        "p_true": (30,),
        "predictions": (30, 3),
    }
    assert found["parameters"] == 4 * 5 + 5 + 5 * 3 + 3
    assert found["validation_loss"] == found["validation_loss_curve"][-1]
    np.testing.assert_allclose(found["loss"], -np.log(found["p_true"]).mean())
    np.testing.assert_allclose(found["log10_loss"], np.log10(found["loss"]))
    np.testing.assert_allclose(found["predictions"].sum(axis=1), 1)


def test_targets_are_learnt_by_their_squared_error(stepwise, made):
    data = {"labels": None, "targets": "targets"}
    found = made(data=data, learning_rate=0.05, epochs=20, quantities=["loss", "predictions", "train_loss_curve"])
    assert found["predictions"].shape == (30, 2)
    assert found["train_loss_curve"][-1] < 0.2 * found["train_loss_curve"][0]


def test_a_run_has_the_same_bits_whatever_runs_beside_it(blobs):
    model = training(seed="seed", learning_rate="rate", batch_size="batch", quantities=["loss", "predictions"])
    run = model.load(blobs, {"model.data.path": digest(blobs / "blobs.npz")}).run
    values = {"seed": np.arange(4), "rate": np.geomspace(0.001, 1, 4), "batch": np.array([16, 20, 30, 32])}
    together = run(values)
    for number in (3, 1, 0, 2):
        alone = run({name: column[number : number + 1] for name, column in values.items()})
        for name, y in alone.items():
            np.testing.assert_array_equal(y[0], together[name][number])


def test_a_diverged_training_is_worth_what_one_is_that_has_learnt_nothing(stepwise, made):
    labels = {"labels": None, "targets": "targets"}
    found = made(data=labels, optimizer="sgd", learning_rate=1e9, epochs=4, quantities=[*ALL[1:3], *ALL[4:]])
    assert found["diverged"] == 1
    assert found["epochs_made"] < 4
    assert np.isfinite(found["loss"])
    assert found["validation_loss_curve"][-1] == found["validation_loss_curve"][int(found["epochs_made"]) - 1]


def data_of(classes=2):
    truth = np.array([0, 0, 0, 1], np.int32)
    part = Part(np.zeros((4, 1), np.float32), truth)
    return Loaded(part, part, part, classes, np.arange(4))


def test_what_has_learnt_nothing_gives_the_shares_of_the_classes():
    np.testing.assert_allclose(np.exp(guessed(data_of())), [4 / 6, 2 / 6])
    bad = History(
        np.array([[1, np.nan], [0.5, 0.5], [1, np.nan], [0.5, 0.5]]), np.ones(4), np.full((4, 2), np.nan), 3, True
    )
    one = ended(bad, data_of(), 4, 0.1)
    assert QUANTITIES["error"].of(one) == 0.25
    assert one.curves[2].tolist()[:1] == [1.0]
    np.testing.assert_allclose(one.curves[2, 1:], QUANTITIES["loss"].of(one))


def test_the_calibration_error_is_the_distance_of_confidence_and_accuracy():
    sure = np.log([[0.9, 0.1]] * 3 + [[0.9, 0.1]])
    history = History(np.zeros((4, 3)), np.zeros(4), sure, 3, False)
    assert QUANTITIES["calibration_error"].of(ended(history, data_of(), 3, 0.1)) == pytest.approx(0.9 - 0.75)


def test_epochs_to_a_threshold_are_one_more_than_there_are_where_it_is_not_reached():
    curve = np.array([0.5, 0.2, 0.1])
    history = History(np.stack([curve] * 4), np.full(4, 0.1), np.zeros((4, 2)), 3, False)
    assert [QUANTITIES["epochs_to"].of(ended(history, data_of(), 5, at)) for at in (0.2, 0.05)] == [2, 6]


def test_images_are_learnt_by_a_convolution(stepwise, made):
    network = {"kind": "cnn", "layers": 2, "width": 4, "normalisation": "batch", "dropout": 0.1, "skip": True}
    settings = {"data": {"inputs": "images"}, "learning_rate": 0.05, "epochs": 3, "quantities": ["error", "parameters"]}
    found = made(network=network, **settings)
    assert found["parameters"] == (9 * 4 + 4 + 8) + (9 * 4 * 4 + 4 + 8) + (4 * 3 + 3)
    assert found["error"] < 0.5
    with pytest.raises(ModelError, match=r"a `cnn` needs inputs of shape \(rows, columns, channels\), got \(4,\)"):
        made(network=network)


# early stopping -------------------------------------------------------------------------------------------------------


def test_a_course_stops_after_so_many_epochs_without_a_gain():
    course, seen = Course(), 0
    for loss in (1.0, 0.5, 0.45, 0.44, 0.43, 0.42):
        if not course.goes_on(100, 2):
            break
        course, seen = course.after((loss, 0, loss, 0), minimum_gain=0.1), seen + 1
    assert (seen, course.best_epoch, course.best, course.reference) == (4, 3, 0.44, 0.5)


def test_early_stopping_keeps_the_weights_of_the_best_epoch(stepwise, made):
    settings = {"learning_rate": 1.0, "epochs": 12, "quantities": ["predictions", *ALL, "validation_loss"], "seed": 3}
    stopped = made(**settings, early_stopping={"patience": 2})
    epochs, best = int(stopped["epochs_made"]), int(stopped["best_epoch"])
    assert best + 2 == epochs < 12
    assert stopped["validation_loss"] == stopped["validation_loss_curve"].min()
    assert np.ptp(stopped["validation_loss_curve"][epochs - 1 :]) == 0
    whole = made(**{**settings, "epochs": best, "horizon": 12})
    np.testing.assert_array_equal(whole["predictions"], stopped["predictions"])


def test_epochs_may_be_a_factor_below_a_horizon(stepwise, made):
    settings = {"epochs": "n", "horizon": 3, "quantities": ["epochs_made", "validation_loss_curve"]}
    short, long = (made({"n": n}, **settings) for n in (1, 3))
    assert (short["epochs_made"], long["epochs_made"]) == (1, 3)
    assert short["validation_loss_curve"][0] == long["validation_loss_curve"][0] == short["validation_loss_curve"][2]


# a checkpoint ---------------------------------------------------------------------------------------------------------


def test_a_training_that_dies_goes_on_from_its_checkpoint_to_the_same_bits(made, blobs, tmp_path, monkeypatch):
    (tmp_path / "blobs.npz").write_bytes((blobs / "blobs.npz").read_bytes())
    settings = {"epochs": 6, "early_stopping": {"patience": 9}, "quantities": ["predictions", "validation_loss_curve"]}
    settings["network"] = {"width": 32}
    whole = made(folder=tmp_path, **settings)
    settings["checkpoint"] = {"epochs": 2}
    written, write = [], checkpoint.Keep.write

    def die(keep, arrays):
        write(keep, arrays)
        written.append(keep.path)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.Keep, "write", die)
    with pytest.raises(KeyboardInterrupt):
        made(folder=tmp_path, **settings)
    assert [path.parent.name for path in written] == ["checkpoints"] * 2
    began, ahead = [], declared._Order.ahead
    monkeypatch.setattr(declared._Order, "ahead", lambda self, *of: began.append(of[0]) or ahead(self, *of))
    again = made(folder=tmp_path, **settings)
    assert began == [4, 5]
    for name, y in whole.items():
        np.testing.assert_array_equal(again[name], y)
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_a_damaged_checkpoint_is_none(tmp_path):
    keep = checkpoint.keep_of(tmp_path, 1, {"a": 1})
    keep.write([np.arange(3)])
    assert keep.read()[0].tolist() == [0, 1, 2]
    keep.path.write_bytes(b"PK\3\4 and no more")
    assert keep.read() is None


# a network of one's own -----------------------------------------------------------------------------------------------

BUILD = """
import keras
def network(units, rate, activation="relu"):
    layers = [keras.Input((4,)), keras.layers.Dense(units, activation), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
    return model
"""


def test_a_function_builds_the_network_and_seeds_say_which(made, blobs, tmp_path):
    (tmp_path / "blobs.npz").write_bytes((blobs / "blobs.npz").read_bytes())
    (tmp_path / "own.py").write_text(BUILD)
    network = {"kind": "build", "call": "own:network"} | {"width": None}
    del network["width"]
    network["hyperparameters"] = {"units": "units", "rate": 0.2, "activation": "tanh"}

    def run(units, seed, **more):
        parts = {"network": network, "seed": "seed", "quantities": ["predictions", "parameters", "error"], **more}
        model = training(**{**parts, "network": {"kind": "mlp"}})
        object.__setattr__(model, "network", Build(**{k: v for k, v in network.items() if k != "kind"}))
        digests = {name: digest(path) for name, path in model.files(tmp_path).items()}
        found = model.load(tmp_path, digests).run({"units": np.array([units]), "seed": np.array([seed])})
        return {name: y[0] for name, y in found.items()}

    one, same, other = run(6, 0), run(6, 0), run(6, 1)
    np.testing.assert_array_equal(one["predictions"], same["predictions"])
    assert (one["predictions"] != other["predictions"]).any()
    assert one["parameters"] == 4 * 6 + 6 + 6 * 3 + 3
    assert one["error"] < 0.5


# what is refused ------------------------------------------------------------------------------------------------------


def told(model=None, factors=FACTORS):
    with pytest.raises(StudyError) as error:
        study(".", factors, model=model)
    return str(error.value)


def test_constants_that_cannot_be_are_refused_all_at_once():
    wrong = {"momentum": 1.0, "l2": -1, "order_seed": 2**63, "quantities": [], "checkpoint": {"epochs": 0}}
    message = told({k: v for k, v in wrong.items() if k != "checkpoint"})
    assert "`momentum` must be a number of at least 0 and below 1, or the name of a factor, got 1.0" in message
    assert "`l2` must be a number of at least 0, or the name of a factor, got -1" in message
    assert "`quantities` must name one or more, each once, got []" in message
    assert "`order_seed` must be an integer" in message
    assert "model.checkpoint: `epochs` must be 1 or more, got 0." in told({"checkpoint": {"epochs": 0}})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            {"optimizer": "adan"},
            "model.optimizer: no factor `adan`: did you mean `adam`?",
        ),
        ({"learning_rate": "rat"}, "model.learning_rate: no factor `rat`: did you mean `rate`?"),
        (
            {"momentum": "width"},
            "model.momentum: must be a number of at least 0 and below 1, and factor `width` can be 3.",
        ),
        (
            {"data": {**MODEL["data"], "size": "rate"}},
            "model.data.size: must be an integer of at least 1, and factor `rate` is of kind `loguniform`: make it "
            "`integers`.",
        ),
        ({"optimizer": "activation"}, "model.optimizer: must be one of sgd, nesterov, adam, rmsprop, adagrad, and"),
        ({"learning_rate": 0.1}, "factors.rate: is used by nothing: name it in `model`, or leave it out."),
        ({"epochs": "width"}, "`horizon` is missing: `epochs` is a factor, and curves need its largest value"),
        (
            {"epochs": "width", "horizon": 10},
            "model.horizon: must be at least what `epochs` can be, got 10: factor `width` can be 32.",
        ),
        ({"horizon": 1}, "`horizon` must be `epochs`, 3, or more, got 1"),
        ({"data": {"path": "x.npz"}}, "give either `labels` (classes) or `targets` (numbers), not both and not none"),
        ({"data": {**MODEL["data"], "size": 3, "subset": 0.5}}, "give either `subset` (a share) or `size` (a number)"),
        (
            {"data": {"path": "x.npz", "labels": "y", "test": 0.9}},
            "`validation` and `test` must be above 0 and leave something to train on, got 0.2 and 0.9",
        ),
        (
            {"data": {"path": "x.npz", "targets": "y"}},
            "`quantities` has error, of classes alone: give `data.labels`, or leave it out",
        ),
        ({"network": {"kind": "mpl"}}, "model.network.kind: no kind `mpl`: did you mean `mlp`?"),
        ({"network": {"kind": "mlp", "widht": 3}}, "model.network: unknown key `widht`: did you mean `width`?"),
        ({"data": {**MODEL["data"], "labls": "y"}}, "model.data: unknown key `labls`: did you mean `labels`?"),
        (
            {"network": {"kind": "mlp", "dropout": 1.0}},
            "`dropout` must be a number of at least 0 and below 1, or the name of a factor, got 1",
        ),
        (
            {"network": {"kind": "build", "call": "own:f"}},
            "`learning_rate` is a matter of the function that builds and compiles the network",
        ),
        (
            {"network": {"kind": "build", "call": "own:f"}, "learning_rate": 0.001, "checkpoint": {"epochs": 1}},
            "`checkpoint` is for networks of kind `mlp` and `cnn`: leave it out",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_refused(model, message):
    assert message in told(model)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"labels": "none"}, "model.data.labels: no array `none` in"),
        ({"labels": "inputs"}, "model.data.labels: `inputs` must hold the integer class of each of the 150 entries"),
        ({"split": "labels"}, None),
        ({"split": "inputs"}, "model.data.split: `inputs` must hold 0 (training), 1 (validation) or 2 (test)"),
        ({"split": None, "test": 0.001}, "model.data: no test data of 150 entries: make their share larger."),
    ],
)
def test_data_that_cannot_be_used_are_refused(blobs, data, message):
    model = training(data=data)
    digests = {"model.data.path": digest(blobs / "blobs.npz")}
    if message is None:
        assert model.data.load(blobs, digests).training.size == 50
        return
    with pytest.raises(ModelError) as error:
        model.data.load(blobs, digests)
    assert message in str(error.value)


def test_a_share_is_split_without_an_entry_in_two_parts(blobs):
    data = training(data={"split": None, "split_seed": 5}).data
    loaded = data.load(blobs, {"model.data.path": digest(blobs / "blobs.npz")})
    assert [part.size for part in loaded[:3]] == [90, 30, 30]
    rows = np.concatenate([part.inputs for part in loaded[:3]])
    assert len(np.unique(rows, axis=0)) == 150


def test_a_missing_or_changed_file_is_told(blobs):
    with pytest.raises(ModelError, match=r"model.data.path: there is no file"):
        training(data={"path": "no.npz"}).files(blobs)
    with pytest.raises(ModelError, match="is not the file that the study was started with"):
        training().load(blobs, {"model.data.path": "0"})


def test_more_data_than_there_are_make_a_failed_run(stepwise, made):
    with pytest.raises(ValueError, match=r"model.data.size: there are 90 training data, and 91 are asked for"):
        made({"size": 91}, data={"size": "size"})


def test_what_a_factor_of_a_file_gives_is_checked_in_the_run(stepwise, made):
    with pytest.raises(ValueError, match=r"model.batch_size must be an integer of at least 1, and factor `b` gave 0.5"):
        made({"b": 0.5}, batch_size="b")
