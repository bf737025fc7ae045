"""A network of PyTorch answers as the same one in Keras, and what is in a file is run only if it is trusted."""

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import Torch
from dnnsa.models.base import Network
from tests.networks import IMAGES, assert_same_results, cnn, maps, study_of

torch = pytest.importorskip("torch")
nn = torch.nn
X = np.arange(6, dtype=np.float32).reshape(3, 2)

BUILD = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 4, 3)
        self.drop = torch.nn.Dropout(0.5)
        self.out = torch.nn.Linear(36, 3)

    def forward(self, x):
        y = torch.nn.functional.max_pool2d(torch.relu(self.conv(x)), 2)
        return torch.softmax(self.out(self.drop(y.permute(0, 2, 3, 1).flatten(1))), 1)
"""


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network of Keras, and the same for PyTorch in three forms."""
    folder = tmp_path_factory.mktemp("torch")
    network = cnn()
    network.save(folder / "net.keras")
    (folder / "net.py").write_text(BUILD)
    scope: dict[str, Any] = {"__name__": "net"}
    exec(BUILD, scope)
    module = scope["Net"]()
    kernel, bias, weight, offset = (torch.tensor(array) for array in network.get_weights())
    weights = {"conv.weight": kernel.permute(3, 2, 0, 1), "conv.bias": bias, "out.weight": weight.T, "out.bias": offset}
    module.load_state_dict(weights)
    torch.save(module.state_dict(), folder / "weights.pt")
    traced(module, folder / "net.pt", torch.tensor(IMAGES).movedim(-1, 1))
    exported(module.eval(), folder / "net.pt2", torch.tensor(IMAGES).movedim(-1, 1))
    return folder


def exported(module: Any, path: Path, x: Any = None, free: bool = True) -> None:
    x = torch.tensor(X) if x is None else x
    shapes = ({0: torch.export.Dim("batch")},) if free else None
    torch.export.save(torch.export.export(module, (x,), dynamic_shapes=shapes), path)


