"""An estimator of scikit-learn is loaded from a file that holds nothing unknown, and called as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnsa import Study
from dnnsa.engine.block import Job
from dnnsa.engine.block import load as load_study
from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import Sklearn
from dnnsa.models.base import Network

sio = pytest.importorskip("skops.io")
linear_model = pytest.importorskip("sklearn.linear_model")
joblib = pytest.importorskip("joblib")

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


class Own:
    """A type that skops has never heard of."""

    n_features_in_ = 2

    def predict(self, x: Any) -> Any:
        return x[:, 0]


def line() -> Any:
    return linear_model.LinearRegression().fit(X, 1 + 2 * X[:, 0] + 3 * X[:, 1])


def load(folder: Path, path: str = "net.skops", layers: tuple[str, ...] = (), **settings: Any) -> Network:
    model = Sklearn(path=path, **settings)
    return model.load(folder, {"model.path": digest(folder / path)}, layers)


def refusal(folder: Path, path: str = "net.skops", **settings: Any) -> str:
    with pytest.raises(ModelError) as error:
        load(folder, path, **settings)
    return str(error.value).replace(str(folder), "DIR")


def test_an_estimator_predicts_as_the_saved_one(tmp_path):
    sio.dump(line(), tmp_path / "net.skops")
    network = load(tmp_path)
    assert (network.input_shape, network.dtype) == ((2,), "float64")
    np.testing.assert_allclose(network.predict(X, {})[0], [1, 3, 4, 6], rtol=1e-12)


def test_a_method_is_called_by_name(tmp_path):
    classifier = linear_model.LogisticRegression().fit(X, ["no", "no", "yes", "yes"])
    sio.dump(classifier, tmp_path / "net.skops")
    found = load(tmp_path, method="predict_proba").predict(X, {})[0]
    np.testing.assert_allclose(found, classifier.predict_proba(X))
    with pytest.raises(ModelError) as error:
        load(tmp_path).predict(X, {})
    assert str(error.value) == (
        "model.method: `predict` gives ndarray of <U3, which is no array of real numbers: give an array of shape "
        "(rows, ...), here (4, ...)."
    )


def test_a_method_that_is_not_there_is_told(tmp_path):
    sio.dump(line(), tmp_path / "net.skops")
    assert refusal(tmp_path, method="predict_proba") == (
        "model.method: DIR/net.skops holds `LinearRegression`, which has no `predict_proba`: use another method, or "
        "another estimator."
    )


def test_types_that_are_not_trusted_are_named_and_not_loaded_unless_listed(tmp_path):
    sio.dump(Own(), tmp_path / "net.skops")
    name = f"{Own.__module__}.Own"
    assert refusal(tmp_path) == (
        f"model.path: DIR/net.skops holds types that skops does not trust, `{name}`: name them in `model.trusted` if "
        "you know them, or fit an estimator without them."
    )
    assert load(tmp_path, trusted=(name,)).predict(X, {})[0].tolist() == [0, 1, 0, 1]


def test_a_pickle_is_loaded_only_when_it_is_trusted(tmp_path):
    joblib.dump(line(), tmp_path / "net.joblib")
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Sklearn(path="net.joblib")
    assert str(error.value) == (
        "`path` must be a .skops file, got `net.joblib` (a pickle runs what is in it): save the estimator with "
        "`skops.io.dump(estimator, 'name.skops')`, or say `trust: true` if you made the file yourself"
    )
    np.testing.assert_allclose(load(tmp_path, "net.joblib", trust=True).predict(X, {})[0], [1, 3, 4, 6], rtol=1e-12)


def test_other_formats_are_refused():
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Sklearn(path="net.onnx", trust=True)
    assert str(error.value) == (
        "`path` must be a .skops file, got `net.onnx`: save the estimator with `skops.io.dump(estimator, 'name.skops')`"
    )


@pytest.mark.parametrize(("path", "trust"), [("net.skops", False), ("net.pkl", True)])
def test_a_damaged_file_is_refused(tmp_path, path, trust):
    (tmp_path / path).write_bytes(b"PK\x03\x04 cut short")
    told = refusal(tmp_path, path, trust=trust)
    assert told.startswith(f"model.path: DIR/{path} cannot be loaded (")
    assert told.endswith("): save the estimator again.")


def test_a_missing_and_a_changed_file_are_refused(tmp_path):
    with pytest.raises(ModelError) as error:
        Sklearn(path="net.skops").files(tmp_path)
    assert str(error.value) == (
        f"model.path: there is no file {tmp_path / 'net.skops'}: give the path of a .skops file from the study file."
    )
    (tmp_path / "net.skops").touch()
    with pytest.raises(ModelError, match="is not the file that the study was started with"):
        Sklearn(path="net.skops").load(tmp_path, {"model.path": "0" * 64})


def test_layers_are_not_shown(tmp_path):
    sio.dump(line(), tmp_path / "net.skops")
    assert refusal(tmp_path, layers=("one",)).startswith("model.path: a model of kind `sklearn` does not show")


def test_a_study_of_it_gives_the_exact_quantity(tmp_path):
    sio.dump(line(), tmp_path / "net.skops")
    study = Study(
        name="line",
        factors={name: {"kind": "uniform", "low": 0, "high": 1} for name in ("a", "b")},
        design={"kind": "saltelli", "base_points": 64},
        model={"kind": "sklearn", "path": "net.skops", "inputs": ["b", "a"]},
        quantities={"y": {"kind": "output"}},
        directory=tmp_path,
    )
    found = load_study(Job(study, study.digests())).run({"a": np.array([0.5, 1.0]), "b": np.array([2.0, 3.0])})
    np.testing.assert_allclose(found["y"], [1 + 4 + 1.5, 1 + 6 + 3], rtol=1e-12)
