"""Data that a network is trained on in a moment, and a training that is made step by step, without a compiler."""

import numpy as np
import pytest

from dnnsa.files import digest
from dnnsa.models import backend
from dnnsa.training import Training, compiled


@pytest.fixture(scope="session")
def blobs(tmp_path_factory):
    """A folder with `blobs.npz`: three classes of 4 features, 150 entries, targets, images of 6 x 6 and a split."""
    folder = tmp_path_factory.mktemp("blobs")
    rng = np.random.default_rng(0)
    labels = np.arange(150) % 3
    inputs = rng.normal(size=(150, 4)) + np.eye(3, 4)[labels] * 2
    images = rng.normal(size=(150, 6, 6, 1)) + labels[:, None, None, None]
    np.savez(
        folder / "blobs.npz",
        inputs=inputs.astype("float32"),
        images=images.astype("float32"),
        labels=labels,
        targets=inputs @ np.ones((4, 2)),
        part=np.repeat([0, 1, 2], [90, 30, 30]),
    )
    return folder


@pytest.fixture
def stepwise(monkeypatch):
    """Trainings run operation by operation, which saves seconds of compiling where few steps are made."""
    backend.start()
    for name in ("fused", "compiled"):
        monkeypatch.setattr(compiled, name, lambda function: function)
    compiled.epochs.cache_clear()
    yield
    compiled.epochs.cache_clear()


@pytest.fixture
def made(blobs):
    """Quantities of one training, `(*shape)` each, by the settings of the model and the factors' values."""

    def run(values=None, folder=blobs, **settings):
        model = training(**settings)
        given = {name: np.array([value]) for name, value in (values or {"unused": 0}).items()}
        found = model.load(folder, {name: digest(path) for name, path in model.files(folder).items()}).run(given)
        return {name: y[0] for name, y in found.items()}

    return run


def training(**settings):
    from pydantic import TypeAdapter

    data = {"path": "blobs.npz", "labels": "labels", "split": "part"} | settings.pop("data", {})
    network = {"kind": "mlp", "width": 5} | settings.pop("network", {})
    parts = {"kind": "training", "data": data, "network": network, "epochs": 2} | settings
    import json

    return TypeAdapter(Training).validate_json(json.dumps(parts))