def traced(module: Any, path: Path, x: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        torch.jit.save(torch.jit.trace(module.eval(), x), path)


def of(function: Callable[..., Any]) -> Any:
    """A module of a function of one tensor."""

    class Module(nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return function(x)

    return Module()


def load(folder: Path, path: str = "net.pt2", layers: tuple[str, ...] = (), **settings: Any) -> Network:
    model = Torch(path=path, **{"trust": "build" not in settings, **settings})
    return model.load(folder, {setting: digest(path) for setting, path in model.files(folder).items()}, layers)


def refusal(folder: Path, *args: Any, **settings: Any) -> str:
    with pytest.raises(ModelError) as error:
        load(folder, *args, **settings)
    return str(error.value).replace(str(folder), "DIR")


WAYS: list[dict[str, Any]] = [{"path": "weights.pt", "build": "net:Net"}, {"path": "net.pt2"}, {"path": "net.pt"}]


@pytest.mark.parametrize("way", WAYS, ids=["weights", "exported", "TorchScript"])
def test_the_network_answers_as_in_keras(ported: Path, way: dict[str, Any]) -> None:
    import keras

    loaded = load(ported, channels="first", **way)
    assert (loaded.input_shape, loaded.dtype) == ((8, 8, 2) if way["path"] == "net.pt2" else None, "float32")
    network = keras.saving.load_model(ported / "net.keras")
    for rows in (1, 2, 6):
        (outputs,) = loaded.predict(IMAGES[:rows], {})
        np.testing.assert_allclose(outputs, network(IMAGES[:rows]), atol=1e-5)
    assert torch.get_num_threads() == 1


def test_a_study_has_the_results_of_the_network_in_keras(ported: Path) -> None:
    models: list[dict[str, Any]] = [
        {"kind": "keras", "path": "net.keras"},
        {"kind": "torch", "path": "weights.pt", "build": "net:Net", "channels": "first"},
        {"kind": "torch", "path": "net.pt2", "trust": True, "channels": "first"},
    ]
    of_keras, *of_torch = (maps(study_of(ported, model)) for model in models)
    for results in of_torch:
        assert_same_results(of_keras, results)


def test_a_layer_of_what_is_built_is_seen_by_its_name(ported: Path) -> None:
    import keras

    network = keras.saving.load_model(ported / "net.keras")
    _, hidden = load(ported, "weights.pt", ("conv",), build="net:Net", channels="first").predict(IMAGES, {})
    found = np.maximum(np.moveaxis(hidden, 1, -1), 0)
    np.testing.assert_allclose(
        found, keras.Model(network.inputs, network.get_layer("conv").output)([IMAGES]), atol=1e-5
    )
    assert refusal(ported, "weights.pt", ("nono",), build="net:Net") == (
        "quantities: the network has no layer `nono`: it has `conv`, `drop`, `out`."
    )
    assert refusal(ported, layers=("conv",)).startswith("model.path: a model of kind `torch` does not show the outputs")


def test_a_program_for_batches_of_one_size_gets_such_batches(tmp_path: Path) -> None:
    exported(of(lambda x: 2 * x), tmp_path / "net.pt2", torch.ones(2, 2), free=False)
    np.testing.assert_array_equal(load(tmp_path).predict(X, {})[0], 2 * X)


@pytest.mark.parametrize(("dtype", "work"), [("float64", "float64"), ("bfloat16", "float32")])
def test_inputs_are_of_the_network_s_type(tmp_path: Path, dtype: str, work: str) -> None:
    module = nn.Linear(2, 1, dtype=getattr(torch, dtype))
    exported(module, tmp_path / "net.pt2", torch.ones(2, 2, dtype=getattr(torch, dtype)))
    loaded = load(tmp_path)
    (outputs,) = loaded.predict(X.astype(work), {})
    assert (loaded.dtype, outputs.dtype) == (work, work)
    weight, bias = (one.detach().double().numpy() for one in module.parameters())
    np.testing.assert_allclose(outputs, X @ weight.T + bias, rtol=1e-12 if work == "float64" else 0.05)


def test_one_of_several_outputs_is_named(tmp_path: Path) -> None:
    exported(of(lambda x: {"double": 2 * x, "same": x}), tmp_path / "net.pt2")
    np.testing.assert_array_equal(load(tmp_path, output="double").predict(X, {})[0], 2 * X)
    with pytest.raises(ModelError) as error:
        load(tmp_path).predict(X, {})
    assert str(error.value) == (
        "model.output: the network gives dict, and `output` is None: name one of `double`, `same`."
    )
    exported(of(lambda x: (2 * x, x)), tmp_path / "net.pt2")
    np.testing.assert_array_equal(load(tmp_path, output="1").predict(X, {})[0], X)
    exported(of(lambda x: 2 * x), tmp_path / "net.pt2")
    with pytest.raises(ModelError, match="the network gives Tensor, and `output` is 'a': leave `output` out"):
        load(tmp_path, output="a").predict(X, {})


@pytest.mark.parametrize("module", [nn.Dropout(0.5), nn.BatchNorm1d(2)], ids=["Dropout", "BatchNorm"])
def test_a_program_that_was_exported_in_training_is_refused(tmp_path: Path, module: Any) -> None:
    exported(nn.Sequential(module, nn.Linear(2, 1)), tmp_path / "net.pt2")
    told = refusal(tmp_path)
    assert told.startswith("model.path: DIR/net.pt2 was exported in training (")
    assert told.endswith("): call `network.eval()` and export it again.")
    exported(nn.Sequential(module, nn.Linear(2, 1)).eval(), tmp_path / "net.pt2")
    assert load(tmp_path).predict(X, {})[0].shape == (3, 1)


def test_inputs_that_are_several_or_no_real_numbers_are_refused(tmp_path: Path) -> None:
    exported(of(lambda x: x), tmp_path / "net.pt2", torch.ones(2, 2, dtype=torch.int64))
    assert refusal(tmp_path) == "model.path: the input of DIR/net.pt2 is of torch.int64: dnnsa gives real numbers."
    program = torch.export.export(nn.Bilinear(2, 2, 1), (torch.ones(2, 2), torch.ones(2, 2)))
    torch.export.save(program, tmp_path / "net.pt2")
    assert refusal(tmp_path) == "model.path: DIR/net.pt2 has 2 inputs: dnnsa takes networks of one."


def test_inputs_that_do_not_go_through_are_told(ported: Path) -> None:
    with pytest.raises(ModelError, match=r"^model.path: inputs of shape \(6, 8, 8, 2\) cannot go through it \(Runtime"):
        load(ported, "weights.pt", build="net:Net").predict(IMAGES, {})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"path": "net.keras"},
            "`path` must be a .pt, .pth or .pt2 file, got `net.keras`: save weights with "
            "`torch.save(network.state_dict(), 'name.pt')`",
        ),
        (
            {"path": "net.pt2"},
            "`path` names a program, `net.pt2`, and reading it can run what is in it: give `build` if it holds "
            "weights, or say `trust: true` if you know who made it",
        ),
        ({"path": "net.pt", "build": "net"}, "`build` must be `module:function`, got `net`"),
        (
            {"path": "net.pt2", "build": "net:f"},
            "`build` is for weights, and `net.pt2` is a whole program: leave one of them out",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Torch(**settings)
    assert str(error.value) == message


class Runs:
    """What is run when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder / "was_run"),)


def test_weights_that_are_more_than_weights_are_not_unpickled(ported: Path, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(BUILD)
    torch.save({"conv.weight": Runs(tmp_path)}, tmp_path / "net.pt")
    told = refusal(tmp_path, "net.pt", build="net:Net")
    assert told.startswith("model.path: DIR/net.pt holds no weights of what `net:Net` builds (UnpicklingError: ")
    assert told.endswith("): save them with `torch.save(network.state_dict(), 'name.pt')`.")
    assert not (tmp_path / "was_run").exists()
    torch.save({"other.weight": torch.ones(1)}, tmp_path / "net.pt")
    assert "(RuntimeError: Error(s) in loading state_dict for Net: Missing key(s)" in refusal(
        tmp_path, "net.pt", build="net:Net"
    )


def test_a_function_that_builds_no_module_is_told(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("def build(): return 1")
    torch.save({}, tmp_path / "net.pt")
    assert refusal(tmp_path, "net.pt", build="net:build") == (
        "model.build: `net:build` gives int, which is no `torch.nn.Module`."
    )


def test_a_missing_a_changed_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        "model.path: there is no file DIR/net.pt2: give the path of a .pt, .pth or .pt2 file from the study file."
    )
    for name, what in (("net.pt2", "program of `torch.export.save`:"), ("net.pt", "TorchScript: give `build` if it ")):
        (tmp_path / name).write_bytes(b"cut short")
        with pytest.raises(ModelError, match="is not the file that the study was started with"):
            Torch(path=name, trust=True).load(tmp_path, {"model.path": "0" * 64})
        assert refusal(tmp_path, name).startswith(f"model.path: DIR/{name} is no {what}")


def test_a_gpu_that_is_not_there_is_told(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    (tmp_path / "net.pt2").touch()
    assert refusal(tmp_path, device="cuda") == (
        "model.device: PyTorch sees no GPU here: say `cpu`, or look for its build and the driver."
    )


def test_without_pytorch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.pt2").touch()
    monkeypatch.setitem(sys.modules, "torch", None)
    assert refusal(tmp_path) == "model.path: DIR/net.pt2 needs PyTorch: install dnnsa with its extra `torch`."
