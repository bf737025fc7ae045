"""A Keras network is loaded from a .keras file that is what the study says, and from nothing else."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import backend
from dnnsa.models.base import Network
from dnnsa.models.keras import Keras


def dense(**settings: Any) -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.layers.Input((3,), **settings), keras.layers.Dense(2, **settings)])


def load(directory: Path, network: Any) -> Network:
    network.save(directory / "net.keras")
    return Keras(path="net.keras").load(directory, {"model.path": digest(directory / "net.keras")})


def refusal(directory: Path) -> str:
    with pytest.raises(ModelError) as error:
        Keras(path="net.keras").load(directory, {"model.path": digest(directory / "net.keras")})
    return str(error.value).replace(str(directory), "DIR")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loaded_network_predicts_as_the_saved_one(tmp_path: Path, dtype: str) -> None:
    network = dense(dtype=dtype)
    loaded = load(tmp_path, network)
    assert (loaded.input_shape, loaded.dtype) == ((3,), dtype)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(dtype)
    y = keras.ops.convert_to_numpy(loaded.predict(keras.ops.convert_to_tensor(x), {})[0])
    np.testing.assert_allclose(y, x @ network.get_weights()[0], rtol=1e-5)
    assert y.dtype == dtype


def test_a_network_predicts_in_inference_mode(tmp_path: Path) -> None:
    network = keras.Sequential([keras.layers.Input((50,)), keras.layers.Dropout(0.5)])
    x = keras.ops.ones((4, 50))
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(load(tmp_path, network).predict(x, {})[0]), np.ones((4, 50))
    )


def test_sizes_that_may_vary_are_none(tmp_path: Path) -> None:
    network = keras.Sequential([keras.layers.Input((None, None, 1)), keras.layers.GlobalMaxPooling2D()])
    assert load(tmp_path, network).input_shape == (None, None, 1)


def test_a_compiled_function_is_traced_once_for_a_shape(tmp_path: Path) -> None:
    network, traced = load(tmp_path, dense()), []

    def function(x: Any) -> Any:
        traced.append(x.shape)
        return network.predict(x, {})[0]

    compiled = backend.compiled(function)
    for rows in (4, 2, 4, 2, 4):
        assert compiled(keras.ops.ones((rows, 3))).shape == (rows, 2)
    assert [tuple(shape) for shape in traced] == [(4, 3), (2, 3)]


def test_the_file_is_named_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "net.keras").touch()
    assert Keras(path="net.keras").files(tmp_path) == {"model.path": tmp_path / "net.keras"}


def test_a_missing_file_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        Keras(path="net.keras").files(tmp_path)
    assert str(error.value) == (
        f"model.path: there is no file {tmp_path / 'net.keras'}: give the path of a .keras file from the study file."
    )


def test_another_file_than_the_study_s_is_refused(tmp_path: Path) -> None:
    dense().save(tmp_path / "net.keras")
    with pytest.raises(ModelError, match=r"model.path: on host .* is not the file that the study was started with"):
        Keras(path="net.keras").load(tmp_path, {"model.path": "0" * 64})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("net.h5", " (the format cannot be read without running what is in it)"),
        ("net.pkl", " (a pickle runs what is in it)"),
        ("net.PT", " (`kind: torch` takes a network of PyTorch)"),
        ("net.onnx", " (`kind: onnx` takes a network in ONNX)"),
        ("saved_model", ""),
    ],
)
def test_other_formats_are_refused_at_once_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Keras(path=path)
    assert str(error.value) == (
        f"`path` must be a .keras file, got `{path}`{reason}: save the network with `model.save('name.keras')` where "
        "it was trained"
    )


def test_a_batch_holds_at_least_one_row() -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Keras(path="net.keras", batch_size=0)
    assert str(error.value) == "`batch_size` must be 1 or more, got 0"


def test_python_code_in_the_file_is_refused_and_not_run(tmp_path: Path) -> None:
    network = keras.Sequential([keras.layers.Input((3,)), keras.layers.Lambda(lambda x: x * 2)])
    network.save(tmp_path / "net.keras")
    assert refusal(tmp_path) == (
        "model.path: DIR/net.keras holds Python code (a Lambda layer, say), which dnnsa does not run: write that layer "
        "with the layers and activations of Keras, and save again."
    )


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.keras").write_bytes(b"PK\x03\x04 cut short")
    message = refusal(tmp_path)
    assert message.startswith("model.path: DIR/net.keras is damaged or no .keras file (")
    assert message.endswith("): save it again with `model.save`.")


def test_layers_that_are_not_keras_own_are_refused(tmp_path: Path) -> None:
    dense().save(tmp_path / "whole.keras")
    with zipfile.ZipFile(tmp_path / "whole.keras") as whole, zipfile.ZipFile(tmp_path / "net.keras", "w") as changed:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"][1] |= {"module": None, "class_name": "Own", "registered_name": "Own"}
                content = json.dumps(config).encode()
            changed.writestr(name, content)
    assert refusal(tmp_path) == (
        "model.path: DIR/net.keras holds `Own`, which is no part of Keras: dnnsa loads networks of Keras' own layers "
        "only."
    )


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (1, 2)])
def test_networks_of_several_inputs_or_outputs_are_refused(tmp_path: Path, inputs: int, outputs: int) -> None:
    given = [keras.Input((3,)) for _ in range(inputs)]
    hidden = keras.layers.Add()(given) if inputs > 1 else given[0]
    keras.Model(given, [keras.layers.Dense(1)(hidden) for _ in range(outputs)]).save(tmp_path / "net.keras")
    assert refusal(tmp_path) == (
        f"model.path: DIR/net.keras has {inputs} input and {outputs} output tensors: dnnsa takes networks with one of "
        "each; wrap it in `keras.Model(input, output)`."
    )


FRESH = """
import sys
from pathlib import Path
from dnnsa.files import digest
from dnnsa.models.keras import Keras
assert not {"keras", "tensorflow"} & set(sys.modules), "imported before anything is loaded"
path = Path(sys.argv[1])
network = Keras(path=path.name).load(path.parent, {"model.path": digest(path)})
import tensorflow as tf
print(network.input_shape, tf.config.threading.get_intra_op_parallelism_threads())
print(tf.config.threading.get_inter_op_parallelism_threads())
"""


def test_a_fresh_process_loads_in_silence_and_uses_one_thread(tmp_path: Path) -> None:
    dense().save(tmp_path / "net.keras")
    done = subprocess.run([sys.executable, "-c", FRESH, tmp_path / "net.keras"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["(3,)", "1", "1"], "")
