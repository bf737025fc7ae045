"""A network in ONNX answers as the one that it was exported from, and nothing but its own files is read."""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import Onnx
from dnnsa.models.base import Network
from tests.networks import IMAGES, assert_same_results, cnn, maps, study_of

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
helper = onnx.helper
X = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
W = np.arange(400, dtype=np.float32).reshape(4, 100) / 100
FLOAT, DOUBLE, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network of Keras, and the same in ONNX."""
    pytest.importorskip("tf2onnx")
    folder = tmp_path_factory.mktemp("onnx")
    network = cnn()
    network.save(folder / "net.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf2onnx's of NumPy
        network.export(folder / "net.onnx", format="onnx", verbose=False)
    return folder


def write(
    path: Path,
    inputs: tuple[tuple[str, int, tuple[Any, ...] | None], ...] = (("x", FLOAT, ("n", 2, 2)),),
    outputs: tuple[str, ...] = ("y",),
) -> None:
    """A linear network of one or more inputs, the first of which is read: `flat` and `y = flat W` inside."""
    nodes = [
        helper.make_node("Flatten", [inputs[0][0]], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
        helper.make_node("Shape", ["flat"], ["size"]),
    ]
    kind = inputs[0][1] if inputs[0][1] in (FLOAT, DOUBLE, onnx.TensorProto.FLOAT16) else FLOAT
    weights = helper.make_tensor("w", kind, W.shape, W.ravel())
    given = [helper.make_tensor_value_info(*one) for one in inputs]
    told = [helper.make_tensor_value_info(one, INT64 if one == "size" else kind, None) for one in outputs]
    graph = helper.make_graph(nodes, "linear", given, told, [weights])
    opset = helper.make_opsetid("", 17)
    path.write_bytes(helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString())


def load(folder: Path, layers: tuple[str, ...] = (), **settings: Any) -> Network:
    model = Onnx(path="net.onnx", **settings)
    return model.load(folder, {setting: digest(path) for setting, path in model.files(folder).items()}, layers)


def refusal(folder: Path, *args: Any, **settings: Any) -> str:
    with pytest.raises(ModelError) as error:
        load(folder, *args, **settings)
    return str(error.value).replace(str(folder), "DIR")


def test_the_network_and_its_layers_answer_as_in_keras(exported: Path) -> None:
    import keras

    network = keras.saving.load_model(exported / "net.keras")
    (relu,) = (node.output[0] for node in onnx.load(exported / "net.onnx").graph.node if node.op_type == "Relu")
    loaded = load(exported, (relu,))
    assert (loaded.input_shape, loaded.dtype) == ((8, 8, 2), "float32")
    outputs, hidden = loaded.predict(IMAGES, {})
    np.testing.assert_allclose(outputs, network(IMAGES), atol=1e-5)
    of_layer = keras.Model(network.inputs, network.get_layer("conv").output)([IMAGES])
    np.testing.assert_allclose(np.sort(hidden.ravel()), np.sort(np.ravel(of_layer)), atol=1e-5)  # channels first


def test_a_study_has_the_results_of_the_network_in_keras(exported: Path) -> None:
    results = [maps(study_of(exported, {"kind": kind, "path": f"net.{kind}"})) for kind in ("keras", "onnx")]
    assert_same_results(*results)


def test_channels_that_the_network_wants_first_are_moved_there(tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", (("x", FLOAT, ("n", 1, 2, 2)),))
    loaded = load(tmp_path, channels="first")
    assert loaded.input_shape == (2, 2, 1)
    np.testing.assert_allclose(loaded.predict(X[..., None], {})[0], X.reshape(3, 4) @ W, rtol=1e-6)
    write(tmp_path / "net.onnx", (("x", FLOAT, ("n", 2, 1, 2)),))
    loaded = load(tmp_path, channels="first")
    assert loaded.input_shape == (1, 2, 2)
    (outputs,) = loaded.predict(X[:, None], {})
    np.testing.assert_allclose(outputs, X.swapaxes(1, 2).reshape(3, 4) @ W, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_network_of_batches_of_one_size_gets_such_batches(tmp_path: Path, size: int) -> None:
    write(tmp_path / "net.onnx", (("x", FLOAT, (size, 2, 2)),))
    outputs, hidden = load(tmp_path, ("flat",)).predict(X, {})
    np.testing.assert_allclose(outputs, X.reshape(3, 4) @ W, rtol=1e-6)
    np.testing.assert_array_equal(hidden, X.reshape(3, 4))


@pytest.mark.parametrize(("kind", "dtype"), [(DOUBLE, "float64"), (onnx.TensorProto.FLOAT16, "float32")])
def test_inputs_are_of_the_network_s_type(tmp_path: Path, kind: int, dtype: str) -> None:
    write(tmp_path / "net.onnx", (("x", kind, None),))
    loaded = load(tmp_path)
    assert (loaded.input_shape, loaded.dtype) == (None, dtype)
    (outputs,) = loaded.predict(X.astype(dtype), {})
    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs, X.reshape(3, 4).astype(dtype) @ W, rtol=1e-12 if kind == DOUBLE else 1e-2)


def test_one_of_several_outputs_is_named(tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", outputs=("y", "flat"))
    assert load(tmp_path, output="flat").predict(X, {})[0].shape == (3, 4)
    assert refusal(tmp_path) == "model.output: DIR/net.onnx has 2 outputs: name one of `y`, `flat`."
    assert refusal(tmp_path, output="z") == "model.output: DIR/net.onnx has no output `z`: name one of `y`, `flat`."


def test_several_inputs_and_inputs_that_are_no_real_numbers_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", (("x", FLOAT, None), ("mask", FLOAT, None)))
    assert refusal(tmp_path) == ("model.path: DIR/net.onnx has 2 inputs, `x`, `mask`: dnnsa takes networks of one.")
    write(tmp_path / "net.onnx", (("x", INT64, ("n", 4)),), outputs=("size",))
    content = onnx.load(tmp_path / "net.onnx")
    del content.graph.node[1]
    onnx.save(content, tmp_path / "net.onnx")
    assert (
        refusal(tmp_path) == "model.path: the input `x` of DIR/net.onnx is a tensor(int64): dnnsa gives real numbers."
    )


def test_values_inside_are_found_or_told(tmp_path: Path) -> None:
    write(tmp_path / "net.onnx")
    outputs, again, flat = load(tmp_path, ("y", "flat")).predict(X, {})
    assert np.array_equal(outputs, again)
    assert np.array_equal(flat, X.reshape(3, 4))
    assert refusal(tmp_path, ("no" * 100,)) == (
        f"quantities: DIR/net.onnx has no value `{'no' * 100}` inside: name an output of one of its nodes, as Netron "
        "or `onnx.load` show them."
    )
    with pytest.raises(ModelError, match=r"model.output: `size` gives an array of shape \(2,\) for 3 rows of inputs"):
        load(tmp_path, ("size",)).predict(X, {})


def test_inputs_that_do_not_go_through_are_told(tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", (("x", FLOAT, None),))
    with pytest.raises(ModelError, match=r"^model.path: inputs of shape \(3, 5\) cannot go through it: "):
        load(tmp_path).predict(np.ones((3, 5), np.float32), {})


def test_a_missing_a_changed_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        "model.path: there is no file DIR/net.onnx: give the path of an .onnx file from the study file."
    )
    (tmp_path / "net.onnx").write_bytes(b"cut short")
    with pytest.raises(ModelError, match="is not the file that the study was started with"):
        Onnx(path="net.onnx").load(tmp_path, {"model.path": "0" * 64})
    told = refusal(tmp_path)
    assert told.startswith("model.path: ONNX Runtime does not take DIR/net.onnx: ")
    assert told.endswith(": export it again.")


def test_other_formats_are_refused() -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Onnx(path="net.pt")
    assert str(error.value) == (
        "`path` must be an .onnx file, got `net.pt`: export the network from where it was trained, such as with "
        "`model.export('name.onnx', format='onnx')` of Keras or `torch.onnx.export` of PyTorch"
    )


def test_weights_in_a_file_beside_are_read_and_belong_to_the_network(tmp_path: Path) -> None:
    write(tmp_path / "whole.onnx")
    whole = onnx.load(tmp_path / "whole.onnx")
    whole.graph.initializer[0].raw_data = W.tobytes()
    del whole.graph.initializer[0].float_data[:]
    onnx.save(whole, tmp_path / "net.onnx", save_as_external_data=True, location="net.onnx.data", size_threshold=0)
    assert set(Onnx(path="net.onnx").files(tmp_path)) == {"model.path", "model.path.data"}
    np.testing.assert_allclose(load(tmp_path).predict(X, {})[0], X.reshape(3, 4) @ W, rtol=1e-6)
    digests = {setting: digest(path) for setting, path in Onnx(path="net.onnx").files(tmp_path).items()}
    (tmp_path / "net.onnx.data").write_bytes(bytes(W.nbytes))
    with pytest.raises(ModelError, match=r"model.path.data: .* is not the file that the study was started with"):
        Onnx(path="net.onnx").load(tmp_path, digests)
    (tmp_path / "net.onnx.data").unlink()
    with pytest.raises(ModelError, match=r"model.path.data: host .* sees no file"):
        Onnx(path="net.onnx").load(tmp_path, digests)


def test_a_file_that_is_not_checked_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime would look
    write(tmp_path / "whole.onnx")
    whole = onnx.load(tmp_path / "whole.onnx")
    whole.graph.initializer[0].raw_data = W.tobytes()
    del whole.graph.initializer[0].float_data[:]
    onnx.save(whole, tmp_path / "net.onnx", save_as_external_data=True, location="other.bin", size_threshold=0)
    assert refusal(tmp_path).startswith(
        "model.path: DIR/net.onnx keeps weights in another file than net.onnx.data beside it: save it again with them "
        "inside, or all of them in that one file ("
    )


def test_a_gpu_that_is_not_there_is_told(tmp_path: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime knows GPUs")
    write(tmp_path / "net.onnx")
    assert refusal(tmp_path, device="cuda") == (
        "model.device: this ONNX Runtime has no `cuda`: install `onnxruntime-gpu` in its place."
    )


def test_without_onnx_runtime_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "net.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert refusal(tmp_path) == ("model.path: DIR/net.onnx needs ONNX Runtime: install dnnsa with its extra `onnx`.")
