"""A SavedModel answers as the network that it was exported from, inside the traced function, if it is trusted."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import SavedModel, backend
from dnnsa.models.base import Network
from tests.networks import IMAGES, assert_same_results, cnn, maps, study_of

X = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
SPEC = tf.TensorSpec((None, 2), tf.float32, name="x")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network of Keras, and the same as a SavedModel."""
    folder = tmp_path_factory.mktemp("savedmodel")
    network = cnn()
    network.save(folder / "net.keras")
    network.export(folder / "net", verbose=False)
    return folder


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with functions that are no networks."""
    several = {
        "two": tf.function(lambda x: {"double": 2 * x, "first": x[:, 0] > 2}, input_signature=[SPEC]),
        "sum": tf.function(lambda x, y: x + y, input_signature=[SPEC, tf.TensorSpec((None, 2), tf.float32, name="y")]),
        "words": tf.function(lambda x: tf.strings.as_string(x), input_signature=[SPEC]),
        "whole": tf.function(lambda x: x, input_signature=[tf.TensorSpec((None,), tf.int32, name="x")]),
        "fixed": tf.function(lambda x: x, input_signature=[tf.TensorSpec((4, 2), tf.float32, name="x")]),
        "free": tf.function(lambda x: x, input_signature=[tf.TensorSpec(None, tf.float64, name="x")]),
    }
    folder = tmp_path_factory.mktemp("functions")
    module = tf.Module()
    module.several = list(several.values())
    signatures = {name: function.get_concrete_function() for name, function in several.items()}
    tf.saved_model.save(module, folder / "net", signatures=signatures)
    return folder


def load(folder: Path, layers: tuple[str, ...] = (), **settings: Any) -> Network:
    model = SavedModel(path="net", trust=True, **settings)
    return model.load(folder, {setting: digest(path) for setting, path in model.files(folder).items()}, layers)


def refusal(folder: Path, *args: Any, **settings: Any) -> str:
    with pytest.raises(ModelError) as error:
        load(folder, *args, **settings)
    return str(error.value).replace(str(folder), "DIR")


def test_the_network_answers_as_in_keras(exported: Path) -> None:
    import keras

    loaded = load(exported)
    assert (loaded.input_shape, loaded.dtype) == ((8, 8, 2), "float32")
    network = keras.saving.load_model(exported / "net.keras")
    np.testing.assert_allclose(loaded.predict(tf.constant(IMAGES), {})[0], network(IMAGES), atol=1e-5)


def test_a_study_has_the_results_of_the_network_in_keras_derivatives_too(exported: Path) -> None:
    more = {
        "perturb": [{"kind": "brightness", "delta": "light"}, {"kind": "gaussian_noise", "sd": "sd", "seed": "seed"}],
        "factors": {
            **{name: {"kind": "uniform", "low": 0, "high": 0.3} for name in ("light", "sd")},
            "seed": {"kind": "integers", "low": 0, "high": 1000},
        },
        "quantities": {"p": {"kind": "probability", "of": "label"}, "slope": {"kind": "gradient", "of": "p"}},
        "estimators": [{"kind": "sobol", "of": ["p"]}, {"kind": "dgsm", "quantity": "p", "gradient": "slope"}],
    }
    models = {"kind": "keras", "path": "net.keras"}, {"kind": "savedmodel", "path": "net", "trust": True}
    results = [maps(study_of(exported, model, **more)) for model in models]
    assert_same_results(*results)


def test_functions_and_outputs_are_chosen_by_name(functions: Path) -> None:
    np.testing.assert_array_equal(load(functions, signature="two", output="double").predict(X, {})[0], 2 * X)
    (outputs,) = load(functions, signature="two", output="first").predict(X, {})
    assert outputs.numpy().tolist() == [0.0, 1.0, 1.0]
    loaded = load(functions, signature="free")
    assert (loaded.input_shape, loaded.dtype) == (None, "float64")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {},
            "model.signature: DIR/net has no function `serving_default`, only `fixed`, `free`, `sum`, `two`, `whole`, "
            "`words`.",
        ),
        ({"signature": "two"}, "model.output: DIR/net has 2 outputs: name one of `double`, `first`."),
        ({"signature": "two", "output": "c"}, "model.output: DIR/net has no output `c`, only `double`, `first`."),
        ({"signature": "sum"}, "model.signature: `sum` has 2 inputs, `x`, `y`: dnnsa takes functions of one."),
        ({"signature": "words"}, "model.output: `output_0` is of string: name an output of numbers."),
        ({"signature": "whole"}, "model.signature: the input `x` is of int32: dnnsa gives real numbers."),
        (
            {"signature": "fixed"},
            "model.signature: the input `x` has the fixed shape (4, 2): export the network for any number of inputs at "
            "once, with None for the first dimension.",
        ),
        (
            {"layers": ("a",)},
            "model.path: a model of kind `savedmodel` does not show the outputs of its layers, and `a` is asked for: "
            "use a network of Keras.",
        ),
    ],
)
def test_what_is_no_function_of_one_input_is_told(functions: Path, settings: Any, message: str) -> None:
    assert refusal(functions, **settings) == message


def test_it_must_be_trusted() -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        SavedModel(path="net")
    assert str(error.value) == (
        "`path` names a SavedModel, `net`, which is a program and can read and write files: say `trust: true` if you "
        "know who made it, or save the network with `model.save('name.keras')`"
    )


def test_it_can_write_files(tmp_path: Path) -> None:
    """Why it must be trusted: if this fails one day, it need not be any more."""

    class Writes(tf.Module):
        @tf.function(input_signature=[SPEC])
        def serve(self, x: Any) -> Any:
            tf.io.write_file(str(tmp_path / "written"), "by the model")
            return x

    module = Writes()
    tf.saved_model.save(module, tmp_path / "net", signatures={"serving_default": module.serve})
    load(tmp_path).predict(X, {})
    assert (tmp_path / "written").read_text() == "by the model"


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    assert refusal(tmp_path) == (
        "model.path: there is no file DIR/net/saved_model.pb: give the path, from the study file, of a folder that "
        "`model.export` wrote."
    )


def test_a_changed_and_a_damaged_folder_are_refused(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported / "net", tmp_path / "net")
    model = SavedModel(path="net", trust=True)
    digests = {"model.path": digest(exported / "net")}
    assert model.load(tmp_path, digests)
    (weights,) = (tmp_path / "net" / "variables").glob("*data*")
    weights.write_bytes(bytes(weights.stat().st_size))
    with pytest.raises(ModelError, match="is not the file that the study was started with"):
        model.load(tmp_path, digests)
    (tmp_path / "net" / "saved_model.pb").write_bytes(b"cut short")
    told = refusal(tmp_path)
    assert told.startswith("model.path: DIR/net cannot be loaded (")
    assert told.endswith("): export the network again.")


def test_another_backend_is_refused(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "name", lambda: "jax")
    assert refusal(exported) == (
        "model.kind: `savedmodel` needs TensorFlow, and Keras runs on jax: unset KERAS_BACKEND."
    )
