"""Cases, perturbations, a network and quantities become one function of the factors."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from dnnsa.cases import Cases
from dnnsa.engine.network import network_evaluator
from dnnsa.errors import ModelError
from dnnsa.factors import Uniform
from dnnsa.files import digest
from dnnsa.models import backend
from dnnsa.models.base import Evaluator
from dnnsa.models.keras import Keras
from dnnsa.perturb import Brightness, GaussianBlur, GaussianNoise, Mask, Perturbation, Rotation
from dnnsa.quantities import Entropy, Output, Probability, Quantity

Array = NDArray[Any]
CASES, CLASSES = 5, 3
RNG = np.random.default_rng(0)
IMAGES = RNG.random((8, 4, 4, 1), dtype=np.float32)
LABELS = RNG.integers(0, CLASSES, 8)


HELD = Cases(path="held.npz", labels="labels", first=2, count=CASES)


class Place(NamedTuple):
    """A folder with a classifier, a network that ends without a softmax, a linear one, and cases."""

    directory: Path
    weights: dict[str, list[Array]]

    def evaluator(
        self,
        model: Keras,
        quantities: dict[str, Quantity],
        perturb: tuple[Perturbation, ...] = (Brightness(delta="delta"),),
        cases: Cases | None = HELD,
    ) -> Evaluator:
        files = dict(model.files(self.directory)) | ({} if cases is None else dict(cases.files(self.directory)))
        digests = {setting: digest(path) for setting, path in files.items()}
        read = [*(model.inputs or ()), *model.factors, *(name for part in perturb for name in part.factors)]
        factors = dict.fromkeys(read, Uniform(low=0, high=1))
        parts = {"model": model, "cases": cases, "perturb": perturb, "weights": (), "quantities": quantities}
        return network_evaluator(SimpleNamespace(factors=factors, **parts), self.directory, digests)

    def refusal(self, *args: Any, **settings: Any) -> str:
        with pytest.raises(ModelError) as error:
            self.evaluator(*args, **settings)
        return str(error.value)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    directory = tmp_path_factory.mktemp("network")
    keras.utils.set_random_seed(0)
    Input, Dense, Flatten = keras.layers.Input, keras.layers.Dense, keras.layers.Flatten
    networks = {
        "classifier": keras.Sequential([Input((4, 4, 1)), Flatten(), Dense(CLASSES, activation="softmax")]),
        "logits": keras.Sequential([Input((4, 4, 1)), Flatten(), Dense(CLASSES)]),
        "linear": keras.Sequential([Input((3,), dtype="float64"), Dense(2, dtype="float64")]),
    }
    for name, network in networks.items():
        network.save(directory / f"{name}.keras")
    np.savez(directory / "held.npz", inputs=IMAGES, labels=LABELS)
    return Place(directory, {name: network.get_weights() for name, network in networks.items()})


def probabilities(place: Place, name: str, images: Array) -> Array:
    weight, bias = place.weights[name]
    scores = images.reshape(*images.shape[:-3], -1).astype(float) @ weight + bias
    return np.asarray(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True))


CLASSIFIER = Keras(path="classifier.keras", outputs="probabilities")
DELTA = np.linspace(-0.5, 0.5, 7)
P_TRUE: dict[str, Quantity] = {"p_true": Probability(of="label")}


def brightened(runs: Array) -> Array:
    return IMAGES[None, 2:7] + runs[:, None, None, None, None]  # (runs, cases, 4, 4, 1)


def test_every_run_of_every_case_is_perturbed_and_measured(place: Place) -> None:
    evaluator = place.evaluator(CLASSIFIER, {**P_TRUE, "entropy": Entropy(), "raw": Output(dims=("class",))})
    results = evaluator.run({"delta": DELTA})
    p = probabilities(place, "classifier", brightened(DELTA))  # (runs, cases, classes)
    np.testing.assert_allclose(results["raw"], p, atol=1e-6)
    np.testing.assert_allclose(results["p_true"], p[:, range(CASES), LABELS[2:7]], atol=1e-6)
    np.testing.assert_allclose(results["entropy"], -(p * np.log(p)).sum(axis=-1), atol=1e-6)


def test_dimensions_and_coordinates_name_the_cases(place: Place) -> None:
    quantities = {**P_TRUE, "raw": Output(dims=("class",), coords={"class": ("a", "b", "c")}), "bare": Output()}
    evaluator = place.evaluator(CLASSIFIER, quantities)
    assert evaluator.dims == {"p_true": ("case",), "raw": ("case", "class"), "bare": ("case", "dim_1")}
    coords = {name: (dims, values.tolist()) for name, (dims, values) in evaluator.coords.items()}
    assert coords == {
        "case": (("case",), [2, 3, 4, 5, 6]),
        "label": (("case",), LABELS[2:7].tolist()),
        "class": (("class",), ["a", "b", "c"]),
    }


def test_without_labels_there_is_no_such_coordinate(place: Place) -> None:
    evaluator = place.evaluator(CLASSIFIER, {"entropy": Entropy()}, cases=Cases(path="held.npz"))
    assert set(evaluator.coords) == {"case"}
    assert evaluator.run({"delta": DELTA})["entropy"].shape == (7, 8)


def test_logits_become_probabilities_where_they_are_needed(place: Place) -> None:
    model = Keras(path="logits.keras", outputs="logits")
    results = place.evaluator(model, {**P_TRUE, "raw": Output()}).run({"delta": DELTA})
    p = probabilities(place, "logits", brightened(DELTA))
    np.testing.assert_allclose(results["p_true"], p[:, range(CASES), LABELS[2:7]], atol=1e-6)
    np.testing.assert_allclose(np.log(p / p[..., :1]), results["raw"] - results["raw"][..., :1], atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 3, 5, 34, 35, 36])
def test_the_size_of_a_batch_changes_nothing_but_rounding(place: Place, batch_size: int) -> None:
    model = Keras(path="classifier.keras", outputs="probabilities", batch_size=batch_size)
    part = GaussianNoise(sd=0.1, seed="seed")
    values = {"seed": np.arange(7)}
    expected = place.evaluator(CLASSIFIER, P_TRUE, (part,)).run(values)["p_true"]
    np.testing.assert_allclose(place.evaluator(model, P_TRUE, (part,)).run(values)["p_true"], expected, rtol=1e-5)


def test_the_same_runs_give_the_same_bits(place: Place) -> None:
    values = {"seed": np.arange(7), "angle": DELTA * 40}
    parts = (Rotation(angle="angle"), GaussianNoise(sd=0.1, seed="seed"))
    first, second = (place.evaluator(CLASSIFIER, P_TRUE, parts) for _ in range(2))
    np.testing.assert_array_equal(first.run(values)["p_true"], second.run(values)["p_true"])
    np.testing.assert_array_equal(first.run(values)["p_true"], first.run(values)["p_true"])


@pytest.mark.parametrize("batch_size", [1, 4, 35])
def test_batches_in_threads_give_the_bits_of_batches_in_turn(
    place: Place, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    model = Keras(path="classifier.keras", outputs="probabilities", batch_size=batch_size)
    part, values = GaussianNoise(sd=0.1, seed="seed"), {"seed": np.arange(7)}
    monkeypatch.setattr(backend, "batches_at_once", lambda: 1)
    in_turn = place.evaluator(model, P_TRUE, (part,)).run(values)["p_true"]
    monkeypatch.setattr(backend, "batches_at_once", lambda: 3)
    np.testing.assert_array_equal(place.evaluator(model, P_TRUE, (part,)).run(values)["p_true"], in_turn)


SEVERAL = """
import sys
from pathlib import Path
import numpy as np
import keras
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(3)
tf.constant(0.0) + 1  # it has started
from dnnsa.models import backend
from tests.engine.test_network import P_TRUE, GaussianNoise, Keras, Place, np

