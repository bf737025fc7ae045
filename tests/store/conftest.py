"""A store of a study that has all: a field and a number, units, levels, and base points in quarantine."""

import pytest

import dnnsa
from dnnsa.view.progress import Quiet
from tests.studies import study

FIELD = (
    "def f(x1, x2):\n    angle = np.arange(6).reshape(2, 3) * x2[:, None, None]\n"
    "    return {'field': np.exp(3 * x1)[:, None, None] * np.cos(angle), 'number': x1}"
)
MODEL = {
    "kind": "function",
    "call": "model:f",
    "dims": {"field": ["y", "x"]},
    "coords": {"x": [0.5, 1.0, 2.0], "y": ["up", "down"]},
}


@pytest.fixture(scope="session")
def path(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    source = FIELD.replace("'number': x1", "'number': np.where(x1 > 0.499, np.nan, x1)")
    factors = {
        "x1": {"kind": "uniform", "low": -0.5, "high": 0.5, "unit": "m"},
        "x2": {"kind": "choice", "values": [0.5, 1, 2]},
    }
    made = study(folder, source, base_points=1024, model=MODEL, factors=factors, max_failed=0.5)
    dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())
    return folder / "out.zarr"
