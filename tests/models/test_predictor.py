"""A Python function of inputs answers as a network would, and what is no answer is told."""

from pathlib import Path

import numpy as np
import pytest

from dnnsa import Study
from dnnsa.engine.block import Job, load
from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import Predictor
from dnnsa.models.base import Network

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)


def loaded(folder: Path, source: str, layers: tuple[str, ...] = (), **settings: str) -> Network:
    (folder / "net.py").write_text(source, encoding="utf-8")
    model = Predictor(call="net:f", **settings)  # type: ignore[arg-type]
    return model.load(folder, {setting: digest(path) for setting, path in model.files(folder).items()}, layers)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_go_in_and_outputs_come_out_in_the_dtype(tmp_path, dtype):
    source = "def f(x):\n    assert x.dtype == '" + dtype + "'\n    return 2 * x[:, 0].astype('float64')"
    network = loaded(tmp_path, source, dtype=dtype)
    (outputs,) = network.predict(X, {})
    assert (outputs.tolist(), outputs.dtype, network.input_shape, network.dtype) == ([2, 6, 10], dtype, None, dtype)


def test_a_function_may_write_to_its_inputs(tmp_path):
    x = X.copy()
    x.flags.writeable = False
    (outputs,) = loaded(tmp_path, "def f(x):\n    x += 1\n    return x").predict(x, {})
    assert outputs.tolist() == (X + 1).tolist()


def test_what_is_masked_is_missing_and_classes_are_numbers(tmp_path):
    source = "import numpy as np\ndef f(x): return np.ma.masked_greater(x[:, 0].astype(int), 3)"
    (outputs,) = loaded(tmp_path, source).predict(X, {})
    np.testing.assert_array_equal(outputs, np.array([1, 3, np.nan], np.float32))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("x[:2]", "gives an array of shape (2, 2) for 3 rows of inputs: give one row of outputs for each, shape "),
        ("1.5", "gives an array of shape () for 3 rows of inputs: give one row of outputs for each, shape (3, ...)."),
        ("['a'] * 3", "gives list of <U1, which is no array of real numbers: give an array of shape (rows, ...), here"),
        ("None", "gives NoneType of object, which is no array of real numbers: give an array of shape (rows, ...), "),
        ("[[1], [1, 2], [3]]", "gives list of object, which is no array of real numbers: give an array of shape "),
        ("x * 1j", "gives ndarray of complex64, which is no array of real numbers: give an array of shape (rows, "),
    ],
)
def test_what_is_no_row_of_numbers_for_each_row_is_told(tmp_path, result, message):
    network = loaded(tmp_path, f"def f(x): return {result}")
    with pytest.raises(ModelError) as error:
        network.predict(X, {})
    assert str(error.value).startswith(f"model.call: `net:f` {message}")


def test_layers_are_not_shown(tmp_path):
    with pytest.raises(ModelError) as error:
        loaded(tmp_path, "def f(x): return x", layers=("dense",))
    assert str(error.value) == (
        "model.call: a model of kind `predictor` does not show the outputs of its layers, and `dense` is asked for: "
        "use a network of Keras."
    )


def test_a_call_is_a_module_and_a_function():
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Predictor(call="net.py")
    assert str(error.value) == "`call` must be `module:function`, got `net.py`"


def test_a_changed_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"model.call: no module `net_of_nobody`: neither"):
        Predictor(call="net_of_nobody:f").files(tmp_path)
    (tmp_path / "net.py").write_text("def f(x): return x", encoding="utf-8")
    with pytest.raises(ModelError, match="is not the file that the study was started with"):
        Predictor(call="net:f").load(tmp_path, {"model.call": "0" * 64})


@pytest.mark.parametrize("given", ["inputs", "cases"])
def test_a_study_of_it_gives_the_exact_quantity(tmp_path, given):
    (tmp_path / "net.py").write_text("def f(x): return x[:, :1] + 10 * x[:, 1:]", encoding="utf-8")
    np.savez(tmp_path / "cases.npz", inputs=X)
    factors = {name: {"kind": "uniform", "low": 0, "high": 1} for name in ("a", "b")}
    model = {"kind": "predictor", "call": "net:f", "batch_size": 2}
    if given == "inputs":
        parts = {"factors": factors, "model": {**model, "inputs": ["a", "b"]}}
        expected = np.array([[20.5], [31.0], [42.0]])
    else:
        steps = [{"kind": "brightness", "delta": "a"}, {"kind": "contrast", "factor": "b"}]
        parts = {"factors": factors, "model": model, "cases": {"path": "cases.npz"}, "perturb": steps}
        a, b = np.array([0.5, 1.0, 2.0]), np.array([2.0, 3.0, 4.0])
        moved = X + a[:, None, None]  # (runs, cases, 2)
        mean = moved.mean(axis=2, keepdims=True)
        moved = mean + b[:, None, None] * (moved - mean)
        expected = moved[:, :, :1] + 10 * moved[:, :, 1:]
    design = {"kind": "saltelli", "base_points": 64}
    study = Study(name="s", design=design, quantities={"y": {"kind": "output"}}, directory=tmp_path, **parts)
    run = load(Job(study, study.digests())).run
    found = run({"a": np.array([0.5, 1.0, 2.0]), "b": np.array([2.0, 3.0, 4.0])})
    np.testing.assert_allclose(found["y"], expected, rtol=1e-6)