place = Place(Path(sys.argv[1]), {})
model = Keras(path="convolution.keras", outputs="probabilities", batch_size=64)
evaluator = lambda: place.evaluator(model, P_TRUE, (GaussianNoise(sd=0.1, seed="seed"),))
values = {"seed": np.arange(500)}
threaded, counted = evaluator(), backend.batches_at_once()
backend.batches_at_once = lambda: 1
in_turn = evaluator().run(values)["p_true"]
print(counted, all((threaded.run(values)["p_true"] == in_turn).all() for _ in range(5)))
"""


def test_where_tensorflow_has_several_threads_two_batches_at_once_change_no_bit(place: Place) -> None:
    layers = keras.layers
    keras.Sequential(
        [layers.Input((4, 4, 1)), layers.Conv2D(32, 3), layers.Flatten(), layers.Dense(CLASSES, activation="softmax")]
    ).save(place.directory / "convolution.keras")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL, place.directory], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["2", "True"], done.stderr


def test_an_error_in_a_thread_is_the_study_s(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "batches_at_once", lambda: 2)
    model = Keras(path="classifier.keras", outputs="probabilities", batch_size=4)
    evaluator = place.evaluator(model, P_TRUE, (Mask(cells="cell", grid=(2, 2)),))
    with pytest.raises(ModelError, match=r"^perturb\[0\]\.cells: the image has 4 cells, and `cell` is 1 factors"):
        evaluator.run({"cell": np.linspace(0, 1, 7)})


def test_noise_follows_the_case_s_position_in_the_file_and_not_the_selection(place: Place) -> None:
    part = GaussianNoise(sd=0.1, seed="seed")
    values = {"seed": np.arange(7)}
    raw: dict[str, Quantity] = {"raw": Output()}
    several = place.evaluator(CLASSIFIER, raw, (part,)).run(values)["raw"]
    one = place.evaluator(CLASSIFIER, raw, (part,), Cases(path="held.npz", first=4, count=1)).run(values)["raw"]
    np.testing.assert_allclose(one[:, 0], several[:, 2], rtol=1e-5)


def test_no_runs_have_no_results(place: Place) -> None:
    results = place.evaluator(CLASSIFIER, {**P_TRUE, "raw": Output()}).run({"delta": DELTA[:0]})
    assert {name: array.shape for name, array in results.items()} == {"p_true": (0, CASES), "raw": (0, CASES, CLASSES)}


def test_factors_can_be_the_inputs_themselves(place: Place) -> None:
    model = Keras(path="linear.keras", inputs=("a", "b", "c"), batch_size=4)
    evaluator = place.evaluator(model, {"y": Output(dims=("component",))}, (), None)
    x = np.random.default_rng(1).normal(size=(10, 3))
    x[:, 1] = np.arange(10)
    result = evaluator.run({"c": x[:, 2], "b": x[:, 1].astype(np.int64), "a": x[:, 0], "unused": x[:, 0]})["y"]
    weight, bias = place.weights["linear"]
    np.testing.assert_allclose(result, x @ weight + bias, rtol=1e-14)
    assert (evaluator.dims, evaluator.coords) == ({"y": ("component",)}, {})
    assert place.evaluator(model, {"y": Output()}, (), None).dims == {}


@pytest.fixture
def swallowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks give 1 whatever they are given, and 0 for NaN."""
    load = Keras.load

    def swallow(self: Keras, *args: Any) -> Any:
        network = load(self, *args)
        return network._replace(
            predict=lambda x, v: (keras.ops.where(keras.ops.isnan(network.predict(x, v)[0]), 0.0, 1.0),)
        )

    monkeypatch.setattr(Keras, "load", swallow)


