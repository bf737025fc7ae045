"""Keras may run on JAX or PyTorch: a study has the results that it has on TensorFlow."""

import os
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from dnnsa.engine.network_checks import check_precision
from dnnsa.errors import ModelError
from dnnsa.models import backend
from dnnsa.models.base import Network
from tests.networks import assert_same_results, maps, study_of

ROOT = Path(__file__).parents[2]
UNIFORM = {"kind": "uniform", "low": 0, "high": 0.3}
SEED = {"kind": "integers", "low": 0, "high": 2**40}  # more than 32 bits
STUDIES: dict[str, dict[str, Any]] = {
    "everything": {
        "model": {"kind": "keras", "path": "net.keras", "dropout": "mask"},
        "factors": {
            **dict.fromkeys(("light", "sd", "weight_sd", "share"), UNIFORM),
            "turn": {"kind": "uniform", "low": -30, "high": 30},
            **dict.fromkeys(("seed", "mask"), SEED),
            "bits": {"kind": "integers", "low": 4, "high": 8},
        },
        "perturb": [
            {"kind": "rotation", "angle": "turn"},
            {"kind": "brightness", "delta": "light"},
            {"kind": "gaussian_noise", "sd": "sd", "seed": "seed"},
        ],
        "weights": [
            {"kind": "relative_noise", "sd": "weight_sd", "seed": "seed"},
            {"kind": "quantize", "bits": "bits"},
            {"kind": "prune", "share": "share"},
        ],
        "quantities": {
            "p": {"kind": "output"},
            "inner": {"kind": "activation", "layer": "out"},
            "margin": {"kind": "margin", "of": "label"},
            **{kind: {"kind": kind} for kind in ("entropy", "correct", "loss")},
        },
    },
    "derivatives": {
        "model": {"kind": "keras", "path": "net.keras"},
        "factors": {"light": UNIFORM, "sd": UNIFORM, "seed": SEED},
        "perturb": [{"kind": "brightness", "delta": "light"}, {"kind": "gaussian_noise", "sd": "sd", "seed": "seed"}],
        "quantities": {"p": {"kind": "probability", "of": "label"}, "slope": {"kind": "gradient", "of": "p"}},
        "estimators": [{"kind": "sobol", "of": ["p"]}, {"kind": "dgsm", "quantity": "p", "gradient": "slope"}],
    },
}


def results(folder: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """Of every study, with a network that stands in a folder."""
    design = {"kind": "saltelli", "base_points": 8, "replicates": 2}
    return {name: maps(study_of(folder, **parts, design=design)) for name, parts in STUDIES.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backends")
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Input((8, 8, 2)),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(3, activation="softmax", name="out"),
    ]
    keras.Sequential(layers).save(folder / "net.keras")
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, dict[str, NDArray[Any]]]:
    return results(folder)


CODE = """
import pickle, sys
from pathlib import Path
from tests.models.test_backends import results
sys.stdout.buffer.write(pickle.dumps(results(Path(sys.argv[1]))))
"""


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_a_study_has_the_same_results_on_every_backend(name: str, folder: Path, expected: Any) -> None:
    if not find_spec(name):
        pytest.skip(f"{name} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": name}
    done = subprocess.run([sys.executable, "-c", CODE, folder], cwd=ROOT, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    found = pickle.loads(done.stdout)
    for study, of_study in expected.items():
        assert_same_results(of_study, found[study], bounds=False)
        assert np.isfinite(of_study["p"]).all()


FLOAT32 = {
    "tensorflow": "import tensorflow as tf; print(not tf.config.experimental.tensor_float_32_execution_enabled())",
    "jax": "import jax; print(jax.config.jax_default_matmul_precision == 'highest')",
    "torch": "import torch; print(not (torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32))",
}


@pytest.mark.parametrize("name", FLOAT32)
def test_a_gpu_may_not_take_fewer_bits_for_a_float32(name: str) -> None:
    if not find_spec(name):
        pytest.skip(f"{name} is not installed")
    code = f"from dnnsa.models import backend; backend.start(); {FLOAT32[name]}"
    environment = {**os.environ, "KERAS_BACKEND": name}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_numbers_of_64_bits_are_refused_where_keras_would_cut_them(name: str) -> None:
    network = Network(lambda inputs, values: (inputs,), (2,), "float64")
    check_precision(network, "tensorflow")
    with pytest.raises(ModelError) as error:
        check_precision(network, name)
    assert str(error.value) == (
        f"model: its inputs are float64, and on {name} Keras computes means and more in float32: unset KERAS_BACKEND, "
        "or take a model of float32."
    )


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "name", lambda: "numpy")
    with pytest.raises(ModelError) as error:
        backend.start()
    assert str(error.value) == (
        "model: Keras runs on `numpy`, and dnnsa on `tensorflow`, `jax` or `torch`: set KERAS_BACKEND to one of them."
    )


@pytest.mark.parametrize(
    ("made", "times"),  # a code of its own for each: of one code TensorFlow warns twice and no more
    [(backend.compiled, lambda k: lambda x: x * k), (backend.fused, lambda k: lambda x: x * k)],
    ids=["compiled", "fused"],
)
def test_functions_of_one_code_are_not_taken_for_one_that_is_traced_anew(
    made: Any, times: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """As are those of several studies in one session: TensorFlow warned of the fifth."""
    backend.start()
    functions = [made(times(k)) for k in range(7)]
    assert [float(function(keras.ops.ones(()))) for function in functions] == list(range(7))
    assert "retracing" not in caplog.text
