"""The example networks are those of the reference file, whose indices are known exactly."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import dnnsa
from dnnsa.view.progress import Quiet

ROOT = Path(__file__).parents[2]
REFERENCE = json.loads((ROOT / "tests" / "reference" / "sobol_indices.json").read_text())
NETWORKS = ROOT / "examples" / "networks"


@pytest.fixture(scope="module")
def build() -> Any:
    spec = importlib.util.spec_from_file_location("examples_networks_build", NETWORKS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def weights(name: str) -> dict[str, np.ndarray]:
    return {key: np.array(value) for key, value in json.loads((NETWORKS / f"{name}.json").read_text()).items()}


@pytest.mark.parametrize("name", ["linear_field", "quadratic"])
def test_the_weights_are_those_of_the_reference(name: str) -> None:
    for key, value in weights(name).items():
        np.testing.assert_array_equal(value, REFERENCE[f"nn_{name}"][key])


def test_the_linear_network_is_its_formula_after_saving(build: Any, tmp_path: Path) -> None:
    w = weights("linear_field")
    x = np.random.default_rng(0).normal(size=(20, 6))
    expected = (x @ w["W1"] + w["b1"]) @ w["W2"] + w["b2"]
    np.testing.assert_allclose(saved(build.linear_field(w), tmp_path)(x), expected, rtol=1e-12)


def test_the_quadratic_network_is_its_formula_after_saving(build: Any, tmp_path: Path) -> None:
    w = weights("quadratic")
    x = np.random.default_rng(0).normal(size=(20, 5))
    expected = (x @ w["W"] + w["b"]) ** 2 @ w["v"]
    np.testing.assert_allclose(saved(build.quadratic(w), tmp_path)(x)[:, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "tolerance"), [("linear_field", 0.01), ("quadratic", 0.02)])
def test_a_study_of_the_network_meets_its_exact_indices_within_its_intervals(
    client: Any, build: Any, tmp_path: Path, name: str, tolerance: float
) -> None:
    getattr(build, name)(weights(name)).save(tmp_path / f"{name}.keras")
    shutil.copy(NETWORKS / f"{name}.yaml", tmp_path)
    study = dnnsa.Study.from_yaml(tmp_path / f"{name}.yaml")
    y = dnnsa.run(study, client, tmp_path / "out.zarr", reporter=Quiet())["y"]
    for index in ("S1", "ST"):
        exact = np.array(REFERENCE[f"nn_{name}"][index])
        exact = exact if exact.ndim == 2 else exact[:, None]  # (factor, component)
        exact = exact if exact.shape == y[index].shape else exact.T
        np.testing.assert_allclose(y[index], exact, atol=tolerance)
        inside = (y[f"{index}_lower"].values <= exact) & (exact <= y[f"{index}_upper"].values)
        assert inside.mean() >= 0.85  # of 30 intervals of 95 %, at least 25: fewer has a chance of 1 in 300


def saved(network: Any, directory: Path) -> Any:
    """The network after a round through a file in safe mode, as a function of arrays."""
    network.save(directory / "network.keras")
    loaded = keras.saving.load_model(directory / "network.keras", compile=False, safe_mode=True)
    return lambda x: keras.ops.convert_to_numpy(loaded(x))