@pytest.mark.usefixtures("swallowing")
def test_a_perturbation_without_a_meaning_gives_nan_even_if_the_network_swallows_it(place: Place) -> None:
    parts = (GaussianBlur(sd="sd"),)
    evaluator = place.evaluator(Keras(path="classifier.keras"), {"raw": Output()}, parts)
    result = evaluator.run({"sd": np.array([0.5, -0.5, 0.0])})["raw"]
    assert np.isnan(result[1]).all()
    np.testing.assert_array_equal(result[[0, 2]], 1)


@pytest.mark.usefixtures("swallowing")
def test_an_input_is_lost_if_a_value_is_not_finite_and_not_because_their_sum_is_too_large(place: Place) -> None:
    model = Keras(path="linear.keras", inputs=("a", "b", "c"))
    most, inf, nan = np.finfo(np.float64).max, np.inf, np.nan
    rows = np.array([[0, 1, 2], [most, most, -most], [0, nan, 0], [inf, 0, 0], [inf, -inf, 0], [most, most, nan]])
    lost = np.isnan(place.evaluator(model, {"y": Output()}, (), None).run(dict(zip("abc", rows.T, strict=True)))["y"])
    assert lost.all(axis=1).tolist() == lost.any(axis=1).tolist() == [False, False, True, True, True, True]


@pytest.mark.parametrize(
    ("values", "shown"), [(np.array(["a", "b"], dtype=object), "'a'"), (np.array([True, False]), "True")]
)
def test_a_factor_whose_values_are_no_numbers_is_refused(place: Place, values: Array, shown: str) -> None:
    evaluator = place.evaluator(CLASSIFIER, P_TRUE)
    with pytest.raises(ModelError) as error:
        evaluator.run({"delta": values})
    assert str(error.value) == (
        f"factors.delta: a network takes numbers only, and a value of this factor is {shown}: use numbers (0 and 1 for "
        "false and true)."
    )


def test_a_seed_that_is_no_integer_is_refused_by_its_place(place: Place) -> None:
    evaluator = place.evaluator(CLASSIFIER, P_TRUE, (Brightness(delta=0.0), GaussianNoise(sd=0.1, seed="seed")))
    with pytest.raises(ModelError) as error:
        evaluator.run({"seed": DELTA})
    assert str(error.value) == (
        "perturb[1].seed: factor `seed` must give integers, got float32: make it `kind: integers`."
    )


def test_cases_of_another_shape_are_refused(place: Place) -> None:
    np.savez(place.directory / "flat.npz", inputs=IMAGES[..., 0])
    assert place.refusal(CLASSIFIER, {"entropy": Entropy()}, cases=Cases(path="flat.npz")) == (
        "cases.inputs: each input has shape (4, 4) and the network takes (4, 4, 1): store the inputs as the network "
        "was trained on them."
    )


def test_a_perturbation_that_does_not_take_the_cases_is_refused_by_its_place(place: Place) -> None:
    np.savez(place.directory / "rows.npz", inputs=np.zeros((2, 3)))
    message = place.refusal(
        Keras(path="linear.keras"),
        {"y": Output()},
        (Brightness(delta="delta"), Rotation(angle="delta")),
        Cases(path="rows.npz"),
    )
    assert message == "perturb[1]: rotation needs images of shape (height, width, channels), got inputs of shape (3,)."


def test_labels_that_are_needed_must_be_there(place: Place) -> None:
    assert place.refusal(CLASSIFIER, P_TRUE, cases=Cases(path="held.npz")) == (
        "quantities.p_true: needs the class of each case: name the array of classes in `cases.labels`."
    )


@pytest.mark.parametrize("shift", [-1, CLASSES])
def test_labels_that_are_no_classes_of_the_network_are_refused(place: Place, shift: int) -> None:
    np.savez(place.directory / "shifted.npz", inputs=IMAGES, labels=LABELS * 0 + shift)
    assert place.refusal(CLASSIFIER, P_TRUE, cases=Cases(path="shifted.npz", labels="labels")) == (
        f"cases.labels: the network tells 3 classes apart, 0 to 2, got labels from {shift} to {shift}."
    )


def test_a_class_that_the_network_does_not_know_is_refused(place: Place) -> None:
    assert place.refusal(CLASSIFIER, {"p": Probability(of=3)}) == (
        "quantities.p.of: the network tells 3 classes apart, 0 to 2, got 3."
    )


def test_values_are_not_taken_for_probabilities(place: Place) -> None:
    assert place.refusal(Keras(path="classifier.keras"), P_TRUE) == (
        "quantities.p_true: needs probabilities, and `model.outputs` is `values`: say `model.outputs: probabilities`, "
        "or `logits` if the network ends without a softmax."
    )


def test_outputs_that_are_no_probabilities_are_refused(place: Place) -> None:
    message = place.refusal(Keras(path="logits.keras", outputs="probabilities"), P_TRUE)
    assert message.startswith("model.outputs: the outputs are not probabilities: those of nominal case 0 sum to ")
    assert message.endswith(": say `model.outputs: logits` if the network ends without a softmax.")


def test_a_probability_needs_two_classes(place: Place) -> None:
    keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]).save(
        place.directory / "one.keras"
    )
    assert place.refusal(Keras(path="one.keras", outputs="probabilities"), {"entropy": Entropy()}) == (
        "quantities.entropy: needs the probabilities of two classes or more, and the network's outputs have shape (1,)."
    )


def test_names_of_dimensions_must_fit_the_outputs(place: Place) -> None:
    assert place.refusal(CLASSIFIER, {"raw": Output(dims=("y", "x"))}) == (
        "quantities.raw.dims: the outputs of one input have shape (3,): give as many names, got ['y', 'x']."
    )


def test_a_dimension_has_one_set_of_values_in_all_quantities(place: Place) -> None:
    quantities: dict[str, Quantity] = {
        "one": Output(dims=("class",), coords={"class": (0, 1, 2)}),
        "other": Output(dims=("class",), coords={"class": ("a", "b", "c")}),
    }
    assert place.refusal(CLASSIFIER, quantities) == (
        "quantities.one.dims: `class` is also a dimension of `other`, with other values: rename one."
    )


def test_there_must_be_one_factor_for_each_number_of_the_input(place: Place) -> None:
    model = Keras(path="linear.keras", inputs=("a", "b"))
    assert place.refusal(model, {"y": Output()}, (), None) == (
        "model.inputs: 2 factors for a network whose input has shape (3,): name one factor for each number of a fixed "
        "shape."
    )


def test_the_function_is_traced_for_two_shapes_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[Any] = []
    apply: Callable[..., Any] = Brightness.apply

    def counted(self: Brightness, inputs: Any, values: Any, case: Any) -> Any:
        shapes.append(inputs.shape[0])
        return apply(self, inputs, values, case)

    monkeypatch.setattr(Brightness, "apply", counted)
    model = Keras(path="classifier.keras", outputs="probabilities", batch_size=10)
    evaluator = place.evaluator(model, P_TRUE)
    for _ in range(3):
        evaluator.run({"delta": DELTA})  # 35 rows
    assert shapes == [10, 5]
